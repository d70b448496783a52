//! A session's events, brought to a store.

use core::fmt;

use ehlo::reply::Refusal;
use ehlo::server::Event;
use ehlo::server::guard::{Body, EndOfData, Mail, Rcpt};

use crate::store::{Envelope, MessageStore, Receipt, StoreError};

/// What one session writes to a store: it answers the events of a message, and hands back the others.
///
/// ```
/// use ehlo::server::{Config, Connection, Event};
/// use ehlo_embedded::{EmbassyTime, Intake, MessageStore, Session};
/// use embedded_io_async::{Read, Write};
///
/// static CONFIG: Config = Config::new("sensor.local").max_message(32 * 1024);
///
/// async fn serve(socket: impl Read + Write, store: &mut impl MessageStore, seed: [u8; 16]) {
///     let (mut rx, mut tx) = ([0; 1024], [0; 512]);
///     let connection = Connection::new(&CONFIG, &mut rx[..], &mut tx[..], seed);
///     let mut session = Session::new(socket, connection).timer(EmbassyTime);
///     let mut intake = Intake::new();
///     while let Ok(event) = session.next().await {
///         match intake.on(store, event) {
///             None => {}
///             Some(Event::Closed(_)) => break,
///             Some(other) => other.decline(),
///         }
///     }
///     intake.reset(store);
/// }
/// ```
///
/// Whoever has a say in senders and recipients looks at [`Event::Mail`] and [`Event::Rcpt`] first, and
/// brings here those that are to be accepted.
pub struct Intake<S: MessageStore> {
    draft: Option<S::Draft>,
    last: Option<Result<Receipt, StoreError>>,
}

impl<S: MessageStore> Intake<S> {
    /// An intake without a message.
    #[must_use]
    pub const fn new() -> Self {
        Self { draft: None, last: None }
    }

    /// Answers an event if it is about a message, and gives back any other.
    ///
    /// A message is accepted when [`commit`](MessageStore::commit) has returned, and not before.
    pub fn on<'a>(&mut self, store: &mut S, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Mail(mail) => self.begin(store, mail),
            Event::Rcpt(rcpt) => self.recipient(store, rcpt),
            Event::Data(data) => data.accept(),
            Event::Body(body) => self.write(store, body),
            Event::EndOfData(end) => self.commit(store, end),
            Event::Aborted(aborted) => {
                self.reset(store);
                aborted.done();
            }
            other => return Some(other),
        }
        None
    }

    /// What became of the last message that was whole, or could not be written to its end.
    #[must_use]
    pub const fn last(&self) -> Option<Result<Receipt, StoreError>> {
        self.last
    }

    /// Lets the draft go, if there is one: for a session that is given up before it is closed.
    pub fn reset(&mut self, store: &mut S) {
        if let Some(draft) = self.draft.take() {
            store.abort(draft);
        }
    }

    fn begin(&mut self, store: &mut S, mail: Mail<'_>) {
        self.reset(store);
        let envelope = Envelope {
            reverse_path: mail.reverse_path(),
            parameters: mail.parameters(),
            facts: mail.facts(),
        };
        match store.begin(&envelope) {
            Ok(draft) => {
                self.draft = Some(draft);
                mail.accept();
            }
            Err(why) => mail.refuse(&refusal(why)),
        }
    }

    fn recipient(&mut self, store: &mut S, rcpt: Rcpt<'_>) {
        let added = match &mut self.draft {
            Some(draft) => store.recipient(draft, rcpt.forward_path()),
            None => Err(StoreError::Broken),
        };
        match added {
            Ok(()) => rcpt.accept(),
            Err(why) => rcpt.refuse(&refusal(why)),
        }
    }

    fn write(&mut self, store: &mut S, body: Body<'_>) {
        let written = match &mut self.draft {
            Some(draft) => store.write(draft, body.bytes()),
            None => Err(StoreError::Broken),
        };
        match written {
            Ok(()) => body.done(),
            Err(why) => {
                self.reset(store);
                self.last = Some(Err(why));
                body.refuse(&refusal(why));
            }
        }
    }

    fn commit(&mut self, store: &mut S, end: EndOfData<'_>) {
        // In LMTP there is one answer for each recipient, and all get the same.
        let result = match (self.draft.take(), self.last) {
            (Some(draft), _) => store.commit(draft),
            (None, Some(last)) if end.recipient().is_some_and(|index| index > 0) => last,
            (None, _) => Err(StoreError::Broken),
        };
        self.last = Some(result);
        match result {
            Ok(receipt) => end.accept_with(Text::of(receipt).as_str()),
            Err(why) => end.refuse(&refusal(why)),
        }
    }
}

impl<S: MessageStore> Default for Intake<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: MessageStore> fmt::Debug for Intake<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("open", &self.draft.is_some())
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

/// What the client is told.
fn refusal(why: StoreError) -> Refusal<'static> {
    match why {
        StoreError::Full => Refusal::transient("4.3.1 no room for the message now"),
        StoreError::TooLarge => Refusal::permanent("5.3.4 the message is too large"),
        StoreError::Broken => Refusal::transient("4.3.0 the store does not work"),
    }
}

/// A receipt in words.
struct Text {
    octets: [u8; LEAD.len() + DIGITS],
    length: usize,
}

const LEAD: &[u8] = b"stored as ";
/// Digits of the largest `u32`.
const DIGITS: usize = 10;

impl Text {
    fn of(Receipt(number): Receipt) -> Self {
        let mut text = Self { octets: [0; LEAD.len() + DIGITS], length: 0 };
        LEAD.iter().for_each(|octet| text.push(*octet));
        let mut power = 1_000_000_000;
        while power > number && power > 1 {
            power /= 10;
        }
        while power > 0 {
            // The remainder is a digit.
            text.push(b'0' + (number / power % 10) as u8);
            power /= 10;
        }
        text
    }

    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.length) {
            *place = octet;
            self.length = self.length.saturating_add(1);
        }
    }

    fn as_str(&self) -> &str {
        let octets = self.octets.get(..self.length).unwrap_or(&[]);
        core::str::from_utf8(octets).unwrap_or("stored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_a_number_without_leading_zeros() {
        for (number, text) in [
            (0, "stored as 0"),
            (7, "stored as 7"),
            (10, "stored as 10"),
            (1_000_000_000, "stored as 1000000000"),
            (u32::MAX, "stored as 4294967295"),
        ] {
            assert_eq!(Text::of(Receipt(number)).as_str(), text);
        }
    }
}
