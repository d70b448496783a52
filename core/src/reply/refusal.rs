//! What an application says no with.

use core::fmt;

use super::{Enhanced, Lines, Reply, ReplyCode, Text};

/// A refusal: a 4yz or 5yz reply.
///
/// ```
/// use ehlo::reply::Refusal;
///
/// let no = Refusal::permanent("5.7.1 not from this network");
/// let later = Refusal::transient("4.3.1 the disk is full");
/// assert!(no.is_permanent() && !later.is_permanent());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    code: Option<ReplyCode>,
    permanent: bool,
    enhanced: Option<Enhanced>,
    text: Text<'a>,
}

/// The code given for a refusal is not a 4yz or 5yz code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARefusal;

impl<'a> Refusal<'a> {
    /// A 5yz refusal with the usual code of the command it answers (550 for MAIL and RCPT, 554 for
    /// the message, 535 for AUTH). The text may begin with an enhanced status code.
    #[must_use]
    pub fn permanent(text: &'a str) -> Self {
        Self::of_class(true, text)
    }

    /// A 4yz refusal with the usual code of the command it answers (451, or 454 for AUTH). The text
    /// may begin with an enhanced status code.
    #[must_use]
    pub fn transient(text: &'a str) -> Self {
        Self::of_class(false, text)
    }

    /// A refusal with a code of the caller's choice. With 421 the connection is closed behind it.
    /// The text may begin with an enhanced status code.
    ///
    /// # Errors
    /// When the code is not a 4yz or 5yz code.
    pub fn with_code(code: ReplyCode, text: &'a str) -> Result<Self, NotARefusal> {
        match code.class() {
            4 | 5 => Ok(Self { code: Some(code), ..Self::of_class(code.is_permanent(), text) }),
            _ => Err(NotARefusal),
        }
    }

    fn of_class(permanent: bool, text: &'a str) -> Self {
        let (enhanced, text) = Enhanced::split_from(text);
        Self { code: None, permanent, enhanced, text: Text::new(text) }
    }

    /// Whether it is a 5yz refusal.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// The reply it is, where the command's usual codes are these.
    pub(crate) fn reply(&self, permanent: ReplyCode, transient: ReplyCode) -> Reply<'a> {
        let usual = if self.permanent { permanent } else { transient };
        let code = self.code.unwrap_or(usual);
        let plain = if self.permanent { Enhanced::FAILED } else { Enhanced::SYSTEM_TROUBLE };
        let enhanced = Enhanced::fitting(self.enhanced.or(Some(plain)), code);
        Reply { code, enhanced, lines: Lines::One(self.text) }
    }
}

impl fmt::Display for NotARefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply code of a refusal is 4yz or 5yz")
    }
}

impl core::error::Error for NotARefusal {}
