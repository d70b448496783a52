//! What can go wrong with tickets and keys.

use core::fmt;
use std::path::PathBuf;

use ehlo::sasl::gssapi;

/// Why Kerberos does not go on. None of these holds a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum KerberosError {
    /// The keytab can't be read.
    Keytab(PathBuf, std::io::Error),
    /// A path, a name of a cache or of a service that the library can't be told, since it holds a NUL or is
    /// no UTF-8.
    Name(String),
    /// The library found no key or ticket, or refuses the one that came: in its own words.
    Library(String),
    /// What the other side said is not what comes here.
    Exchange(gssapi::Error),
    /// The context is not one of Kerberos, has no integrity protection, or its client is nobody.
    Unprotected,
    /// The thread that called the library is gone.
    Lost,
}

impl KerberosError {
    /// An error of the library's. Its words have no line ends.
    pub(super) fn library(error: impl fmt::Display) -> Self {
        let text = error.to_string();
        Self::Library(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl From<libgssapi::error::Error> for KerberosError {
    fn from(error: libgssapi::error::Error) -> Self {
        Self::library(error)
    }
}

impl From<gssapi::Error> for KerberosError {
    fn from(error: gssapi::Error) -> Self {
        Self::Exchange(error)
    }
}

impl fmt::Display for KerberosError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keytab(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Name(name) => write!(f, "{name}: no name that Kerberos could take"),
            Self::Library(text) => f.write_str(text),
            Self::Exchange(error) => error.fmt(f),
            Self::Unprotected => {
                f.write_str("the context is not one of Kerberos, or protects nothing")
            }
            Self::Lost => f.write_str("the thread that called the Kerberos library is gone"),
        }
    }
}

impl core::error::Error for KerberosError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Keytab(_, error) => Some(error),
            Self::Exchange(error) => Some(error),
            _ => None,
        }
    }
}
