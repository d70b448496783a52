//! Messages that are sent: over a connection that is awaited, or polled.
//!
//! [`Client`] is the one that is awaited, [`polled::Sender`](crate::polled::Sender) the one that is
//! polled. Both take an [`Envelope`], whose recipients say in the end what became of each.

use core::time::Duration;

mod delivery;
mod envelope;
mod error;
#[cfg(feature = "async")]
mod send;
mod source;

#[cfg(feature = "nb")]
pub(crate) use delivery::{Delivery, Step};
pub use envelope::{Envelope, Fate, Recipient, Reply};
pub use error::{NotDelivered, SendError};
#[cfg(feature = "async")]
pub use send::{Cleartext, Client};
pub use source::{Chunks, Source};

/// How long a connection may take to come about, with a timer.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
