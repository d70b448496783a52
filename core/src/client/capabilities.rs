//! What a server offers: its reply to EHLO (RFC 5321 section 4.1.1.1).

use core::fmt;

use crate::capability::Extensions;
use crate::sasl::Mechanism;
use crate::wire::grammar::{self, whole};

/// What the server offers, as of its last reply to EHLO or LHLO. After HELO, and before any, it is
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    extensions: Extensions,
    auth: bool,
    mechanisms: Mechanisms,
    /// Those of the client's preferred mechanisms that are on offer, by their place.
    preferred: u32,
    size: u64,
    recipients: u32,
    transactions: u32,
}

/// A set of mechanisms, of those this crate knows.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Mechanisms(u32);

impl Capabilities {
    pub(super) const NONE: Self = Self {
        extensions: Extensions::NONE,
        auth: false,
        mechanisms: Mechanisms(0),
        preferred: 0,
        size: 0,
        recipients: 0,
        transactions: 0,
    };

    /// The service extensions. AUTH is not among them: see [`has_auth`](Self::has_auth).
    #[must_use]
    pub const fn extensions(&self) -> Extensions {
        self.extensions
    }

    /// Whether all of these extensions are on offer.
    #[must_use]
    pub const fn has(&self, extensions: Extensions) -> bool {
        self.extensions.contains(extensions)
    }

    /// Whether AUTH is on offer, by whatever mechanisms.
    #[must_use]
    pub const fn has_auth(&self) -> bool {
        self.auth
    }

    /// The mechanisms of AUTH on offer, as far as this crate knows them.
    #[must_use]
    pub const fn mechanisms(&self) -> Mechanisms {
        self.mechanisms
    }

    /// The largest message in octets (RFC 1870 section 3), where the server says it.
    #[must_use]
    pub const fn max_message(&self) -> Option<u64> {
        if self.size > 0 { Some(self.size) } else { None }
    }

    /// Recipients of a mail transaction (RFC 9422 section 4.2), where the server says it.
    #[must_use]
    pub const fn max_recipients(&self) -> Option<u32> {
        if self.recipients > 0 { Some(self.recipients) } else { None }
    }

    /// Mail transactions of a connection (RFC 9422 section 4.1), where the server says it.
    #[must_use]
    pub const fn max_transactions(&self) -> Option<u32> {
        if self.transactions > 0 { Some(self.transactions) } else { None }
    }

    /// Whether the preferred mechanism at this place is on offer.
    pub(super) fn offers_preferred(&self, place: usize) -> bool {
        bit(place) & self.preferred != 0
    }

    /// The names of mechanisms in the text of a line of the reply to EHLO, where it is the one of
    /// AUTH: names between white space. The form of servers from before RFC 2554, `AUTH=LOGIN PLAIN`,
    /// counts too.
    #[must_use]
    pub fn auth_of(text: &str) -> Option<&str> {
        if upper_head(text).is_some_and(|head| head == *b"AUTH=") {
            return text.get(5..);
        }
        let keyword = text.split_ascii_whitespace().next()?;
        let is_auth = keyword.eq_ignore_ascii_case("AUTH") && text.starts_with(keyword);
        if is_auth { text.get(keyword.len()..) } else { None }
    }

    /// Reads a line of the reply, the first one aside. A line that makes no sense is ignored.
    pub(super) fn read(&mut self, text: &[u8], preference: &[Mechanism]) {
        let Ok(text) = core::str::from_utf8(text) else { return };
        if let Some(names) = Self::auth_of(text) {
            return self.read_auth(names, preference);
        }
        let mut words = text.split_ascii_whitespace();
        let Some(keyword) = words.next() else { return };
        let Some(extension) = Extensions::from_keyword(keyword) else { return };
        self.extensions = self.extensions.with(extension);
        if extension == Extensions::SIZE {
            self.size = words.next().and_then(number).unwrap_or(0);
        }
        if extension == Extensions::LIMITS {
            for word in words {
                self.read_limit(word);
            }
        }
    }

    fn read_auth(&mut self, names: &str, preference: &[Mechanism]) {
        self.auth = true;
        for name in names.split_ascii_whitespace() {
            let is_named = |mechanism: &Mechanism| mechanism.name().eq_ignore_ascii_case(name);
            if let Some(place) = Mechanism::KNOWN.iter().position(is_named) {
                self.mechanisms.0 |= bit(place);
            }
            for (place, _) in preference.iter().enumerate().filter(|(_, m)| is_named(m)) {
                self.preferred |= bit(place);
            }
        }
    }

    /// `RCPTMAX=100` or `MAILMAX=10`.
    fn read_limit(&mut self, word: &str) {
        let Some((name, value)) = crate::wire::words::split_once(word, b'=') else { return };
        let value = number(value).and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
        if name.eq_ignore_ascii_case("RCPTMAX") {
            self.recipients = value;
        } else if name.eq_ignore_ascii_case("MAILMAX") {
            self.transactions = value;
        }
    }
}

/// The first five octets in upper case.
fn upper_head(text: &str) -> Option<[u8; 5]> {
    let head: &[u8; 5] = text.as_bytes().first_chunk()?;
    Some(head.map(|octet| octet.to_ascii_uppercase()))
}

fn number(text: &str) -> Option<u64> {
    whole(grammar::decimal, text.as_bytes()).flatten()
}

fn bit(place: usize) -> u32 {
    u32::try_from(place).ok().and_then(|place| 1_u32.checked_shl(place)).unwrap_or(0)
}

impl Mechanisms {
    /// Whether the mechanism is among them.
    #[must_use]
    pub fn contains(self, mechanism: Mechanism) -> bool {
        self.iter().any(|known| known == mechanism)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Mechanism> {
        let known = Mechanism::KNOWN.iter().enumerate();
        known.filter(move |(place, _)| bit(*place) & self.0 != 0).map(|(_, mechanism)| *mechanism)
    }

    /// These and that one.
    #[must_use]
    pub(super) fn with(self, mechanism: Mechanism) -> Self {
        let place = Mechanism::KNOWN.iter().position(|known| *known == mechanism);
        Self(self.0 | place.map_or(0, bit))
    }
}

impl fmt::Display for Mechanisms {
    /// The names, with a space between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for mechanism in self.iter() {
            write!(f, "{before}{}", mechanism.name())?;
            before = " ";
        }
        Ok(())
    }
}

impl fmt::Debug for Mechanisms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Capabilities {
        let mut found = Capabilities::NONE;
        lines.iter().for_each(|line| found.read(line.as_bytes(), Mechanism::PREFERENCE));
        found
    }

    #[cfg(all(feature = "login", feature = "oauth"))]
    #[test]
    fn names_count_as_a_whole_and_in_any_case() {
        let found = read(&["auth xoauth2-plain  LOGIN-MD5\tLogin XOAUTH2", "pipelining", "SIZEX"]);
        let names = [Mechanism::Login, Mechanism::Xoauth2];
        assert!(found.mechanisms().iter().eq(names));
        assert!(found.has(Extensions::PIPELINING) && !found.has(Extensions::SIZE));
    }

    #[cfg(all(feature = "plain", feature = "login"))]
    #[test]
    fn the_old_form_of_auth_is_understood() {
        let found = read(&["AUTH=LOGIN PLAIN"]);
        assert!(found.has_auth() && found.mechanisms().contains(Mechanism::Plain));
        assert!(found.mechanisms().contains(Mechanism::Login));
        assert!(!read(&["AUTHX LOGIN", "XAUTH PLAIN", "AUTH-PLAIN"]).has_auth());
    }

    #[test]
    fn numbers_that_are_none_are_ignored() {
        assert_eq!(read(&["SIZE 1000"]).max_message(), Some(1000));
        for line in ["SIZE", "SIZE 0", "SIZE x", "SIZE 99999999999999999999999"] {
            let found = read(&[line]);
            assert!(found.has(Extensions::SIZE) && found.max_message().is_none(), "{line}");
        }
        let found = read(&["LIMITS RCPTMAX=20 MAILMAX=x OTHER=1"]);
        assert_eq!((found.max_recipients(), found.max_transactions()), (Some(20), None));
    }
}
