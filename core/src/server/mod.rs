//! The server's side: a [`Connection`] driven by two calls.

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
mod state;

pub use config::Config;
pub use connection::Connection;
pub use event::Event;
pub use facts::{Facts, Hello, Identity};
pub use machine::{Aborted, Closed};
