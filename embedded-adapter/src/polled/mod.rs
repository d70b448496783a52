//! Connections that are polled from a superloop, over `embedded-nal`: nothing here ever waits.

mod drive;
mod endpoint;
mod sender;

pub use endpoint::{Endpoint, Peer};
pub use sender::{Sender, Unsent};
