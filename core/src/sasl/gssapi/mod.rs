//! GSSAPI (RFC 4752): Kerberos, without a security layer.
//!
//! The tokens are a library's, which the caller brings; what is said between them is here. A [`Client`]
//! and a [`Server`] say what to do [`Next`]: what to give to the library, and what to send. Neither knows
//! base64 or SMTP, so that IMAP and POP3 can use them as they are.
//!
//! Who has authenticated is the library's to tell: the source name of the context. The client may ask
//! to act as somebody else; whether it may is the application's to decide.
//!
//! No security layer is offered, and none is taken: that is TLS's. Neither is there a channel binding,
//! since RFC 4752 section 3.1 has none.
//!
//! ```
//! use ehlo::sasl::gssapi::{Client, Error, Next, Server};
//!
//! // A library whose contexts take one token of each side, and whose wrapping is none.
//! let (mut client, mut server) = (Client::new(), Server::new());
//!
//! assert_eq!(client.challenge(None)?, Next::Context(None));
//! assert_eq!(client.context(false, b"AP-REQ")?, Next::Send(b"AP-REQ"));
//! assert_eq!(server.response(b"AP-REQ")?, Next::Context(Some(b"AP-REQ")));
//! assert_eq!(server.context(true, b"AP-REP")?, Next::Send(b"AP-REP"));
//!
//! // The client has nothing more to say to that: its response is empty.
//! assert_eq!(client.challenge(Some(b"AP-REP"))?, Next::Context(Some(b"AP-REP")));
//! assert_eq!(client.context(true, b"")?, Next::Send(b""));
//!
//! // No security layer, and no octets in it.
//! assert_eq!(server.response(b"")?, Next::Wrap(&[1, 0, 0, 0]));
//! assert_eq!(client.challenge(Some(&[1, 0, 0, 0]))?, Next::Unwrap(&[1, 0, 0, 0]));
//! let mut out = [0; 32];
//! let chosen = client.choose(&[1, 0, 0, 0], Some("tim"), &mut out)?;
//! assert_eq!(chosen, b"\x01\0\0\0tim");
//! assert_eq!(server.response(chosen)?, Next::Unwrap(chosen));
//! assert_eq!(server.chosen(chosen)?, Some("tim"));
//! assert!(client.is_complete() && server.is_complete());
//! # Ok::<(), Error>(())
//! ```

use core::fmt;

mod client;
mod layer;
mod server;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use server::Server;

/// Octets an authorization identity may have.
pub const IDENTITY_MAX: usize = 255;

/// Tokens a context may take of the other side until it is established. Kerberos takes one or two.
const TOKENS_MAX: u8 = 8;

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Give this token to `GSS_Init_sec_context` (client; none at its first call) or
    /// `GSS_Accept_sec_context` (server), and what came of it to `context`.
    Context(Option<&'a [u8]>),
    /// Send this; nothing at all is an empty response.
    Send(&'a [u8]),
    /// Give this to `GSS_Wrap`, without confidentiality, and send what comes of it.
    Wrap(&'a [u8]),
    /// Give this to `GSS_Unwrap`, and what comes of it to `choose` (client) or `chosen` (server).
    Unwrap(&'a [u8]),
}

/// Why an exchange can't go on. The client then cancels it; the server says that it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// What the other side sent is not what comes here.
    Malformed,
    /// The server insists on a security layer; or the client has chosen one that was not offered.
    Layer,
    /// The client has chosen no security layer, and yet says how many octets it would take in one.
    Size,
    /// The authorization identity is empty, too long, or holds a control character; or it is not UTF-8.
    Identity,
    /// The context takes more tokens than any.
    TooLong,
    /// The library has neither established the context nor a token to go on with.
    NoToken,
    /// The buffer is too small.
    NoRoom,
    /// This is not what comes next.
    Order,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a message of GSSAPI that may come here",
            Self::Layer => "a security layer is wanted, and there is none but TLS",
            Self::Size => "the size of messages is given for a security layer that is not there",
            Self::Identity => "an authorization identity that can't be one",
            Self::TooLong => "the context is not established after many tokens",
            Self::NoToken => "the context is not established, and there is no token to send",
            Self::NoRoom => "the buffer is too small",
            Self::Order => "this is not what comes next",
        })
    }
}

impl core::error::Error for Error {}
