use super::{Discard, DiscardWriter, Envelope, Maildir, MaildirWriter, Store, StoreError, Writer};

/// A store chosen while the program runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyStore {
    /// A Maildir.
    Maildir(Maildir),
    /// Nowhere.
    Discard(Discard),
}

/// The writer of an [`AnyStore`].
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyWriter {
    /// Into a Maildir.
    Maildir(MaildirWriter),
    /// To nowhere.
    Discard(DiscardWriter),
}

impl Store for AnyStore {
    type Writer = AnyWriter;

    async fn begin(&self, envelope: &Envelope) -> Result<AnyWriter, StoreError> {
        match self {
            Self::Maildir(store) => store.begin(envelope).await.map(AnyWriter::Maildir),
            Self::Discard(store) => store.begin(envelope).await.map(AnyWriter::Discard),
        }
    }
}

impl Writer for AnyWriter {
    async fn write(&mut self, octets: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Maildir(writer) => writer.write(octets).await,
            Self::Discard(writer) => writer.write(octets).await,
        }
    }

    async fn commit(self) -> Result<String, StoreError> {
        match self {
            Self::Maildir(writer) => writer.commit().await,
            Self::Discard(writer) => writer.commit().await,
        }
    }

    async fn abort(self) {
        match self {
            Self::Maildir(writer) => writer.abort().await,
            Self::Discard(writer) => writer.abort().await,
        }
    }
}
