//! Guards of the mail transaction: MAIL, RCPT, DATA.

use super::{Answer, guard};
use crate::address::{ForwardPath, ReversePath};
use crate::parameter::{MailParameters, RcptParameters};
use crate::reply::{DefaultReply, Refusal, ReplyCode};
use crate::server::machine::{Aborted, Transaction};
use crate::server::state::Turn;
use crate::wire::content::Position;

/// MAIL: a mail transaction begins.
pub struct Mail<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) path: ReversePath<'a>,
    pub(in crate::server) parameters: MailParameters<'a>,
}

guard!(Mail);

impl<'a> Mail<'a> {
    /// The reverse-path.
    #[must_use]
    pub const fn reverse_path(&self) -> ReversePath<'a> {
        self.path
    }

    /// The parameters.
    #[must_use]
    pub const fn parameters(&self) -> &MailParameters<'a> {
        &self.parameters
    }

    /// Opens the transaction.
    pub fn accept(mut self) {
        let state = &mut *self.answer.state;
        state.transaction =
            Transaction { open: true, body: self.parameters.body, ..Transaction::default() };
        state.facts.smtputf8 = self.parameters.smtputf8;
        state.counts.transactions = state.counts.transactions.saturating_add(1);
        self.answer.accept(DefaultReply::SenderOk, None);
    }

    /// Refuses the sender, with 550 or 451.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::LOCAL_ERROR);
    }
}

/// RCPT: one more recipient.
pub struct Rcpt<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) path: ForwardPath<'a>,
    pub(in crate::server) parameters: RcptParameters<'a>,
}

guard!(Rcpt);

impl<'a> Rcpt<'a> {
    /// The forward-path.
    #[must_use]
    pub const fn forward_path(&self) -> ForwardPath<'a> {
        self.path
    }

    /// The parameters.
    #[must_use]
    pub const fn parameters(&self) -> &RcptParameters<'a> {
        &self.parameters
    }

    /// Takes the recipient.
    pub fn accept(mut self) {
        let recipients = &mut self.answer.state.transaction.recipients;
        *recipients = recipients.saturating_add(1);
        self.answer.accept(DefaultReply::RecipientOk, None);
    }

    /// Refuses the recipient, with 550 or 450.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.state.transaction.refused = true;
        self.answer.refuse(refusal, ReplyCode::MAILBOX_UNAVAILABLE, ReplyCode::MAILBOX_BUSY);
    }
}

/// DATA, or the first BDAT: the mail data is next.
pub struct Data<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) chunk: bool,
}

guard!(Data);

impl Data<'_> {
    /// Whether it is BDAT: the mail data comes in chunks (RFC 3030).
    #[must_use]
    pub const fn is_chunked(&self) -> bool {
        self.chunk
    }

    /// Lets the mail data come, as `Body` events and one `EndOfData`.
    pub fn accept(mut self) {
        self.answer.state.transaction.data = true;
        if self.chunk {
            self.answer.state.counts.errors = 0;
            self.answer.state.consume_line();
            self.answer.state.turn(Turn::ChunkBegins);
        } else {
            self.answer.state.transaction.position = Position::LineStart;
            self.answer.accept(DefaultReply::StartMailInput, None);
            self.answer.state.flags.flush = true;
            self.answer.state.turn(Turn::MailInput);
        }
    }

    /// Refuses, with 554 or 451. The transaction is over; the octets of a chunk are dropped before
    /// the reply leaves, which in LMTP has a default text.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        if self.chunk {
            self.answer.state.consume_line();
            self.answer.state.turn(Turn::ChunkBegins);
            self.answer.refuse_content(refusal);
        } else {
            self.answer.state.end_transaction(Some(Aborted::Declined));
            let (permanent, transient) = (ReplyCode::TRANSACTION_FAILED, ReplyCode::LOCAL_ERROR);
            self.answer.refuse(refusal, permanent, transient);
            self.answer.flush();
        }
    }
}
