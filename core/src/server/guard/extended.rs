//! Guards of commands outside a transaction that only some servers need: VRFY and EXPN, ETRN, XCLIENT
//! and XFORWARD.

use super::{Answer, guard};
use crate::command::Attributes;
use crate::reply::{DefaultReply, Refusal, Reply, ReplyCode};
use crate::server::facts::Identity;
use crate::server::state::Turn;

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
