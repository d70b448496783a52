//! The server's turn in a SASL exchange, and the TLS handshake.

use super::guard;
use crate::client::error::{Closed, NotSent};
use crate::client::machine::Machine;
use crate::sasl::client::Exchange;

/// A challenge of the server's (RFC 4954 section 4).
pub struct Challenge<'a> {
    pub(in crate::client) machine: Machine<'a>,
}

guard!(Challenge);

impl Challenge<'_> {
    /// What it says, decoded; `None` where it is not base64.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        self.machine.challenge()
    }

    /// Answers it as the mechanism has it.
    ///
    /// # Errors
    /// [`NotSent::Later`] when [`Step::Derive`](crate::sasl::client::Step::Derive) has to be done
    /// before; the challenge is then offered again. Any other error when the exchange can't go on: it
    /// is cancelled, and the reply to that comes as an event.
    pub fn respond(mut self, exchange: &mut Exchange<'_>) -> Result<(), NotSent> {
        self.machine.respond(exchange)
    }

    /// Answers it by octets of the caller's own, not encoded yet: for a mechanism this crate doesn't
    /// know. None at all is an empty line.
    ///
    /// # Errors
    /// When they don't fit the send buffer. The exchange is cancelled then.
    pub fn respond_with(mut self, octets: &[u8]) -> Result<(), NotSent> {
        self.machine.respond_with(octets)
    }

    /// Cancels the exchange, by `*`.
    pub fn cancel(mut self) {
        self.machine.cancel();
    }
}

/// The server has agreed to STARTTLS: the TLS handshake is next (RFC 3207 section 4).
///
/// No octet can be read or written through the connection until this is answered.
pub struct Upgrade<'a> {
    pub(in crate::client) machine: Machine<'a>,
}

guard!(Upgrade);

impl Upgrade<'_> {
    /// What the TLS connection is known by, for mechanisms that are tied to it.
    #[cfg(feature = "_scram")]
    #[must_use]
    pub fn bind(self, binding: crate::sasl::ChannelBinding) -> Self {
        self.machine.state.binding = Some(binding);
        self
    }

    /// TLS is active; `verified` is the name the server's certificate was verified for, if it was.
    /// Everything learnt before is forgotten, and EHLO is said again.
    pub fn done(mut self, verified: Option<&str>) {
        let host = self.machine.config.host;
        self.machine.state.channel = crate::sasl::client::Channel::tls(host, verified);
        self.machine.tls_started();
    }

    /// The handshake failed: the connection is over.
    pub fn failed(self) {
        self.machine.state.cut_off(Closed::Tls);
    }
}
