//! Connections that are polled from a superloop, over `embedded-nal`: nothing here ever waits.

mod drive;
mod endpoint;

pub use endpoint::{Endpoint, Peer};
