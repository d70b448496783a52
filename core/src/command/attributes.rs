//! Attributes of XCLIENT and XFORWARD.

use core::fmt;

use crate::parameter::Xtext;
use crate::wire::grammar::{self, whole};
use crate::wire::words;

/// An attribute of XCLIENT or XFORWARD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribute<'a> {
    /// Its name, such as `ADDR` or `LOGIN`, in the case it was written in.
    pub name: &'a str,
    /// Its value; `None` for `[UNAVAILABLE]` and `[TEMPUNAVAIL]`.
    pub value: Option<Xtext<'a>>,
}

/// The attributes of one command.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// Checks what stands behind the verb, without the space before it.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut words = words::words(text);
        let checked = |word: &str| whole(grammar::xclient_attribute, word.as_bytes()).is_some();
        (words.clone().next().is_some() && words.all(checked)).then_some(Self(text))
    }

    /// Each of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        words::words(self.0).filter_map(|word| {
            let (name, value) = words::split_once(word, b'=')?;
            let unavailable = ["[UNAVAILABLE]", "[TEMPUNAVAIL]"];
            let known = !unavailable.iter().any(|u| value.eq_ignore_ascii_case(u));
            Some(Attribute { name, value: known.then(|| Xtext::parse(value).ok()).flatten() })
        })
    }

    /// The last value of this name, in any case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Xtext<'a>> {
        self.iter().filter(|a| a.name.eq_ignore_ascii_case(name)).last().and_then(|a| a.value)
    }
}

impl PartialEq for Attributes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Attributes<'_> {}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Display for Attributes<'_> {
    /// Each attribute with a space before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::words(self.0).try_for_each(|word| write!(f, " {word}"))
    }
}
