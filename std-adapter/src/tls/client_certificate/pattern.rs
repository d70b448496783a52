//! What a name in a certificate is compared with.

/// One name, or all of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// This address: in its domain upper and lower case don't matter.
    Email(String),
    /// Any address of this domain: `*@example.org`.
    EmailOf(String),
    /// This domain, in any case.
    Domain(String),
    /// Any name with one label before this domain: `*.example.org` (RFC 9525 section 6.3).
    LabelOf(String),
    /// This text, letter for letter.
    Text(String),
    /// Whatever is there: `*`.
    Any,
}

impl Pattern {
    pub(super) fn email(text: &str) -> Result<Self, &'static str> {
        match text.rsplit_once('@') {
            Some(("*", domain)) if is_whole(domain) => Ok(Self::EmailOf(domain.to_owned())),
            Some((local, domain)) if is_whole(local) && is_whole(domain) => {
                Ok(Self::Email(text.to_owned()))
            }
            _ => Err("write an address, or *@DOMAIN for all of a domain"),
        }
    }

    pub(super) fn domain(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix("*.") {
            Some(parent) if is_whole(parent) => Ok(Self::LabelOf(parent.to_owned())),
            None if is_whole(text) && !text.contains('@') => Ok(Self::Domain(text.to_owned())),
            _ => Err("write a domain, or *.DOMAIN for all with one label before it"),
        }
    }

    pub(super) fn text(text: &str) -> Result<Self, &'static str> {
        match text {
            "" => Err("write a name, or * for any"),
            "*" => Ok(Self::Any),
            _ => Ok(Self::Text(text.to_owned())),
        }
    }

    /// Whether a name is meant.
    pub(super) fn fits(&self, name: &str) -> bool {
        match self {
            Self::Email(email) => same_email(email, name),
            Self::EmailOf(domain) => name.rsplit_once('@').is_some_and(|(local, of)| {
                // What stands in quotes may hold an `@`; nobody has a use for that.
                !local.is_empty() && !local.contains('@') && of.eq_ignore_ascii_case(domain)
            }),
            Self::Domain(domain) => name.eq_ignore_ascii_case(domain),
            Self::LabelOf(parent) => name
                .split_once('.')
                .is_some_and(|(label, of)| is_whole(label) && of.eq_ignore_ascii_case(parent)),
            Self::Text(text) => name == text,
            Self::Any => true,
        }
    }
}

fn same_email(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, domain)), Some((other_local, other_domain))) => {
            local == other_local && domain.eq_ignore_ascii_case(other_domain)
        }
        _ => false,
    }
}

/// Something, and without a `*`, which would be meant for more than it does.
fn is_whole(text: &str) -> bool {
    !text.is_empty() && !text.contains('*')
}
