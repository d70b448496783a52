//! SASL mechanisms (RFC 4422), as values: no callback, no registry, no heap.
//!
//! On the server's side an [`Exchange`](server::Exchange) is told what the client sent and says what
//! to do next: send a challenge, or have the credentials checked. On the client's side an
//! [`Exchange`](client::Exchange) is told the challenge and gives the response. Neither knows base64
//! or SMTP, so that IMAP and POP3 can use them as they are.

mod anonymous;
pub mod client;
#[cfg(feature = "cram-md5")]
mod cram_md5;
#[cfg(feature = "digest-md5")]
mod digest_md5;
mod external;
#[cfg(feature = "gssapi")]
pub mod gssapi;
#[cfg(any(feature = "cram-md5", feature = "digest-md5"))]
mod hexadecimal;
#[cfg(feature = "login")]
mod login;
mod mechanism;
#[cfg(feature = "_nonce")]
mod nonce_seed;
#[cfg(feature = "ntlm")]
mod ntlm;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "plain")]
mod plain;
#[cfg(any(feature = "oauth", feature = "_scram"))]
mod saslname;
#[cfg(feature = "_scram")]
mod scram;
pub mod server;

#[cfg(feature = "cram-md5")]
pub(crate) use cram_md5::{Challenge, challenge, verify_password};
#[cfg(feature = "cram-md5")]
pub use cram_md5::{CramMd5Keys, InvalidKeys};
#[cfg(feature = "digest-md5")]
pub(crate) use digest_md5::{Challenge as DigestMd5Challenge, Nonce as DigestMd5Nonce};
#[cfg(feature = "digest-md5")]
pub use digest_md5::{DigestMd5, DigestMd5Key};
pub use mechanism::Mechanism;
#[cfg(feature = "_nonce")]
pub(crate) use nonce_seed::NonceSeed;
#[cfg(feature = "ntlm")]
pub(crate) use ntlm::ServerChallenge;
#[cfg(feature = "ntlm")]
pub use ntlm::{Negotiate, NtHash, Ntlm, NtlmName};
#[cfg(feature = "oauth")]
pub use oauth::TokenError;
#[cfg(feature = "_scram")]
pub use scram::{
    BindingKind, ChannelBinding, Derivation, InvalidScramKeys, SaslName, Scram, ScramHash,
    ScramKeys, ServerSignature,
};
#[cfg(feature = "_scram")]
pub(crate) use scram::{ITERATIONS_MIN, Nonce};
pub use server::Malformed;
