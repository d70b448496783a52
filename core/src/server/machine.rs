//! The server machine: what a connection knows, and the loop that moves it on.
//!
//! Here and in `commands`, `auth` and `content` no buffer type shows: a [`Machine`] is a view of
//! the connection, made for one call.

use zeroize::Zeroize;

use super::config::{Config, Notices};
use super::content::Discard;
use super::facts::{Facts, Identity};
use super::state::{Now, Phase, Turn};
use crate::EXTENSIONS;
use crate::limits::REPLY_LINE_MAX;
use crate::parameter::BodyType;
use crate::reply::{DefaultReply, Reply, ReplyWriter};
use crate::sasl::server::Exchange;
use crate::wire::content::{Newline, Position};
use crate::wire::outbox::Outbox;
use crate::wire::window::Window;

/// What the machine needs to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Read,
    Write,
    Wait,
    Event,
}

/// Whether a step has moved the connection on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Moved,
    NeedsInput,
}

/// The event on offer; what it lends is found again in the receive window each time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Pending {
    #[default]
    None,
    Connected,
    Hello,
    Mail,
    Rcpt,
    Data,
    /// So many octets of mail data.
    Body(usize),
    /// A line end in place of a bare CR or LF.
    Inserted(Newline),
    EndOfData,
    Verify,
    Expand,
    Etrn,
    Xclient,
    Xforward,
    /// A SASL response to be checked.
    Sasl,
    Upgrade,
    /// A line of so many octets is about to be acted on.
    #[cfg_attr(not(feature = "extensions"), allow(dead_code, reason = "only extensions need it"))]
    Line(usize),
}

/// Why a mail transaction ended without a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Aborted {
    /// RSET, or a command that implies it: EHLO, HELO, STARTTLS.
    Reset,
    /// The connection is closing or lost. In LMTP, recipients that the message was accepted for stay
    /// accepted.
    Closed,
    /// The mail data was refused: too big, or with octets it can't have.
    Refused(DefaultReply),
    /// The application refused the mail data.
    Declined,
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Closed {
    /// The peer closed it.
    #[default]
    EndOfFile,
    /// QUIT.
    Quit,
    /// The application refused the connection, or a command with 421.
    Refused,
    /// The machine ended it with this reply.
    Ended(DefaultReply),
    /// The TLS handshake failed.
    Tls,
}

/// A mail transaction (RFC 5321 section 3.3).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transaction {
    /// MAIL was accepted.
    pub(super) open: bool,
    /// BDAT or DATA was accepted.
    pub(super) data: bool,
    pub(super) body: Option<BodyType>,
    /// Recipients accepted.
    pub(super) recipients: u16,
    /// A recipient was refused.
    pub(super) refused: bool,
    /// Recipients whose delivery was replied to (LMTP).
    pub(super) answered: u16,
    /// Octets of mail data passed on.
    pub(super) received: u64,
    /// Octets of the chunk still to come.
    pub(super) chunk: u64,
    /// The chunk is the last.
    pub(super) last: bool,
    pub(super) position: Position,
    pub(super) discard: Discard,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) errors: u16,
    pub(super) unauthenticated: u16,
    pub(super) transactions: u16,
    pub(super) auth_failures: u8,
    /// Challenges made from the seed.
    #[allow(dead_code, reason = "not every mechanism has a challenge")]
    pub(super) challenges: u32,
    /// Octets of mail data since the deadline was renewed.
    pub(super) data: u16,
}

/// All that is known of a connection, its two buffers aside.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) now: Now,
    pub(super) pending: Pending,
    /// Octets of the line the pending event is about, its CRLF included.
    pub(super) line: usize,
    pub(super) window: Window,
    pub(super) outbox: Outbox,
    pub(super) facts: Facts,
    pub(super) transaction: Transaction,
    pub(super) counts: Counts,
    pub(super) exchange: Option<Exchange>,
    /// Octets of the decoded response at the front of the window.
    pub(super) response: Option<usize>,
    /// The client has proven itself, and has to acknowledge the server's proof.
    #[cfg(feature = "_nonce")]
    pub(super) proven: Option<Option<Identity>>,
    #[allow(dead_code, reason = "not every mechanism has a challenge")]
    pub(super) seed: [u8; 16],
    pub(super) deadline: u32,
    /// A reply that is still owed so many times.
    pub(super) owed: Option<(DefaultReply, u16)>,
    /// The line of the reply to EHLO that comes next.
    pub(super) hello_line: Option<u8>,
    /// Where in the receive buffer a credential is to be overwritten.
    pub(super) spent: (usize, usize),
    pub(super) aborted: Option<Aborted>,
    pub(super) notice: Option<DefaultReply>,
    pub(super) closed: Closed,
    pub(super) flags: Flags,
}

#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct Flags {
    pub(super) end_of_file: bool,
    /// What is written must leave before anything else is done (RFC 2920 section 3.2).
    pub(super) flush: bool,
    /// What is written must not leave before the mail data has ended.
    pub(super) held: bool,
    /// What is written must not leave before time has passed.
    pub(super) waiting: bool,
    /// The driver was asked to write, and not all has left.
    pub(super) writing: bool,
    /// An over-long line is being dropped.
    pub(super) swallowing: bool,
    /// The command line at the front, or the one being dropped, is AUTH.
    pub(super) auth: bool,
    /// The line at the front was shown in a notice.
    pub(super) shown: bool,
    /// What the exchange kept is no longer needed.
    pub(super) release: bool,
    /// The response at the front is to be kept for the rest of the exchange.
    #[cfg(feature = "_scram")]
    pub(super) keep: bool,
    /// The token was refused; the client's answer to the JSON challenge is next.
    pub(super) failing: bool,
    /// The peer may use XCLIENT and XFORWARD.
    pub(super) xclient: bool,
    /// The server is stopping.
    pub(super) stopping: bool,
    /// The server stops as soon as the reply that is being written is whole.
    pub(super) stopping_now: bool,
    /// The greeting was 554: nothing but QUIT is heard.
    pub(super) turned_away: bool,
}

impl State {
    pub(super) fn phase(&self) -> Phase {
        self.now.phase()
    }

    pub(super) fn turn(&mut self, turn: Turn) {
        self.now.turn(turn);
    }

    /// The line behind the pending event is done with.
    pub(super) fn consume_line(&mut self) {
        self.window.consume(self.line);
        self.line = 0;
        self.flags.shown = false;
        self.pending = Pending::None;
        self.renew_deadline();
    }

    pub(super) fn renew_deadline(&mut self) {
        self.deadline = self.deadline.wrapping_add(1);
        self.counts.data = 0;
    }

    /// Ends the mail transaction; the application hears of it if it knew of it.
    pub(super) fn end_transaction(&mut self, why: Option<Aborted>) {
        // Where its mail data is being dropped, it has heard already.
        if self.transaction.open && self.transaction.discard == Discard::No && why.is_some() {
            self.aborted = why;
        }
        self.transaction = Transaction::default();
        self.facts.smtputf8 = false;
    }

    /// Nothing more is read; the connection ends when what is written has left.
    pub(super) fn close(&mut self, why: Closed) {
        self.end_exchange();
        self.end_transaction(Some(Aborted::Closed));
        self.flags.held = false;
        self.pending = Pending::None;
        // The first reason counts: a client that says QUIT and hangs up has quit.
        if self.phase() != Phase::Closing {
            self.closed = why;
        }
        self.turn(Turn::Closing);
    }

    /// Nothing more is read or written: what waited to be written is dropped.
    pub(super) fn cut_off(&mut self, why: Closed) {
        self.close(why);
        self.outbox = Outbox::default();
        self.hello_line = None;
        self.owed = None;
        self.turn(Turn::Drained);
    }

    /// Ends a SASL exchange and has everything it left in the receive buffer overwritten.
    pub(super) fn end_exchange(&mut self) {
        if self.exchange.take().is_some() {
            self.spend();
            self.response = None;
            #[cfg(feature = "_nonce")]
            {
                self.proven = None;
            }
            #[cfg(feature = "_scram")]
            {
                self.flags.keep = false;
            }
            self.flags.failing = false;
            self.flags.release = true;
            self.turn(Turn::ExchangeOver);
        }
    }

    /// The line at the front held a credential: it is overwritten before anything else happens.
    pub(super) fn spend(&mut self) {
        if self.line > 0 {
            let (from, to) = self.window.span(self.line);
            self.spent = match self.spent {
                (0, 0) => (from, to),
                (a, b) => (a.min(from), b.max(to)),
            };
        }
    }

    /// The client has authenticated.
    pub(super) fn authenticated(&mut self, identity: Option<Identity>) {
        self.facts.authenticated = true;
        self.facts.identity = identity;
        self.facts.mechanism = self.exchange.map(|exchange| exchange.mechanism());
    }
}

/// A connection, for the length of one call.
pub(super) struct Machine<'a> {
    pub(super) config: &'a Config<'a>,
    pub(super) state: &'a mut State,
    pub(super) rx: &'a mut [u8],
    pub(super) tx: &'a mut [u8],
}

impl Machine<'_> {
    /// Goes on until something is needed from outside.
    pub(super) fn advance(&mut self) -> Want {
        loop {
            // Before anything else: the next response may be kept where the last one lay.
            self.overwrite_spent();
            #[cfg(feature = "_scram")]
            self.keep_response();
            let empty = self.state.outbox.is_empty();
            if empty {
                self.state.flags.flush = false;
                if core::mem::take(&mut self.state.flags.writing) {
                    self.state.renew_deadline();
                }
            } else if self.state.flags.waiting {
                return Want::Wait;
            } else if !self.state.flags.held && (self.state.flags.flush || self.is_short_of_room())
            {
                return self.want_write();
            }
            if self.state.hello_line.is_some() {
                self.write_hello_line();
                continue;
            }
            if let Some((reply, count)) = self.state.owed {
                self.state.owed = count.checked_sub(2).map(|rest| (reply, rest + 1));
                self.write(&self.config.reply(reply));
                continue;
            }
            if core::mem::take(&mut self.state.flags.stopping_now) && !self.is_over() {
                self.end(DefaultReply::ShuttingDown);
                continue;
            }
            if self.has_event() {
                return Want::Event;
            }
            if self.step() == Step::NeedsInput {
                if self.state.flags.end_of_file {
                    // It may still read: what was held back is written.
                    self.state.close(Closed::EndOfFile);
                } else if self.state.outbox.is_empty() || self.state.flags.held {
                    return Want::Read;
                } else {
                    return self.want_write();
                }
            }
        }
    }

    /// The driver is asked to write: the time for what comes next begins when all has left.
    fn want_write(&mut self) -> Want {
        self.state.flags.writing = true;
        Want::Write
    }

    fn has_event(&self) -> bool {
        self.state.aborted.is_some()
            || (EXTENSIONS && self.state.notice.is_some())
            || !matches!(self.state.pending, Pending::None)
            || self.state.phase() == Phase::Closed
    }

    /// Whether the last reply has been given.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state.phase(), Phase::Closing | Phase::Closed)
    }

    /// Whether a full reply may not fit behind what waits to be written.
    fn is_short_of_room(&self) -> bool {
        self.state.outbox.room(self.tx) < reply_room(self.tx)
    }

    /// One step of the phase the connection is in.
    fn step(&mut self) -> Step {
        match self.state.phase() {
            Phase::Connecting => self.state.pending = Pending::Connected,
            Phase::Command if self.state.flags.stopping && !self.state.transaction.open => {
                self.end(DefaultReply::ShuttingDown);
            }
            Phase::Command => return self.command(),
            Phase::Exchange => return self.response(),
            Phase::Content => return self.content(),
            Phase::Chunk if EXTENSIONS => return self.chunk(),
            Phase::Verdict => self.state.pending = Pending::EndOfData,
            Phase::Upgrading if self.state.outbox.is_empty() => {
                self.state.pending = Pending::Upgrade;
            }
            Phase::Closing if self.state.outbox.is_empty() => self.state.turn(Turn::Drained),
            Phase::Upgrading | Phase::Closing => self.state.flags.flush = true,
            Phase::Chunk | Phase::Closed => {}
        }
        Step::Moved
    }

    /// Overwrites what a finished exchange left in the receive buffer.
    pub(super) fn overwrite_spent(&mut self) {
        if self.state.spent != (0, 0) {
            let (from, to) = core::mem::take(&mut self.state.spent);
            if let Some(octets) = self.rx.get_mut(from..to) {
                octets.zeroize();
            }
        }
        if core::mem::take(&mut self.state.flags.release) {
            self.state.window.release(self.rx);
        }
    }

    /// Appends a reply to what waits to be written.
    pub(super) fn write(&mut self, reply: &Reply<'_>) {
        write(self.config, self.state, self.tx, reply);
    }

    /// Appends a default reply and is done with the line.
    pub(super) fn reply(&mut self, reply: DefaultReply) {
        self.write(&self.config.reply(reply));
        self.state.counts.errors = 0;
        self.state.consume_line();
    }

    /// Refuses the line: bad syntax, or not now. Too many in a row end the connection.
    pub(super) fn error(&mut self, reply: DefaultReply) {
        self.state.counts.errors = self.state.counts.errors.saturating_add(1);
        let limit = self.config.limits.errors;
        if limit > 0 && self.state.counts.errors >= limit {
            self.end(DefaultReply::TooManyErrors);
        } else {
            self.write(&self.config.reply(reply));
            self.note(reply);
        }
        // An AUTH that is refused, or mistyped, may have had a credential behind it.
        self.state.spend();
        self.state.consume_line();
    }

    /// Ends the connection with a reply; behind the reply to STARTTLS, where only TLS may follow,
    /// without one.
    pub(super) fn end(&mut self, reply: DefaultReply) {
        self.note(reply);
        if self.state.phase() == Phase::Upgrading {
            return self.state.cut_off(Closed::Ended(reply));
        }
        self.write(&self.config.reply(reply));
        self.state.close(Closed::Ended(reply));
    }

    /// Leaves a notice of a reply given on the machine's own account.
    pub(super) fn note(&mut self, reply: DefaultReply) {
        if EXTENSIONS && self.config.notices != Notices::None {
            self.state.notice = Some(reply);
        }
    }
}

/// Octets a reply can have. They are there whatever waits before it, so that a reply doesn't depend
/// on what came together with its command.
fn reply_room(tx: &[u8]) -> usize {
    const MOST: usize = 4096;
    (tx.len() / 2).clamp(REPLY_LINE_MAX, MOST)
}

/// Appends a reply to what waits to be written.
pub(super) fn write(config: &Config<'_>, state: &mut State, tx: &mut [u8], reply: &Reply<'_>) {
    let enhanced = config.offers(crate::capability::Extensions::ENHANCED_STATUS_CODES);
    let most = reply_room(tx);
    let free = state.outbox.free(tx);
    let room = free.len().min(most);
    let free = free.get_mut(..room).unwrap_or(&mut []);
    let mut writer = ReplyWriter::new(free, enhanced, state.facts.smtputf8);
    writer.reply(reply);
    let written = writer.written();
    state.outbox.appended(written, tx);
}
