//! The client against our own server, and against one that follows a script, over real sockets.

// A test that fails is meant to panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod endings;
mod messages;
mod outcomes;
mod pool;
mod script;
mod server;
