use super::summary::{CertificateSummary, of_seconds, printable};
use core::fmt;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, Error};

/// How many of a certificate's names are shown; there may be hundreds.
const SHOWN: usize = 8;

/// What is wrong with a server's certificate. The text is one line, goes on from "the certificate is not
/// accepted:", and says what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Nobody who is trusted has signed it.
    UnknownIssuer {
        /// Who has.
        issuer: String,
        /// Whether it is signed by itself.
        self_signed: bool,
        /// Whether the server sent no other certificate with it, which may be the one that is missing.
        alone: bool,
    },
    /// It belongs to another host.
    WrongName {
        /// The host that was asked for.
        host: String,
        /// The hosts it belongs to.
        names: Vec<String>,
    },
    /// It is no longer valid, or one that it depends on is not.
    Expired {
        /// Since when: RFC 3339 in UTC.
        since: String,
    },
    /// It is not valid yet, or one that it depends on is not.
    NotYetValid {
        /// From when on it will be: RFC 3339 in UTC.
        from: String,
    },
    /// Its authority has taken it back.
    Revoked,
    /// It may be used, but not by a server.
    WrongPurpose,
    /// It is that of an authority, and a server must not show such a one as its own.
    Authority,
    /// The server did not prove that it has the key.
    KeyNotProven {
        /// What was wrong with the proof.
        reason: String,
    },
    /// It can't be used for another reason.
    Unusable {
        /// What the verifier said.
        reason: String,
    },
    /// No verifier was asked.
    Unverified,
}

impl CertificateFault {
    pub(super) fn of_certificate(
        error: &Error,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        host: &ServerName<'_>,
    ) -> Self {
        let own = CertificateSummary::of(own);
        let Error::InvalidCertificate(error) = error else {
            return Self::Unusable { reason: error.to_string() };
        };
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer {
                issuer: own.issuer().into(),
                self_signed: own.issuer() == own.subject(),
                alone: others.is_empty(),
            },
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName { host: host.to_str().into(), names: own.names().into() }
            }
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired {
                since: of_seconds(not_after.as_secs()).unwrap_or_else(|| own.not_after().into()),
            },
            CertificateError::Expired => Self::Expired { since: own.not_after().into() },
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid {
                from: of_seconds(not_before.as_secs()).unwrap_or_else(|| own.not_before().into()),
            },
            CertificateError::NotValidYet => Self::NotYetValid { from: own.not_before().into() },
            CertificateError::Revoked => Self::Revoked,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongPurpose
            }
            // webpki's error for it is of a type that rustls doesn't hand out.
            CertificateError::Other(_) if own.is_authority => Self::Authority,
            other => Self::Unusable { reason: printable(&plain(other)) },
        }
    }

    /// A fault of the signature by which a server shows that it has the key of its certificate.
    pub(super) fn of_signature(error: &Error) -> Self {
        let reason = match error {
            Error::InvalidCertificate(error) => plain(error),
            other => other.to_string(),
        };
        Self::KeyNotProven { reason: printable(&reason) }
    }
}

fn plain(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => "it is not well-formed".into(),
        CertificateError::BadSignature => "a signature is wrong".into(),
        CertificateError::UnhandledCriticalExtension => {
            "it has a critical extension that is not known".into()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its kind of signature or key is not supported".into()
        }
        CertificateError::Other(error) => error.to_string(),
        other => other.to_string(),
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer { self_signed: true, .. } => f.write_str(
                "it is signed by itself, and not trusted; if it is the server's own, make this very \
                 certificate one of the trusted authorities",
            ),
            Self::UnknownIssuer { issuer, alone, .. } => {
                write!(f, "it is signed by no trusted authority, but by {issuer}; ")?;
                if *alone {
                    f.write_str("the server may leave out a certificate in between, or ")?;
                }
                f.write_str("that authority's certificate has to be made a trusted one")
            }
            Self::WrongName { host, names } => {
                write!(f, "it is not for {host} but for ")?;
                list(f, names)?;
                f.write_str("; connect by a name it has, or ask for a certificate with this one")
            }
            Self::Expired { since } => write!(
                f,
                "it expired on {since}; the server needs a new one, unless the clock here is wrong"
            ),
            Self::NotYetValid { from } => {
                write!(f, "it is not valid before {from}; the clock here or that of its maker is wrong")
            }
            Self::Revoked => f.write_str("its authority has revoked it; the server needs a new one"),
            Self::WrongPurpose => f.write_str(
                "it is not for servers; the server needs one with the purpose of server authentication",
            ),
            Self::Authority => f.write_str(
                "it is that of an authority; the server needs one of its own, made without CA:TRUE",
            ),
            Self::KeyNotProven { reason } => write!(
                f,
                "the server does not prove that it has its key ({reason}); it is set up wrongly, or \
                 somebody shows a certificate that is not theirs"
            ),
            Self::Unusable { reason } => {
                write!(f, "it can't be used: {reason}; the server needs another one")
            }
            Self::Unverified => f.write_str("it was not verified"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return f.write_str("no host at all, as it has no alternative names");
    }
    for (index, name) in names.iter().take(SHOWN).enumerate() {
        write!(f, "{}{name}", if index > 0 { ", " } else { "" })?;
    }
    match names.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

impl core::error::Error for CertificateFault {}
