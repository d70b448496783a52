//! SCRAM (RFC 5802; RFC 7677 for SHA-256): neither side shows the password, and each proves that it
//! knows it.

mod binding;
mod derive;
mod hash;
mod keys;
mod message;
mod name;
mod nonce;
#[cfg(all(test, feature = "scram-sha-1", feature = "scram-sha-256"))]
mod tests;

pub(super) mod client;
pub(super) mod server;

pub use binding::{BindingKind, ChannelBinding};
pub use derive::Derivation;
pub use hash::ScramHash;
pub(crate) use keys::ITERATIONS_MIN;
pub use keys::{InvalidScramKeys, ScramKeys};
pub use name::SaslName;
pub(crate) use nonce::{Nonce, NonceSeed};
pub use server::{Scram, ServerSignature};
