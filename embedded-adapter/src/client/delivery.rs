//! One message over one connection: the answers to what its journey asks.

use ehlo::client::guard::{Content, Reply as ReplyGuard};
use ehlo::client::submission::Event;
use ehlo::client::{Closed, NotSent, To};
use ehlo::reply::ReplyCode;

use super::envelope::{Envelope, Fate, Recipient, Reply};
use super::error::NotDelivered;

/// Iterations of a derivation that are done in one go: a few milliseconds on a small device.
#[cfg(feature = "_scram")]
const SLICE: u32 = 16;

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Delivery<'a, 'r> {
    envelope: Envelope<'a, 'r>,
    begun: bool,
    outcome: Option<Result<Reply, NotDelivered>>,
    /// What the server said last to what is not about the message.
    said: Option<Reply>,
    /// How many replies to the message there were, and the first of them if that was a refusal.
    replies: usize,
    first: Option<Reply>,
    /// There will be no more of them.
    concluded: bool,
}

/// What is to be done about an event.
#[derive(Debug)]
pub(crate) enum Step<'e> {
    /// Nothing more.
    On,
    /// It was computed for a while: others may want to go on.
    #[cfg_attr(not(feature = "_scram"), allow(dead_code, reason = "SCRAM's alone"))]
    Slice,
    /// A TLS handshake.
    Upgrade,
    /// The message is to be written.
    Content(Content<'e>),
    /// All is said but the server's goodbye.
    Goodbye,
    /// The connection is over.
    Over,
}

impl<'a, 'r> Delivery<'a, 'r> {
    pub(crate) fn new(envelope: Envelope<'a, 'r>) -> Self {
        for recipient in envelope.recipients.iter_mut() {
            (recipient.fate, recipient.accepted) = (Fate::Unknown, false);
        }
        Self {
            envelope,
            begun: false,
            outcome: None,
            said: None,
            replies: 0,
            first: None,
            concluded: false,
        }
    }

    /// What became of it, when it is over.
    pub(crate) fn result(mut self) -> Result<Reply, NotDelivered> {
        if !self.concluded && self.replies > 0 {
            // Of LMTP's replies to the message some are missing.
            let replies = self.replies;
            self.accepted().skip(replies).for_each(|recipient| recipient.fate = Fate::Unknown);
        }
        match self.outcome {
            // DATA is refused when no recipient is left: they say more.
            Some(Err(NotDelivered::Message(_))) if self.is_refused_to_all() => {
                Err(NotDelivered::Recipients)
            }
            Some(outcome) => outcome,
            None => Err(NotDelivered::Closed(Closed::EndOfFile)),
        }
    }

    fn is_refused_to_all(&self) -> bool {
        let mut recipients = self.envelope.recipients.iter();
        recipients.all(|recipient| matches!(recipient.fate, Fate::Refused(_)))
    }

    /// It ends here, unless the server has said what becomes of the message.
    pub(crate) fn fail(&mut self, why: NotDelivered) {
        self.outcome.get_or_insert(Err(why));
    }

    /// Answers an event, or says what is to be done about it.
    pub(crate) fn on<'e>(&mut self, event: Event<'e>) -> Step<'e> {
        match event {
            Event::Reply(reply) => {
                self.on_reply(&reply);
                reply.done();
            }
            Event::Upgrade(_) => return Step::Upgrade,
            #[cfg(feature = "_scram")]
            Event::Derive(mut derive) => {
                derive.run(SLICE);
                return Step::Slice;
            }
            Event::Next(next) if self.begun => {
                self.concluded = true;
                if self.is_refused_to_all() {
                    self.fail(NotDelivered::Recipients);
                }
                next.quit();
                return Step::Goodbye;
            }
            Event::Next(next) => {
                self.begun = true;
                let Envelope { reverse_path, parameters, .. } = &self.envelope;
                if let Err(why) = next.begin(*reverse_path, parameters) {
                    self.fail(NotDelivered::NotSent(why));
                }
            }
            Event::Recipient(recipient) if self.outcome.is_some() => recipient.cancel(),
            Event::Recipient(recipient) => {
                match self.envelope.recipients.get(usize::from(recipient.index())) {
                    None => recipient.no_more(),
                    Some(next) => match recipient.add(next.path, &Default::default()) {
                        Ok(()) | Err(NotSent::Later) => {}
                        Err(why) => self.fail(NotDelivered::NotSent(why)),
                    },
                }
            }
            Event::Content(content) if self.outcome.is_some() => content.abort(),
            Event::Content(content) => return Step::Content(content),
            Event::Failed(failed) => {
                let refused = self.said.filter(|reply| !reply.code.is_positive());
                self.fail(NotDelivered::Failed(failed.reason(), refused));
                failed.done();
                return Step::Goodbye;
            }
            Event::Closed(closed) => {
                self.fail(match (closed, self.said) {
                    (Closed::Refused(_), Some(reply)) => NotDelivered::Session(reply),
                    _ => NotDelivered::Closed(closed),
                });
                return Step::Over;
            }
            other => other.give_up(),
        }
        Step::On
    }

    /// Writes as much of the message as there is room for: none of it means that it is whole. Gives
    /// how much that was.
    pub(crate) fn write(&mut self, mut content: Content<'_>, octets: &[u8]) -> usize {
        let written = if octets.is_empty() {
            // Where it can't be ended, it is given up when it is asked for again.
            content.finish().map(|()| 0)
        } else {
            content.write(octets)
        };
        written.unwrap_or_else(|why| {
            self.fail(NotDelivered::Content(why));
            0
        })
    }

    fn on_reply(&mut self, guard: &ReplyGuard<'_>) {
        let (reply, positive) = (Reply::of(guard.received()), guard.is_positive());
        if reply.code == ReplyCode::NOT_AVAILABLE && guard.to() != To::Message {
            // It is about the session, whatever it was the reply to.
            self.said = Some(reply);
            return;
        }
        match guard.to() {
            To::Mail if !positive => self.fail(NotDelivered::Sender(reply)),
            To::Rcpt => self.decide(usize::from(guard.index()), reply, positive),
            To::Data if !positive => self.fail(NotDelivered::Message(reply)),
            To::Message => self.on_message(guard, reply, positive),
            To::Mail | To::Data | To::Reset => {}
            _ => self.said = Some(reply),
        }
    }

    /// The server has said what becomes of the message: in LMTP once for each recipient that was
    /// accepted (RFC 2033 section 4.2).
    fn on_message(&mut self, guard: &ReplyGuard<'_>, reply: Reply, positive: bool) {
        let verdict = if positive { Ok(reply) } else { Err(NotDelivered::Message(reply)) };
        match self.outcome {
            // One recipient is enough.
            Some(Err(NotDelivered::Message(_))) if positive => self.outcome = Some(verdict),
            Some(_) => {}
            None => self.outcome = Some(verdict),
        }
        let index = usize::from(guard.index());
        self.replies = index.saturating_add(1);
        match index {
            // It may be about all of them.
            0 => self.first = verdict.err().map(|_| reply),
            _ => {
                if let Some(first) = self.first.take() {
                    self.refuse(0, first);
                }
                if !positive {
                    self.refuse(index, reply);
                }
            }
        }
    }

    /// The message is refused to one of the recipients that were accepted.
    fn refuse(&mut self, index: usize, reply: Reply) {
        if let Some(recipient) = self.accepted().nth(index) {
            recipient.fate = Fate::Refused(reply);
        }
    }

    /// The recipients that were accepted.
    fn accepted(&mut self) -> impl Iterator<Item = &mut Recipient<'a>> {
        self.envelope.recipients.iter_mut().filter(|recipient| recipient.accepted)
    }

    /// What the server says to a recipient.
    fn decide(&mut self, index: usize, reply: Reply, positive: bool) {
        if let Some(recipient) = self.envelope.recipients.get_mut(index) {
            recipient.accepted = positive;
            recipient.fate = if positive { Fate::Accepted } else { Fate::Refused(reply) };
        }
    }
}
