//! The connection: the machine with its two buffers.

use core::fmt;
use core::time::Duration;

use zeroize::Zeroize;

use super::capabilities::Capabilities;
use super::config::Config;
use super::error::Closed;
use super::event::Event;
use super::machine::{Machine, State, Want};
use super::owed::To;
use super::state::Phase;
use crate::io::{Deadline, Io, Read, Write};
use crate::sasl::client::Channel;

/// The client's side of a connection.
///
/// It is driven by two calls in any order: [`poll_io`](Self::poll_io) says what is to be read or
/// written, [`event`](Self::event) says what the server replied and when a command may be said. Both
/// give a guard; the guard is how it is answered. A guard that is dropped unanswered is offered
/// again.
///
/// EHLO (or HELO, where the server doesn't know it) is said without being asked for, at the
/// beginning and behind STARTTLS. Everything else is the caller's to say; a
/// [`Submission`](super::submission::Submission) says all of it.
///
/// `R` and `T` are the receive and send buffers: arrays, slices or `Vec`s. The receive buffer holds
/// the longest line of a reply, a challenge included; the send buffer the longest command or
/// response. Both should have at least [`BUFFER_MIN`](crate::limits::BUFFER_MIN) octets.
///
/// ```
/// use ehlo::client::{Config, Connection, Event};
/// use ehlo::io::Io;
///
/// static CONFIG: Config = Config::new("sensor.local", "mail.example.org");
/// let mut connection = Connection::new(&CONFIG, [0; 512], [0; 512]);
///
/// let Some(Io::Read(mut read)) = connection.poll_io() else { panic!() };
/// read.space()[..9].copy_from_slice(b"220 hi!\r\n");
/// read.filled(9);
/// let Some(Event::Reply(greeting)) = connection.event() else { panic!() };
/// assert_eq!(greeting.received().to_string(), "220 hi!");
/// greeting.done();
///
/// let Some(Io::Write(write)) = connection.poll_io() else { panic!() };
/// assert_eq!(write.bytes(), b"EHLO sensor.local\r\n");
/// ```
pub struct Connection<'c, R: AsMut<[u8]>, T: AsMut<[u8]> = R> {
    config: &'c Config<'c>,
    state: State,
    rx: R,
    tx: T,
}

impl<'c, R, T> Connection<'c, R, T>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    T: AsRef<[u8]> + AsMut<[u8]>,
{
    /// A connection that was just made, without TLS.
    #[must_use]
    pub fn new(config: &'c Config<'c>, rx: R, tx: T) -> Self {
        Self { config, state: State::new(Channel::clear(config.host)), rx, tx }
    }

    /// TLS is active from the beginning (RFC 8314 section 3.3); `verified` is the name the server's
    /// certificate was verified for, if it was.
    #[must_use]
    pub fn implicit_tls(mut self, verified: Option<&str>) -> Self {
        self.state.channel = Channel::tls(self.config.host, verified);
        self
    }

    /// What the TLS connection is known by, where TLS is active from the beginning: for mechanisms
    /// that are tied to it.
    #[cfg(feature = "_scram")]
    #[must_use]
    pub fn channel_binding(mut self, binding: crate::sasl::ChannelBinding) -> Self {
        self.state.binding = Some(binding);
        self
    }

    /// What is to be read or written next; `None` when there is an [`event`](Self::event) to be
    /// answered first, or the connection is over.
    pub fn poll_io(&mut self) -> Option<Io<'_>> {
        let want = self.machine().advance();
        let deadline = Deadline { id: self.state.deadline, after: self.time_limit(want) };
        match want {
            Want::Event => None,
            Want::Read => Some(Io::Read(Read {
                window: &mut self.state.window,
                buffer: self.rx.as_mut(),
                end_of_file: &mut self.state.flags.end_of_file,
                deadline,
            })),
            Want::Write => Some(Io::Write(Write {
                outbox: &mut self.state.outbox,
                buffer: self.tx.as_ref(),
                deadline,
            })),
        }
    }

    /// What has happened, or what the server waits for; `None` when there is something to be read or
    /// written first.
    pub fn event(&mut self) -> Option<Event<'_>> {
        let mut machine = self.machine();
        match machine.advance() {
            Want::Event => machine.offer(),
            Want::Read | Want::Write => None,
        }
    }

    /// The deadline that [`poll_io`](Self::poll_io) gave has passed: the connection is over.
    pub fn handle_timeout(&mut self) {
        if self.state.phase() != Phase::Closed {
            self.state.cut_off(Closed::TimedOut);
        }
    }

    /// Nothing can be written any more, but the server may have said why: what it sent is still
    /// read. A message that did not go out in full is never taken for accepted.
    pub fn handle_write_lost(&mut self) {
        self.machine().on_mute();
    }

    /// The connection is lost: no octet can be read or written any more.
    pub fn handle_lost(&mut self) {
        if self.state.phase() != Phase::Closed {
            self.state.cut_off(Closed::EndOfFile);
        }
    }

    /// What the server offers, as of its last reply to EHLO.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.state.capabilities
    }

    /// What protects the way to the server.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.state.channel
    }

    /// Whether the client has authenticated.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.state.flags.authenticated
    }

    pub(super) fn machine(&mut self) -> Machine<'_> {
        Machine {
            config: self.config,
            state: &mut self.state,
            rx: self.rx.as_mut(),
            tx: self.tx.as_mut(),
        }
    }

    fn time_limit(&self, want: Want) -> Duration {
        let timeouts = &self.config.timeouts;
        match (want, self.state.owed.front()) {
            (Want::Write, _) => timeouts.write,
            (_, Some(To::Greeting)) => timeouts.greeting,
            (_, Some(To::Data)) => timeouts.data,
            (_, Some(To::Message | To::Chunk)) => timeouts.message,
            _ => timeouts.command,
        }
    }
}

/// Overwrites what may be a credential in the send buffer.
impl<R: AsMut<[u8]>, T: AsMut<[u8]>> Drop for Connection<'_, R, T> {
    fn drop(&mut self) {
        if self.state.secret > 0 {
            self.tx.as_mut().zeroize();
        }
    }
}

impl<R: AsMut<[u8]>, T: AsMut<[u8]>> fmt::Debug for Connection<'_, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("channel", &self.state.channel)
            .field("capabilities", &self.state.capabilities)
            .finish_non_exhaustive()
    }
}
