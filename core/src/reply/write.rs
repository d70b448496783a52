//! Replies as octets.

use super::{Enhanced, Lines, Reply, ReplyCode, Text};
use crate::limits::REPLY_LINE_MAX;
use crate::wire::print::decimal;
use crate::wire::{copy, words};

/// Octets around the text of a line: code, separator, the longest enhanced status code, a space and
/// CRLF.
const AROUND: usize = 4 + 10 + 2;
#[cfg(feature = "extensions")]
const LINE_TEXT_MAX: usize = REPLY_LINE_MAX - AROUND;

/// Writes replies into the free part of a send buffer; what does not fit is left out, line by line
/// and character by character, so that what is written is always well formed.
pub(crate) struct ReplyWriter<'a> {
    out: &'a mut [u8],
    written: usize,
    enhanced: bool,
    utf8: bool,
}

impl<'a> ReplyWriter<'a> {
    /// A writer; `enhanced` says whether enhanced status codes are offered, `utf8` whether the
    /// transaction allows UTF-8 in replies (RFC 6531 section 3.7.4.2).
    pub(crate) fn new(out: &'a mut [u8], enhanced: bool, utf8: bool) -> Self {
        Self { out, written: 0, enhanced, utf8 }
    }

    /// How many octets have been written.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// Writes a whole reply.
    pub(crate) fn reply(&mut self, reply: &Reply<'_>) {
        match reply.lines {
            Lines::One(text) => self.wrapped(reply.code, reply.enhanced, text.as_str(), true),
            #[cfg(feature = "extensions")]
            Lines::Many([]) => self.wrapped(reply.code, reply.enhanced, "", true),
            #[cfg(feature = "extensions")]
            Lines::Many([lines @ .., last]) => {
                for line in lines {
                    let line = Text::new(line).as_str();
                    let fits = line.len() <= LINE_TEXT_MAX;
                    let line = if fits { line } else { split(line, LINE_TEXT_MAX).0 };
                    // The last line must never be missing.
                    let last = last.len().min(LINE_TEXT_MAX).saturating_add(2 * AROUND);
                    let needed = line.len().saturating_add(last);
                    if self.room() >= needed {
                        self.line(reply.code, reply.enhanced, line, false);
                    }
                }
                self.wrapped(reply.code, reply.enhanced, Text::new(last).as_str(), true);
            }
        }
    }

    /// One text as one line, or as several where it is longer than a reply line may be.
    fn wrapped(&mut self, code: ReplyCode, enhanced: Option<Enhanced>, text: &str, last: bool) {
        let mut rest = text;
        loop {
            let room = self.room().min(REPLY_LINE_MAX).saturating_sub(AROUND);
            let fits = rest.len() <= room;
            // Without long texts of its own a line is enough.
            if !crate::TEXTS {
                let end = (0..=room.min(rest.len())).rev().find(|at| rest.is_char_boundary(*at));
                let text = end.and_then(|end| rest.get(..end)).unwrap_or_default();
                return self.line(code, enhanced, text, last);
            }
            // Another line needs room for itself: the last one must never be missing.
            let another = !fits && self.room() >= 2 * REPLY_LINE_MAX;
            let (line, behind) = if fits { (rest, "") } else { split(rest, room) };
            self.line(code, enhanced, line, last && !another);
            if !another {
                return;
            }
            rest = behind;
        }
    }

    /// A greeting; a text that would make the line too long is left out.
    pub(crate) fn greeting(&mut self, hostname: &str, text: &str) {
        let text = Text::new(text).as_str();
        let start = self.written;
        let mut complete = self.octets(b"220 ") && self.text(Text::new(hostname).as_str());
        let line = self.written.saturating_sub(start);
        let room = self.room().min(REPLY_LINE_MAX.saturating_sub(line));
        if !text.is_empty() && text.len().saturating_add(3) <= room {
            complete &= self.octets(b" ") && self.text(text);
        }
        if !(complete && self.octets(b"\r\n")) {
            self.written = start;
        }
    }

    /// One line.
    pub(crate) fn line(
        &mut self,
        code: ReplyCode,
        enhanced: Option<Enhanced>,
        text: &str,
        last: bool,
    ) {
        let start = self.written;
        let status = enhanced.filter(|_| self.enhanced && matches!(code.class(), 2 | 4 | 5));
        let complete = self.octets(&code.digits())
            && self.octets(if last { b" " } else { b"-" })
            && status.is_none_or(|status| self.status(status))
            && self.text(text)
            && self.octets(b"\r\n");
        if !complete {
            self.written = start;
        }
    }

    fn status(&mut self, status: Enhanced) -> bool {
        let (class, subject, detail) = status.parts();
        self.number(u64::from(class))
            && self.octets(b".")
            && self.number(u64::from(subject))
            && self.octets(b".")
            && self.number(u64::from(detail))
            && self.octets(b" ")
    }

    fn text(&mut self, text: &str) -> bool {
        if self.utf8 || text.is_ascii() {
            return self.octets(text.as_bytes());
        }
        // A `?` in place of each character, which is one octet that is no continuation.
        text.bytes()
            .filter(|octet| octet & 0xC0 != 0x80)
            .all(|octet| self.octets(&[if octet.is_ascii() { octet } else { b'?' }]))
    }

    /// A number in decimal.
    pub(crate) fn number(&mut self, value: u64) -> bool {
        // Most numbers here are parts of an enhanced status code.
        if let Ok(digit @ 0..10) = u8::try_from(value) {
            return self.octets(&[b'0' + digit]);
        }
        let mut digits = [0; 20];
        self.octets(decimal(value, &mut digits).as_bytes())
    }

    /// Octets as they are; `false` when they don't fit.
    pub(crate) fn octets(&mut self, octets: &[u8]) -> bool {
        let end = self.written + octets.len();
        match self.out.get_mut(self.written..end) {
            Some(target) => {
                copy(target, octets);
                self.written = end;
                true
            }
            None => false,
        }
    }

    fn room(&self) -> usize {
        self.out.len() - self.written
    }
}

/// Splits at the last space that leaves at most `room` octets before it, or else between two
/// characters.
fn split(text: &str, room: usize) -> (&str, &str) {
    let mut at = room.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
    match words::rsplit_once(head, b' ') {
        Some((line, _)) if !line.is_empty() => {
            (line, text.get(line.len().saturating_add(1)..).unwrap_or(tail))
        }
        _ => (head, tail),
    }
}
