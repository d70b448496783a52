//! OAuth tokens over sockets: an issuer that is asked, an issuer whose keys are fetched, and logins with both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod introspection;
mod issuer;
mod jwt;
mod login;
mod sign;
