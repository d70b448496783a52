//! A message on its way over a connection: what is to be sent, how far it has come, and what became of it.

use ehlo::capability::Extensions;
use ehlo::client::Capabilities;
use ehlo::parameter::{BodyType, MailParameters};
use ehlo::reply::ReplyCode;
use tokio::sync::oneshot;

use super::body::Body;
use super::{Envelope, Error, Message, Receipt, Recipient, Reply};

/// A message that is to be sent, and where to say what became of it.
pub(super) struct Job {
    pub(super) envelope: Envelope,
    pub(super) message: Message,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// What became of a message.
pub(super) type Answer = Result<Receipt, Undelivered>;

/// A message that was not sent.
pub(super) struct Undelivered {
    pub(super) error: Error,
    /// The server has seen nothing of it, and the connection was an old one: over another it may go.
    pub(super) again: Option<Box<(Envelope, Message)>>,
}

impl Job {
    pub(super) fn answer(self, answer: Answer) {
        // Whoever asked may be gone.
        let _ = self.answer.send(answer);
    }
}

/// The message at work.
pub(super) struct Task {
    pub(super) envelope: Envelope,
    pub(super) body: Body,
    pub(super) parameters: Parameters,
    pub(super) answer: oneshot::Sender<Answer>,
    pub(super) begun: bool,
    pub(super) recipients: Vec<Recipient>,
    /// Places of the recipients that were accepted.
    pub(super) accepted: Vec<usize>,
    /// How many of those the server has replied to behind the message (LMTP).
    pub(super) delivered: usize,
    pub(super) outcome: Option<Outcome>,
}

/// What is known of a message before it goes out.
pub(super) struct Parameters {
    size: Option<u64>,
    binary: bool,
    eight_bit: Option<bool>,
}

/// How a message ended.
pub(super) enum Outcome {
    Taken(Reply),
    Error(Error),
}

impl Task {
    pub(super) fn new(job: Job) -> Self {
        let Job { envelope, message, answer } = job;
        let parameters = Parameters {
            size: message.size(),
            binary: message.binary,
            eight_bit: message.has_eight_bit(),
        };
        Self {
            envelope,
            body: Body::new(message.source),
            parameters,
            answer,
            begun: false,
            recipients: Vec::new(),
            accepted: Vec::new(),
            delivered: 0,
            outcome: None,
        }
    }

    /// By LMTP each recipient has a reply of his own: who has none by now did not get the message for all we know
    /// (RFC 2033 section 4.2).
    pub(super) fn give_up_the_rest(&mut self) {
        let Some(last) = self.delivered.checked_sub(1) else { return };
        let reply = |place: &usize| self.recipients.get(*place).map(Recipient::reply).cloned();
        let said = self.accepted.get(last).and_then(reply);
        // A 421 is meant for all of them.
        let said = said.filter(|reply| reply.code() == ReplyCode::NOT_AVAILABLE);
        let said = said.unwrap_or_else(Reply::lost);
        for place in self.accepted.iter().skip(self.delivered) {
            if let Some(recipient) = self.recipients.get_mut(*place) {
                recipient.delivered(said.clone());
            }
        }
    }

    /// It was not sent; `again` says whether another connection may try it.
    pub(super) fn undelivered(self, error: Error, again: bool) {
        let Parameters { size, binary, eight_bit } = self.parameters;
        let again = if again { self.body.untouched(size) } else { None };
        let again =
            again.map(|source| Box::new((self.envelope, Message { source, binary, eight_bit })));
        // Whoever asked may be gone.
        let _ = self.answer.send(Err(Undelivered { error, again }));
    }

    /// The message as it came, for another connection: nothing of it has gone out. `None` when something has.
    pub(super) fn into_job(self) -> Option<Job> {
        let Parameters { size, binary, eight_bit } = self.parameters;
        let source = self.body.untouched(size)?;
        let message = Message { source, binary, eight_bit };
        Some(Job { envelope: self.envelope, message, answer: self.answer })
    }

    /// The parameters of MAIL.
    pub(super) fn parameters(&self, offered: &Capabilities) -> MailParameters<'_> {
        let mut parameters = self.envelope.mail();
        parameters.size = self.parameters.size;
        parameters.body = match (self.parameters.binary, self.parameters.eight_bit) {
            (true, _) => Some(BodyType::BinaryMime),
            (false, Some(true)) => Some(BodyType::EightBitMime),
            (false, Some(false)) => None,
            // Nobody knows before it is read: it may have them where the server takes them.
            (false, None) if offered.has(Extensions::EIGHT_BIT_MIME) => {
                Some(BodyType::EightBitMime)
            }
            (false, None) => None,
        };
        parameters
    }
}
