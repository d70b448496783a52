//! Guards of the session: connecting, saying hello, TLS, and commands outside a transaction.

use super::{Answer, guard};
use crate::address::ClientName;
use crate::command::Attributes;
use crate::reply::{DefaultReply, Refusal, Reply, ReplyCode};
use crate::server::facts::{Hello as HelloKind, Identity};
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
        let text = match (config.greeting, config.lmtp) {
            ("ESMTP", true) => "LMTP",
            (greeting, _) => greeting,
        };
        let mut line = heapless::String::<{ 255 + 1 + 200 }>::new();
        // A name or text that is too long for a line is left out.
        let _ = line.push_str(config.hostname);
        if line.len() + 1 + text.len() <= line.capacity() {
            let _ = line.push(' ');
            let _ = line.push_str(text);
        }
        self.answer.write(&Reply::new(ReplyCode::READY, None, &line));
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

/// VRFY (RFC 5321 section 3.5).
pub struct Verify<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) text: &'a str,
}

guard!(Verify);

impl<'a> Verify<'a> {
    /// The user or mailbox to be verified.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// It exists: 250 with its mailbox, such as `Fred Smith <fred@example.org>`.
    pub fn accept(mut self, mailbox: &str) {
        self.answer.accept(DefaultReply::Ok, Some(mailbox));
        self.answer.flush();
    }

    /// 252: says neither yes nor no.
    pub fn decline(mut self) {
        self.answer.accept(DefaultReply::CannotVerify, None);
        self.answer.flush();
    }

    /// It does not exist, with 550; or not now, with 450.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::MAILBOX_BUSY);
        self.answer.flush();
    }
}

/// EXPN (RFC 5321 section 3.5).
pub struct Expand<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) text: &'a str,
}

guard!(Expand);

impl<'a> Expand<'a> {
    /// The mailing list to be expanded.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Its members, a line each; what doesn't fit the send buffer is left out.
    pub fn accept(mut self, members: &[&str]) {
        let usual = self.answer.config.reply(DefaultReply::Ok);
        self.answer.write(&Reply::lines(usual.code(), usual.enhanced(), members));
        self.answer.state.counts.errors = 0;
        self.answer.state.consume_line();
        self.answer.flush();
    }

    /// 502: not available.
    pub fn decline(mut self) {
        self.answer.accept(DefaultReply::NotOffered, None);
        self.answer.flush();
    }

    /// There is no such list, with 550; or not now, with 450.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::MAILBOX_BUSY);
        self.answer.flush();
    }
}

/// ETRN (RFC 1985).
pub struct Etrn<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) text: &'a str,
}

guard!(Etrn);

impl<'a> Etrn<'a> {
    /// The node whose queue is to be started.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// 250: the queue was started.
    pub fn accept(mut self) {
        self.answer.accept(DefaultReply::Ok, Some("queuing for the node started"));
    }

    /// Refuses, with 550 or 458.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::UNABLE_TO_QUEUE);
    }
}

/// XCLIENT from a trusted peer (Postfix's XCLIENT_README): who the client really is.
pub struct Xclient<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) attributes: Attributes<'a>,
}

guard!(Xclient);

impl<'a> Xclient<'a> {
    /// What the peer says of the client: ADDR, NAME, PORT, PROTO, HELO, LOGIN, …
    #[must_use]
    pub const fn attributes(&self) -> Attributes<'a> {
        self.attributes
    }

    /// Takes it: the session begins anew with a `Connected` event and a greeting. Where it named
    /// another address, XCLIENT and XFORWARD have to be allowed again.
    pub fn accept(self) {
        self.renew(false, None);
    }

    /// Takes it, and the user named by LOGIN as authenticated.
    pub fn accept_login(self, identity: Option<Identity>) {
        self.renew(true, identity);
    }

    /// Refuses, with 550 or 451.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::LOCAL_ERROR);
    }

    fn renew(self, authenticated: bool, identity: Option<Identity>) {
        let state = self.answer.state;
        // A proxy may pass on what its client says from here on: whether the client it named is
        // trusted with XCLIENT is for the next `Connected` to say.
        state.flags.xclient &= self.attributes.find("ADDR").is_none();
        state.facts = crate::server::Facts {
            tls: state.facts.tls,
            lmtp: state.facts.lmtp,
            authenticated,
            identity,
            ..crate::server::Facts::default()
        };
        state.consume_line();
        state.turn(Turn::Renewed);
    }
}

/// XFORWARD from a trusted peer (Postfix's XFORWARD_README): where the message came from, for logs.
pub struct Xforward<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) attributes: Attributes<'a>,
}

guard!(Xforward);

impl<'a> Xforward<'a> {
    /// What the peer says of the message's origin.
    #[must_use]
    pub const fn attributes(&self) -> Attributes<'a> {
        self.attributes
    }

    /// Takes it.
    pub fn accept(mut self) {
        self.answer.accept(DefaultReply::Ok, None);
    }

    /// Refuses, with 550 or 451.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::LOCAL_ERROR);
    }
}
