//! A reply that the server gave.

use core::fmt;

use crate::client::machine::{Machine, Told};
use crate::client::{Capabilities, To};
use crate::reply::Received;

/// A reply of the server's: what it is for, and what it says. Only its code decides anything.
pub struct Reply<'a> {
    pub(in crate::client) machine: Machine<'a>,
    pub(in crate::client) told: Told,
}

impl Reply<'_> {
    /// What it is for.
    #[must_use]
    pub const fn to(&self) -> To {
        self.told.to
    }

    /// Which of its kind it is in this mail transaction, counted from zero: for RCPT the recipient,
    /// for the message with LMTP the recipient among those that were accepted.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.told.index
    }

    /// Whether the server did what it was asked to: 2yz, or 354 to DATA.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        matches!(self.told.code.class(), 2 | 3)
    }

    /// The reply itself.
    #[must_use]
    pub fn received(&self) -> Received<'_> {
        let unread = self.machine.state.window.unread(self.machine.rx);
        let lines = unread.get(..self.machine.state.receiver.length()).unwrap_or(&[]);
        Received::new(self.told.code, lines)
    }

    /// What the server offers; with the reply to EHLO this is new.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.machine.state.capabilities
    }

    /// The reply has been seen.
    pub fn done(mut self) {
        self.machine.reply_done();
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("to", &self.to())
            .field("received", &self.received())
            .finish_non_exhaustive()
    }
}
