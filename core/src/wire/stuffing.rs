//! Mail data on its way out: dots are stuffed (RFC 5321 section 4.5.2) and line ends are CRLF.
//!
//! [`Stuffing`] knows nothing but what stood last, so that the message may come in any pieces.

use super::content::{Bare, Fault, Position, Rules, clean_prefix};
use super::copy;

/// What the octets of a message may be, and what becomes of a bare CR or LF.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// A bare CR or LF is made CRLF; otherwise it is a fault.
    pub(crate) convert: bool,
    /// Octets above 127 may stand there.
    pub(crate) eight_bit: bool,
}

/// What a call has done: octets taken from the message, and octets written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) taken: usize,
    pub(crate) written: usize,
}

/// The place in the message, the beginning of a line at first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stuffing {
    position: Position,
}

impl Default for Stuffing {
    fn default() -> Self {
        Self { position: Position::LineStart }
    }
}

impl Stuffing {
    /// Takes as much of `source` as `out` has room for; nothing at all where there is a fault.
    pub(crate) fn write(
        &mut self,
        source: &[u8],
        out: &mut [u8],
        allowed: Allowed,
    ) -> Result<Progress, Fault> {
        let mut next = *self;
        let done = next.advance(source, out, allowed)?;
        *self = next;
        Ok(done)
    }

    fn advance(
        &mut self,
        source: &[u8],
        out: &mut [u8],
        allowed: Allowed,
    ) -> Result<Progress, Fault> {
        let rules =
            Rules { dots: true, bare: Bare::Fault, no_nul: true, no_eight_bit: !allowed.eight_bit };
        let mut done = Progress::default();
        loop {
            let rest = source.get(done.taken..).unwrap_or(&[]);
            let free = out.get_mut(done.written..).unwrap_or(&mut []);
            let Some(&first) = rest.first() else { return Ok(done) };
            let window = rest.get(..rest.len().min(free.len())).unwrap_or(&[]);
            // `clean_prefix` stops at a dot that begins a line: whether the one at the front does is
            // known here alone.
            let dot = self.position == Position::LineStart && first == b'.';
            let clean = if dot { 0 } else { clean_prefix(self.position, window, rules) };
            if clean > 0 {
                let (run, _) = window.split_at_checked(clean).unwrap_or((window, &[]));
                copy(free, run);
                self.position = self.position.after(run);
                done.taken = done.taken.saturating_add(run.len());
                done.written = done.written.saturating_add(run.len());
                continue;
            }
            // What goes out in place of the octet at the front, whether it is used up, and where the
            // next one stands then.
            let (octets, taken, position): (&[u8], _, _) = match first {
                b'.' if dot => (b"..", 1, Position::Inside),
                0 => return Err(Fault::Nul),
                octet if !octet.is_ascii() && !allowed.eight_bit => return Err(Fault::EightBit),
                _ if free.is_empty() => return Ok(done),
                _ if !allowed.convert => return Err(Fault::BareNewline),
                _ if self.position == Position::AfterCr => (b"\n", 0, Position::LineStart),
                _ => (b"\r\n", 1, Position::LineStart),
            };
            if octets.len() > free.len() {
                return Ok(done);
            }
            copy(free, octets);
            self.position = position;
            done.taken = done.taken.saturating_add(taken);
            done.written = done.written.saturating_add(octets.len());
        }
    }

    /// What has to be written behind the last octet of the message: what its last line lacks, and
    /// the dot.
    pub(crate) fn end(self, allowed: Allowed) -> Result<&'static [u8], Fault> {
        match self.position {
            Position::LineStart => Ok(b".\r\n"),
            Position::AfterCr if allowed.convert => Ok(b"\n.\r\n"),
            Position::AfterCr => Err(Fault::BareNewline),
            Position::Inside => Ok(b"\r\n.\r\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate alloc;
    use alloc::vec::Vec;

    const CONVERT: Allowed = Allowed { convert: true, eight_bit: true };
    const STRICT: Allowed = Allowed { convert: false, eight_bit: false };

    /// Writes `message` in pieces of so many octets, into a buffer of so many.
    fn stuff(
        message: &[u8],
        piece: usize,
        room: usize,
        allowed: Allowed,
    ) -> Result<Vec<u8>, Fault> {
        let (mut stuffing, mut wire) = (Stuffing::default(), Vec::new());
        for piece in message.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let mut out = alloc::vec![0; room];
                let done = stuffing.write(rest, &mut out, allowed)?;
                assert!(done.taken + done.written > 0, "nothing moves");
                wire.extend_from_slice(&out[..done.written]);
                rest = &rest[done.taken..];
            }
        }
        wire.extend_from_slice(stuffing.end(allowed)?);
        Ok(wire)
    }

    fn in_every_way(message: &[u8], allowed: Allowed) -> Result<Vec<u8>, Fault> {
        let whole = stuff(message, message.len().max(1), 4096, allowed);
        for piece in 1..=message.len().min(70) {
            for room in [2, 3, 5, 64, 100] {
                assert_eq!(stuff(message, piece, room, allowed), whole, "{piece} {room}");
            }
        }
        whole
    }

    #[test]
    fn dots_are_stuffed_and_the_last_line_is_ended_whatever_the_pieces() {
        let wire = in_every_way(b".\r\n..a\r\nb.\r\n.c", STRICT).unwrap();
        assert_eq!(wire, b"..\r\n...a\r\nb.\r\n..c\r\n.\r\n");
        assert_eq!(in_every_way(b"", STRICT).unwrap(), b".\r\n");
        assert_eq!(in_every_way(b"a\r\n", STRICT).unwrap(), b"a\r\n.\r\n");
    }

    #[test]
    fn bare_newlines_become_crlf_and_dots_behind_them_are_stuffed() {
        let wire = in_every_way(b"a\n.\n.b\r.\r\r\n.c\r", CONVERT).unwrap();
        assert_eq!(wire, b"a\r\n..\r\n..b\r\n..\r\n\r\n..c\r\n.\r\n");
    }

    #[test]
    fn what_may_not_stand_in_a_message_is_found() {
        for (message, fault) in [
            (&b"a\nb"[..], Fault::BareNewline),
            (b"a\rb", Fault::BareNewline),
            (b"a\r", Fault::BareNewline),
            (b"\n", Fault::BareNewline),
            (b"a\0b", Fault::Nul),
            (b"a\xc3\xa4", Fault::EightBit),
        ] {
            assert_eq!(in_every_way(message, STRICT), Err(fault), "{message:?}");
        }
        assert_eq!(in_every_way(b"\xc3\xa4", CONVERT).unwrap(), b"\xc3\xa4\r\n.\r\n");
    }
}
