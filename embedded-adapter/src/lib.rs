//! `ehlo` on microcontrollers: the protocol core with the sockets that embedded stacks have.
//!
//! No heap, no `unsafe`, and no octet of memory besides a machine's two buffers, which are the caller's.
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
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::alloc_instead_of_core, clippy::std_instead_of_alloc)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]
#![allow(
    async_fn_in_trait,
    reason = "as the traits of embedded-io-async: the executors have one thread"
)]
#![doc(test(attr(deny(warnings), allow(dead_code))))]

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
