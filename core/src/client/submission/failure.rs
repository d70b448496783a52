//! Why a journey ends before its time.

use core::fmt;

use crate::client::NotSent;
use crate::reply::ReplyCode;
use crate::sasl::Mechanism;
use crate::sasl::client::{ExchangeError, InvalidCredentials, NoMechanism};

/// Why nothing can be sent. No credential has left unless the server was asked to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// The server doesn't offer STARTTLS; or somebody on the way has taken it out.
    NoStartTls,
    /// The server offers STARTTLS and refuses it, with this code.
    StartTlsRefused(ReplyCode),
    /// The certificate was not verified.
    Unverified,
    /// TLS was verified for another host than the one that is meant.
    WrongHost,
    /// There are credentials, and the server offers no AUTH.
    NoAuth,
    /// No mechanism may be used.
    NoMechanism(NoMechanism),
    /// The credentials can't be said in the mechanism.
    Credentials(Mechanism, InvalidCredentials),
    /// The server refused the credentials, or every mechanism, with this code.
    AuthRefused(Mechanism, ReplyCode),
    /// The exchange could not go on.
    Exchange(Mechanism, ExchangeError),
    /// A command could not be said.
    NotSent(NotSent),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStartTls => f.write_str(
                "the server doesn't offer STARTTLS, or somebody on the way hides it; \
                 nothing was sent",
            ),
            Self::StartTlsRefused(code) => write!(f, "the server refused STARTTLS with {code}"),
            Self::Unverified => f.write_str("the server's certificate was not verified"),
            Self::WrongHost => NoMechanism::WrongHost.fmt(f),
            Self::NoAuth => {
                f.write_str("the server offers no authentication here, and credentials were given")
            }
            Self::NoMechanism(why) => why.fmt(f),
            Self::Credentials(mechanism, why) => write!(f, "{}: {why}", mechanism.name()),
            Self::AuthRefused(mechanism, code) => {
                write!(f, "the server refused {} with {code}", mechanism.name())
            }
            Self::Exchange(mechanism, why) => write!(f, "{}: {why}", mechanism.name()),
            Self::NotSent(why) => why.fmt(f),
        }
    }
}

impl core::error::Error for Failure {}
