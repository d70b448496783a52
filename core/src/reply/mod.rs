//! Replies: a code, an enhanced status code and one or more lines of text (RFC 5321 section 4.2).

mod code;
mod default;
mod enhanced;
mod logged;
mod received;
mod refusal;
mod text;
mod write;

pub use code::ReplyCode;
pub use default::DefaultReply;
pub(crate) use default::pack;
pub use enhanced::Enhanced;
pub use logged::LoggedLine;
pub use received::{Received, ReplyLine};
pub use refusal::{NotARefusal, Refusal};
pub use text::Text;
pub(crate) use write::ReplyWriter;

/// A reply, to be written in place of a default one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    code: ReplyCode,
    enhanced: Option<Enhanced>,
    lines: Lines<'a>,
}

/// One line of text, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines<'a> {
    One(Text<'a>),
    #[cfg(feature = "extensions")]
    Many(&'a [&'a str]),
}

impl<'a> Reply<'a> {
    /// A reply with one line of text. A text longer than a reply line is written as several.
    ///
    /// The enhanced status code is left out where its class is not the first digit of the code (RFC
    /// 2034 section 4), and on the wire for 3yz codes, greetings and replies to HELO and EHLO.
    #[must_use]
    pub const fn new(code: ReplyCode, enhanced: Option<Enhanced>, text: &'a str) -> Self {
        Self {
            code,
            enhanced: Enhanced::fitting(enhanced, code),
            lines: Lines::One(Text::new(text)),
        }
    }

    /// A reply with several lines of text.
    #[cfg(feature = "extensions")]
    #[must_use]
    pub const fn lines(code: ReplyCode, enhanced: Option<Enhanced>, lines: &'a [&'a str]) -> Self {
        Self { code, enhanced: Enhanced::fitting(enhanced, code), lines: Lines::Many(lines) }
    }

    /// Its reply code.
    #[must_use]
    pub const fn code(&self) -> ReplyCode {
        self.code
    }

    /// Its enhanced status code.
    #[must_use]
    pub const fn enhanced(&self) -> Option<Enhanced> {
        self.enhanced
    }
}
