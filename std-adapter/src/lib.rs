//! ehlo on tokio: what a server needs around the protocol of the `ehlo` crate. TLS by rustls ([`tls`]),
//! durable message stores ([`store`]), users and their passwords ([`users`]), limits on connections
//! ([`admission`]) and on guessing ([`throttle`]), the PROXY protocol ([`proxy_protocol`]) and address ranges
//! ([`cidr`]). Nothing here holds a verb of SMTP.

// A test that fails is meant to panic.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod admission;
pub mod cidr;
mod file;
mod pool;
pub mod proxy_protocol;
pub mod server;
mod session;
mod source;
mod stop;
pub mod store;
pub mod throttle;
pub mod tls;
pub mod users;

pub use session::Session;

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
