//! Parameters of extensions this crate doesn't know.

use core::fmt;

use super::{mail, rcpt};
use crate::wire::print::{self, Print, Sink};
use crate::wire::words;

/// A parameter as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameter<'a> {
    /// Its keyword, in the case it was written in.
    pub keyword: &'a str,
    /// What stands behind its `=`.
    pub value: Option<&'a str>,
}

/// The parameters of a command that have no type of their own here.
#[derive(Clone, Copy, Default)]
pub struct OtherParameters<'a> {
    /// All parameters of the command, known ones included.
    text: &'a str,
    of_rcpt: bool,
}

impl<'a> OtherParameters<'a> {
    pub(super) const fn mail(text: &'a str) -> Self {
        Self { text, of_rcpt: false }
    }

    pub(super) const fn rcpt(text: &'a str) -> Self {
        Self { text, of_rcpt: true }
    }

    /// Each of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Parameter<'a>> + use<'a> {
        let of_rcpt = self.of_rcpt;
        words::words(self.text)
            .map(|word| match words::split_once(word, b'=') {
                Some((keyword, value)) => Parameter { keyword, value: Some(value) },
                None => Parameter { keyword: word, value: None },
            })
            .filter(move |parameter| {
                let known = if of_rcpt { rcpt::is_known } else { mail::is_known };
                !known(parameter.keyword)
            })
    }

    /// The first with this keyword, in any case.
    #[must_use]
    pub fn find(&self, keyword: &str) -> Option<Parameter<'a>> {
        self.iter().find(|parameter| parameter.keyword.eq_ignore_ascii_case(keyword))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether there were none: unlike [`is_empty`](Self::is_empty), told without looking.
    pub(crate) const fn is_none(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn has_repeated(&self) -> bool {
        let same = |a: &str, b: Parameter<'_>| a.eq_ignore_ascii_case(b.keyword);
        self.iter().enumerate().any(|(n, parameter)| {
            self.iter().take(n).any(|earlier| same(parameter.keyword, earlier))
        })
    }
}

impl PartialEq for OtherParameters<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for OtherParameters<'_> {}

impl fmt::Debug for OtherParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Print for OtherParameters<'_> {
    /// Each parameter with a space before it.
    fn print(&self, out: &mut impl Sink) {
        for parameter in self.iter() {
            out.text(" ");
            out.text(parameter.keyword);
            if let Some(value) = parameter.value {
                out.text("=");
                out.text(value);
            }
        }
    }
}

impl fmt::Display for OtherParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::display(self, f)
    }
}
