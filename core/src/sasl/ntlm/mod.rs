//! NTLM (MS-NLMP) in version 2 and nothing older, as MS-SMTP frames it: NEGOTIATE, CHALLENGE,
//! AUTHENTICATE. There is no session security behind it. For servers and clients of an organisation
//! that has nothing better: what it shows can be guessed at offline.

mod hash;
mod utf16;
mod wire;

pub(super) mod client;
pub(super) mod server;

pub use hash::NtHash;
pub use server::Ntlm;
pub(crate) use server::{ServerChallenge, is_negotiate};
pub use utf16::Utf16;
