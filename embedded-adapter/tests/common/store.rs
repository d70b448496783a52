//! A store that keeps all, and can be told to fail.

use ehlo::address::ForwardPath;
use ehlo_embedded::{Envelope, MessageStore, Receipt, StoreError};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub from: String,
    pub to: Vec<String>,
    pub octets: Vec<u8>,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub messages: Vec<Message>,
    /// Drafts that are open.
    pub open: usize,
    pub aborted: usize,
    /// Octets there is room for in a message; none is no limit.
    pub room: Option<usize>,
    /// What beginning and committing fail with.
    pub no_begin: Option<StoreError>,
    pub no_commit: Option<StoreError>,
    /// Recipients there is room for; none is no limit.
    pub recipients: Option<usize>,
}

impl MessageStore for Store {
    type Draft = Message;

    fn begin(&mut self, envelope: &Envelope<'_>) -> Result<Message, StoreError> {
        if let Some(why) = self.no_begin {
            return Err(why);
        }
        self.open += 1;
        Ok(Message { from: envelope.reverse_path.as_str().into(), ..Message::default() })
    }

    fn recipient(&mut self, draft: &mut Message, path: ForwardPath<'_>) -> Result<(), StoreError> {
        if self.recipients.is_some_and(|most| draft.to.len() >= most) {
            return Err(StoreError::Full);
        }
        draft.to.push(path.as_str().into());
        Ok(())
    }

    fn write(&mut self, draft: &mut Message, octets: &[u8]) -> Result<(), StoreError> {
        if self.room.is_some_and(|room| draft.octets.len() + octets.len() > room) {
            return Err(StoreError::TooLarge);
        }
        draft.octets.extend_from_slice(octets);
        Ok(())
    }

    fn commit(&mut self, draft: Message) -> Result<Receipt, StoreError> {
        self.open -= 1;
        if let Some(why) = self.no_commit {
            return Err(why);
        }
        self.messages.push(draft);
        Ok(Receipt(self.messages.len() as u32))
    }

    fn abort(&mut self, _: Message) {
        self.open -= 1;
        self.aborted += 1;
    }
}
