//! The message.

use super::guard;
use crate::client::error::{Closed, InvalidContent};
use crate::client::machine::Machine;
use crate::client::transaction;

/// The server waits for the message, or for a chunk of it.
///
/// Behind DATA the octets are the message as it is meant: dots are stuffed here, and line ends made
/// CRLF, for any split. A chunk of BDAT goes out as it is.
pub struct Content<'a> {
    pub(in crate::client) machine: Machine<'a>,
}

guard!(Content);

impl Content<'_> {
    /// Takes as much as the send buffer has room for, and says how many octets that were. None at
    /// all means: drop the guard and go on driving; this event comes again.
    ///
    /// # Errors
    /// When there is an octet that can't be sent. None of them was taken then: they have to be
    /// mended, or the message given up by [`abort`](Self::abort).
    pub fn write(&mut self, octets: &[u8]) -> Result<usize, InvalidContent> {
        if self.machine.takes_content() { self.machine.write_content(octets) } else { Ok(0) }
    }

    /// Octets of the chunk that are still to come; `None` behind DATA, where nobody knows.
    #[must_use]
    pub const fn remaining(&self) -> Option<u64> {
        match self.machine.state.transaction.content {
            transaction::Content::Dots => None,
            transaction::Content::Chunk(rest) => Some(rest),
        }
    }

    /// What was taken leaves before more is asked for: the rest may take a while.
    pub fn flush(self) {
        self.machine.state.flags.flush = true;
    }

    /// The message, or the chunk, is whole.
    ///
    /// # Errors
    /// When a chunk is short of what was said, or the message ends with a bare CR that may not be
    /// mended.
    pub fn finish(mut self) -> Result<(), InvalidContent> {
        self.machine.end_content()
    }

    /// Gives the message up. The connection is closed without its end: there is no other way to
    /// keep the server from delivering half of it.
    pub fn abort(self) {
        self.machine.state.cut_off(Closed::Abandoned);
    }
}
