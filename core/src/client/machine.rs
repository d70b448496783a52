//! The client machine: what a connection knows, and the loop that moves it on.
//!
//! No buffer type shows here: a [`Machine`] is a view of the connection, made for one call.

use zeroize::Zeroize;

use super::capabilities::Capabilities;
use super::config::Config;
use super::error::{Closed, Fault};
use super::owed::{Owed, To};
use super::receive::{Found, Receiver};
use super::state::{Now, Phase, Turn};
use super::transaction::Transaction;
use crate::reply::ReplyCode;
use crate::sasl::client::Channel;
use crate::wire::outbox::Outbox;
use crate::wire::window::Window;

/// What the machine needs to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Read,
    Write,
    Event,
}

/// Whether a step has moved the connection on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Moved,
    NeedsInput,
}

/// A reply the caller is told: it stands at the front of the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) to: To,
    pub(super) code: ReplyCode,
    /// Which of its kind, from zero.
    pub(super) index: u16,
}

/// A challenge at the front of the window.
#[derive(Clone, Copy, Debug)]
pub(super) enum Challenge {
    /// So many octets behind the code, decoded.
    Decoded(usize),
    NotBase64,
}

/// How the client said hello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hello {
    #[default]
    Extended,
    Helo,
}

/// All that is known of a connection, its two buffers aside.
#[derive(Debug)]
pub(super) struct State {
    pub(super) now: Now,
    pub(super) window: Window,
    pub(super) outbox: Outbox,
    pub(super) receiver: Receiver,
    pub(super) owed: Owed,
    pub(super) told: Option<Told>,
    pub(super) challenge: Option<Challenge>,
    pub(super) capabilities: Capabilities,
    pub(super) channel: Channel,
    #[cfg(feature = "_scram")]
    pub(super) binding: Option<crate::sasl::ChannelBinding>,
    pub(super) hello: Hello,
    pub(super) transaction: Transaction,
    /// Mail transactions so far.
    pub(super) transactions: u16,
    /// Challenges of the exchange.
    pub(super) rounds: u8,
    /// Up to where the send buffer may hold a credential.
    pub(super) secret: usize,
    pub(super) deadline: u32,
    pub(super) closed: Closed,
    pub(super) flags: Flags,
}

#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct Flags {
    pub(super) end_of_file: bool,
    /// Nothing can be written any more.
    pub(super) mute: bool,
    /// The connection ends behind the reply that is told: QUIT is still said, or it isn't.
    pub(super) ending: Option<Ending>,
    /// What is written of the message leaves before more is asked for.
    pub(super) flush: bool,
    /// The driver was asked to write, and not all has left.
    pub(super) writing: bool,
    pub(super) authenticated: bool,
    /// The exchange was cancelled.
    pub(super) cancelled: bool,
    /// DATA was answered 354 though there is no recipient: the reply to the lone dot is not told.
    pub(super) lone_dot: bool,
    /// The mail data did not go out in full.
    pub(super) incomplete: bool,
}

/// How a connection ends behind a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The server closes it.
    Now,
    /// QUIT is said.
    Politely,
}

/// Octets that stay free when mail data is written, so that its end always fits.
pub(super) const CONTENT_RESERVE: usize = 8;

/// More challenges than any mechanism has.
const ROUNDS_MAX: u8 = 32;

impl State {
    pub(super) fn new(channel: Channel) -> Self {
        let mut owed = Owed::default();
        owed.push(To::Greeting, 1);
        Self {
            now: Now::default(),
            window: Window::default(),
            outbox: Outbox::default(),
            receiver: Receiver::default(),
            owed,
            told: None,
            challenge: None,
            capabilities: Capabilities::NONE,
            channel,
            #[cfg(feature = "_scram")]
            binding: None,
            hello: Hello::default(),
            transaction: Transaction::default(),
            transactions: 0,
            rounds: 0,
            secret: 0,
            deadline: 0,
            closed: Closed::default(),
            flags: Flags::default(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.now.phase()
    }

    pub(super) fn turn(&mut self, turn: Turn) {
        self.now.turn(turn);
    }

    pub(super) fn renew_deadline(&mut self) {
        self.deadline = self.deadline.wrapping_add(1);
    }

    /// The connection is over at once.
    pub(super) fn cut_off(&mut self, why: Closed) {
        self.closed = why;
        self.told = None;
        self.challenge = None;
        self.owed.clear();
        self.outbox.sent(usize::MAX);
        self.turn(Turn::Drained);
    }

    /// The reply or challenge at the front is done with.
    pub(super) fn consume_reply(&mut self) {
        self.window.consume(self.receiver.length());
        self.receiver.reset();
        self.told = None;
        self.challenge = None;
        self.renew_deadline();
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
            if self.state.flags.mute {
                self.drop_output();
            }
            if self.state.outbox.is_empty() {
                self.wipe();
                self.state.flags.flush = false;
                if core::mem::take(&mut self.state.flags.writing) {
                    self.state.renew_deadline();
                }
            }
            if self.state.phase() == Phase::Closed || self.state.told.is_some() {
                return Want::Event;
            }
            if self.takes_content() {
                return Want::Event;
            }
            if !self.state.outbox.is_empty() {
                self.state.flags.writing = true;
                return Want::Write;
            }
            if self.state.phase() == Phase::Closing {
                self.state.turn(Turn::Drained);
                continue;
            }
            if self.state.challenge.is_some() || self.state.phase() == Phase::Upgrading {
                return Want::Event;
            }
            let idle = self.state.owed.is_empty() && self.state.phase() == Phase::Ready;
            if idle && self.state.window.is_empty() {
                if !self.state.flags.end_of_file && !self.state.flags.mute {
                    return Want::Event;
                }
                self.state.cut_off(Closed::EndOfFile);
                continue;
            }
            if self.receive() == Step::NeedsInput {
                if !self.state.flags.end_of_file {
                    return Want::Read;
                }
                let asked_for = self.state.owed.front() == Some(To::Quit);
                self.state.cut_off(if asked_for { Closed::Quit } else { Closed::EndOfFile });
            }
        }
    }

    /// Whether the caller may go on with the message.
    pub(super) fn takes_content(&self) -> bool {
        self.state.phase() == Phase::Content
            && !self.state.flags.flush
            && self.state.outbox.room(self.tx) > CONTENT_RESERVE
    }

    /// Overwrites what was sent, where it may have been a credential.
    pub(super) fn wipe(&mut self) {
        let secret = core::mem::take(&mut self.state.secret);
        if let Some(octets) = self.tx.get_mut(..secret) {
            octets.zeroize();
        }
    }

    /// Takes the next line of a reply, if it is there.
    fn receive(&mut self) -> Step {
        let window = self.state.window;
        let unread = window.unread(self.rx);
        match self.state.receiver.next(unread, self.config.reply_max) {
            Found::Line(line, first) => {
                let to = self.state.owed.front().unwrap_or(To::Nothing);
                // Behind HELO these lines are text, and no offer (RFC 5321 section 4.1.1.1).
                let is_offer = to == To::Hello && self.state.hello == Hello::Extended;
                if is_offer && line.code() == ReplyCode::OK && !first {
                    self.state.capabilities.read(line.text(), self.config.rules.preference);
                }
                self.on_line(to, line.code(), line.is_last());
            }
            Found::Fault(fault) => self.state.cut_off(Closed::Fault(fault)),
            Found::Partial if window.is_full(self.rx) => match self.state.receiver.drop_lines() {
                0 => self.state.cut_off(Closed::Fault(Fault::TooLong)),
                lines => self.state.window.consume(lines),
            },
            Found::Partial => return Step::NeedsInput,
        }
        Step::Moved
    }

    fn on_line(&mut self, to: To, code: ReplyCode, last: bool) {
        if last {
            self.on_reply(to, code);
        } else if code == ReplyCode::CHALLENGE {
            // A challenge is one line (RFC 4954 section 4); any other reply may have several.
            self.fault(Fault::Unexpected(code));
        }
    }

    /// A reply is whole.
    fn on_reply(&mut self, to: To, code: ReplyCode) {
        if to != To::Nothing && !(to == To::Auth && code == ReplyCode::CHALLENGE) {
            self.state.owed.pop();
        }
        if code == ReplyCode::NOT_AVAILABLE && to != To::Quit {
            // Whatever else was asked will not be answered (RFC 5321 section 3.8).
            self.state.owed.clear();
            self.state.flags.ending = Some(Ending::Now);
            self.state.closed = Closed::Refused(code);
            let index = match to {
                To::Rcpt => self.state.transaction.answered,
                To::Message => self.state.transaction.delivered,
                _ => 0,
            };
            return self.tell(to, code, index);
        }
        match to {
            To::Nothing => self.fault(Fault::Unsolicited),
            To::Greeting => self.on_greeting(code),
            To::Hello => self.on_hello(code),
            To::StartTls => self.on_starttls(code),
            To::Auth => self.on_auth(code),
            To::Mail | To::Rcpt | To::Data | To::Chunk | To::Message | To::Reset => {
                self.on_transaction(to, code);
            }
            To::Quit => {
                self.state.cut_off(Closed::Quit);
            }
            To::Noop | To::Verify | To::Expand | To::Help if code.class() == 3 => {
                self.fault(Fault::Unexpected(code));
            }
            To::Noop | To::Verify | To::Expand | To::Help => self.tell(to, code, 0),
        }
    }

    fn on_auth(&mut self, code: ReplyCode) {
        match (code, code.class()) {
            (ReplyCode::CHALLENGE, _)
                if !self.state.flags.cancelled && self.state.rounds < ROUNDS_MAX =>
            {
                self.on_challenge();
            }
            (ReplyCode::AUTHENTICATED, _) if !self.state.flags.cancelled => {
                self.state.flags.authenticated = true;
                self.state.turn(Turn::ExchangeOver);
                self.tell(To::Auth, code, 0);
            }
            (_, 4 | 5) => {
                self.state.turn(Turn::ExchangeOver);
                self.tell(To::Auth, code, 0);
            }
            _ => self.fault(Fault::Unexpected(code)),
        }
    }

    /// Tells the caller a reply.
    pub(super) fn tell(&mut self, to: To, code: ReplyCode, index: u16) {
        self.state.told = Some(Told { to, code, index });
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.state.cut_off(Closed::Fault(fault));
    }

    /// The reply that was told is done with: what follows from it that had to wait.
    pub(super) fn reply_done(&mut self) {
        self.state.consume_reply();
        match self.state.flags.ending.take() {
            None => {}
            Some(Ending::Now) => self.state.cut_off(self.state.closed),
            Some(Ending::Politely) => {
                self.append(b"QUIT\r\n");
                self.state.turn(Turn::Closing);
            }
        }
    }

    /// Appends octets that fit.
    pub(super) fn append(&mut self, octets: &[u8]) {
        if let Some(room) = self.state.outbox.free(self.tx).get_mut(..octets.len()) {
            crate::wire::copy(room, octets);
            self.state.outbox.appended(octets.len(), self.tx);
        }
    }

    /// The driver can't write any more; what the server has said may still be read.
    pub(super) fn on_mute(&mut self) {
        self.state.flags.mute = true;
        self.drop_output();
    }

    /// Nothing of what was to be written leaves, and nothing that needs it goes on.
    fn drop_output(&mut self) {
        let unsent = !self.state.outbox.is_empty();
        self.state.outbox.sent(usize::MAX);
        match self.state.phase() {
            Phase::Closing | Phase::Closed => self.state.turn(Turn::Drained),
            Phase::Exchange if self.state.challenge.is_some() => {
                self.state.cut_off(Closed::EndOfFile);
            }
            Phase::Content => {
                self.state.flags.incomplete = true;
                if self.state.owed.is_empty() {
                    self.state.owed.push(To::Message, 1);
                }
                self.state.turn(Turn::ContentOver);
            }
            // Of a message that is replied to next, at least its end has not left.
            _ => self.state.flags.incomplete |= unsent,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::address::{ForwardPath, ReversePath};
    use crate::client::{Closed, Config, Connection, Event, Fault};
    use crate::io::Io;
    use crate::parameter::{MailParameters, RcptParameters};
    use crate::reply::ReplyCode;

    type Lent<'b> = Connection<'static, &'b mut [u8]>;

    /// Writes what there is, and then reads these octets.
    fn feed(connection: &mut Lent<'_>, octets: &[u8]) {
        while let Some(io) = connection.poll_io() {
            match io {
                Io::Write(write) => {
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Io::Read(mut read) => {
                    read.space()[..octets.len()].copy_from_slice(octets);
                    return read.filled(octets.len());
                }
                Io::Wait(_) => {}
            }
        }
    }

    fn pass(connection: &mut Lent<'_>) {
        if let Some(Event::Reply(reply)) = connection.event() {
            reply.done();
        }
    }

    #[test]
    fn a_message_whose_end_was_not_written_is_not_accepted() {
        static CONFIG: Config<'static> = Config::new("a.example", "b.example");
        for lost_before_content in [false, true] {
            let (mut rx, mut tx) = ([0; 512], [0; 512]);
            let mut connection: Lent<'_> = Connection::new(&CONFIG, &mut rx, &mut tx);
            feed(&mut connection, b"220 hi\r\n");
            pass(&mut connection);
            feed(&mut connection, b"250-hi\r\n250 PIPELINING\r\n");
            pass(&mut connection);
            let Some(Event::Ready(mut ready)) = connection.event() else { return };
            ready.mail(ReversePath::Null, &MailParameters::default()).unwrap();
            ready
                .rcpt(ForwardPath::parse("<b@b.example>").unwrap(), &RcptParameters::default())
                .unwrap();
            ready.data().unwrap();
            feed(&mut connection, b"250 ok\r\n250 ok\r\n354 go\r\n");
            pass(&mut connection);
            pass(&mut connection);
            if lost_before_content {
                connection.handle_write_lost();
            }
            pass(&mut connection);
            if let Some(Event::Content(content)) = connection.event() {
                assert!(!lost_before_content);
                content.finish().unwrap();
                connection.handle_write_lost();
            }
            feed(&mut connection, b"250 queued\r\n");
            let fault = Closed::Fault(Fault::Unexpected(ReplyCode::OK));
            assert!(matches!(connection.event(), Some(Event::Closed(closed)) if closed == fault));
        }
    }
}
