use super::Secret;
use std::borrow::Cow;

/// A name in the form in which names are compared: SASLprep (RFC 4013). `None` when the name holds what
/// SASLprep prohibits, or nothing is left of it (RFC 4616 section 2).
#[must_use]
pub fn prepare(name: &str) -> Option<Cow<'_, str>> {
    stringprep::saslprep(name).ok().filter(|prepared| !prepared.is_empty())
}

/// The same for a password; what is in between is wiped.
pub(crate) fn prepare_secret(password: &str) -> Option<Secret> {
    prepare(password).map(|prepared| Secret::new(prepared.into_owned()))
}

/// Whether two names are the same: letter for letter as SASLprep has them; only in the domain behind an `@` upper and
/// lower case don't matter.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (prepare(one), prepare(other)) else { return false };
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, domain)), Some((other_local, other_domain))) => {
            local == other_local && domain.eq_ignore_ascii_case(other_domain)
        }
        _ => one == other,
    }
}
