//! A machine with its socket: event by event.

use core::fmt;
use core::time::Duration;

use ehlo::io::Io;
use embedded_io_async::{Error as _, ErrorKind, Read, Write};

use crate::clock::{Clock, Limit, millis};
use crate::error::Error;
use crate::machine::{Binding, Machine};
use crate::race::before;
use crate::timer::{NoTimer, Timer};
use crate::tls::HANDSHAKE_TIMEOUT;

/// A connection over a socket: [`server::Connection`](ehlo::server::Connection),
/// [`client::Connection`](ehlo::client::Connection) or
/// [`Submission`](ehlo::client::submission::Submission).
///
/// It reads, writes and keeps time; what is said is the machine's. What can be written together is,
/// and it is flushed once, before anything is read. How much that can be is the size of the send
/// buffer: with the smallest, of 512 octets, each reply to a group of commands is a write of its own,
/// and each line of the reply to EHLO.
///
/// ```
/// use ehlo::server::{Config, Connection, Event};
/// use ehlo_embedded::{EmbassyTime, Session};
/// use embedded_io_async::{Read, Write};
///
/// static CONFIG: Config = Config::new("sensor.local").max_message(32 * 1024);
///
/// /// Takes mail from one client, and counts its octets.
/// async fn count(socket: &mut (impl Read + Write), seed: [u8; 16]) -> usize {
///     let (mut rx, mut tx) = ([0; 1024], [0; 512]); // all the memory it takes
///     let connection = Connection::new(&CONFIG, &mut rx[..], &mut tx[..], seed);
///     let mut session = Session::new(socket, connection).timer(EmbassyTime);
///     let mut octets = 0;
///     while let Ok(event) = session.next().await {
///         match event {
///             Event::Body(body) => {
///                 octets += body.bytes().len();
///                 body.done();
///             }
///             Event::EndOfData(end) => end.accept(),
///             Event::Closed(_) => break,
///             other => other.accept_or_decline(),
///         }
///     }
///     octets
/// }
/// ```
pub struct Session<M, S, K = NoTimer> {
    pub(crate) machine: M,
    pub(crate) socket: S,
    timer: K,
    clock: Clock,
    /// Something was written that the socket may still hold back, and by when it has to leave.
    unflushed: Option<Limit>,
    /// The socket failed.
    lost: Option<Error>,
    pub(crate) binding: Binding,
}

impl<M: Machine, S: Read + Write> Session<M, S> {
    /// A session over a socket that was just accepted or connected; `&mut` of one will do.
    ///
    /// Without a [`timer`](Self::timer) it waits for its peer as long as the socket does.
    pub fn new(socket: S, machine: M) -> Self {
        Self::with(socket, machine, NoTimer)
    }
}

impl<M: Machine, S, K: Timer> Session<M, S, K> {
    fn with(socket: S, machine: M, timer: K) -> Self {
        let clock = Clock::new(timer.now(), machine.connection_timeout());
        let binding = Binding::default();
        Self { machine, socket, timer, clock, unflushed: None, lost: None, binding }
    }

    /// Keeps the machine's deadlines by this timer. The time that the connection may last begins now.
    #[must_use]
    pub fn timer<L: Timer>(self, timer: L) -> Session<M, S, L> {
        let clock = Clock::new(timer.now(), self.machine.connection_timeout());
        let Self { machine, socket, unflushed, lost, binding, .. } = self;
        Session { machine, socket, timer, clock, unflushed, lost, binding }
    }

    /// The machine: [`facts`](ehlo::server::Connection::facts),
    /// [`capabilities`](ehlo::client::Connection::capabilities) and what else is known.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to be told what happens outside, such as
    /// [`handle_shutdown`](ehlo::server::Connection::handle_shutdown).
    #[must_use]
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The socket.
    #[must_use]
    pub const fn socket(&self) -> &S {
        &self.socket
    }

    /// Gives the socket back, to be closed.
    #[must_use]
    pub fn into_socket(self) -> S {
        self.socket
    }

    /// What a handshake gives, unless it takes too long.
    pub(crate) async fn timely<F: Future>(&mut self, handshake: F) -> Option<F::Output> {
        before(handshake, self.timer.sleep(millis(HANDSHAKE_TIMEOUT))).await
    }

    /// The connection may last so long from now on.
    pub(crate) fn end_within(&mut self, time: Duration) {
        self.clock = Clock::new(self.timer.now(), Some(time));
    }
}

impl<M: Machine, S: Read + Write, K: Timer> Session<M, S, K> {
    /// The next event. `Closed` is the last one, and comes for ever.
    ///
    /// # Cancel safety
    /// As cancel-safe as the socket's `read`, `write` and `flush`. With those of embassy-net, which
    /// are, a future that is dropped before it is done has lost nothing: neither octets nor time,
    /// since a deadline runs on. An event that was not answered comes again.
    ///
    /// # Errors
    /// When the socket fails: in place of `Closed`, after everything else was told (a mail
    /// transaction that was open is told as `Aborted` before), and for ever. A fault of the peer's is
    /// no error.
    pub async fn next(&mut self) -> Result<M::Event<'_>, Error> {
        self.settle().await;
        let Self { machine, lost, binding, .. } = self;
        match lost {
            Some(error) if machine.is_closed() => Err(*error),
            _ => machine.bound_event(*binding).ok_or(Error::Socket(ErrorKind::Other)),
        }
    }

    /// Reads and writes until there is an event.
    async fn settle(&mut self) {
        let Self { machine, socket, timer, clock, unflushed, lost, .. } = self;
        loop {
            let batch_is_whole = match machine.poll_io() {
                Some(Io::Write(_)) => false,
                Some(_) => true,
                // A client that has sent on before it heard the reply doesn't wait for it.
                None => machine.is_closed() || machine.is_upgrading(),
            };
            if let (Some(limit), true) = (*unflushed, batch_is_whole) {
                match before(socket.flush(), timer.sleep(clock.left(timer.now(), limit))).await {
                    Some(Ok(())) => {}
                    Some(Err(error)) => {
                        lose(lost, error.kind());
                        machine.handle_write_lost();
                    }
                    None => {
                        lose(lost, ErrorKind::TimedOut);
                        machine.handle_lost();
                    }
                }
                *unflushed = None;
                continue;
            }
            match machine.poll_io() {
                None => return,
                Some(Io::Write(write)) => {
                    let limit = write.deadline().into();
                    let alarm = timer.sleep(clock.left(timer.now(), limit));
                    match before(socket.write(write.bytes()), alarm).await {
                        Some(Ok(n)) if n > 0 => {
                            write.sent(n);
                            *unflushed = Some(limit);
                        }
                        Some(result) => {
                            lose(lost, result.err().map_or(ErrorKind::WriteZero, |e| e.kind()));
                            machine.handle_write_lost();
                        }
                        None => time_out(machine, clock, timer),
                    }
                }
                Some(Io::Read(mut read)) => {
                    let alarm = timer.sleep(clock.left(timer.now(), read.deadline().into()));
                    match before(socket.read(read.space()), alarm).await {
                        Some(Ok(n)) => read.filled(n),
                        Some(Err(error)) => {
                            lose(lost, error.kind());
                            machine.handle_lost();
                        }
                        None => time_out(machine, clock, timer),
                    }
                }
                Some(Io::Wait(deadline)) => {
                    if K::TICKS {
                        timer.sleep(clock.left(timer.now(), deadline.into())).await;
                    }
                    time_out(machine, clock, timer);
                }
            }
        }
    }
}

/// The deadline has passed.
fn time_out<M: Machine>(machine: &mut M, clock: &mut Clock, timer: &impl Timer) {
    clock.told(timer.now());
    machine.handle_timeout();
}

/// The first error is the one that counts.
fn lose(lost: &mut Option<Error>, kind: ErrorKind) {
    lost.get_or_insert(Error::Socket(kind));
}

impl<M, S, K> fmt::Debug for Session<M, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("lost", &self.lost).finish_non_exhaustive()
    }
}
