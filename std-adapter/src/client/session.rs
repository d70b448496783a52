//! The client's side of a connection with its socket: event by event.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;

use ehlo::client::submission::{self, Submission};
use ehlo::client::{self, Connection};
use ehlo::io::{Deadline, Io};
use ehlo::sasl::{ChannelBinding, Derivation};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

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
    timer: Timer,
    tap: Option<Tap>,
}

impl<M: Machine, S: AsyncRead + AsyncWrite + Unpin> Session<M, S> {
    /// A session on a stream that was just connected.
    pub fn new(machine: M, stream: S) -> Self {
        Self { machine, stream, unflushed: false, timer: Timer::default(), tap: None }
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
        poll_fn(|cx| self.poll_settle(cx)).await;
    }

    fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let moved = match self.machine.poll_io() {
                None => return Poll::Ready(()),
                Some(Io::Write(write)) => {
                    let deadline = write.deadline();
                    match Pin::new(&mut self.stream).poll_write(cx, write.bytes()) {
                        Poll::Ready(Ok(n)) if n > 0 => {
                            if let Some(tap) = &mut self.tap {
                                tap(Direction::Out, write.bytes().get(..n).unwrap_or(&[]));
                            }
                            write.sent(n);
                            self.unflushed = true;
                            true
                        }
                        Poll::Ready(_) => {
                            self.machine.handle_write_lost();
                            true
                        }
                        Poll::Pending => self.poll_time(cx, deadline).is_ready(),
                    }
                }
                Some(Io::Read(read)) => {
                    let deadline = read.deadline();
                    self.poll_read(cx).is_ready() || self.poll_time(cx, deadline).is_ready()
                }
                // A client never waits.
                Some(Io::Wait(_)) => {
                    self.machine.handle_timeout();
                    true
                }
            };
            if !moved {
                return Poll::Pending;
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.unflushed {
            let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
            self.unflushed = false;
            if flushed.is_err() {
                self.machine.handle_write_lost();
                return Poll::Ready(());
            }
        }
        let Some(Io::Read(mut read)) = self.machine.poll_io() else { return Poll::Ready(()) };
        let mut space = ReadBuf::new(read.space());
        match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space)) {
            Ok(()) => {
                let n = space.filled().len();
                if let Some(tap) = &mut self.tap {
                    tap(Direction::In, space.filled());
                }
                read.filled(n);
            }
            Err(_) => self.machine.handle_lost(),
        }
        Poll::Ready(())
    }

    /// Ready when a deadline has passed: the machine was told.
    fn poll_time(&mut self, cx: &mut Context<'_>, deadline: Deadline) -> Poll<()> {
        ready!(self.timer.poll(cx, deadline));
        self.machine.handle_timeout();
        Poll::Ready(())
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
        let Self { machine, stream, timer, tap, .. } = self;
        (Upgrading { machine, timer, tap }, stream)
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
    timer: Timer,
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
        let Self { machine, timer, tap } = self;
        Session { machine, stream, unflushed: false, timer, tap }
    }
}

const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One timer for all deadlines. Most are met: it isn't set anew for each, but looks at the last one
/// when it goes off.
#[derive(Debug, Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The deadline that runs, and when it is over.
    running: Option<(u32, Duration, Instant)>,
}

impl Timer {
    fn poll(&mut self, cx: &mut Context<'_>, deadline: Deadline) -> Poll<()> {
        let until = match self.running {
            Some((id, after, until)) if (id, after) == (deadline.id, deadline.after) => until,
            _ => {
                let now = Instant::now();
                // A time that no clock can hold is none.
                let until = now.checked_add(deadline.after).unwrap_or_else(|| now + FOREVER);
                self.running = Some((deadline.id, deadline.after, until));
                until
            }
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if until < sleep.deadline() {
            sleep.as_mut().reset(until);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= until {
                self.running = None;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
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

    /// What is said in an exchange by Kerberos tickets.
    #[cfg(feature = "gssapi")]
    pub(super) fn say(&mut self, said: super::kerberos::Said) {
        use super::kerberos::Said;
        if let Some(submission::Event::Exchange(exchange)) = self.machine.event() {
            // What can't be said comes as the journey's failure.
            let _ = match said {
                Said::Wait => exchange.wait(),
                Said::More(octets) => exchange.respond(&octets),
                Said::Last(octets) => exchange.complete(&octets),
            };
        }
    }

    /// There is nothing that could be said.
    #[cfg(feature = "gssapi")]
    pub(super) fn cancel_exchange(&mut self) {
        if let Some(submission::Event::Exchange(exchange)) = self.machine.event() {
            exchange.cancel();
        }
    }
}

impl<M, S> core::fmt::Debug for Session<M, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
