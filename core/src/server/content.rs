//! Mail data: behind DATA (RFC 5321 section 4.1.1.4), and in chunks behind BDAT (RFC 3030).

use super::facts::Hello;
use super::machine::{Aborted, Machine, Pending, Step};
use super::state::Turn;
use crate::EXTENSIONS;
use crate::capability::Extensions as E;
use crate::command::Verb;
use crate::parameter::BodyType;
use crate::policy::BareNewline;
use crate::reply::DefaultReply as R;
use crate::wire::content::{Bare, Fault, Newline, Piece, Position, Rules, scan};

/// Whether mail data is read only to find its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Discard {
    #[default]
    No,
    /// This is replied when it has ended.
    Reply(R),
    /// The reply is in the send buffer, held until it has ended.
    Held,
}

impl Machine<'_> {
    /// Reads on in the mail data behind DATA.
    pub(super) fn content(&mut self) -> Step {
        let unread = self.state.window.unread(self.rx);
        let rules = Rules { dots: true, ..self.rules() };
        match scan(self.state.transaction.position, unread, rules) {
            Piece::End => {
                self.state.window.consume(3);
                self.state.renew_deadline();
                self.content_ended();
                Step::Moved
            }
            piece => self.on_piece(piece),
        }
    }

    /// Reads on in a chunk behind BDAT.
    pub(super) fn chunk(&mut self) -> Step {
        let transaction = &self.state.transaction;
        if transaction.chunk == 0 {
            let ends_in_cr = transaction.last && transaction.position == Position::AfterCr;
            match self.rules().bare {
                Bare::Fault if ends_in_cr => self.discard(R::BareNewlineInData),
                Bare::MakeCrlf if ends_in_cr => return self.on_piece(Piece::Insert(Newline::Lf)),
                _ => self.chunk_ended(),
            }
            return Step::Moved;
        }
        let unread = self.state.window.unread(self.rx);
        let here = usize::try_from(transaction.chunk).unwrap_or(usize::MAX).min(unread.len());
        let chunk = unread.get(..here).unwrap_or(unread);
        let piece = scan(transaction.position, chunk, self.rules());
        self.on_piece(piece)
    }

    fn on_piece(&mut self, piece: Piece) -> Step {
        let discarding = self.state.transaction.discard != Discard::No;
        match piece {
            Piece::More => return Step::NeedsInput,
            Piece::Octets(n) if discarding => self.skip(n),
            // Up to the limit it is passed on, so that every split gives the same octets.
            Piece::Octets(n) => match self.room().min(n) {
                0 => self.discard(R::MessageTooBig),
                n => self.state.pending = Pending::Body(n),
            },
            Piece::Insert(newline) if self.room() < newline.octets().len() => {
                self.discard(R::MessageTooBig);
            }
            Piece::Insert(newline) => self.state.pending = Pending::Inserted(newline),
            Piece::Stuffing => {
                self.state.window.consume(1);
                self.state.transaction.position = Position::Inside;
            }
            // The end of a chunk is a matter of counting.
            Piece::End => self.skip(0),
            Piece::Fault(Fault::BareNewline) => self.discard(R::BareNewlineInData),
            Piece::Fault(Fault::Nul) => self.discard(R::NulInData),
            Piece::Fault(Fault::EightBit) => self.discard(R::EightBitInData),
        }
        Step::Moved
    }

    /// What the mail data is checked for. What is dropped is checked for nothing but its end.
    fn rules(&self) -> Rules {
        let transaction = &self.state.transaction;
        let binary = EXTENSIONS && transaction.body == Some(BodyType::BinaryMime);
        if binary || transaction.discard != Discard::No {
            return Rules { bare: Bare::Keep, ..Rules::default() };
        }
        let policy = &self.config.policy;
        let eight_bit =
            self.config.offers(E::EIGHT_BIT_MIME) && self.state.facts.hello == Hello::Ehlo;
        Rules {
            dots: false,
            bare: match policy.bare_newline {
                BareNewline::Refuse => Bare::Fault,
                BareNewline::Accept => Bare::Keep,
                BareNewline::Convert => Bare::MakeCrlf,
            },
            no_nul: policy.refuse_nul,
            no_eight_bit: !eight_bit,
        }
    }

    /// Octets that may come before the message is too big.
    fn room(&self) -> usize {
        match self.config.limits.message {
            0 => usize::MAX,
            limit => usize::try_from(limit.saturating_sub(self.state.transaction.received))
                .unwrap_or(usize::MAX),
        }
    }

    /// Passes over `n` octets of mail data that is being dropped.
    fn skip(&mut self, n: usize) {
        let unread = self.state.window.unread(self.rx).get(..n).unwrap_or(&[]);
        let position = self.state.transaction.position.after(unread);
        self.state.consume_content(n, n, position);
    }

    /// The mail data is refused: the rest is dropped, and this is said when it has ended.
    fn discard(&mut self, reply: R) {
        self.note(reply);
        self.state.discard(Discard::Reply(reply), Aborted::Refused(reply));
    }

    /// The end of the mail data behind DATA.
    fn content_ended(&mut self) {
        match self.state.transaction.discard {
            Discard::No => self.state.turn(Turn::DataEnds),
            Discard::Held => self.answered(),
            Discard::Reply(reply) => {
                self.owe(reply);
                self.answered();
            }
        }
    }

    /// The end of a chunk.
    fn chunk_ended(&mut self) {
        self.state.renew_deadline();
        let (last, discard) = (self.state.transaction.last, self.state.transaction.discard);
        match discard {
            Discard::No if last => self.state.turn(Turn::DataEnds),
            Discard::No => {
                self.write(&self.config.reply(R::ChunkOk));
                self.state.turn(Turn::ChunkEnds);
            }
            // A refused chunk ends the transaction (RFC 3030 section 2).
            Discard::Held => self.chunk_refused(),
            Discard::Reply(reply) => {
                self.owe(reply);
                self.chunk_refused();
            }
        }
    }

    fn chunk_refused(&mut self) {
        self.state.flags.held = false;
        self.state.end_transaction(None);
        self.state.turn(Turn::ChunkEnds);
    }

    fn answered(&mut self) {
        self.state.flags.held = false;
        self.state.end_transaction(None);
        self.state.turn(Turn::Answered);
    }

    /// A reply to the mail data: LMTP has one for each recipient (RFC 2033 section 4.2).
    fn owe(&mut self, reply: R) {
        let transaction = &self.state.transaction;
        let whole = transaction.last || self.state.phase() == super::state::Phase::Content;
        let count = if self.config.speaks_lmtp() && whole { transaction.recipients } else { 1 };
        self.state.owed = Some((reply, count.max(1)));
    }

    /// `BDAT` (RFC 3030 section 2). Whatever is wrong, its octets are taken as a chunk and never
    /// as commands.
    pub(super) fn on_bdat(&mut self, size: u64, last: bool) {
        if !self.config.offers(E::CHUNKING) {
            return self.refuse_chunk(R::NotOffered, size, last);
        }
        if self.state.is_one_too_many(self.config, Verb::Bdat) {
            self.state.consume_line();
            return self.end(R::TooManyUnauthenticated);
        }
        if let Some(reply) = self.out_of_order(Verb::Bdat) {
            return self.refuse_chunk(reply, size, last);
        }
        let transaction = &mut self.state.transaction;
        transaction.chunk = size;
        transaction.last = last;
        if transaction.data {
            self.state.consume_line();
            self.state.turn(Turn::ChunkBegins);
        } else {
            self.state.pending = Pending::Data;
        }
    }

    /// Drops a chunk; the transaction it may have been part of is over.
    pub(super) fn refuse_chunk(&mut self, reply: R, size: u64, last: bool) {
        self.state.counts.errors = self.state.counts.errors.saturating_add(1);
        let limit = self.config.limits.errors;
        self.state.consume_line();
        if limit > 0 && self.state.counts.errors >= limit {
            return self.end(R::TooManyErrors);
        }
        self.state.end_transaction(Some(Aborted::Refused(reply)));
        self.state.transaction.chunk = size;
        self.state.transaction.last = last;
        self.state.turn(Turn::ChunkBegins);
        self.note(reply);
        self.state.discard(Discard::Reply(reply), Aborted::Refused(reply));
    }
}

impl super::machine::State {
    /// `n` octets of mail data are done with, of which `unread` lay in the window.
    pub(super) fn consume_content(&mut self, n: usize, unread: usize, position: Position) {
        /// Octets of mail data that have to come within one deadline.
        const STRETCH: usize = 4096;
        let transaction = &mut self.transaction;
        transaction.position = position;
        transaction.received = transaction.received.saturating_add(n as u64);
        transaction.chunk = transaction.chunk.saturating_sub(unread as u64);
        self.window.consume(unread);
        self.pending = Pending::None;
        let data = usize::from(self.counts.data).saturating_add(n);
        if data >= STRETCH {
            self.renew_deadline();
        } else {
            self.counts.data = u16::try_from(data).unwrap_or(0);
        }
    }

    /// From here on mail data is dropped; the application hears that it was in vain.
    pub(super) fn discard(&mut self, how: Discard, why: Aborted) {
        if self.transaction.open {
            self.aborted = Some(why);
        }
        self.transaction.discard = how;
        self.flags.held = how == Discard::Held;
        self.pending = Pending::None;
    }
}
