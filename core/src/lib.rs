//! A sans-I/O SMTP protocol core: octets in, events out; answers in, octets out.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::alloc_instead_of_core, clippy::std_instead_of_alloc)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]
#![doc(test(attr(deny(warnings))))]

pub mod address;
pub mod capability;
pub mod command;
pub mod error;
pub mod io;
pub mod limits;
pub mod parameter;
pub mod policy;
pub mod reply;
pub mod sasl;
mod secret;
pub mod server;
mod wire;

pub use secret::Secret;
