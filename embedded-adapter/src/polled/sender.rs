//! A client that is polled.

use core::convert::Infallible;
use core::fmt;
use core::net::SocketAddr;

use ehlo::client::submission::{Security, Submission};
use ehlo::client::{Closed, Config};
use ehlo::io::Deadline;
use ehlo::limits::BUFFER_MIN;
use ehlo::sasl::client::Credentials;
use embedded_nal::{TcpClientStack, nb};

use super::drive::drive;
use crate::client::{
    CONNECT_TIMEOUT, Delivery, Envelope, NotDelivered, Reply, SendError, Source, Step,
};
use crate::clock::{Clock, GOODBYE};

/// How often a poll may look at what is next.
const EVENTS: u8 = 16;

/// Why a message was not sent by a [`Sender`].
pub type Unsent<E> = SendError<E, Infallible>;

/// A client for one message, polled from a superloop. There is no TLS: passwords go nowhere, unless
/// the configuration's [`Rules`](ehlo::sasl::client::Rules) allow it or the server is this very
/// machine.
///
/// ```
/// use core::net::SocketAddr;
///
/// use ehlo::client::Config;
/// use ehlo_embedded::client::{Envelope, Recipient, Reply};
/// use ehlo_embedded::polled::Sender;
/// use embedded_nal::{TcpClientStack, nb};
///
/// static CONFIG: Config = Config::new("sensor.local", "mail.example.org");
///
/// fn send<S: TcpClientStack>(
///     stack: &mut S,
///     server: SocketAddr,
///     now_ms: fn() -> u32,
/// ) -> Option<Reply> {
///     let mut recipients = [Recipient::new("ops@example.org").ok()?];
///     let envelope = Envelope::new("sensor@example.org", &mut recipients).ok()?;
///     let mut message = &b"Subject: 21 degrees\r\n\r\n"[..];
///     let mut sender = Sender::new(stack, server, &CONFIG, envelope, now_ms()).ok()?;
///     loop {
///         match sender.poll(stack, now_ms(), &mut message) {
///             Ok(reply) => return Some(reply),
///             Err(nb::Error::WouldBlock) => {} // What else the board has to do.
///             Err(nb::Error::Other(_)) => return None,
///         }
///     }
/// }
/// ```
pub struct Sender<
    'c,
    'r,
    S: TcpClientStack,
    const RX: usize = BUFFER_MIN,
    const TX: usize = BUFFER_MIN,
> {
    config: &'c Config<'c>,
    submission: Submission<'c, [u8; RX], [u8; TX]>,
    /// Until it has been told what became of it.
    delivery: Option<Delivery<'c, 'r>>,
    socket: Option<S::TcpSocket>,
    server: SocketAddr,
    connected: bool,
    clock: Clock,
}

impl<'c, 'r, S: TcpClientStack> Sender<'c, 'r, S> {
    /// A client with the smallest buffers there can be, which connects with the first
    /// [`poll`](Self::poll). One that is not polled to its end has to be [closed](Self::close).
    ///
    /// # Errors
    /// When the stack has no socket for it.
    pub fn new(
        stack: &mut S,
        server: SocketAddr,
        config: &'c Config<'c>,
        envelope: Envelope<'c, 'r>,
        now_ms: u32,
    ) -> Result<Self, S::Error> {
        Self::with_buffers(stack, server, config, envelope, now_ms)
    }
}

impl<'c, 'r, S, const RX: usize, const TX: usize> Sender<'c, 'r, S, RX, TX>
where
    S: TcpClientStack,
{
    /// As [`new`](Sender::new), with buffers of other sizes than the smallest: the receive buffer holds
    /// the longest line of a reply, a challenge included, the send buffer the longest response of AUTH.
    ///
    /// # Errors
    /// When the stack has no socket for it.
    pub fn with_buffers(
        stack: &mut S,
        server: SocketAddr,
        config: &'c Config<'c>,
        envelope: Envelope<'c, 'r>,
        now_ms: u32,
    ) -> Result<Self, S::Error> {
        const { assert!(RX >= BUFFER_MIN && TX >= BUFFER_MIN, "the buffers are too small") }
        let socket = stack.socket()?;
        Ok(Self {
            config,
            submission: Submission::new(config, Security::Cleartext, None, [0; RX], [0; TX]),
            delivery: Some(Delivery::new(envelope)),
            socket: Some(socket),
            server,
            connected: false,
            clock: Clock::new(now_ms, None),
        })
    }

    /// Authenticates before anything is sent, by the strongest mechanism there is.
    #[must_use]
    pub fn login(self, credentials: Credentials<'c>) -> Self {
        let (security, login) = (Security::Cleartext, Some(credentials));
        let submission = Submission::new(self.config, security, login, [0; RX], [0; TX]);
        Self { submission, ..self }
    }

    /// Does what can be done now. [`nb::Error::WouldBlock`] means that it is to be polled again; any
    /// other result is the last, and the socket is closed. It gives the server's reply to the message;
    /// what became of each recipient is then said by the envelope's.
    ///
    /// `now_ms` are milliseconds since any moment, which may wrap around at the end of `u32`.
    ///
    /// SCRAM's thousands of hashes are done a few with each poll.
    ///
    /// # Errors
    /// When it has to be polled again, there is no connection, or the message was not taken.
    pub fn poll(
        &mut self,
        stack: &mut S,
        now_ms: u32,
        message: &mut impl Source,
    ) -> nb::Result<Reply, Unsent<S::Error>> {
        match self.go(stack, now_ms, message) {
            Ok(false) => return Err(nb::Error::WouldBlock),
            Ok(true) => self.close(stack),
            Err(why) => {
                self.close(stack);
                self.delivery = None;
                return Err(nb::Error::Other(why));
            }
        }
        let gone = Err(NotDelivered::Closed(Closed::EndOfFile));
        let result = self.delivery.take().map_or(gone, Delivery::result);
        result.map_err(|why| nb::Error::Other(SendError::NotDelivered(why)))
    }

    /// Gives up, and closes the socket.
    pub fn close(&mut self, stack: &mut S) {
        if let Some(socket) = self.socket.take() {
            // There is nobody left to be told.
            let _ = stack.close(socket);
        }
    }

    /// Goes on as far as it can; whether the end was reached.
    fn go(
        &mut self,
        stack: &mut S,
        now: u32,
        message: &mut impl Source,
    ) -> Result<bool, Unsent<S::Error>> {
        let Self { submission, delivery, socket, clock, .. } = self;
        let (Some(delivery), Some(socket)) = (delivery, socket) else { return Ok(true) };
        if !self.connected {
            match stack.connect(socket, self.server) {
                Ok(()) => self.connected = true,
                Err(nb::Error::WouldBlock) => {
                    let deadline = Deadline { id: 0, after: CONNECT_TIMEOUT };
                    let left = clock.left(now, deadline.into());
                    return if left > 0 { Ok(false) } else { Err(SendError::ConnectTimedOut) };
                }
                Err(nb::Error::Other(why)) => return Err(SendError::Connect(why)),
            }
            *clock = Clock::new(now, None);
        }
        for _ in 0..EVENTS {
            drive(submission, stack, socket, clock, now);
            let Some(event) = submission.event() else { break };
            match delivery.on(event) {
                Step::On => {}
                Step::Content(content) => {
                    let Some(octets) = message.rest() else { break };
                    let n = delivery.write(content, octets);
                    message.consume(n);
                }
                // Whatever comes of it, the message has gone the way it could.
                Step::Goodbye => *clock = Clock::new(now, Some(GOODBYE)),
                Step::Slice => break,
                // TLS was not asked for.
                Step::Upgrade | Step::Over => return Ok(true),
            }
        }
        Ok(false)
    }
}

impl<S: TcpClientStack, const RX: usize, const TX: usize> fmt::Debug for Sender<'_, '_, S, RX, TX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("server", &self.server)
            .field("connected", &self.connected)
            .finish_non_exhaustive()
    }
}
