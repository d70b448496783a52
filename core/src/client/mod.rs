//! The client's side of SMTP (RFC 5321), message submission (RFC 6409) and LMTP (RFC 2033).
//!
//! [`Connection`] says what it is told to say, checked, and reads the replies. [`Submission`](submission::Submission) is the
//! whole journey on top of it, for those who just want to send.

mod auth;
mod capabilities;
mod config;
mod connection;
mod error;
mod event;
pub mod guard;
mod hello;
mod machine;
mod owed;
mod receive;
mod state;
pub mod submission;
mod transaction;

pub use capabilities::{Capabilities, Mechanisms};
pub use config::{Config, Newlines, Timeouts};
pub use connection::Connection;
pub use error::{Closed, Fault, InvalidContent, NotSent};
pub use event::Event;
pub use owed::To;
