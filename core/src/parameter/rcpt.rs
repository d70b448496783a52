//! Parameters of RCPT.

use core::fmt;

#[cfg(feature = "extensions")]
use super::{Notify, Orcpt, once, typed};
use super::{OtherParameters, each};
use crate::capability::Extensions;
use crate::error::SyntaxError;
#[cfg(feature = "extensions")]
use crate::wire::print::keyword;
use crate::wire::print::{self, Print, Sink};

/// The parameters of a RCPT command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RcptParameters<'a> {
    #[cfg(feature = "extensions")]
    /// NOTIFY: when the sender wants a notification (RFC 3461 section 4.1).
    pub notify: Option<Notify>,
    #[cfg(feature = "extensions")]
    /// ORCPT: the recipient as the sender named it (RFC 3461 section 4.2, RFC 6533).
    pub orcpt: Option<Orcpt<'a>>,
    /// The parameters of extensions this crate doesn't know.
    pub other: OtherParameters<'a>,
}

/// The keywords typed above.
pub(super) fn is_known(keyword: &str) -> bool {
    crate::EXTENSIONS && ["NOTIFY", "ORCPT"].iter().any(|known| known.eq_ignore_ascii_case(keyword))
}

impl<'a> RcptParameters<'a> {
    /// Reads the parameters behind a forward-path, without the space before them.
    ///
    /// # Errors
    /// When one is malformed, has a value it can't have, or is repeated.
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let mut found = Self::default();
        each(text, |keyword, value| {
            #[cfg(feature = "extensions")]
            if keyword.eq_ignore_ascii_case("NOTIFY") {
                return once(&mut found.notify, typed(value, Notify::parse));
            } else if keyword.eq_ignore_ascii_case("ORCPT") {
                return once(&mut found.orcpt, typed(value, Orcpt::parse));
            }
            let _ = (keyword, value);
            found.other = OtherParameters::rcpt(text);
            Ok(())
        })?;
        if crate::EXTENSIONS && found.other.has_repeated() {
            return Err(SyntaxError::RepeatedParameter);
        }
        Ok(found)
    }

    /// The extensions they belong to, apart from those this crate doesn't know.
    pub(crate) const fn needs(&self) -> Extensions {
        #[cfg(feature = "extensions")]
        if self.notify.is_some() || self.orcpt.is_some() {
            return Extensions::DSN;
        }
        Extensions::NONE
    }

    /// Whether the original recipient is ASCII, if there is one.
    pub(crate) fn is_ascii(&self) -> bool {
        #[cfg(feature = "extensions")]
        return self.orcpt.is_none_or(|orcpt| orcpt.as_str().is_ascii());
        #[cfg(not(feature = "extensions"))]
        true
    }
}

impl Print for RcptParameters<'_> {
    /// Each parameter with a space before it.
    fn print(&self, out: &mut impl Sink) {
        #[cfg(feature = "extensions")]
        {
            keyword(out, "NOTIFY", self.notify.as_ref());
            keyword(out, "ORCPT", self.orcpt.as_ref());
        }
        self.other.print(out);
    }
}

impl fmt::Display for RcptParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::display(self, f)
    }
}
