//! Guards of the mail data: its octets and its end.

use super::{Answer, guard};
use crate::reply::{DefaultReply, Refusal, ReplyCode};
use crate::server::state::Turn;
use crate::wire::content::Position;

/// Octets of the message: transparency is undone, line ends are as they came.
pub struct Body<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) octets: &'a [u8],
    /// Where these octets stand for others: how many of those, and they can't be taken in part.
    pub(in crate::server) inserted: Option<usize>,
}

guard!(Body);

impl<'a> Body<'a> {
    /// The octets; at least one.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// All of them were taken.
    pub fn done(self) {
        let n = self.octets.len();
        self.consume(n);
    }

    /// The first `n` were taken; the rest is offered again. With none, nothing is read from the
    /// client meanwhile.
    pub fn consume(self, n: usize) {
        let state = self.answer.state;
        match self.inserted {
            Some(_) if n < self.octets.len() => {}
            Some(unread) => state.consume_content(n, unread, Position::Inside),
            None => {
                let taken = self.octets.get(..n).unwrap_or(self.octets);
                let position = state.transaction.position.after(taken);
                state.consume_content(taken.len(), taken.len(), position);
            }
        }
    }

    /// Refuses the message, with 554 or 451, as soon as the mail data has ended: the rest is
    /// dropped. With 421 the connection is closed at once.
    ///
    /// In LMTP the text is [`DefaultReply::MessageRefused`] or [`DefaultReply::MessageDeferred`],
    /// once for each recipient.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse_content(refusal);
    }
}

/// The message is complete. In LMTP this is offered once for each recipient (RFC 2033 section 4.2).
pub struct EndOfData<'a> {
    pub(in crate::server) answer: Answer<'a>,
}

guard!(EndOfData);

impl EndOfData<'_> {
    /// Octets of the message, transparency undone.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.answer.state.transaction.received
    }

    /// In LMTP, which of the accepted recipients this is about, from zero in the order of their
    /// RCPT commands.
    #[must_use]
    pub fn recipient(&self) -> Option<u16> {
        self.answer.config.speaks_lmtp().then_some(self.answer.state.transaction.answered)
    }

    /// Takes the responsibility for the message: call it when the message is durable.
    pub fn accept(mut self) {
        self.answer.accept(DefaultReply::MessageOk, None);
        self.answered();
    }

    /// As [`accept`](Self::accept), with a text such as the name it is queued by.
    pub fn accept_with(mut self, text: &str) {
        self.answer.accept(DefaultReply::MessageOk, Some(text));
        self.answered();
    }

    /// Refuses the message, with 554 or 451.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        let reply = refusal.reply(ReplyCode::TRANSACTION_FAILED, ReplyCode::LOCAL_ERROR);
        self.answer.write(&reply);
        self.answer.state.consume_line();
        self.answered();
        self.answer.close_after(&reply);
    }

    fn answered(&mut self) {
        let lmtp = self.answer.config.speaks_lmtp();
        let state = &mut *self.answer.state;
        state.transaction.answered = state.transaction.answered.saturating_add(1);
        if !lmtp || state.transaction.answered >= state.transaction.recipients {
            state.end_transaction(None);
            state.turn(Turn::Answered);
        }
    }
}
