use super::CertificateFault;
use super::summary::printable;
use core::fmt;
use rustls::{AlertDescription, Error, InvalidMessage};
use std::io;

/// Why a handshake of a client failed. The text is one line and says what can be done. It stands in the
/// [`io::Error`] of [`ClientTls::connect`](super::ClientTls::connect).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The host is no name that a certificate could have. Nothing was sent.
    Host {
        /// What was given.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server's certificate is not accepted.
    Certificate {
        /// The host that was asked for.
        host: String,
        /// What is wrong.
        fault: CertificateFault,
    },
    /// What the server sent is not TLS.
    NotTls {
        /// The host that was asked for.
        host: String,
    },
    /// The two have no version or no cipher suite in common.
    Incompatible {
        /// The host that was asked for.
        host: String,
        /// What is missing.
        reason: String,
    },
    /// The server broke the handshake off and said why.
    Refused {
        /// The host that was asked for.
        host: String,
        /// The alert it sent, by its name in RFC 8446 section 6, as `AccessDenied`.
        alert: String,
    },
    /// The connection ended within the handshake.
    Closed {
        /// The host that was asked for.
        host: String,
    },
    /// The server broke the rules of TLS.
    Protocol {
        /// The host that was asked for.
        host: String,
        /// How.
        reason: String,
    },
}

impl HandshakeError {
    /// The handshake error within an error of [`ClientTls::connect`](super::ClientTls::connect); `None` when
    /// it was the stream that failed.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Puts into words what the stream or rustls said. An error of the stream stays as it is.
    pub(super) fn explain(
        error: io::Error,
        host: &str,
        fault: Option<CertificateFault>,
    ) -> io::Error {
        let host = host.to_owned();
        let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
            return match error.kind() {
                kind @ (io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe) => io::Error::new(kind, Self::Closed { host }),
                _ => error,
            };
        };
        let explained = match tls {
            Error::InvalidCertificate(_) => {
                Self::Certificate { host, fault: fault.unwrap_or(CertificateFault::Unverified) }
            }
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls { host },
            Error::AlertReceived(
                alert @ (AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure),
            ) => Self::Incompatible { host, reason: format!("the server answers {alert:?}") },
            Error::AlertReceived(alert) => Self::Refused { host, alert: format!("{alert:?}") },
            Error::PeerIncompatible(reason) => {
                Self::Incompatible { host, reason: format!("{reason:?}") }
            }
            other => Self::Protocol { host, reason: printable(&other.to_string()) },
        };
        io::Error::new(error.kind(), explained)
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, reason } => write!(f, "{host:?} can't be a server's name: {reason}"),
            Self::Certificate { host, fault } => {
                write!(f, "the certificate of {host} is not accepted: {fault}")
            }
            Self::NotTls { host } => write!(
                f,
                "{host} does not answer with TLS; the port may want STARTTLS first, or be another one"
            ),
            Self::Incompatible { host, reason } => write!(
                f,
                "no TLS in common with {host} ({reason}); it has to offer TLS 1.2 or 1.3 with ciphers \
                 of today"
            ),
            Self::Refused { host, alert } => {
                write!(f, "{host} refuses the TLS handshake: {alert}")?;
                f.write_str(advice(alert))
            }
            Self::Closed { host } => {
                write!(
                    f,
                    "{host} ended the connection within the TLS handshake; its log may say why"
                )
            }
            Self::Protocol { host, reason } => {
                write!(f, "the TLS handshake with {host} failed: {reason}")
            }
        }
    }
}

fn advice(alert: &str) -> &'static str {
    match alert {
        "CertificateRequired" => "; it wants a client certificate",
        "UnrecognisedName" => "; it has no certificate for that name",
        "BadCertificate"
        | "UnsupportedCertificate"
        | "CertificateRevoked"
        | "CertificateExpired"
        | "CertificateUnknown"
        | "UnknownCA"
        | "AccessDenied" => "; it does not accept the client certificate",
        _ => "; its log may say why",
    }
}

impl core::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Certificate { fault, .. } => Some(fault),
            _ => None,
        }
    }
}

impl From<HandshakeError> for io::Error {
    fn from(error: HandshakeError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
