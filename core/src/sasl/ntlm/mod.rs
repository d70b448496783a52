//! NTLM (MS-NLMP) in version 2 and nothing older, as MS-SMTP frames it: NEGOTIATE, CHALLENGE,
//! AUTHENTICATE. There is no session security behind it. For servers and clients of an organisation
//! that has nothing better: what it shows can be guessed at offline.

mod hash;
mod name;
mod wire;

pub(super) mod client;
pub(super) mod server;

pub use hash::NtHash;
pub use name::NtlmName;
pub(crate) use server::ServerChallenge;
pub use server::{Negotiate, Ntlm};
