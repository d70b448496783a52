//! Where messages go: a [`Store`] takes a message octet by octet and keeps it safe before the client hears
//! that it was accepted.
//!
//! A message is never held whole in memory: a [`Writer`] buffers at most one block and passes it on. What was
//! written shows in the store only after [`Writer::commit`]; a writer that is dropped or aborted leaves
//! nothing behind.
//!
//! ```
//! use ehlo_std::store::{Discard, Envelope, Store, StoreError, Writer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store = Discard::new();
//! let envelope = Envelope::new("a@example.com", ["b@example.org"]);
//! let mut writer = store.begin(&envelope).await?;
//! writer.write(b"Subject: hello\r\n\r\nHello.\r\n").await?;
//! writer.commit().await?;
//! assert_eq!(store.messages(), 1);
//! # Ok(())
//! # }
//! ```

mod any;
mod discard;
mod envelope;
mod error;
mod line_ends;
mod maildir;
mod trace;

pub use any::{AnyStore, AnyWriter};
pub use discard::{Discard, DiscardWriter};
pub use envelope::Envelope;
pub use error::StoreError;
pub use line_ends::LineEnds;
pub use maildir::{Maildir, MaildirWriter};
pub use trace::{TlsClause, Trace};

use core::future::Future;

/// A place for messages. One store serves all connections at once.
pub trait Store: Send + Sync {
    /// Takes the octets of one message.
    type Writer: Writer;

    /// Starts a message. The store adds the trace fields of the envelope in front of it.
    ///
    /// # Errors
    /// When the store can take nothing now.
    fn begin(
        &self,
        envelope: &Envelope,
    ) -> impl Future<Output = Result<Self::Writer, StoreError>> + Send;
}

/// One message on its way into a [`Store`]. Dropped before [`commit`](Writer::commit), it leaves nothing
/// behind.
pub trait Writer: Send {
    /// Adds octets of the message, in pieces of any size, with transparency removed (RFC 5321 section 4.5.2).
    ///
    /// Not cancel-safe: after a future that was dropped, every call on this writer is an error.
    ///
    /// # Errors
    /// When the octets can't be stored; the message is lost then, and so is every later call.
    fn write(&mut self, octets: &[u8]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes the message durable and returns the store's name for it. The client may be told that the message
    /// is accepted only after this.
    ///
    /// A future that is dropped before it is done may or may not have committed.
    ///
    /// # Errors
    /// When the message can't be made durable; nothing of it is left behind.
    fn commit(self) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Gives the message up and waits until nothing of it is left.
    fn abort(self) -> impl Future<Output = ()> + Send;
}
