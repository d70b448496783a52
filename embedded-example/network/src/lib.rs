//! embedded-nal over smoltcp: the sockets of a superloop.
//!
//! [`Stack`] has a fixed number of TCP sockets, whose buffers are the caller's. Those that nobody uses
//! wait for clients on the port that is listened on, all of them: a client that comes while others are
//! being taken finds an open door. [`Stack::poll`] has to be called in every round of the loop; nothing
//! else moves a frame.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod nal;
mod stack;

pub use embedded_nal::nb;
pub use nal::{Error, Socket};
pub use stack::{Address, Stack};
