//! A connection with its socket: event by event.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;

use ehlo::io::{Deadline, Io};
use ehlo::reply::LoggedLine;
use ehlo::server::{Config, Connection, Event, Facts};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::pool;
use crate::stop::{Stop, Stopping};

/// The server's side of a connection over a stream.
///
/// It reads, writes and keeps time; what is said is the machine's. Each event is a guard, and the
/// guard is the answer. [`next`](Self::next) is cancel-safe: dropped before it is done, it has lost
/// nothing, and an event that was not answered comes again. [`upgrade`](Self::upgrade) and
/// [`close`](Self::close) consume the session, and dropped they end the connection.
///
/// ```
/// use ehlo::server::{Config, Event};
/// use ehlo_std::Session;
///
/// static CONFIG: Config = Config::new("mail.example.org");
///
/// async fn sink(socket: tokio::net::TcpStream) -> std::io::Result<()> {
///     let mut session = Session::new(&CONFIG, socket)?;
///     loop {
///         match session.next().await? {
///             Event::Body(body) => body.done(),
///             Event::EndOfData(end) => end.accept(),
///             Event::Closed(_) => return session.close().await.map(drop),
///             other => other.accept_or_decline(),
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Session<'c, S> {
    connection: Connection<'c, Vec<u8>, Vec<u8>>,
    stream: S,
    /// Something was written that the stream may still hold back.
    unflushed: bool,
    /// The connection has its working buffers.
    equipped: bool,
    timer: Timer,
    stopping: Option<Stopping>,
    /// The number its replies are logged with.
    transcript: Option<u64>,
}

/// One timer for the machine's deadlines and the end of the connection.
#[derive(Debug)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The deadline it runs for.
    id: Option<(u32, Duration)>,
    /// When the connection has lasted long enough.
    end: Instant,
}

impl<'c, S: AsyncRead + AsyncWrite + Unpin> Session<'c, S> {
    /// A session on a stream that was just accepted.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new(config: &'c Config<'c>, stream: S) -> io::Result<Self> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
        let connection = Connection::new(config, Vec::new(), pool::send_buffer(), seed);
        Ok(Self::over(connection, stream))
    }

    /// As [`new`](Self::new), over a stream on which TLS is active from the beginning (RFC 8314
    /// section 3.3).
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn implicit_tls(config: &'c Config<'c>, stream: S) -> io::Result<Self> {
        let plain = Self::new(config, stream)?;
        Ok(Self { connection: plain.connection.implicit_tls(), ..plain })
    }

    fn over(connection: Connection<'c, Vec<u8>, Vec<u8>>, stream: S) -> Self {
        let end = far(connection.connection_timeout());
        Self {
            connection,
            stream,
            unflushed: false,
            equipped: false,
            timer: Timer { sleep: None, id: None, end },
            stopping: None,
            transcript: None,
        }
    }

    /// Ends the session politely when the server stops.
    pub(crate) fn stop_by(&mut self, stopping: Stopping) {
        self.stopping = Some(stopping);
    }

    /// Logs what is written, at the target `ehlo::transcript`.
    pub(crate) fn log_replies(&mut self, session: u64) {
        self.transcript = Some(session);
    }

    /// The next event. [`Event::Closed`] is the last one, and comes for ever.
    ///
    /// # Errors
    /// Never for a fault of the client: that is a reply, and then an event. An error of the stream
    /// is told as `Closed` too.
    pub async fn next(&mut self) -> io::Result<Event<'_>> {
        poll_fn(|cx| self.poll_ready(cx)).await;
        self.connection.event().ok_or_else(|| io::Error::other("no event after all"))
    }

    /// Ready when there is an event.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let moved = match self.connection.poll_io() {
                None => return Poll::Ready(()),
                Some(Io::Write(write)) => {
                    let deadline = write.deadline();
                    match Pin::new(&mut self.stream).poll_write(cx, write.bytes()) {
                        Poll::Ready(Ok(n)) if n > 0 => {
                            if let Some(session) = self.transcript {
                                log_reply(session, write.bytes().get(..n).unwrap_or(&[]));
                            }
                            write.sent(n);
                            self.unflushed = true;
                            true
                        }
                        Poll::Ready(_) => {
                            self.connection.handle_lost();
                            true
                        }
                        Poll::Pending => self.poll_time(cx, deadline).is_ready(),
                    }
                }
                Some(Io::Read(read)) => {
                    let deadline = read.deadline();
                    self.poll_read(cx).is_ready() || self.poll_time(cx, deadline).is_ready()
                }
                Some(Io::Wait(deadline)) => self.poll_time(cx, deadline).is_ready(),
            };
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// Reads once; the buffers are there only while there is something in them.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.unflushed {
            match ready!(Pin::new(&mut self.stream).poll_flush(cx)) {
                Ok(()) => self.unflushed = false,
                Err(_) => {
                    self.connection.handle_lost();
                    return Poll::Ready(());
                }
            }
        }
        self.take_buffers();
        let Some(Io::Read(mut read)) = self.connection.poll_io() else { return Poll::Ready(()) };
        let mut space = ReadBuf::new(read.space());
        match Pin::new(&mut self.stream).poll_read(cx, &mut space) {
            Poll::Ready(Ok(())) => {
                let n = space.filled().len();
                read.filled(n);
                Poll::Ready(())
            }
            Poll::Ready(Err(_)) => {
                self.connection.handle_lost();
                Poll::Ready(())
            }
            Poll::Pending => {
                self.give_buffers_back();
                Poll::Pending
            }
        }
    }

    /// Gives the connection working buffers, if it has none.
    fn take_buffers(&mut self) {
        if core::mem::replace(&mut self.equipped, true) {
            return;
        }
        for old in [
            self.connection.replace_receive_buffer(pool::receive_buffer()),
            self.connection.replace_send_buffer(pool::send_buffer()),
        ] {
            pool::give_back(old.unwrap_or_else(|new| new));
        }
    }

    /// Leaves the connection no larger buffers than what is in them needs.
    fn give_buffers_back(&mut self) {
        if !core::mem::replace(&mut self.equipped, false) {
            return;
        }
        let (received, unsent) = (self.connection.received(), self.connection.unsent());
        // Where there is something, one octet more: the connection insists on room.
        let room = if received == 0 { 0 } else { received + 1 };
        for old in [
            self.connection.replace_receive_buffer(vec![0; room]),
            self.connection.replace_send_buffer(vec![0; unsent]),
        ] {
            pool::give_back(old.unwrap_or_else(|new| new));
        }
    }

    /// Ready when a deadline has passed, or the server stops: the machine was told.
    fn poll_time(&mut self, cx: &mut Context<'_>, deadline: Deadline) -> Poll<()> {
        let stop = self.stopping.as_mut().map(|stopping| stopping.poll_stop(cx));
        if let Some(Poll::Ready(stop)) = stop {
            self.take_buffers();
            match stop {
                Stop::Soon => self.connection.handle_shutdown(),
                Stop::Now => {
                    self.connection.handle_shutdown_now();
                    self.stopping = None;
                }
            }
            return Poll::Ready(());
        }
        ready!(self.timer.poll(cx, deadline));
        self.take_buffers();
        self.connection.handle_timeout();
        Poll::Ready(())
    }

    /// Hands the stream to a TLS handshake and goes on over what comes of it: the answer to
    /// [`Event::Upgrade`], which need not be answered itself.
    ///
    /// Dropped before it is done, it takes the connection with it.
    ///
    /// # Errors
    /// When the handshake fails; the connection is over then.
    pub async fn upgrade<T, E, F>(self, handshake: impl FnOnce(S) -> F) -> Result<Session<'c, T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let Self { mut connection, mut stream, equipped, timer, stopping, transcript, unflushed } =
            self;
        if unflushed {
            // The client waits for the reply. Where it can't be sent, the handshake fails.
            let _ = stream.flush().await;
        }
        let stream = handshake(stream).await?;
        if let Some(Event::Upgrade(upgrade)) = connection.event() {
            upgrade.done();
        }
        let unflushed = false;
        Ok(Session { connection, stream, unflushed, equipped, timer, stopping, transcript })
    }

    /// Ends the session: closes the stream towards the peer, and gives it back.
    ///
    /// # Errors
    /// When the stream can't be closed.
    pub async fn close(mut self) -> io::Result<S> {
        self.give_buffers_back();
        self.stream.shutdown().await?;
        Ok(self.stream)
    }

    /// What is known of the connection.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.connection.facts()
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// The event that [`poll_ready`](Self::poll_ready) found.
    pub(crate) fn event(&mut self) -> Option<Event<'_>> {
        self.connection.event()
    }
}

/// When so much time will have passed; a time that no clock reaches is a century.
fn far(after: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    let now = Instant::now();
    now.checked_add(after.min(CENTURY)).unwrap_or(now)
}

impl Timer {
    /// Ready when the deadline or the end of the connection has come.
    fn poll(&mut self, cx: &mut Context<'_>, deadline: Deadline) -> Poll<()> {
        let id = Some((deadline.id, deadline.after));
        let sleep = match &mut self.sleep {
            Some(sleep) if self.id == id => sleep,
            running => {
                self.id = id;
                let until = far(deadline.after).min(self.end);
                match running {
                    Some(sleep) => {
                        sleep.as_mut().reset(until);
                        sleep
                    }
                    none => none.insert(Box::pin(sleep_until(until))),
                }
            }
        };
        ready!(sleep.as_mut().poll(cx));
        self.id = None;
        Poll::Ready(())
    }
}

/// A line of the transcript for each reply line that was written.
fn log_reply(session: u64, octets: &[u8]) {
    for line in octets.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        tracing::info!(target: "ehlo::transcript", session, "S: {}", LoggedLine::new(line));
    }
}
