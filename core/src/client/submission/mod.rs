//! The whole journey of a message: for those who just want to send.

use core::fmt;

use super::capabilities::Capabilities;
use super::config::Config;
use super::connection::Connection;
use super::event::Event as Inner;
use super::machine::{Told, Want};
use super::state::Phase;
use crate::capability::Extensions;
use crate::client::To;
use crate::io::Io;
use crate::sasl::client::{Channel, Credentials};

#[cfg(feature = "application")]
mod exchange;
mod failure;
mod guard;
mod journey;
#[cfg(test)]
mod tests;

#[cfg(feature = "application")]
pub use exchange::Exchange;
pub use failure::Failure;
#[cfg(feature = "_scram")]
pub use guard::Derive;
pub use guard::{Failed, Next, Recipient, TokenRefused};
use journey::{Journey, Move};

use super::guard::{Content, Ready, Reply, Upgrade};
use crate::client::Closed;

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Security {
    /// STARTTLS (RFC 3207), without which nothing is sent.
    #[default]
    StartTls,
    /// TLS from the beginning (RFC 8314 section 3.3).
    Implicit,
    /// Nothing. Passwords and tokens still go nowhere but to this very machine.
    Cleartext,
}

/// A client that does everything on the way to a message, and back: greeting, EHLO, STARTTLS, EHLO,
/// AUTH, mail transactions, QUIT.
///
/// It is driven as a [`Connection`] is. What is left to the caller is the TLS handshake, the
/// envelope and the message; see [`Event`].
///
/// ```
/// use std::io::{Read, Result, Write};
///
/// use ehlo::address::{ForwardPath, ReversePath};
/// use ehlo::client::submission::{Event, Security, Submission};
/// use ehlo::client::{Config, To};
/// use ehlo::io::Io;
/// use ehlo::parameter::{MailParameters, RcptParameters};
///
/// /// Sends one message; returns what the server said to it.
/// fn send(mut socket: impl Read + Write, message: &[u8]) -> Result<String> {
///     let config = Config::new("sensor.local", "localhost");
///     let security = Security::Cleartext;
///     let mut submission = Submission::new(&config, security, None, [0; 512], [0; 512]);
///     let mut rest = message;
///     let mut said = None;
///     loop {
///         while let Some(io) = submission.poll_io() {
///             match io {
///                 Io::Read(mut read) => {
///                     let n = socket.read(read.space())?;
///                     read.filled(n);
///                 }
///                 Io::Write(write) => {
///                     let n = socket.write(write.bytes())?;
///                     write.sent(n);
///                 }
///                 Io::Wait(_) => unreachable!("a client never waits without reading"),
///             }
///         }
///         match submission.event() {
///             Some(Event::Next(next)) if said.is_none() => {
///                 let path = ReversePath::parse("<sensor@example.org>").unwrap();
///                 next.begin(path, &MailParameters::default()).unwrap();
///             }
///             Some(Event::Next(next)) => next.quit(),
///             Some(Event::Recipient(recipient)) if recipient.index() == 0 => {
///                 let path = ForwardPath::parse("<me@example.org>").unwrap();
///                 recipient.add(path, &RcptParameters::default()).unwrap();
///             }
///             Some(Event::Recipient(recipient)) => recipient.no_more(),
///             Some(Event::Content(mut content)) => {
///                 let n = content.write(rest).unwrap();
///                 rest = &rest[n..];
///                 if rest.is_empty() {
///                     content.finish().unwrap();
///                 }
///             }
///             Some(Event::Reply(reply)) => {
///                 if reply.to() == To::Message || !reply.is_positive() {
///                     said = Some(reply.received().to_string());
///                 }
///                 reply.done();
///             }
///             Some(Event::Closed(closed)) => return Ok(said.unwrap_or(closed.to_string())),
///             Some(other) => other.give_up(),
///             None => {}
///         }
///     }
/// }
/// # struct Server(std::io::Cursor<Vec<u8>>);
/// # impl Read for Server {
/// #     fn read(&mut self, space: &mut [u8]) -> Result<usize> {
/// #         let n = space.len().min(1);
/// #         self.0.read(&mut space[..n])
/// #     }
/// # }
/// # impl Write for Server {
/// #     fn write(&mut self, octets: &[u8]) -> Result<usize> { Ok(octets.len()) }
/// #     fn flush(&mut self) -> Result<()> { Ok(()) }
/// # }
/// # let said = "220 hi\r\n250 hi\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued as 7\r\n221 bye\r\n";
/// # let server = Server(std::io::Cursor::new(said.into()));
/// # assert_eq!(send(server, b"Subject: hi\r\n\r\n.\r\n")?, "250 queued as 7");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Submission<'c, R: AsMut<[u8]>, T: AsMut<[u8]> = R> {
    connection: Connection<'c, R, T>,
    journey: Journey<'c>,
}

/// What has happened on the way, or what is needed to go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The server has replied. Those that matter most are to RCPT, one for each recipient, and to
    /// the message.
    Reply(Reply<'a>),
    /// TLS is next: the handshake is the caller's.
    Upgrade(Upgrade<'a>),
    /// The password has to be salted and hashed thousands of times, as SCRAM has it.
    #[cfg(feature = "_scram")]
    Derive(Derive<'a>),
    /// The server refused the token, and says why.
    TokenRefused(TokenRefused<'a>),
    /// A mechanism of the application's own, or GSSAPI: its next message is asked for.
    #[cfg(feature = "application")]
    Exchange(Exchange<'a>),
    /// The client is where it wanted to be: a mail transaction may begin.
    Next(Next<'a>),
    /// A recipient is asked for.
    Recipient(Recipient<'a>),
    /// The message may be written.
    Content(Content<'a>),
    /// It doesn't go on from here: the journey ends with QUIT.
    Failed(Failed<'a>),
    /// The connection is over. This event comes for ever.
    Closed(Closed),
}

impl Event<'_> {
    /// Passes over what is only told, and gives up where there is something to decide.
    pub fn give_up(self) {
        match self {
            Self::Reply(reply) => reply.done(),
            Self::Upgrade(upgrade) => upgrade.failed(),
            #[cfg(feature = "_scram")]
            Self::Derive(mut derive) => {
                // Bit by bit: it is asked for again until it is done.
                derive.run(1000);
            }
            Self::TokenRefused(refused) => refused.done(),
            #[cfg(feature = "application")]
            Self::Exchange(exchange) => exchange.cancel(),
            Self::Next(next) => next.quit(),
            Self::Recipient(recipient) => recipient.quit(),
            Self::Content(content) => content.abort(),
            Self::Failed(failed) => failed.done(),
            Self::Closed(_) => {}
        }
    }
}

impl<'c, R, T> Submission<'c, R, T>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    T: AsRef<[u8]> + AsMut<[u8]>,
{
    /// A journey over a connection that was just made, without TLS so far. With credentials, nothing
    /// is sent without authentication.
    #[must_use]
    pub fn new(
        config: &'c Config<'c>,
        security: Security,
        credentials: Option<Credentials<'c>>,
        rx: R,
        tx: T,
    ) -> Self {
        let connection = Connection::new(config, rx, tx);
        Self { connection, journey: Journey::new(config, security, credentials) }
    }

    /// TLS is active from the beginning; `verified` is the name the server's certificate was
    /// verified for, if it was.
    #[must_use]
    pub fn implicit_tls(self, verified: Option<&str>) -> Self {
        Self { connection: self.connection.implicit_tls(verified), ..self }
    }

    /// What the TLS connection is known by, where TLS is active from the beginning.
    #[cfg(feature = "_scram")]
    #[must_use]
    pub fn channel_binding(self, binding: crate::sasl::ChannelBinding) -> Self {
        Self { connection: self.connection.channel_binding(binding), ..self }
    }

    /// What is to be read or written next; `None` when there is an [`event`](Self::event) to be
    /// answered first, or the connection is over.
    pub fn poll_io(&mut self) -> Option<Io<'_>> {
        match self.settle() {
            Move::Io => self.connection.poll_io(),
            _ => None,
        }
    }

    /// What has happened, or what is needed to go on; `None` when there is something to be read or
    /// written first.
    pub fn event(&mut self) -> Option<Event<'_>> {
        let next = self.settle();
        let Self { connection, journey } = self;
        if next == Move::Recipient && connection.has_group() {
            let ready = connection.regroup()?;
            let (stage, full) = (&mut journey.stage, &mut journey.full);
            return Some(Event::Recipient(Recipient { ready, stage, full }));
        }
        match (next, connection.event()?) {
            (_, Inner::Reply(reply)) => Some(Event::Reply(reply)),
            (_, Inner::Upgrade(upgrade)) => Some(Event::Upgrade(upgrade)),
            (_, Inner::Content(content)) => Some(Event::Content(content)),
            (_, Inner::Closed(closed)) => Some(Event::Closed(closed)),
            (Move::Next, Inner::Ready(ready)) => {
                Some(Event::Next(Next { ready, stage: &mut journey.stage }))
            }
            (Move::Recipient, Inner::Ready(ready)) => {
                let (stage, full) = (&mut journey.stage, &mut journey.full);
                Some(Event::Recipient(Recipient { ready, stage, full }))
            }
            (Move::Failed(reason), Inner::Ready(ready)) => {
                Some(Event::Failed(Failed { ready, stage: &mut journey.stage, reason }))
            }
            #[cfg(feature = "_scram")]
            (Move::Derive, Inner::Challenge(_)) => {
                let derivation = journey.exchange.as_mut()?.derivation()?;
                Some(Event::Derive(Derive { derivation }))
            }
            #[cfg(feature = "application")]
            (Move::Exchange, Inner::Ready(ready)) => {
                Some(Event::Exchange(Exchange::of_ready(ready, journey)))
            }
            #[cfg(feature = "application")]
            (Move::Exchange, Inner::Challenge(challenge)) => {
                Some(Event::Exchange(Exchange::of_challenge(challenge, journey)))
            }
            (Move::TokenRefused, Inner::Challenge(challenge)) => {
                Some(Event::TokenRefused(TokenRefused { challenge, stage: &mut journey.stage }))
            }
            (_, Inner::Ready(_) | Inner::Challenge(_)) => None,
        }
    }

    /// The deadline that [`poll_io`](Self::poll_io) gave has passed: the connection is over.
    pub fn handle_timeout(&mut self) {
        self.connection.handle_timeout();
    }

    /// Nothing can be written any more; what the server sent before is still read.
    pub fn handle_write_lost(&mut self) {
        self.connection.handle_write_lost();
    }

    /// The connection is lost: no octet can be read or written any more.
    pub fn handle_lost(&mut self) {
        self.connection.handle_lost();
    }

    /// What the server offers, as of its last reply to EHLO.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        self.connection.capabilities()
    }

    /// What protects the way to the server.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.connection.channel()
    }

    /// Whether the client has authenticated.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.connection.is_authenticated()
    }

    /// Does all that needs nobody, and says what is next.
    fn settle(&mut self) -> Move {
        loop {
            if self.journey.is_grouping()
                && let Some(ready) = self.connection.regroup()
            {
                match self.journey.on_ready(ready) {
                    None | Some(Move::Io) => continue,
                    Some(next) => return next,
                }
            }
            let told = match self.connection.look() {
                Looked::Io => return Move::Io,
                Looked::Reply(told) => {
                    self.journey.on_reply(told.to, told.code);
                    return Move::Tell;
                }
                Looked::At(Phase::Ready) => match self.connection.event() {
                    Some(Inner::Ready(ready)) => {
                        self.journey.full = false;
                        self.journey.on_ready(ready)
                    }
                    _ => Some(Move::Tell),
                },
                Looked::At(Phase::Exchange) => match self.connection.event() {
                    Some(Inner::Challenge(challenge)) => self.journey.on_challenge(challenge),
                    _ => Some(Move::Tell),
                },
                Looked::At(_) => Some(Move::Tell),
            };
            if let Some(next) = told {
                return next;
            }
        }
    }
}

/// What a look at a connection shows.
enum Looked {
    Io,
    Reply(Told),
    At(Phase),
}

impl<R, T> Connection<'_, R, T>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    T: AsRef<[u8]> + AsMut<[u8]>,
{
    /// Whether there are commands that wait to be written, and another may join them.
    fn has_group(&mut self) -> bool {
        let state = &*self.machine().state;
        let last = state.owed.back();
        state.phase() == Phase::Ready
            && state.told.is_none()
            && !state.outbox.is_empty()
            && !state.flags.mute
            && matches!(last, Some(To::Mail | To::Rcpt | To::Reset))
            && state.capabilities.has(Extensions::PIPELINING)
    }

    /// A command may be said behind those that wait to be written.
    fn regroup(&mut self) -> Option<Ready<'_>> {
        if !self.has_group() {
            return None;
        }
        Some(Ready { machine: self.machine() })
    }

    fn look(&mut self) -> Looked {
        let mut machine = self.machine();
        match (machine.advance(), machine.state.told) {
            (Want::Event, Some(told)) => Looked::Reply(told),
            (Want::Event, None) => Looked::At(machine.state.phase()),
            (Want::Read | Want::Write, _) => Looked::Io,
        }
    }
}

impl<R: AsMut<[u8]>, T: AsMut<[u8]>> fmt::Debug for Submission<'_, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("connection", &self.connection).finish_non_exhaustive()
    }
}
