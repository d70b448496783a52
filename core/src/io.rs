//! What a machine asks of its driver: octets to read, octets to write, time to pass.

use core::time::Duration;

use crate::wire::outbox::Outbox;
use crate::wire::window::Window;

/// A time limit as data: the machine has no clock.
///
/// A driver starts a timer when it sees an `id` it doesn't know and lets it run on while the `id`
/// stays the same. That way a peer that sends one octet a minute still runs into the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Changes whenever the time starts anew.
    pub id: u32,
    /// How long from the first sight of this `id`.
    pub after: Duration,
}

/// What the machine needs before it can go on.
#[derive(Debug)]
pub enum Io<'a> {
    /// Octets from the peer.
    Read(Read<'a>),
    /// Octets for the peer.
    Write(Write<'a>),
    /// Nothing but time, after which `handle_timeout` is to be called: the reply to a failed
    /// authentication is held back.
    Wait(Deadline),
}

/// Where octets from the peer go. Dropping it loses nothing: it is offered again.
#[derive(Debug)]
pub struct Read<'a> {
    pub(crate) window: &'a mut Window,
    pub(crate) buffer: &'a mut [u8],
    pub(crate) end_of_file: &'a mut bool,
    pub(crate) deadline: Deadline,
}

impl Read<'_> {
    /// Room for at least one octet.
    pub fn space(&mut self) -> &mut [u8] {
        self.window.space(self.buffer)
    }

    /// `n` octets have been read into [`space`](Self::space); none at all is the end of file.
    pub fn filled(self, n: usize) {
        if n == 0 {
            *self.end_of_file = true;
        } else {
            self.window.filled(n, self.buffer);
        }
    }

    /// Until when they should come; then `handle_timeout`.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }
}

/// Octets for the peer: whole reply lines. Dropping it loses nothing: it is offered again.
#[derive(Debug)]
pub struct Write<'a> {
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) buffer: &'a [u8],
    pub(crate) deadline: Deadline,
}

impl Write<'_> {
    /// The octets; at least one.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.outbox.unsent(self.buffer)
    }

    /// The first `n` of them have been written.
    pub fn sent(self, n: usize) {
        self.outbox.sent(n);
    }

    /// Until when the peer should take them; then `handle_timeout`.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }
}
