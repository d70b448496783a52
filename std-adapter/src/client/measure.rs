//! What is known of a message before it goes out.

/// What is known of a message before it goes out: its size as the server will count it, and what may be too much
/// for the server.
///
/// ```
/// use ehlo_std::client::Measure;
///
/// let mut measure = Measure::default();
/// measure.add(b"Subject: hello\n\n");
/// measure.add(b"How are you?\n");
/// assert_eq!((measure.octets(), measure.size()), (29, 32));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Measure {
    octets: u64,
    /// Halves of a CRLF that are not there.
    missing: u64,
    last: u8,
    nul: bool,
    eight_bit: bool,
}

impl Measure {
    /// Of a whole message.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        let mut measure = Self::default();
        measure.add(octets);
        measure
    }

    /// Goes on with these octets.
    pub fn add(&mut self, octets: &[u8]) {
        let [first, behind @ ..] = octets else { return };
        let bare = |before: u8, octet: u8| (octet == b'\n') != (before == b'\r');
        self.missing += u64::from(bare(self.last, *first));
        // Few enough at once for a count in an octet, which the compiler makes vectors of.
        for (before, behind) in octets.chunks(128).zip(behind.chunks(128)) {
            let pairs = before.iter().zip(behind);
            self.missing += u64::from(pairs.map(|(a, b)| u8::from(bare(*a, *b))).sum::<u8>());
        }
        self.octets += octets.len() as u64;
        self.nul |= octets.contains(&0);
        self.eight_bit |= !octets.is_ascii();
        self.last = octets.last().copied().unwrap_or(self.last);
    }

    /// The octets as they are.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// The octets when every line end is CRLF, the last one too; dots that are stuffed don't count (RFC 1870
    /// section 5).
    #[must_use]
    pub const fn size(&self) -> u64 {
        let end = match self.last {
            _ if self.octets == 0 => 0,
            b'\n' => 0,
            b'\r' => 1,
            _ => 2,
        };
        self.octets + self.missing + end
    }

    /// Whether there is a NUL.
    #[must_use]
    pub const fn has_nul(&self) -> bool {
        self.nul
    }

    /// Whether there is an octet above 127.
    #[must_use]
    pub const fn has_eight_bit(&self) -> bool {
        self.eight_bit
    }
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn the_size_is_that_with_every_line_end_made_crlf() {
        for (message, size) in [
            ("", 0),
            ("a", 3),
            ("a\r\n", 3),
            ("a\n", 3),
            ("a\r", 3),
            ("a\rb\r\n", 6),
            ("a\n\nb", 8),
            ("\r\r\n\n", 6),
        ] {
            assert_eq!(Measure::of(message.as_bytes()).size(), size, "{message:?}");
            let mut measure = Measure::default();
            message.bytes().for_each(|octet| measure.add(&[octet]));
            assert_eq!(measure.size(), size, "{message:?}");
            let long = "x".repeat(500) + message;
            let more = if message.is_empty() { 502 } else { 500 + size };
            assert_eq!(Measure::of(long.as_bytes()).size(), more, "{message:?}");
        }
    }
}
