//! Why a message was not sent.

use core::fmt;

use ehlo::client::submission::Failure;
use ehlo::client::{Closed, InvalidContent, NotSent};

use super::envelope::Reply;

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError<C, H> {
    /// There is no connection.
    Connect(C),
    /// The connection did not come about in time.
    ConnectTimedOut,
    /// The TLS handshake failed. Nothing of the message was sent.
    Tls(H),
    /// The TLS handshake took too long. Nothing of the message was sent.
    TlsTimedOut,
    /// The server did not take it, or it could not be sent.
    NotDelivered(NotDelivered),
}

/// Why the server did not take a message, or it could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotDelivered {
    /// The server refused the session.
    Session(Reply),
    /// The way to a mail transaction ended before its time, with the server's last reply if that was
    /// a refusal.
    Failed(Failure, Option<Reply>),
    /// The server refused the sender.
    Sender(Reply),
    /// The server refused each recipient; they say how.
    Recipients,
    /// The server refused the message.
    Message(Reply),
    /// The server doesn't do what the message needs. Nothing was sent.
    NotSent(NotSent),
    /// The message can't be sent as it is. The connection was closed without its end.
    Content(InvalidContent),
    /// The rest of the message could not be read. The connection was closed without its end.
    Source,
    /// The connection is over. Unless the end of the message had been sent, it was not taken; else
    /// nobody knows.
    Closed(Closed),
    /// The socket failed. As with [`Closed`](Self::Closed).
    Socket,
}

impl<C: fmt::Display, H: fmt::Display> fmt::Display for SendError<C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "there is no connection: {why}"),
            Self::ConnectTimedOut => f.write_str("the connection did not come about in time"),
            Self::Tls(why) => write!(f, "the TLS handshake failed: {why}"),
            Self::TlsTimedOut => f.write_str("the TLS handshake took too long"),
            Self::NotDelivered(why) => why.fmt(f),
        }
    }
}

impl<C, H> core::error::Error for SendError<C, H>
where
    C: fmt::Debug + fmt::Display,
    H: fmt::Debug + fmt::Display,
{
}

impl fmt::Display for NotDelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(reply) => write!(f, "the server refused the session with {reply}"),
            Self::Failed(why, _) => why.fmt(f),
            Self::Sender(reply) => write!(f, "the server refused the sender with {reply}"),
            Self::Recipients => f.write_str("the server refused each recipient"),
            Self::Message(reply) => write!(f, "the server refused the message with {reply}"),
            Self::NotSent(why) => why.fmt(f),
            Self::Content(why) => why.fmt(f),
            Self::Source => f.write_str("the rest of the message could not be read"),
            Self::Closed(why) => why.fmt(f),
            Self::Socket => f.write_str("the socket failed"),
        }
    }
}

impl core::error::Error for NotDelivered {}
