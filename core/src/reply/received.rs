//! Replies as a client receives them.

use core::fmt;

use super::{Enhanced, ReplyCode};
use crate::error::InvalidReply;
use crate::wire::grammar::{self, whole};

/// One line of a reply (RFC 5321 section 4.2).
///
/// ```
/// use ehlo::reply::ReplyLine;
///
/// let line = ReplyLine::parse(b"250-8BITMIME")?;
/// assert_eq!((line.code().value(), line.is_last()), (250, false));
/// assert_eq!(line.text(), b"8BITMIME");
/// # Ok::<(), ehlo::error::InvalidReply>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReplyLine<'a> {
    code: ReplyCode,
    last: bool,
    text: &'a [u8],
}

impl<'a> ReplyLine<'a> {
    /// Reads a line without its CRLF. A last line may be the bare code, as `334` is from some
    /// servers.
    ///
    /// # Errors
    /// When it doesn't begin with a reply code, or what follows the code is neither a space nor a
    /// hyphen.
    pub fn parse(line: &'a [u8]) -> Result<Self, InvalidReply> {
        let (code, last, text) = whole(grammar::reply_line, line).ok_or(InvalidReply)?;
        Ok(Self { code, last, text })
    }

    /// Its reply code.
    #[must_use]
    pub const fn code(self) -> ReplyCode {
        self.code
    }

    /// Whether no further line follows.
    #[must_use]
    pub const fn is_last(self) -> bool {
        self.last
    }

    /// What stands behind the code, as it was sent: a server may send any octet there.
    #[must_use]
    pub const fn text(self) -> &'a [u8] {
        self.text
    }
}

/// A whole reply as the server sent it, lent out of the receive buffer.
///
/// Only its [`code`](Self::code) decides anything. Where the reply was larger than the buffer, some
/// of its lines are missing here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    code: ReplyCode,
    /// Whole lines, each with its CRLF.
    octets: &'a [u8],
}

impl<'a> Received<'a> {
    pub(crate) const fn new(code: ReplyCode, octets: &'a [u8]) -> Self {
        Self { code, octets }
    }

    /// Its reply code.
    #[must_use]
    pub const fn code(self) -> ReplyCode {
        self.code
    }

    /// Its enhanced status code, where the text begins with one of the code's class (RFC 2034).
    #[must_use]
    pub fn enhanced(self) -> Option<Enhanced> {
        let text = self.lines().next()?;
        let end = text.iter().position(|octet| *octet == b' ').unwrap_or(text.len());
        let word = text.get(..end).filter(|word| word.len() <= "5.999.999".len())?;
        let (status, _) = Enhanced::split_from(core::str::from_utf8(word).ok()?);
        Enhanced::fitting(status, self.code)
    }

    /// The text of each line, as it was sent: a server may send any octet there.
    pub fn lines(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.octets;
        core::iter::from_fn(move || {
            let end = rest.iter().position(|octet| *octet == b'\n')?;
            let (line, behind) = rest.split_at_checked(end)?;
            rest = behind.get(1..).unwrap_or(&[]);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Some(line.get(4..).unwrap_or(&[]))
        })
    }
}

/// Octets of a text, fit to be shown: control characters and what is not UTF-8 are replaced.
struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                f.write_char(if c.is_control() { '\u{fffd}' } else { c })?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char('\u{fffd}')?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Received<'_> {
    /// The code and the texts, in one line, without control characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.code, f)?;
        for text in self.lines().filter(|text| !text.is_empty()) {
            write!(f, " {}", Shown(text))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for ReplyLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.last { ' ' } else { '-' };
        write!(f, "{}{separator}{}", self.code, Shown(self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate alloc;
    use alloc::string::ToString;

    #[test]
    fn a_bare_code_is_a_last_line() {
        let line = ReplyLine::parse(b"334").unwrap();
        assert!(line.is_last() && line.text().is_empty());
    }

    #[test]
    fn what_is_no_reply_line_is_refused() {
        let lines: [&[u8]; 8] =
            [b"", b"25", b"250x", b"250\tok", b"150 ok", b"600 ok", b"-250 ok", b" 250"];
        for line in lines {
            assert!(ReplyLine::parse(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_code_that_no_rfc_has_is_judged_by_its_first_digit() {
        let line = ReplyLine::parse(b"571 5.7.1 not here").unwrap();
        assert!(line.code().is_permanent() && ReplyCode::new(571).is_none());
    }

    #[test]
    fn a_reply_shows_its_texts_without_control_characters() {
        let code = ReplyCode::new(550).unwrap();
        let reply = Received::new(code, b"550-5.1.1 no\x1b[1m\xff such\r\n550 user\r\n");
        assert_eq!(reply.to_string(), "550 5.1.1 no\u{fffd}[1m\u{fffd} such user");
        assert_eq!(reply.enhanced(), Some(Enhanced::NO_SUCH_MAILBOX));
    }

    #[test]
    fn an_enhanced_status_code_of_another_class_is_none() {
        let code = ReplyCode::new(450).unwrap();
        assert_eq!(Received::new(code, b"450 5.1.1 no\r\n").enhanced(), None);
    }
}
