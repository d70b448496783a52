//! Addresses: mailboxes, paths, domains and address literals (RFC 5321 section 4.1.2 and 4.1.3).
//!
//! Every type here is checked when it is made and can't hold an illegal value. Nothing is rewritten:
//! what a client sent is what [`as_str`](Mailbox::as_str) gives, quotes and case included.
//!
//! ```
//! use ehlo::address::{Host, Mailbox};
//!
//! let mailbox = Mailbox::parse("\"sensor 7\"@[192.0.2.1]")?;
//! assert!(mailbox.local_part().is_quoted());
//! assert_eq!(mailbox.local_part().unquoted().collect::<String>(), "sensor 7");
//! assert!(matches!(mailbox.host(), Host::Literal(_)));
//! # Ok::<(), ehlo::error::InvalidAddress>(())
//! ```

use core::fmt;
use core::net::IpAddr;

use crate::error::InvalidAddress;
use crate::limits::DOMAIN_MAX;
use crate::wire::grammar::{self, Path, whole};

/// What a rule for paths gives, and what stands behind the path.
fn path(
    text: &str,
    rule: fn(&[u8]) -> grammar::Parsed<'_, Path<'_>>,
) -> Result<(PathOf<'_>, &str), InvalidAddress> {
    let (rest, path) = rule(text.as_bytes()).map_err(|_| InvalidAddress)?;
    let end = text.len().saturating_sub(rest.len());
    let (path_text, behind) = text.split_at_checked(end).ok_or(InvalidAddress)?;
    // What stands before the closing bracket; a source route before it is left out.
    let inside = path_text.strip_suffix('>').ok_or(InvalidAddress)?;
    let path = match path {
        Path::Null => PathOf::Null,
        Path::Postmaster => PathOf::Postmaster(inside.strip_prefix('<').unwrap_or(inside)),
        Path::Mailbox(mailbox, at) => {
            let start = inside.len().saturating_sub(mailbox.len());
            PathOf::Mailbox(Mailbox { text: inside.get(start..).ok_or(InvalidAddress)?, at })
        }
    };
    Ok((path, behind))
}

/// Any of the paths there are.
enum PathOf<'a> {
    Null,
    Postmaster(&'a str),
    Mailbox(Mailbox<'a>),
}

/// Nothing may stand behind what was read.
fn alone<T>((found, behind): (T, &str)) -> Result<T, InvalidAddress> {
    if behind.is_empty() { Ok(found) } else { Err(InvalidAddress) }
}

/// A local-part: a dot-string or a quoted string of at most 64 octets, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalPart<'a>(&'a str);

impl<'a> LocalPart<'a> {
    /// Checks a local-part (RFC 5321 section 4.1.2, RFC 6531 section 3.3).
    ///
    /// # Errors
    /// When it is not a dot-string or quoted string, or is longer than 64 octets.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        whole(grammar::local_part, text.as_bytes()).map(|_| Self(text)).ok_or(InvalidAddress)
    }

    /// As it was written, quotes included.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it is a quoted string.
    #[must_use]
    pub fn is_quoted(self) -> bool {
        self.0.starts_with('"')
    }

    /// The characters it stands for: without the quotes and backslashes of a quoted string. Two
    /// local-parts that agree here name the same mailbox.
    pub fn unquoted(self) -> impl Iterator<Item = char> + 'a {
        let quoted = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let mut escaped = false;
        quoted.unwrap_or(self.0).chars().filter(move |c| {
            escaped = quoted.is_some() && *c == '\\' && !escaped;
            !escaped
        })
    }
}

/// A domain name of letters, digits and hyphens, or of U-labels (RFC 6531); at most 255 octets,
/// each label at most 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Domain<'a>(&'a str);

impl<'a> Domain<'a> {
    /// Checks a domain (RFC 5321 section 4.1.2).
    ///
    /// # Errors
    /// When a label is empty or too long, begins or ends with a hyphen, or holds another character.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        whole(grammar::domain, text.as_bytes()).map(|_| Self(text)).ok_or(InvalidAddress)
    }

    /// As it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// An address literal, such as `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressLiteral<'a>(&'a str);

impl<'a> AddressLiteral<'a> {
    /// Checks an address literal, brackets included.
    ///
    /// # Errors
    /// When it is none of the three forms.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        whole(grammar::address_literal, text.as_bytes()).map(|_| Self(text)).ok_or(InvalidAddress)
    }

    /// As it was written, brackets included.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The IP address it names; `None` for a general address literal.
    #[must_use]
    pub fn ip(self) -> Option<IpAddr> {
        let content = self.0.strip_prefix('[')?.strip_suffix(']')?.as_bytes();
        if let Some(octets) = grammar::ipv4_address(content) {
            return Some(IpAddr::from(octets));
        }
        let (tag, address) = content.split_at_checked(5)?;
        let segments = grammar::ipv6_address(address);
        segments.filter(|_| tag.eq_ignore_ascii_case(b"IPv6:")).map(IpAddr::from)
    }
}

/// What stands behind the `@` of a mailbox, or behind EHLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host<'a> {
    /// A domain name.
    Domain(Domain<'a>),
    /// An address literal.
    Literal(AddressLiteral<'a>),
}

impl<'a> Host<'a> {
    /// Checks a domain or an address literal.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        if text.starts_with('[') {
            AddressLiteral::parse(text).map(Self::Literal)
        } else {
            Domain::parse(text).map(Self::Domain)
        }
    }

    /// As it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Domain(domain) => domain.as_str(),
            Self::Literal(literal) => literal.as_str(),
        }
    }

    /// What the grammar has found to be one of the two.
    const fn checked(text: &'a str) -> Self {
        match text.as_bytes() {
            [b'[', ..] => Self::Literal(AddressLiteral(text)),
            _ => Self::Domain(Domain(text)),
        }
    }
}

/// What a client calls itself behind EHLO, HELO or LHLO. It should be a domain name or an address
/// literal, and often is another name all the same: one with an underscore in it, such as machines
/// on a local network have, or the literal of an IPv6 address without its tag.
///
/// Nothing depends on it (RFC 5321 section 4.1.4: a message must not be refused because the name
/// can't be verified); it goes into trace fields and logs. So there is nothing in it that has a
/// meaning there: ASCII letters, digits, hyphens, underscores and dots, at most 255 octets, or in
/// brackets colons and percent signs too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientName<'a>(&'a str);

impl<'a> ClientName<'a> {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is no [`Host`], and is too long or has another character in it.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        let known = Host::parse(text).is_ok() || is_name_of_some_kind(text.as_bytes());
        if known { Ok(Self(text)) } else { Err(InvalidAddress) }
    }

    /// As it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The domain or address literal it should be; `None` when it is neither.
    #[must_use]
    pub fn host(self) -> Option<Host<'a>> {
        Host::parse(self.0).ok()
    }
}

/// Whether nothing in it has a meaning where names of clients are written.
fn is_name_of_some_kind(name: &[u8]) -> bool {
    let in_brackets = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    let content = in_brackets.unwrap_or(name);
    let harmless = |c: &u8| match c {
        b'-' | b'_' | b'.' => true,
        b':' | b'%' => in_brackets.is_some(),
        c => c.is_ascii_alphanumeric(),
    };
    !content.is_empty() && name.len() <= DOMAIN_MAX && content.iter().all(harmless)
}

/// A mailbox: `local-part@domain` or `local-part@[address literal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox<'a> {
    text: &'a str,
    /// Where the `@` between the two halves stands.
    at: usize,
}

impl<'a> Mailbox<'a> {
    /// Checks a mailbox (RFC 5321 section 4.1.2; UTF-8 as in RFC 6531 section 3.3).
    ///
    /// # Errors
    /// When it does not match the grammar or a size limit (64 octets for the local-part, 255 for
    /// the domain) is passed.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        let (_, at) = whole(grammar::mailbox, text.as_bytes()).ok_or(InvalidAddress)?;
        Ok(Self { text, at })
    }

    /// As it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local_part(self) -> LocalPart<'a> {
        LocalPart(self.text.get(..self.at).unwrap_or_default())
    }

    /// What stands behind the `@`.
    #[must_use]
    pub fn host(self) -> Host<'a> {
        Host::checked(self.text.get(self.at + 1..).unwrap_or_default())
    }
}

/// A reverse-path: the argument of MAIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath<'a> {
    /// `<>`, the reverse-path of notifications (RFC 5321 section 4.5.5).
    Null,
    /// A mailbox.
    Mailbox(Mailbox<'a>),
}

impl<'a> ReversePath<'a> {
    /// Reads a reverse-path with its angle brackets. A source route is accepted and ignored (RFC
    /// 5321 appendix C).
    ///
    /// # Errors
    /// When it does not match the grammar, or the path is longer than 256 octets.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        alone(Self::split_from(text)?)
    }

    /// Reads it from the front of a text; also what stands behind it.
    pub(crate) fn split_from(text: &'a str) -> Result<(Self, &'a str), InvalidAddress> {
        match path(text, grammar::reverse_path)? {
            (PathOf::Null, behind) => Ok((Self::Null, behind)),
            (PathOf::Mailbox(mailbox), behind) => Ok((Self::Mailbox(mailbox), behind)),
            (PathOf::Postmaster(_), _) => Err(InvalidAddress),
        }
    }

    /// The mailbox without angle brackets; empty for `<>`.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Null => "",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }

    /// The mailbox, unless it is `<>`.
    #[must_use]
    pub const fn mailbox(self) -> Option<Mailbox<'a>> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

/// A forward-path: the argument of RCPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForwardPath<'a> {
    /// `<Postmaster>` without a domain (RFC 5321 section 4.1.1.3), in the case it was written in.
    Postmaster(&'a str),
    /// A mailbox.
    Mailbox(Mailbox<'a>),
}

impl<'a> ForwardPath<'a> {
    /// Reads a forward-path with its angle brackets. A source route is accepted and ignored (RFC
    /// 5321 appendix C).
    ///
    /// # Errors
    /// When it does not match the grammar, or the path is longer than 256 octets.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        alone(Self::split_from(text)?)
    }

    /// Reads it from the front of a text; also what stands behind it.
    pub(crate) fn split_from(text: &'a str) -> Result<(Self, &'a str), InvalidAddress> {
        match path(text, grammar::forward_path)? {
            (PathOf::Postmaster(name), behind) => Ok((Self::Postmaster(name), behind)),
            (PathOf::Mailbox(mailbox), behind) => Ok((Self::Mailbox(mailbox), behind)),
            (PathOf::Null, _) => Err(InvalidAddress),
        }
    }

    /// The mailbox without angle brackets; `postmaster` has no domain.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Postmaster(name) => name,
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }

    /// The mailbox, unless it is the bare postmaster.
    #[must_use]
    pub const fn mailbox(self) -> Option<Mailbox<'a>> {
        match self {
            Self::Postmaster(_) => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

/// `Display` for the types that are a text and nothing else.
macro_rules! display_as_str {
    ($($name:ident $around:literal),*) => {$(
        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $around, self.as_str())
            }
        }
    )*};
}

display_as_str!(
    LocalPart "{}", Domain "{}", AddressLiteral "{}", Host "{}", ClientName "{}",
    Mailbox "{}", ReversePath "<{}>", ForwardPath "<{}>"
);
