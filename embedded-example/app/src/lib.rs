//! What an endpoint does with its clients, whatever board and network they come by: who may log in
//! ([`users`]), which messages are kept ([`mailbox`]), and what the serial port says about it ([`desk`]).
//!
//! Nothing here knows a board, and all of it is tested on the host.
#![no_std]
#![forbid(unsafe_code)]

pub mod arguments;
mod check;
pub mod config;
pub mod desk;
mod either;
pub mod mailbox;
pub mod sensor;
pub mod users;

pub use desk::{Desk, Ending, Flow};
pub use either::Either;
pub use mailbox::{Mailbox, list, show};
