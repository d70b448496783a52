//! The server's side: a [`Connection`] driven by two calls.
//!
//! A [`Config`] is made once and shared. Each accepted socket gets a [`Connection`] with two buffers
//! of the caller's; [`Connection::poll_io`] and [`Connection::event`] drive it, and the [`guard`]s
//! they give are how it is answered.
//!
//! What an application is asked, in the order of a session:
//!
//! ```text
//! Connected ──▶ Hello ──▶ Upgrade ──▶ Hello ──▶ Login ──┐     STARTTLS and AUTH where they are used
//!                                                       │
//!      ┌────────────────────────────────────────────────┘
//!      ▼
//!    Mail ──▶ Rcpt … ──▶ Data ──▶ Body … ──▶ EndOfData        in LMTP once for each recipient
//!      ▲  └───────┴────────┴────────┴──▶ Aborted    │         RSET, EHLO, a refusal, the end
//!      └──────────────────────────────────┴─────────┘
//! Closed                                                      from anywhere, and then for ever
//! ```
//!
//! A transaction that was accepted by `Mail` ends in an answered [`EndOfData`](Event::EndOfData) or
//! in one [`Aborted`](Event::Aborted), never in both but for this: in LMTP the connection can end
//! between the answers to two recipients, and those that were accepted stay accepted.
//!
//! # Stopping
//!
//! [`Connection::handle_timeout`], [`handle_shutdown`](Connection::handle_shutdown),
//! [`handle_shutdown_now`](Connection::handle_shutdown_now) and
//! [`handle_lost`](Connection::handle_lost) tell the machine what has happened outside. They may be
//! called at any time and more than once; what follows comes by `poll_io` and `event` as always.

mod auth;
mod commands;
mod config;
mod connection;
mod content;
mod event;
mod facts;
pub mod guard;
mod hello;
mod machine;
#[cfg(feature = "extensions")]
mod shown;
mod state;

pub use config::Config;
pub use connection::Connection;
pub use event::Event;
pub use facts::{Facts, Hello, Identity};
pub use machine::{Aborted, Closed};
