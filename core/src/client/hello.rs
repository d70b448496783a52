//! The beginning of a session: greeting, EHLO, STARTTLS and what follows from it.

use super::error::{Closed, Fault};
use super::machine::{Ending, Hello, Machine};
use super::owed::To;
use super::state::Turn;
use crate::address::Host;
use crate::reply::ReplyCode;
use crate::wire::print::{LineWriter, Sink as _};

impl Machine<'_> {
    pub(super) fn on_greeting(&mut self, code: ReplyCode) {
        match (code, code.class()) {
            (ReplyCode::READY, _) => {
                self.state.turn(Turn::Greeted);
                self.tell(To::Greeting, code, 0);
                self.say_hello();
            }
            (_, 4 | 5) => self.turned_away(To::Greeting, code),
            _ => self.fault(Fault::Unexpected(code)),
        }
    }

    pub(super) fn on_hello(&mut self, code: ReplyCode) {
        match (code, code.class()) {
            (ReplyCode::OK, _) => {
                self.state.turn(Turn::Welcomed);
                self.tell(To::Hello, code, 0);
            }
            // A server that doesn't know EHLO (RFC 5321 section 3.2).
            (
                ReplyCode::SYNTAX_ERROR
                | ReplyCode::ARGUMENT_ERROR
                | ReplyCode::NOT_IMPLEMENTED
                | ReplyCode::PARAMETER_NOT_IMPLEMENTED,
                _,
            ) if self.state.hello == Hello::Extended && !self.config.lmtp => {
                self.state.hello = Hello::Helo;
                self.tell(To::Hello, code, 0);
                self.say_hello();
            }
            (_, 4 | 5) => self.turned_away(To::Hello, code),
            _ => self.fault(Fault::Unexpected(code)),
        }
    }

    pub(super) fn on_starttls(&mut self, code: ReplyCode) {
        let behind = self.state.window.len() > self.state.receiver.length();
        match (code, code.class()) {
            (ReplyCode::READY, _) if behind => self.fault(Fault::PlaintextBehindStartTls),
            (ReplyCode::READY, _) => {
                self.state.turn(Turn::TlsAgreed);
                self.tell(To::StartTls, code, 0);
            }
            (_, 4 | 5) => self.tell(To::StartTls, code, 0),
            _ => self.fault(Fault::Unexpected(code)),
        }
    }

    /// TLS is active: everything learnt before is forgotten (RFC 3207 section 4.2).
    pub(super) fn tls_started(&mut self) {
        self.state.capabilities = super::Capabilities::NONE;
        self.state.hello = Hello::Extended;
        self.state.flags.authenticated = false;
        self.state.turn(Turn::TlsStarted);
        self.say_hello();
    }

    /// The server wants no session: it is told why, and QUIT is said.
    fn turned_away(&mut self, to: To, code: ReplyCode) {
        self.state.flags.ending = Some(Ending::Politely);
        self.state.closed = Closed::Refused(code);
        self.tell(to, code, 0);
    }

    fn say_hello(&mut self) {
        let verb = match (self.config.lmtp, self.state.hello) {
            (true, _) => "LHLO ",
            (false, Hello::Extended) => "EHLO ",
            (false, Hello::Helo) => "HELO ",
        };
        let mut line = LineWriter::new(self.state.outbox.free(self.tx));
        line.text(verb);
        line.text(self.config.name);
        line.text("\r\n");
        // Nobody has offered SMTPUTF8 by now (RFC 6531 section 3.7.1).
        let name = self.config.name;
        let sayable = name.is_ascii() && Host::parse(name).is_ok();
        let written = line.finish().filter(|_| sayable);
        let Some(written) = written else { return self.state.cut_off(Closed::Name) };
        self.state.outbox.appended(written, self.tx);
        self.state.owed.push(To::Hello, 1);
        self.state.renew_deadline();
    }
}
