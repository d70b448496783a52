//! What one session is told, and what the serial port is told of it.
//!
//! ```text
//! session 3 from 10.0.2.2:40822
//! session 3: tim has logged in by SCRAM-SHA-256
//! session 3: message 7, 512 octets
//! session 3 over: QUIT; tim, 1 message, 512 octets; failed: 1 login, 0 messages
//! ```

use core::fmt;

use ehlo::sasl::ScramKeys;
use ehlo::server::guard::{CramMd5, EndOfData, Login, ScramKeys as ScramQuery};
use ehlo::server::{Aborted, Closed, Event, Identity};
use ehlo_embedded::{Intake, MessageStore, Receipt, StoreError};
use message_store::Id;

use crate::check::Check;
use crate::users;

/// What the driver of a session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Next,
    /// It goes on, and this was long enough: others go first.
    Busy,
    /// A message is kept.
    Kept(Id),
    /// The session is over: [`Desk::over`] says so.
    Over(Closed),
}

/// Who serves a session: answers its events, and counts.
pub struct Desk<S: MessageStore> {
    number: u32,
    intake: Intake<S>,
    check: Option<Check>,
    user: Option<&'static str>,
    messages: u32,
    octets: u64,
    failed_logins: u32,
    failed_messages: u32,
}

impl<S: MessageStore> Desk<S> {
    /// A desk for a session with this number, for a client that has just come.
    pub fn new(number: u32, client: impl fmt::Display, out: &mut impl fmt::Write) -> Self {
        say(out, number, format_args!(" from {client}"));
        Self {
            number,
            intake: Intake::new(),
            check: None,
            user: None,
            messages: 0,
            octets: 0,
            failed_logins: 0,
            failed_messages: 0,
        }
    }

    /// Answers an event.
    pub fn on(&mut self, store: &mut S, event: Event<'_>, out: &mut impl fmt::Write) -> Flow {
        match event {
            Event::Login(login) => return self.login(login, out),
            Event::CramMd5(login) => self.cram_md5(login, out),
            Event::ScramKeys(query) => self.scram(query, out),
            Event::EndOfData(end) => return self.message(store, end, out),
            Event::Aborted(aborted) => {
                let why = aborted.why();
                if why != Aborted::Reset {
                    self.failed_messages += 1;
                    self.note(out, format_args!(": no message: {why:?}"));
                }
                self.intake.on(store, Event::Aborted(aborted));
            }
            Event::Notice(notice) => {
                // Only what was refused.
                let code = notice.reply().map(|default| (default, default.reply().code()));
                if let Some((default, code)) = code.filter(|(_, code)| !code.is_positive()) {
                    self.note(out, format_args!(": {code} {default:?}"));
                }
                notice.done();
            }
            Event::Closed(closed) => return Flow::Over(closed),
            other => {
                if let Some(other) = self.intake.on(store, other) {
                    other.decline();
                }
            }
        }
        Flow::Next
    }

    /// Says what became of the session: `how` it ended, who it was, how much there was, and what failed.
    pub fn over(mut self, store: &mut S, how: impl fmt::Display, out: &mut impl fmt::Write) {
        self.intake.reset(store);
        let user = self.user.unwrap_or("nobody");
        let Self { messages, octets, failed_logins, failed_messages, .. } = self;
        let (s, l, m) = (plural(messages), plural(failed_logins), plural(failed_messages));
        self.note(
            out,
            format_args!(
                " over: {how}; {user}, {messages} message{s}, {octets} octets; \
                 failed: {failed_logins} login{l}, {failed_messages} message{m}"
            ),
        );
    }

    /// PLAIN or LOGIN: the password is hashed as the client of SCRAM would do it. The event comes again
    /// until that is done.
    fn login(&mut self, login: Login<'_>, out: &mut impl fmt::Write) -> Flow {
        let check =
            self.check.get_or_insert_with(|| Check::new(login.username(), login.password()));
        if !check.run() {
            return Flow::Busy;
        }
        let (verdict, mechanism) = (check.verdict(), login.mechanism());
        self.check = None;
        match verdict {
            Some(identity) => login.accept_as(identity),
            None => login.reject(),
        }
        self.logged_in(verdict, mechanism, out);
        Flow::Next
    }

    fn cram_md5(&mut self, login: CramMd5<'_>, out: &mut impl fmt::Write) {
        let user = users::find(|name| name == login.username());
        let keys = user.and_then(|(_, user)| user.cram_md5());
        let right = keys.is_some_and(|keys| login.verify_keys(&keys));
        let verdict = user.filter(|_| right).map(|(number, _)| Identity(number));
        let mechanism = login.mechanism();
        match verdict {
            Some(identity) => login.accept_as(identity),
            None => login.reject(),
        }
        self.logged_in(verdict, mechanism, out);
    }

    fn scram(&mut self, query: ScramQuery<'_>, out: &mut impl fmt::Write) {
        let user = users::find(|name| query.username() == *name);
        let (decides, mechanism) = (query.has_proof(), query.mechanism());
        let keys: Option<(u32, ScramKeys)> =
            user.and_then(|(number, user)| Some((number, user.scram()?)));
        let verdict = match keys {
            Some((number, keys)) => {
                let identity = Identity(number);
                query.identity(identity).keys(&keys).then_some(identity)
            }
            None => {
                query.unknown();
                None
            }
        };
        if decides {
            self.logged_in(verdict, mechanism, out);
        }
    }

    fn logged_in(&mut self, verdict: Option<Identity>, mechanism: &str, out: &mut impl fmt::Write) {
        match verdict.and_then(|Identity(number)| users::name(number)) {
            Some(user) => {
                self.user = Some(user);
                self.note(out, format_args!(": {user} has logged in by {mechanism}"));
            }
            None => {
                self.failed_logins += 1;
                // Not by whom: people type their password where the name belongs.
                self.note(out, format_args!(": a login by {mechanism} has failed"));
            }
        }
    }

    fn message(&mut self, store: &mut S, end: EndOfData<'_>, out: &mut impl fmt::Write) -> Flow {
        let octets = end.size();
        self.intake.on(store, Event::EndOfData(end));
        match self.intake.last().unwrap_or(Err(StoreError::Broken)) {
            Ok(Receipt(number)) => {
                self.messages += 1;
                self.octets += octets;
                self.note(out, format_args!(": message {number}, {octets} octets"));
                Flow::Kept(Id::from_number(number))
            }
            Err(error) => {
                self.failed_messages += 1;
                self.note(out, format_args!(": no message: {error}"));
                Flow::Next
            }
        }
    }

    fn note(&self, out: &mut impl fmt::Write, what: fmt::Arguments<'_>) {
        say(out, self.number, what);
    }
}

/// A line about a session.
fn say(out: &mut impl fmt::Write, number: u32, what: fmt::Arguments<'_>) {
    // Where nothing can be said, nothing can be done about it.
    let _ = write!(out, "session {number}{what}\r\n");
}

const fn plural(n: u32) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// How a session ended, in words.
#[derive(Clone, Copy, Debug)]
pub struct Ending(pub Closed);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Closed::Quit => f.write_str("QUIT"),
            Closed::EndOfFile => f.write_str("the client has hung up"),
            Closed::Ended(why) => write!(f, "{why:?}"),
            other => write!(f, "{other:?}"),
        }
    }
}
