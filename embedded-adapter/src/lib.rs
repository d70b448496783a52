//! `ehlo` on microcontrollers: the protocol core with the sockets that embedded stacks have.
//!
//! No heap, no `unsafe`, and no memory besides a machine's two buffers, which are the caller's.
//!
//! # A server
//!
//! ```
//! use ehlo::sasl::Mechanism;
//! use ehlo::server::{Config, Connection, Event};
//! use ehlo_embedded::{EmbassyTime, Intake, MessageStore, Session};
//! use embedded_io_async::{Read, Write};
//!
//! static CONFIG: Config =
//!     Config::new("sensor.local").auth(&[Mechanism::Plain]).max_message(32 * 1024);
//!
//! /// Serves one client. `socket` is what your stack has accepted, such as embassy-net's `TcpSocket`.
//! async fn serve<S: MessageStore>(mut socket: impl Read + Write, store: &mut S, seed: [u8; 16]) {
//!     let (mut rx, mut tx) = ([0; 1024], [0; 512]);
//!     let connection = Connection::new(&CONFIG, &mut rx, &mut tx, seed);
//!     let mut session = Session::new(&mut socket, connection).timer(EmbassyTime);
//!     let mut intake = Intake::new();
//!     while let Ok(event) = session.next().await {
//!         match intake.on(store, event) {
//!             None => {}
//!             Some(Event::Login(login)) => {
//!                 if login.username() == "meter" && login.password().matches(b"secret") {
//!                     login.accept();
//!                 } else {
//!                     login.reject();
//!                 }
//!             }
//!             Some(Event::Closed(_)) => break,
//!             Some(other) => other.decline(),
//!         }
//!     }
//!     intake.reset(store);
//! }
//! ```
//!
//! # By task
//!
//! | to … | see |
//! | --- | --- |
//! | drive a connection of either side over an async socket | [`Session`] |
//! | serve one client after the other | [`serve`], [`Accept`], [`EdgeNal`] |
//! | serve several clients from a superloop | [`polled::Endpoint`] |
//! | keep messages | [`MessageStore`], [`Intake`] |
//! | send a message | [`client::Client`], or polled: [`polled::Sender`] |
//! | learn what became of each recipient | [`client::Recipient`] |
//! | write a message chunk by chunk | [`client::Chunks`] |
//! | use TLS | [`tls`] |
//! | keep time | [`Timer`], [`EmbassyTime`] |
//!
//! # Cancel safety
//!
//! Each async method says what becomes of it when it is dropped before it is done. [`Session::next`]
//! loses nothing over a socket that doesn't; the others end their connection.
//!
//! # Panics
//!
//! What is polled has none: `cargo xtask no-panic` links it, for a Cortex-M3, with a panic handler that
//! can't be linked. What is async has the language's own, for an `async fn` that is polled after it was
//! done, which no executor does; so that it can't be proven in the same way, and is held to the same lints.
//! Nothing is allocated: the crate builds with `core` alone (`cargo xtask portable`).
//!
//! # Features
//!
//! | feature | adds | and the dependencies |
//! | --- | --- | --- |
//! | `async` (default) | [`Session`], [`client::Client`], [`serve`], [`tls`] | `embedded-io-async`, `embedded-nal-async` |
//! | `nb` | [`polled`] | `embedded-nal` |
//! | `embassy-time` | [`EmbassyTime`] | `embassy-time` |
//! | `edge-nal` | [`EdgeNal`] | `edge-nal` |
//! | `plain`, `login`, `cram-md5`, `oauth`, `scram`, `scram-sha-1`, `scram-sha-256`, `scram-sha-512`, `digest-md5`, `ntlm` | the mechanisms of [`ehlo`] with that feature; none is on by default | |
//! | `extensions`, `texts`, `application`, `gssapi` | what they add to [`ehlo`]; none is on by default | |
//!
//! # Minimum Rust version
//!
//! 1.88, edition 2024.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::alloc_instead_of_core, clippy::std_instead_of_alloc)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]
#![allow(
    async_fn_in_trait,
    reason = "as the traits of embedded-io-async: the executors have one thread"
)]
#![doc(test(attr(deny(warnings), allow(dead_code))))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(feature = "async")]
mod accept;
#[cfg(any(feature = "async", feature = "nb"))]
pub mod client;
#[cfg(any(feature = "async", feature = "nb"))]
mod clock;
#[cfg(feature = "async")]
mod error;
mod intake;
#[cfg(any(feature = "async", feature = "nb"))]
mod machine;
#[cfg(feature = "nb")]
pub mod polled;
#[cfg(feature = "async")]
mod race;
#[cfg(feature = "async")]
mod session;
mod store;
#[cfg(feature = "async")]
mod timer;
#[cfg(feature = "async")]
pub mod tls;

#[cfg(feature = "edge-nal")]
pub use accept::EdgeNal;
#[cfg(feature = "async")]
pub use accept::{Accept, serve};
#[cfg(feature = "async")]
pub use error::Error;
pub use intake::Intake;
#[cfg(any(feature = "async", feature = "nb"))]
pub use machine::Machine;
#[cfg(feature = "async")]
pub use session::Session;
pub use store::{Envelope, MessageStore, Receipt, StoreError};
#[cfg(feature = "embassy-time")]
pub use timer::EmbassyTime;
#[cfg(feature = "async")]
pub use timer::{NoTimer, Timer};
