//! Replies within a mail transaction (RFC 5321 section 3.3), and the message itself.

use super::error::{Fault, InvalidContent};
use super::machine::{CONTENT_RESERVE, Machine};
use super::owed::To;
use super::state::Turn;
use crate::client::Newlines;
use crate::reply::ReplyCode;
use crate::wire::content::{self, Bare, Position, Rules};
use crate::wire::copy;
use crate::wire::stuffing::{Allowed, Stuffing};

/// A mail transaction (RFC 5321 section 3.3).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transaction {
    /// MAIL was written, and not refused so far.
    pub(super) sent: bool,
    /// MAIL was accepted.
    pub(super) open: bool,
    pub(super) smtputf8: bool,
    pub(super) eight_bit: bool,
    pub(super) binary: bool,
    /// RCPT was written so many times.
    pub(super) recipients: u16,
    /// RCPT was answered so many times, and accepted so many times.
    pub(super) answered: u16,
    pub(super) accepted: u16,
    /// The message was replied to so many times (LMTP).
    pub(super) delivered: u16,
    pub(super) stuffing: Stuffing,
    /// A chunk was written; and one was refused.
    pub(super) chunked: bool,
    pub(super) chunk_refused: bool,
    /// It was said to be the last one.
    pub(super) last: bool,
    /// What stood last in the chunks so far.
    pub(super) position: Position,
    /// What is written of the message.
    pub(super) content: Content,
}

/// How mail data is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// Behind DATA, until the dot.
    #[default]
    Dots,
    #[cfg_attr(not(feature = "extensions"), allow(dead_code, reason = "only extensions need it"))]
    /// A chunk of BDAT with so many octets to come.
    Chunk(u64),
}

impl Machine<'_> {
    pub(super) fn on_transaction(&mut self, to: To, code: ReplyCode) {
        let class = code.class();
        let positive = class == 2;
        let expected = match to {
            To::Data => code == ReplyCode::START_MAIL_INPUT || class > 3,
            // The server can't have what was not sent.
            To::Message if self.state.flags.incomplete => class > 3,
            _ => class != 3,
        };
        if !expected {
            return self.fault(Fault::Unexpected(code));
        }
        let transaction = &mut self.state.transaction;
        let mut index = 0;
        match to {
            To::Mail => {
                transaction.open = positive;
                transaction.sent = positive;
                transaction.answered = 0;
                transaction.accepted = 0;
            }
            To::Rcpt => {
                index = transaction.answered;
                transaction.answered = transaction.answered.saturating_add(1);
                let accepted = u16::from(positive && transaction.open);
                transaction.accepted = transaction.accepted.saturating_add(accepted);
            }
            To::Data if positive || class == 3 => return self.on_start_mail_input(code),
            To::Reset => {
                transaction.open = false;
                // The reply to a MAIL in the same group came before; one behind it is still to come.
                transaction.sent = false;
                transaction.accepted = 0;
                transaction.answered = 0;
            }
            To::Chunk => transaction.chunk_refused |= !positive,
            To::Message if core::mem::take(&mut self.state.flags.lone_dot) => {
                *transaction = Transaction::default();
                return self.state.consume_reply();
            }
            // The last chunk had left before it was known that there is nobody to deliver it to.
            To::Message if positive && transaction.accepted == 0 => {
                *transaction = Transaction::default();
                return self.state.consume_reply();
            }
            To::Message => {
                index = transaction.delivered;
                transaction.delivered = transaction.delivered.saturating_add(1);
                if !self.config.lmtp || transaction.delivered >= transaction.accepted {
                    *transaction = Transaction::default();
                }
            }
            _ => {}
        }
        self.tell(to, code, index);
    }

    fn on_start_mail_input(&mut self, code: ReplyCode) {
        let transaction = &mut self.state.transaction;
        transaction.content = Content::Dots;
        transaction.stuffing = Stuffing::default();
        let recipients = transaction.accepted > 0;
        if self.state.window.len() > self.state.receiver.length() {
            // Nothing was sent that could be replied to; this would count as the message's.
            return self.fault(Fault::Unsolicited);
        }
        self.tell(To::Data, code, 0);
        if recipients {
            self.state.turn(Turn::MailInput);
        } else if self.config.lmtp {
            // There would be no reply at all (RFC 2033 section 4.2).
            self.fault(Fault::Unexpected(code));
        } else {
            // There is nobody to send to: the empty message ends at once (RFC 2920 section 3.1).
            self.state.flags.lone_dot = true;
            self.append(b".\r\n");
            self.state.owed.push(To::Message, 1);
        }
    }

    /// Takes as much of `octets` as there is room for; returns how many.
    pub(super) fn write_content(&mut self, octets: &[u8]) -> Result<usize, InvalidContent> {
        let allowed = self.allowed();
        let free = self.state.outbox.free(self.tx);
        let room = free.len().saturating_sub(CONTENT_RESERVE);
        let free = free.get_mut(..room).unwrap_or(&mut []);
        let transaction = &mut self.state.transaction;
        let (taken, written) = match &mut transaction.content {
            Content::Dots => {
                let done = transaction.stuffing.write(octets, free, allowed);
                let done = done.map_err(InvalidContent::from)?;
                (done.taken, done.written)
            }
            Content::Chunk(rest) => {
                let most = usize::try_from(*rest).unwrap_or(usize::MAX);
                if octets.len() > most {
                    return Err(InvalidContent::Size);
                }
                let n = octets.len().min(free.len());
                let part = octets.get(..n).unwrap_or(&[]);
                if !transaction.binary {
                    transaction.position = check(transaction.position, part, allowed)?;
                }
                copy(free, part);
                *rest = rest.saturating_sub(n as u64);
                (n, n)
            }
        };
        self.state.outbox.appended(written, self.tx);
        // A stuffed dot may need more room than there is left.
        if taken < octets.len() || self.state.outbox.room(self.tx) <= CONTENT_RESERVE {
            self.state.flags.flush = true;
        }
        Ok(taken)
    }

    /// The message is whole.
    pub(super) fn end_content(&mut self) -> Result<(), InvalidContent> {
        let transaction = &self.state.transaction;
        match transaction.content {
            Content::Dots => {
                let end = transaction.stuffing.end(self.allowed())?;
                let count = if self.config.lmtp { transaction.accepted } else { 1 };
                self.append(end);
                self.state.owed.push(To::Message, count);
            }
            Content::Chunk(0) if transaction.last && transaction.position == Position::AfterCr => {
                return Err(InvalidContent::BareNewline);
            }
            Content::Chunk(0) => {}
            Content::Chunk(_) => return Err(InvalidContent::Size),
        }
        self.state.turn(Turn::ContentOver);
        self.state.renew_deadline();
        Ok(())
    }

    fn allowed(&self) -> Allowed {
        Allowed {
            convert: self.config.newlines == Newlines::Convert,
            eight_bit: self.state.transaction.eight_bit,
        }
    }
}

/// Sees that octets of a chunk are text in lines; returns the position behind them.
fn check(position: Position, octets: &[u8], allowed: Allowed) -> Result<Position, InvalidContent> {
    let rules =
        Rules { dots: false, bare: Bare::Fault, no_nul: true, no_eight_bit: !allowed.eight_bit };
    match content::scan(position, octets, rules) {
        content::Piece::Octets(n) if n == octets.len() => Ok(position.after(octets)),
        content::Piece::More => Ok(position),
        content::Piece::Octets(n) => {
            let (clean, rest) = octets.split_at_checked(n).unwrap_or((octets, &[]));
            check_fault(content::scan(position.after(clean), rest, rules))
        }
        piece => check_fault(piece),
    }
}

fn check_fault(piece: content::Piece) -> Result<Position, InvalidContent> {
    match piece {
        content::Piece::Fault(fault) => Err(fault.into()),
        _ => Err(InvalidContent::BareNewline),
    }
}

impl From<content::Fault> for InvalidContent {
    fn from(fault: content::Fault) -> Self {
        match fault {
            content::Fault::BareNewline => Self::BareNewline,
            content::Fault::Nul => Self::Nul,
            content::Fault::EightBit => Self::EightBit,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::address::{ForwardPath, ReversePath};
    use crate::client::{Config, Connection, Event};
    use crate::io::Io;
    use crate::parameter::{MailParameters, RcptParameters};

    #[test]
    fn a_message_goes_on_however_much_room_is_left_at_a_dot() {
        static CONFIG: Config<'static> = Config::new("a.example", "b.example");
        let message = b".\r\n".repeat(100);
        for room in 64..100 {
            let (mut rx, mut tx) = ([0; 128], [0; 128]);
            let mut connection: Connection<'_, &mut [u8]> =
                Connection::new(&CONFIG, &mut rx, &mut tx[..room]);
            let replies = ["220 a", "250-b\r\n250 PIPELINING", "250 c\r\n250 d\r\n354 e", "250 f"];
            let mut replies = replies.into_iter();
            let (mut taken, mut over) = (0, false);
            for step in 0.. {
                assert!(step < 1000, "it does not go on with room for {room}");
                match connection.poll_io() {
                    Some(Io::Write(write)) => {
                        let n = write.bytes().len();
                        write.sent(n);
                        continue;
                    }
                    Some(Io::Read(mut read)) => {
                        let Some(reply) = replies.next() else { break };
                        let reply = [reply.as_bytes(), b"\r\n"].concat();
                        read.space()[..reply.len()].copy_from_slice(&reply);
                        read.filled(reply.len());
                        continue;
                    }
                    _ => {}
                }
                match connection.event() {
                    Some(Event::Ready(mut ready)) if !over => {
                        let path = ForwardPath::parse("<b@b.example>").unwrap();
                        ready.mail(ReversePath::Null, &MailParameters::default()).unwrap();
                        ready.rcpt(path, &RcptParameters::default()).unwrap();
                        ready.data().unwrap();
                    }
                    Some(Event::Content(content)) if taken == message.len() => {
                        over = true;
                        content.finish().unwrap();
                    }
                    Some(Event::Content(mut content)) => {
                        taken += content.write(&message[taken..]).unwrap();
                    }
                    Some(Event::Reply(reply)) => reply.done(),
                    _ => break,
                }
            }
            assert!(over, "with room for {room}");
        }
    }
}
