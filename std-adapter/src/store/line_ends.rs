/// How line ends are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnds {
    /// Every octet as it was received: lines end in CRLF, as RFC 5321 section 2.3.7 has them.
    #[default]
    AsReceived,
    /// CRLF becomes LF, which mail readers on Unix expect in a Maildir. A CR or LF that stands alone stays.
    /// The exact octets can't be had back.
    Lf,
}

/// Turns CRLF into LF, whatever the pieces it is fed.
#[derive(Debug, Default)]
pub(super) struct CrlfToLf {
    /// A CR ended the last piece, and its LF may start the next.
    pending: bool,
}

impl CrlfToLf {
    /// Appends the converted octets to `out`: at most one more than `octets`.
    pub(super) fn convert(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for &octet in octets {
            if core::mem::replace(&mut self.pending, octet == b'\r') && octet != b'\n' {
                out.push(b'\r');
            }
            if octet != b'\r' {
                out.push(octet);
            }
        }
    }

    /// What is left at the end of the message.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if core::mem::take(&mut self.pending) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_gives_the_same() {
        let text = b"a\r\n\r\n\rb\n\r\r\nc\r";
        for cut in 0..=text.len() {
            let (mut converter, mut out) = (CrlfToLf::default(), Vec::new());
            let (head, tail) = text.split_at(cut);
            converter.convert(head, &mut out);
            converter.convert(tail, &mut out);
            converter.finish(&mut out);
            assert_eq!(out, b"a\n\n\rb\n\r\nc\r");
        }
    }
}
