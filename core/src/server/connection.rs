//! The connection: the machine with its two buffers.

use core::fmt;
use core::time::Duration;

use zeroize::Zeroize;

use super::config::Config;
use super::event::Event;
use super::facts::Facts;
use super::machine::{Closed, Machine, State, Want};
use super::state::Phase;
use crate::io::{Deadline, Io, Read, Write};
use crate::reply::DefaultReply;

/// The server's side of a connection.
///
/// It is driven by two calls in any order: [`poll_io`](Self::poll_io) says what is to be read or
/// written, [`event`](Self::event) says what the client wants. Both give a guard; the guard is how
/// it is answered. A guard that is dropped unanswered is offered again.
///
/// `R` and `T` are the receive and send buffers: arrays, slices or `Vec`s. The receive buffer holds
/// the longest line that can be received; the send buffer at least one reply line. Both should have
/// at least [`BUFFER_MIN`](crate::limits::BUFFER_MIN) octets.
///
/// ```
/// use ehlo::io::Io;
/// use ehlo::server::{Config, Connection, Event};
///
/// static CONFIG: Config = Config::new("mail.example.org");
/// let mut connection = Connection::new(&CONFIG, [0; 1024], [0; 512], [7; 16]);
///
/// // The application is asked first; then there is a greeting to write.
/// let Some(Event::Connected(connected)) = connection.event() else { panic!() };
/// connected.accept();
/// let Some(Io::Write(write)) = connection.poll_io() else { panic!() };
/// assert_eq!(write.bytes(), b"220 mail.example.org ESMTP\r\n");
/// let n = write.bytes().len();
/// write.sent(n);
///
/// // Now the client's turn.
/// let Some(Io::Read(mut read)) = connection.poll_io() else { panic!() };
/// read.space()[..6].copy_from_slice(b"NOOP\r\n");
/// read.filled(6);
/// let Some(Io::Write(write)) = connection.poll_io() else { panic!() };
/// assert_eq!(write.bytes(), b"250 2.0.0 OK\r\n");
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
    /// A connection that was just accepted.
    ///
    /// `seed` has to be random and different for each connection: challenges are made from it.
    #[must_use]
    pub fn new(config: &'c Config<'c>, rx: R, tx: T, seed: [u8; 16]) -> Self {
        let facts = Facts { lmtp: config.lmtp, ..Facts::default() };
        Self { config, state: State { seed, facts, ..State::default() }, rx, tx }
    }

    /// TLS is active from the beginning (RFC 8314 section 3.3).
    #[must_use]
    pub fn implicit_tls(mut self) -> Self {
        self.state.facts.tls = true;
        self
    }

    /// What is to be read or written next; `None` when there is an [`event`](Self::event) to be
    /// answered first, or the connection is over.
    pub fn poll_io(&mut self) -> Option<Io<'_>> {
        let want = self.machine().advance();
        let deadline = Deadline { id: self.state.deadline, after: self.time_limit(want) };
        match want {
            Want::Event => None,
            Want::Wait => Some(Io::Wait(deadline)),
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

    /// What the client wants, or what has happened; `None` when there is something to be read or
    /// written first.
    pub fn event(&mut self) -> Option<Event<'_>> {
        let mut machine = self.machine();
        match machine.advance() {
            Want::Event => machine.offer(),
            _ => None,
        }
    }

    /// The deadline that [`poll_io`](Self::poll_io) gave has passed: a wait is over, or the client
    /// took too long.
    pub fn handle_timeout(&mut self) {
        let mut machine = self.machine();
        match machine.advance() {
            Want::Wait => machine.state.flags.waiting = false,
            // It doesn't read what is written: nothing more can be said.
            Want::Write => machine.state.cut_off(Closed::Ended(DefaultReply::TimedOut)),
            Want::Event if machine.is_over() => {}
            Want::Read | Want::Event => machine.end(DefaultReply::TimedOut),
        }
        self.state.renew_deadline();
    }

    /// The server is stopping: a running mail transaction may finish, then the client gets 421.
    pub fn handle_shutdown(&mut self) {
        self.state.flags.stopping = true;
    }

    /// The server stops now: the client gets 421 whatever it is in the middle of, behind a reply that
    /// is half written; between STARTTLS and TLS it gets nothing.
    pub fn handle_shutdown_now(&mut self) {
        self.state.flags.stopping_now = true;
    }

    /// The connection is lost: no octet can be read or written any more.
    pub fn handle_lost(&mut self) {
        if self.state.phase() != Phase::Closed {
            self.state.cut_off(Closed::EndOfFile);
        }
    }

    /// What is known of the connection.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.state.facts
    }

    /// How long a connection may last in all; the driver starts this timer once.
    #[must_use]
    pub fn connection_timeout(&self) -> Duration {
        self.config.limits.connection_timeout
    }

    /// Octets of the receive buffer that are in use. With none, it can be taken away for as long as
    /// nothing is read.
    #[must_use]
    pub fn received(&self) -> usize {
        self.state.window.occupied()
    }

    /// Exchanges the receive buffer for another, such as one of the size that is needed just now,
    /// and gives back the old one with nothing in it.
    ///
    /// # Errors
    /// The new one, when it has no room beyond what was received: without room for a further octet
    /// a line would count as too long.
    pub fn replace_receive_buffer(&mut self, mut new: R) -> Result<R, R> {
        self.machine().overwrite_spent();
        let occupied = self.state.window.occupied();
        if occupied > 0 && occupied >= new.as_ref().len() {
            return Err(new);
        }
        self.state.window.relocate(self.rx.as_mut(), new.as_mut());
        Ok(core::mem::replace(&mut self.rx, new))
    }

    /// Exchanges the send buffer for another, and gives back the old one.
    ///
    /// # Errors
    /// The new one, when what is to be sent doesn't fit it.
    pub fn replace_send_buffer(&mut self, mut new: T) -> Result<T, T> {
        if self.state.outbox.unsent(self.tx.as_ref()).len() > new.as_ref().len() {
            return Err(new);
        }
        self.state.outbox.relocate(self.tx.as_ref(), new.as_mut());
        Ok(core::mem::replace(&mut self.tx, new))
    }

    /// Octets that wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.state.outbox.unsent(self.tx.as_ref()).len()
    }

    fn machine(&mut self) -> Machine<'_> {
        Machine {
            config: self.config,
            state: &mut self.state,
            rx: self.rx.as_mut(),
            tx: self.tx.as_mut(),
        }
    }

    fn time_limit(&self, want: Want) -> Duration {
        let limits = &self.config.limits;
        match (want, self.state.phase()) {
            (Want::Wait, _) => {
                let doublings = self.state.counts.auth_failures.clamp(1, 5) - 1;
                limits.auth_failure_delay.saturating_mul(1 << doublings)
            }
            (Want::Write, _) => limits.write_timeout,
            (_, Phase::Content | Phase::Chunk) => limits.data_timeout,
            _ => limits.command_timeout,
        }
    }
}

/// Overwrites what is still in the receive buffer: it may be a credential, or a part of one.
impl<R: AsMut<[u8]>, T: AsMut<[u8]>> Drop for Connection<'_, R, T> {
    fn drop(&mut self) {
        if self.state.window.occupied() > 0 || self.state.spent != (0, 0) {
            self.rx.as_mut().zeroize();
        }
    }
}

impl<R: AsMut<[u8]>, T: AsMut<[u8]>> fmt::Debug for Connection<'_, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("facts", &self.state.facts).finish_non_exhaustive()
    }
}
