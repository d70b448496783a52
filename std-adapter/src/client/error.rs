//! Why a message was not sent.

use core::fmt;
use core::net::IpAddr;
use std::io;

use ehlo::client::submission::Failure;
use ehlo::client::{Closed, InvalidContent, NotSent};
use ehlo::reply::Enhanced;

use super::{Recipient, Reply};
use crate::connect::ConnectError;
use crate::tls::TlsError;

/// Why a message was not sent. None of these holds a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// This is not a server such as `mail.example.org`, `mail.example.org:587` or `unix:/run/lmtp`.
    Server(String),
    /// There is no connection.
    Connect(ConnectError),
    /// The Unix socket can't be connected.
    #[cfg(unix)]
    Unix(String, io::Error),
    /// `localhost` is another machine here: this is its address. Nothing is sent there in clear.
    NotLocal(IpAddr),
    /// The source of tokens has none; why.
    TokenSource(String),
    /// TLS can't be set up on this side.
    TlsSetup(TlsError),
    /// The TLS handshake failed: see [`HandshakeError::of`](crate::tls::HandshakeError::of).
    Handshake(io::Error),
    /// The server doesn't want to talk: its greeting, its reply to EHLO, or a 421.
    Refused(Reply),
    /// It did not come to a mail transaction.
    Failed {
        /// Why.
        failure: Failure,
        /// What the server said last, where that is the reason.
        reply: Option<Box<Reply>>,
        /// The mechanisms of AUTH it offers, as it wrote them.
        offered: Vec<String>,
        /// Why it refused the token: JSON (RFC 7628 section 3.2.2).
        token: Option<String>,
    },
    /// There is no ticket, or Kerberos refuses the server.
    #[cfg(feature = "gssapi")]
    Kerberos(crate::kerberos::KerberosError),
    /// The server refused the sender.
    Sender(Reply),
    /// The server refused every recipient.
    Recipients(Vec<Recipient>),
    /// The server refused the message.
    Message(Reply),
    /// What was to be sent can't be sent to this server.
    NotSent(NotSent),
    /// The message can't be sent as it is.
    Content(InvalidContent),
    /// The message could not be read.
    Read(io::Error),
    /// The connection was over too early. Whether the server has taken the message isn't known, unless it was
    /// not there yet.
    Closed(Closed),
    /// It took too long in all.
    TimedOut,
}

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// The message or its envelope has to be mended.
    Mend,
    /// There is no such server.
    Host,
    /// The server can't be reached, or doesn't behave.
    Server,
    /// Later it may work.
    Later,
    /// The server, or safety, says no: other credentials, another way.
    Permission,
}

impl Error {
    /// What can be done about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        let by_code = |reply: &Reply| match reply.enhanced().map(Enhanced::parts) {
            _ if reply.code().is_transient() => Remedy::Later,
            // Too big, or its content is not what is taken (RFC 3463 sections 3.4 and 3.7).
            Some((_, 3, 4) | (_, 6, _)) => Remedy::Mend,
            _ => Remedy::Permission,
        };
        match self {
            Self::Server(_)
            | Self::Connect(ConnectError::Host { .. } | ConnectError::NotFound { .. }) => {
                Remedy::Host
            }
            Self::Connect(ConnectError::Lookup { .. }) | Self::TimedOut | Self::TokenSource(_) => {
                Remedy::Later
            }
            Self::Connect(_) | Self::TlsSetup(_) => Remedy::Server,
            #[cfg(unix)]
            Self::Unix(..) => Remedy::Server,
            Self::Handshake(_) | Self::NotLocal(_) => Remedy::Permission,
            Self::Failed { failure, .. } => match failure {
                Failure::AuthRefused(_, code) | Failure::StartTlsRefused(code)
                    if code.is_transient() =>
                {
                    Remedy::Later
                }
                Failure::NotSent(_) => Remedy::Mend,
                _ => Remedy::Permission,
            },
            #[cfg(feature = "gssapi")]
            Self::Kerberos(_) => Remedy::Permission,
            Self::Refused(reply) if reply.code().is_transient() => Remedy::Later,
            Self::Refused(_) => Remedy::Server,
            Self::Sender(reply) | Self::Message(reply) => by_code(reply),
            Self::Recipients(recipients) => {
                let later = |recipient: &Recipient| recipient.reply().code().is_transient();
                if recipients.iter().any(later) { Remedy::Later } else { Remedy::Permission }
            }
            Self::NotSent(_) | Self::Content(_) | Self::Read(_) => Remedy::Mend,
            Self::Closed(Closed::Fault(_) | Closed::Name) => Remedy::Server,
            Self::Closed(_) => Remedy::Later,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(text) => {
                write!(f, "{text}: not a server such as mail.example.org:587 or unix:/run/lmtp")
            }
            Self::Connect(error) => error.fmt(f),
            #[cfg(unix)]
            Self::Unix(path, error) => write!(f, "{path}: {error}"),
            Self::NotLocal(address) => {
                write!(f, "localhost is {address} here, which is another machine: use TLS")
            }
            Self::TokenSource(why) => write!(f, "there is no token: {why}"),
            Self::TlsSetup(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::Refused(reply) => write!(f, "the server doesn't want to talk: {reply}"),
            Self::Failed { failure, reply, offered, token } => {
                failure.fmt(f)?;
                if let Some(reply) = reply {
                    write!(f, ": {reply}")?;
                }
                if let Some(token) = token {
                    write!(f, " (token: {token})")?;
                }
                match failure {
                    Failure::NoMechanism(_) | Failure::AuthRefused(..) if !offered.is_empty() => {
                        write!(f, " (offered: {})", offered.join(" "))
                    }
                    _ => Ok(()),
                }
            }
            #[cfg(feature = "gssapi")]
            Self::Kerberos(error) => write!(f, "Kerberos: {error}"),
            Self::Sender(reply) => write!(f, "the server refused the sender: {reply}"),
            Self::Recipients(recipients) => {
                f.write_str("the server refused every recipient")?;
                for recipient in recipients {
                    write!(f, "; {}: {}", recipient.address(), recipient.reply())?;
                }
                Ok(())
            }
            Self::Message(reply) => write!(f, "the server refused the message: {reply}"),
            Self::NotSent(why) => why.fmt(f),
            Self::Content(why) => why.fmt(f),
            Self::Read(error) => write!(f, "the message can't be read: {error}"),
            Self::Closed(why) => why.fmt(f),
            Self::TimedOut => f.write_str("it took too long"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Connect(error) => Some(error),
            Self::Handshake(error) | Self::Read(error) => Some(error),
            Self::TlsSetup(error) => Some(error),
            #[cfg(feature = "gssapi")]
            Self::Kerberos(error) => Some(error),
            _ => None,
        }
    }
}
