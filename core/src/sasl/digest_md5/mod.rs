//! DIGEST-MD5 (RFC 2831), with authentication and nothing beyond it (`qop=auth`). RFC 6331 has made
//! it historic: for servers and clients that have nothing better.

mod directive;
mod key;

pub(super) mod client;
pub(super) mod server;

pub use key::DigestMd5Key;
pub use server::DigestMd5;
pub(crate) use server::{Challenge, Nonce};
