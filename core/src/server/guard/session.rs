//! Guards of the session: connecting, saying hello, and TLS.

use super::{Answer, guard};
use crate::address::ClientName;
use crate::reply::{Refusal, Reply, ReplyCode};
use crate::server::facts::Hello as HelloKind;
use crate::server::machine::{Aborted, Closed};
use crate::server::state::Turn;

/// A client has connected, or has changed who it speaks for by XCLIENT.
pub struct Connected<'a> {
    pub(in crate::server) answer: Answer<'a>,
}

guard!(Connected);

impl Connected<'_> {
    /// Lets the client send mail without authentication.
    #[must_use]
    pub fn trust(self) -> Self {
        self.answer.state.facts.trusted = true;
        self
    }

    /// Lets the client use XCLIENT and XFORWARD: it is a proxy of one's own.
    #[must_use]
    pub fn allow_xclient(self) -> Self {
        self.answer.state.flags.xclient = true;
        self
    }

    /// Greets the client.
    pub fn accept(mut self) {
        let config = self.answer.config;
        let text = match config.greeting {
            "ESMTP" if config.speaks_lmtp() => "LMTP",
            greeting => greeting,
        };
        self.answer.greet(config.hostname, text);
        self.answer.state.consume_line();
        self.answer.flush();
        self.answer.state.turn(Turn::Welcomed);
    }

    /// Refuses the connection, with 554 or 421 in place of a greeting. Behind 421 it is closed;
    /// behind 554 the client may only say QUIT (RFC 5321 section 3.1).
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        let reply = refusal.reply(ReplyCode::TRANSACTION_FAILED, ReplyCode::NOT_AVAILABLE);
        self.answer.write(&reply);
        if reply.code() == ReplyCode::NOT_AVAILABLE {
            self.answer.state.close(Closed::Refused);
        } else {
            self.answer.state.flags.turned_away = true;
            self.answer.state.consume_line();
            self.answer.flush();
            self.answer.state.turn(Turn::Welcomed);
        }
    }
}

/// EHLO, HELO or LHLO.
pub struct Hello<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) kind: HelloKind,
    pub(in crate::server) name: ClientName<'a>,
}

guard!(Hello);

impl<'a> Hello<'a> {
    /// Which of them.
    #[must_use]
    pub const fn kind(&self) -> HelloKind {
        self.kind
    }

    /// Who the client says it is. With `Policy::strict_hello` it is a domain or an address literal.
    #[must_use]
    pub const fn name(&self) -> ClientName<'a> {
        self.name
    }

    /// Says hello. A mail transaction that was open is over (RFC 5321 section 4.1.4).
    pub fn accept(mut self) {
        let state = &mut *self.answer.state;
        state.end_transaction(Some(Aborted::Reset));
        state.facts.hello = self.kind;
        state.counts.errors = 0;
        if self.kind == HelloKind::Helo {
            let hostname = self.answer.config.hostname;
            self.answer.write(&Reply::new(ReplyCode::OK, None, hostname));
            self.answer.flush();
        } else {
            state.hello_line = Some(0);
        }
        self.answer.state.consume_line();
    }

    /// Refuses what the client says it is, with 550 or 451.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::LOCAL_ERROR);
        self.answer.flush();
    }
}

/// The reply to STARTTLS has been sent: the TLS handshake is next (RFC 3207 section 4).
///
/// No octet can be read or written through the connection until this is answered.
pub struct Upgrade<'a> {
    pub(in crate::server) answer: Answer<'a>,
}

guard!(Upgrade);

impl Upgrade<'_> {
    /// TLS is active. Everything learnt before is forgotten; the client has to say hello again.
    pub fn done(self) {
        let state = self.answer.state;
        let before = state.facts;
        state.facts = crate::server::Facts {
            tls: true,
            lmtp: before.lmtp,
            trusted: before.trusted,
            ..crate::server::Facts::default()
        };
        state.consume_line();
        state.turn(Turn::TlsStarted);
    }

    /// The handshake failed: the connection is over.
    pub fn failed(self) {
        self.answer.state.cut_off(Closed::Tls);
    }
}
