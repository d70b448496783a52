//! Parameters of RCPT.

use core::fmt;

use super::{Notify, Orcpt, OtherParameters, each, once, typed};
use crate::error::SyntaxError;
use crate::wire::print::{self, Print, Sink, keyword};

/// The parameters of a RCPT command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RcptParameters<'a> {
    /// NOTIFY: when the sender wants a notification (RFC 3461 section 4.1).
    pub notify: Option<Notify>,
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
            if crate::EXTENSIONS && keyword.eq_ignore_ascii_case("NOTIFY") {
                once(&mut found.notify, typed(value, Notify::parse))
            } else if crate::EXTENSIONS && keyword.eq_ignore_ascii_case("ORCPT") {
                once(&mut found.orcpt, typed(value, Orcpt::parse))
            } else {
                found.other = OtherParameters::rcpt(text);
                Ok(())
            }
        })?;
        if crate::EXTENSIONS && found.other.has_repeated() {
            return Err(SyntaxError::RepeatedParameter);
        }
        Ok(found)
    }
}

impl Print for RcptParameters<'_> {
    /// Each parameter with a space before it.
    fn print(&self, out: &mut impl Sink) {
        keyword(out, "NOTIFY", self.notify.as_ref());
        keyword(out, "ORCPT", self.orcpt.as_ref());
        self.other.print(out);
    }
}

impl fmt::Display for RcptParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::display(self, f)
    }
}
