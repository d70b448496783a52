//! Kerberos: what a build with the feature `gssapi` has, and what one without it says.

use ehlo::sasl::Mechanism;

#[cfg(feature = "gssapi")]
mod library;
#[cfg(not(feature = "gssapi"))]
mod none;

#[cfg(feature = "gssapi")]
pub(crate) use library::{Exchange, Keys, Tickets};
#[cfg(not(feature = "gssapi"))]
pub(crate) use none::{Exchange, Keys, Tickets};

/// The name of the mechanism.
const NAME: &str = "GSSAPI";

/// What is said where it is asked for and not there.
#[cfg(not(feature = "gssapi"))]
pub(crate) const MISSING: &str = "this ehlo was built without Kerberos; `cargo build --release --features \
     gssapi` builds one with it, where the Kerberos library has its headers and libclang is there (Debian: \
     libkrb5-dev libclang-dev)";

/// Whether a mechanism is Kerberos's.
pub(crate) fn is_kerberos(mechanism: Mechanism) -> bool {
    mechanism.name() == NAME
}

/// Sees that a mechanism by this name is not one that only another build has.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    #[cfg(not(feature = "gssapi"))]
    if name.eq_ignore_ascii_case(NAME) {
        return Err(MISSING);
    }
    let _ = name;
    Ok(())
}

/// Where the tickets of a client are.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(
    not(feature = "gssapi"),
    allow(dead_code, reason = "there is nobody to ask for a ticket")
)]
pub(crate) struct Source<'a> {
    /// The credential cache.
    pub(crate) cache: Option<&'a str>,
    /// A keytab, and whose key in it.
    pub(crate) keytab: Option<(&'a std::path::Path, &'a str)>,
    /// The service that is meant, where that is not the server's.
    pub(crate) service: Option<&'a str>,
}
