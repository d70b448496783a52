//! The program itself, over real sockets: started as a person would start it, spoken to as a client
//! would.

// A test that fails is meant to panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod certificates;
mod client;
mod configuration;
mod faults;
mod historic;
mod issuer;
mod kerberos;
mod log;
mod peers;
mod probe;
mod program;
mod rules;
mod scram;
mod send;
mod start;
#[cfg(unix)]
mod stop;
mod tokens;
mod users;
