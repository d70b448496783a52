//! The client's side of a connection with its socket: event by event.

use core::time::Duration;
use std::io;

use ehlo::client::submission::{self, Submission};
use ehlo::client::{self, Connection};
use ehlo::io::{Deadline, Io};
use ehlo::sasl::{ChannelBinding, Derivation};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// A machine that a [`Session`] can drive: [`Connection`] and [`Submission`].
pub trait Machine: sealed::Sealed {
    /// What it offers.
    type Event<'a>
    where
        Self: 'a;

    #[doc(hidden)]
    fn poll_io(&mut self) -> Option<Io<'_>>;
    #[doc(hidden)]
    fn event(&mut self) -> Option<Self::Event<'_>>;
    #[doc(hidden)]
    fn handle_timeout(&mut self);
    #[doc(hidden)]
    fn handle_write_lost(&mut self);
    #[doc(hidden)]
    fn handle_lost(&mut self);
    #[doc(hidden)]
    fn upgraded(&mut self, verified: Option<&str>, binding: Option<ChannelBinding>);
}

mod sealed {
    use super::{Connection, Submission};

    pub trait Sealed {}
    impl<R: AsMut<[u8]>, T: AsMut<[u8]>> Sealed for Connection<'_, R, T> {}
    impl<R: AsMut<[u8]>, T: AsMut<[u8]>> Sealed for Submission<'_, R, T> {}
}

macro_rules! machine {
    ($machine:ident, $module:ident) => {
        impl<R, T> Machine for $machine<'_, R, T>
        where
            R: AsRef<[u8]> + AsMut<[u8]>,
            T: AsRef<[u8]> + AsMut<[u8]>,
        {
            type Event<'a>
                = $module::Event<'a>
            where
                Self: 'a;

            fn poll_io(&mut self) -> Option<Io<'_>> {
                $machine::poll_io(self)
            }

            fn event(&mut self) -> Option<Self::Event<'_>> {
                $machine::event(self)
            }

            fn handle_timeout(&mut self) {
                $machine::handle_timeout(self);
            }

            fn handle_write_lost(&mut self) {
                $machine::handle_write_lost(self);
            }

            fn handle_lost(&mut self) {
                $machine::handle_lost(self);
            }

            fn upgraded(&mut self, verified: Option<&str>, binding: Option<ChannelBinding>) {
                if let Some($module::Event::Upgrade(upgrade)) = self.event() {
                    let upgrade = match binding {
                        Some(binding) => upgrade.bind(binding),
                        None => upgrade,
                    };
                    upgrade.done(verified);
                }
            }
        }
    };
}

machine!(Connection, client);
machine!(Submission, submission);

/// What goes over the connection, for whoever writes it down. Octets behind AUTH may be credentials.
pub type Tap = Box<dyn FnMut(Direction, &[u8]) + Send>;

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    Out,
    /// The server.
    In,
}

/// The client's side of a connection over a stream.
///
/// It reads, writes and keeps time; what is said is the machine's. [`next`](Self::next) is cancel-safe: dropped
/// before it is done, it has lost nothing, and an event that was not answered comes again.
///
/// ```no_run
/// use ehlo::client::{Config, Connection, Event};
/// use ehlo_std::client::Session;
///
/// /// What a server says of itself.
/// async fn offers(socket: tokio::net::TcpStream) -> std::io::Result<String> {
///     let config = Config::new("client.example.org", "mail.example.org");
///     let mut session = Session::new(Connection::new(&config, vec![0; 4096], vec![0; 4096]), socket);
///     loop {
///         match session.next().await? {
///             Event::Ready(ready) => return Ok(ready.capabilities().extensions().to_string()),
///             other => other.pass_or_quit(),
///         }
///     }
/// }
/// ```
pub struct Session<M, S> {
    machine: M,
    stream: S,
    /// Something was written that the stream may still hold back.
    unflushed: bool,
    /// The deadline that runs, and when it is over.
    running: Option<(u32, Duration, Instant)>,
    tap: Option<Tap>,
}

impl<M: Machine, S: AsyncRead + AsyncWrite + Unpin> Session<M, S> {
    /// A session on a stream that was just connected.
    pub fn new(machine: M, stream: S) -> Self {
        Self { machine, stream, unflushed: false, running: None, tap: None }
    }

    /// Shows all that is said to `tap`.
    #[must_use]
    pub fn tap(self, tap: Tap) -> Self {
        Self { tap: Some(tap), ..self }
    }

    /// The next event. `Closed` is the last one, and comes for ever.
    ///
    /// # Errors
    /// Never for a fault of the server: that is the reason in `Closed`. An error of the stream is told as `Closed`
    /// too.
    pub async fn next(&mut self) -> io::Result<M::Event<'_>> {
        self.settle().await;
        self.machine.event().ok_or_else(|| io::Error::other("no event after all"))
    }

    /// The event there is.
    pub(super) fn event(&mut self) -> Option<M::Event<'_>> {
        self.machine.event()
    }

    /// Reads and writes until there is an event.
    pub(super) async fn settle(&mut self) {
        loop {
            match self.machine.poll_io() {
                None => return,
                Some(Io::Write(write)) => {
                    let until = until(&mut self.running, write.deadline());
                    match timeout_at(until, self.stream.write(write.bytes())).await {
                        Ok(Ok(n)) if n > 0 => {
                            if let Some(tap) = &mut self.tap {
                                tap(Direction::Out, write.bytes().get(..n).unwrap_or(&[]));
                            }
                            write.sent(n);
                            self.unflushed = true;
                        }
                        Ok(_) => self.machine.handle_write_lost(),
                        Err(_) => self.machine.handle_timeout(),
                    }
                }
                Some(Io::Read(mut read)) => {
                    let until = until(&mut self.running, read.deadline());
                    if self.unflushed {
                        match timeout_at(until, self.stream.flush()).await {
                            Ok(Ok(())) => self.unflushed = false,
                            Ok(Err(_)) => {
                                self.unflushed = false;
                                self.machine.handle_write_lost();
                            }
                            Err(_) => self.machine.handle_timeout(),
                        }
                        continue;
                    }
                    match timeout_at(until, self.stream.read(read.space())).await {
                        Ok(Ok(n)) => {
                            if let Some(tap) = &mut self.tap {
                                tap(Direction::In, read.space().get(..n).unwrap_or(&[]));
                            }
                            read.filled(n);
                        }
                        Ok(Err(_)) => self.machine.handle_lost(),
                        Err(_) => self.machine.handle_timeout(),
                    }
                }
                // A client never waits.
                Some(Io::Wait(_)) => self.machine.handle_timeout(),
            }
        }
    }

    /// Hands the stream to a TLS handshake and goes on over what comes of it: the answer to the `Upgrade` event,
    /// which need not be answered itself. The handshake gives the stream, the name the server's certificate was
    /// verified for, and what ties mechanisms such as SCRAM-SHA-256-PLUS to the connection: see
    /// [`ServerTlsFacts::channel_binding`](crate::tls::ServerTlsFacts::channel_binding).
    ///
    /// # Errors
    /// When the handshake fails; the connection is over then.
    pub async fn upgrade<T, E, F>(self, handshake: impl FnOnce(S) -> F) -> Result<Session<M, T>, E>
    where
        F: Future<Output = Result<(T, Option<String>, Option<ChannelBinding>), E>>,
    {
        let (upgrading, stream) = self.begin_upgrade();
        let (stream, verified, binding) = handshake(stream).await?;
        Ok(upgrading.done(stream, verified.as_deref(), binding))
    }

    /// Gives the stream away for a handshake.
    pub(super) fn begin_upgrade(self) -> (Upgrading<M>, S) {
        let Self { machine, stream, running, tap, .. } = self;
        (Upgrading { machine, running, tap }, stream)
    }

    /// Ends the session: closes the stream towards the server, and gives it back.
    ///
    /// # Errors
    /// When the stream can't be closed.
    pub async fn close(mut self) -> io::Result<S> {
        self.stream.shutdown().await?;
        Ok(self.stream)
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &S {
        &self.stream
    }
}

/// A session whose stream is away for a TLS handshake.
pub(super) struct Upgrading<M> {
    machine: M,
    running: Option<(u32, Duration, Instant)>,
    tap: Option<Tap>,
}

impl<M: Machine> Upgrading<M> {
    /// TLS is active on this stream; `verified` is the name the server's certificate was verified for.
    pub(super) fn done<S>(
        mut self,
        stream: S,
        verified: Option<&str>,
        binding: Option<ChannelBinding>,
    ) -> Session<M, S> {
        self.machine.upgraded(verified, binding);
        let Self { machine, running, tap } = self;
        Session { machine, stream, unflushed: false, running, tap }
    }
}

/// When a deadline is over: a new one begins now.
fn until(running: &mut Option<(u32, Duration, Instant)>, deadline: Deadline) -> Instant {
    match running {
        Some((id, after, until)) if (*id, *after) == (deadline.id, deadline.after) => *until,
        _ => {
            let until = Instant::now() + deadline.after;
            *running = Some((deadline.id, deadline.after, until));
            until
        }
    }
}

impl<R, T, S> Session<Submission<'_, R, T>, S>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    T: AsRef<[u8]> + AsMut<[u8]>,
{
    /// What became of the derivation that a `Derive` event lent.
    pub(super) fn derived(&mut self, derivation: Derivation) {
        if let Some(submission::Event::Derive(derive)) = self.machine.event() {
            derive.done(derivation);
        }
    }
}

impl<M, S> core::fmt::Debug for Session<M, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
