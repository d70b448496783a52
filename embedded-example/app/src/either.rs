//! One of two stores, chosen when the program starts.

use ehlo::address::ForwardPath;
use ehlo_embedded::{Envelope, MessageStore, Receipt, StoreError};
use message_store::Id;

use crate::mailbox::Mailbox;

/// One of two: as a store, or as a draft of one.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of it, and it never moves")]
pub enum Either<A, B> {
    /// The first.
    A(A),
    /// The second.
    B(B),
}

impl<A: MessageStore, B: MessageStore> MessageStore for Either<A, B> {
    type Draft = Either<A::Draft, B::Draft>;

    fn begin(&mut self, envelope: &Envelope<'_>) -> Result<Self::Draft, StoreError> {
        match self {
            Self::A(store) => store.begin(envelope).map(Either::A),
            Self::B(store) => store.begin(envelope).map(Either::B),
        }
    }

    fn recipient(
        &mut self,
        draft: &mut Self::Draft,
        path: ForwardPath<'_>,
    ) -> Result<(), StoreError> {
        match (self, draft) {
            (Self::A(store), Either::A(draft)) => store.recipient(draft, path),
            (Self::B(store), Either::B(draft)) => store.recipient(draft, path),
            // A draft of the store that was there before.
            _ => Err(StoreError::Broken),
        }
    }

    fn write(&mut self, draft: &mut Self::Draft, octets: &[u8]) -> Result<(), StoreError> {
        match (self, draft) {
            (Self::A(store), Either::A(draft)) => store.write(draft, octets),
            (Self::B(store), Either::B(draft)) => store.write(draft, octets),
            _ => Err(StoreError::Broken),
        }
    }

    fn commit(&mut self, draft: Self::Draft) -> Result<Receipt, StoreError> {
        match (self, draft) {
            (Self::A(store), Either::A(draft)) => store.commit(draft),
            (Self::B(store), Either::B(draft)) => store.commit(draft),
            _ => Err(StoreError::Broken),
        }
    }

    fn abort(&mut self, draft: Self::Draft) {
        match (self, draft) {
            (Self::A(store), Either::A(draft)) => store.abort(draft),
            (Self::B(store), Either::B(draft)) => store.abort(draft),
            _ => {}
        }
    }
}

impl<A: Mailbox, B: Mailbox> Mailbox for Either<A, B> {
    fn next(&self, after: Option<Id>) -> Option<Id> {
        match self {
            Self::A(store) => store.next(after),
            Self::B(store) => store.next(after),
        }
    }

    fn read(&mut self, id: Id, offset: usize, to: &mut [u8]) -> Option<usize> {
        match self {
            Self::A(store) => Mailbox::read(store, id, offset, to),
            Self::B(store) => Mailbox::read(store, id, offset, to),
        }
    }
}
