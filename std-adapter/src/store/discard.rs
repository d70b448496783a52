use super::{Envelope, Store, StoreError, Writer};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// Counts messages and forgets them. A clone counts together with its original.
#[derive(Clone, Debug, Default)]
pub struct Discard {
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    messages: AtomicU64,
    octets: AtomicU64,
}

impl Discard {
    /// A store with nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Messages committed.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.counters.messages.load(Ordering::Relaxed)
    }

    /// Octets of the messages committed, without trace fields.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.counters.octets.load(Ordering::Relaxed)
    }
}

impl Store for Discard {
    type Writer = DiscardWriter;

    async fn begin(&self, _: &Envelope) -> Result<DiscardWriter, StoreError> {
        Ok(DiscardWriter { counters: Arc::clone(&self.counters), octets: 0 })
    }
}

/// Counts one message.
#[derive(Debug)]
pub struct DiscardWriter {
    counters: Arc<Counters>,
    octets: u64,
}

impl Writer for DiscardWriter {
    async fn write(&mut self, octets: &[u8]) -> Result<(), StoreError> {
        self.octets += octets.len() as u64;
        Ok(())
    }

    /// The name is the number of the message, from 1.
    async fn commit(self) -> Result<String, StoreError> {
        self.counters.octets.fetch_add(self.octets, Ordering::Relaxed);
        let before = self.counters.messages.fetch_add(1, Ordering::Relaxed);
        Ok((before + 1).to_string())
    }

    async fn abort(self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_is_committed_counts() {
        let store = Discard::new();
        let envelope = Envelope::new("", ["a@b"]);
        let mut first = store.begin(&envelope).await.unwrap();
        first.write(b"12345").await.unwrap();
        assert_eq!(first.commit().await.unwrap(), "1");
        let mut second = store.begin(&envelope).await.unwrap();
        second.write(b"678").await.unwrap();
        second.abort().await;
        assert_eq!((store.messages(), store.octets()), (1, 5));
    }
}
