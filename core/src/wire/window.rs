//! The receive window: where in the receive buffer the unread octets lie.
//!
//! The buffer itself belongs to the connection; this is only its book-keeping, so that the protocol
//! logic is compiled once whatever the buffer is. Octets `0..kept` are held for a SASL exchange,
//! `start..end` are unread, and `scanned` says how far the search for a line end has come: input
//! that drips in one octet at a time is still searched once.

use zeroize::Zeroize;

use super::{copy, find};

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// What the search for a line end found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line of this many octets, its CRLF not counted.
    Complete(usize),
    /// A line with a bare CR or a bare LF in it; the octets before its CRLF.
    BareNewline(usize),
    /// No CRLF yet.
    Partial,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    kept: usize,
    start: usize,
    end: usize,
    scanned: usize,
    /// A bare CR or LF was passed while looking for the CRLF of the line at `start`.
    bare: bool,
}

impl Window {
    /// The unread octets.
    pub(crate) fn unread<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.start..self.end).unwrap_or(&[])
    }

    /// The unread octets, to be decoded where they lie.
    pub(crate) fn unread_mut<'a>(&self, buffer: &'a mut [u8]) -> &'a mut [u8] {
        buffer.get_mut(self.start..self.end).unwrap_or(&mut [])
    }

    /// How many octets are unread.
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The octets that must move along when the buffer is exchanged for another.
    pub(crate) fn occupied(&self) -> usize {
        self.kept + self.len()
    }

    /// Moves what is occupied from one buffer to the front of another that is large enough.
    pub(crate) fn relocate(&mut self, from: &mut [u8], to: &mut [u8]) {
        self.compact(from);
        if let (Some(source), Some(target)) = (from.get_mut(..self.end), to.get_mut(..self.end)) {
            copy(target, source);
            source.zeroize();
        }
    }

    /// Room for the next read: everything behind the unread octets, which are moved to the front
    /// when they stand in the way.
    pub(crate) fn space<'a>(&mut self, buffer: &'a mut [u8]) -> &'a mut [u8] {
        if self.start > self.kept && (self.is_empty() || self.end == buffer.len()) {
            self.compact(buffer);
        }
        buffer.get_mut(self.end..).unwrap_or(&mut [])
    }

    /// There are unread octets, and no further one fits, even when they are moved to the front.
    pub(crate) fn is_full(&self, buffer: &[u8]) -> bool {
        !self.is_empty() && self.occupied() >= buffer.len()
    }

    /// `n` octets have been read into [`space`](Self::space).
    pub(crate) fn filled(&mut self, n: usize, buffer: &[u8]) {
        self.end = self.end.saturating_add(n).min(buffer.len());
    }

    /// The first `n` unread octets are done with.
    pub(crate) fn consume(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
        self.scanned = self.start;
        self.bare = false;
        if self.is_empty() {
            self.start = self.kept;
            self.end = self.kept;
            self.scanned = self.kept;
        }
    }

    /// Where in the buffer the first `n` unread octets lie: from, and up to.
    pub(crate) fn span(&self, n: usize) -> (usize, usize) {
        (self.start, self.start.saturating_add(n).min(self.end))
    }

    /// Looks for the CRLF that ends the line at the front, from where the last search stopped.
    pub(crate) fn line(&mut self, buffer: &[u8]) -> Line {
        loop {
            let rest = buffer.get(self.scanned..self.end).unwrap_or(&[]);
            let Some(at) = find::first_of(CR, LF, rest) else {
                self.scanned = self.end;
                return Line::Partial;
            };
            let (found, next) = (rest.get(at).copied(), rest.get(at + 1).copied());
            match (found, next) {
                (Some(CR), Some(LF)) => {
                    // Stays here, so that asking again finds the same line at once.
                    self.scanned += at;
                    let length = self.scanned - self.start;
                    return if self.bare {
                        Line::BareNewline(length)
                    } else {
                        Line::Complete(length)
                    };
                }
                (Some(CR), None) => {
                    self.scanned += at;
                    return Line::Partial;
                }
                _ => {
                    self.bare = true;
                    self.scanned += at + 1;
                }
            }
        }
    }

    /// Drops the part of an over-long line that is here; a CR at its end stays, since the LF that
    /// makes it a line end may be the next octet. It is overwritten: it may be a credential.
    pub(crate) fn swallow(&mut self, buffer: &mut [u8]) {
        let unread = self.unread_mut(buffer);
        let n = unread.len() - usize::from(unread.last() == Some(&CR));
        if let Some(octets) = unread.get_mut(..n) {
            octets.zeroize();
        }
        self.consume(n);
    }

    /// Keeps the first `n` octets of the unread ones for later and consumes `line` octets.
    ///
    /// The kept octets go behind those that are kept already.
    pub(crate) fn keep(&mut self, n: usize, line: usize, buffer: &mut [u8]) {
        let n = n.min(line).min(self.len());
        let (from, kept) = (self.start, self.kept);
        move_to_front(buffer.get_mut(kept..from.saturating_add(n)), from - kept);
        // What lies behind the copy and before the next line was part of a credential.
        let behind = from.saturating_add(line).min(self.end);
        if let Some(octets) = buffer.get_mut(kept + n..behind) {
            octets.zeroize();
        }
        self.kept = kept + n;
        self.start = self.start.max(self.kept);
        self.consume(line.saturating_sub(self.start - from));
    }

    /// The kept octets, and the unread ones behind them.
    pub(crate) fn kept_and_unread<'a>(&self, buffer: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        (buffer.get(..self.kept).unwrap_or(&[]), self.unread(buffer))
    }

    /// Overwrites and forgets the kept octets.
    pub(crate) fn release(&mut self, buffer: &mut [u8]) {
        if let Some(octets) = buffer.get_mut(..self.kept) {
            octets.zeroize();
        }
        self.kept = 0;
        self.consume(0);
    }

    fn compact(&mut self, buffer: &mut [u8]) {
        let shift = self.start - self.kept;
        if shift == 0 || self.end > buffer.len() {
            return;
        }
        move_to_front(buffer.get_mut(self.kept..self.end), shift);
        let (start, end) = (self.start, self.end);
        self.start -= shift;
        self.end -= shift;
        self.scanned -= shift;
        // What was moved may be a credential: only one copy of it is left.
        if let Some(octets) = buffer.get_mut(start.max(self.end)..end) {
            octets.zeroize();
        }
    }
}

/// Moves what stands behind the first `shift` octets to the front: in parts that don't overlap, since
/// the routine a board needs for those that may is as large as the rest of this file.
fn move_to_front(region: Option<&mut [u8]>, shift: usize) {
    let mut region = region.unwrap_or(&mut []);
    while let Some((front, behind)) = region.split_at_mut_checked(shift) {
        if front.is_empty() {
            return;
        }
        copy(front, behind);
        region = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(buffer: &mut [u8], input: &[u8]) -> Window {
        let mut w = Window::default();
        feed(&mut w, buffer, input);
        w
    }

    fn feed(w: &mut Window, buffer: &mut [u8], input: &[u8]) {
        w.space(buffer)[..input.len()].copy_from_slice(input);
        w.filled(input.len(), buffer);
    }

    #[test]
    fn a_line_is_found_at_every_split() {
        let input = b"NOOP\r\nQUIT\r\n";
        for cut in 0..input.len() {
            let mut buffer = [0; 32];
            let mut w = window(&mut buffer, &input[..cut]);
            let early = w.line(&buffer);
            assert_eq!(early, if cut < 6 { Line::Partial } else { Line::Complete(4) });
            feed(&mut w, &mut buffer, &input[cut..]);
            assert_eq!(w.line(&buffer), Line::Complete(4));
            w.consume(6);
            assert_eq!(w.line(&buffer), Line::Complete(4));
            w.consume(6);
            assert!(w.is_empty());
        }
    }

    #[test]
    fn a_bare_newline_marks_the_whole_line_up_to_its_crlf() {
        for input in [&b"NOOP\nQUIT\r\n"[..], b"NOOP\rQUIT\r\n", b"NOOP\r\rQUI\r\n"] {
            let mut buffer = [0; 16];
            let mut w = window(&mut buffer, input);
            assert_eq!(w.line(&buffer), Line::BareNewline(input.len() - 2));
            w.consume(input.len());
            feed(&mut w, &mut buffer, b"NOOP\r\n");
            assert_eq!(w.line(&buffer), Line::Complete(4));
        }
    }

    #[test]
    fn what_is_kept_survives_compaction_and_the_rest_is_wiped() {
        let mut buffer = [0; 16];
        let mut w = window(&mut buffer, b"tim secret\r\n");
        w.keep(3, 12, &mut buffer);
        assert_eq!(w.kept_and_unread(&buffer), (&b"tim"[..], &b""[..]));
        assert_eq!(&buffer[3..12], [0; 9]);
        feed(&mut w, &mut buffer, b"password");
        assert_eq!(w.kept_and_unread(&buffer), (&b"tim"[..], &b"password"[..]));
        w.release(&mut buffer);
        assert_eq!(w.unread(&buffer), b"password");
        assert_eq!(&buffer[..3], [0; 3]);
    }

    #[test]
    fn swallowing_leaves_only_a_last_cr() {
        let mut buffer = [0; 8];
        let mut w = window(&mut buffer, b"abcdefg\r");
        w.swallow(&mut buffer);
        assert_eq!(w.unread(&buffer), b"\r");
        feed(&mut w, &mut buffer, b"\n");
        assert_eq!(w.line(&buffer), Line::Complete(0));
    }
}
