//! The server's side.

use core::fmt;

use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq;

use super::hash::NtHash;
use super::utf16::{self, Utf16};
use super::wire::{SERVER_FLAGS, SIGNATURE, UNICODE, check, field, u32_at, write_field};
use crate::sasl::server::Malformed;
use crate::wire::copy;
use crate::wire::print::LineWriter;

/// Octets of the fixed part of CHALLENGE and of AUTHENTICATE, without what is optional there.
const CHALLENGE_HEADER: usize = 48;
const AUTHENTICATE_HEADER: usize = 64;

/// Octets of a proof, and of the least that is behind it.
const PROOF: usize = 16;
const TEMP_MIN: usize = 28;

/// Whether this is a NEGOTIATE message of a client that speaks Unicode.
pub(crate) fn is_negotiate(message: &[u8]) -> bool {
    let unicode = |flags: u32| flags & UNICODE != 0;
    check(message, 1).is_ok() && u32_at(message, 12).is_ok_and(unicode)
}

/// The server's challenge: eight octets never used before.
#[derive(Clone, Copy)]
pub(crate) struct ServerChallenge([u8; 8]);

impl ServerChallenge {
    /// The challenge number `count` of a connection with this seed.
    pub(crate) fn new(seed: &[u8; 16], count: u32) -> Self {
        let mut md5 = Md5::new();
        md5.update(seed);
        md5.update(b"NTLM");
        md5.update(count.to_be_bytes());
        let random: [u8; 16] = md5.finalize().into();
        let mut challenge = [0; 8];
        copy(&mut challenge, &random);
        Self(challenge)
    }

    /// CHALLENGE (MS-NLMP section 2.2.1.2): the target, and its name as information about it.
    pub(crate) fn write(&self, hostname: &str, out: &mut LineWriter<'_>) {
        let name = utf16::length(hostname);
        // A domain's and a computer's name, each with its kind and length, and the end.
        let information = name.saturating_add(4).saturating_mul(2).saturating_add(4);
        let mut offset = CHALLENGE_HEADER;
        out.octets(SIGNATURE);
        out.octets(&2_u32.to_le_bytes());
        write_field(out, name, &mut offset);
        out.octets(&SERVER_FLAGS.to_le_bytes());
        out.octets(&self.0);
        out.octets(&[0; 8]);
        write_field(out, information, &mut offset);
        utf16::write(hostname, out);
        for kind in [2_u16, 1] {
            out.octets(&kind.to_le_bytes());
            out.octets(&u16::try_from(name).unwrap_or(u16::MAX).to_le_bytes());
            utf16::write(hostname, out);
        }
        out.octets(&[0; 4]);
    }
}

/// An AUTHENTICATE message, to be checked.
#[derive(Clone, Copy)]
pub struct Ntlm<'a> {
    username: Utf16<'a>,
    domain: Utf16<'a>,
    response: &'a [u8],
}

impl<'a> Ntlm<'a> {
    /// AUTHENTICATE (MS-NLMP section 2.2.1.3). A response of version 1 is refused, and so is nobody
    /// in particular.
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        check(message, 3)?;
        if u32_at(message, 60)? & UNICODE == 0 {
            return Err(Malformed);
        }
        let part = |at| field(message, at, AUTHENTICATE_HEADER);
        let response = part(20)?;
        let username = Utf16::read(part(36)?)?;
        if username.is_empty() || response.len() < PROOF + TEMP_MIN {
            return Err(Malformed);
        }
        Ok(Self { username, domain: Utf16::read(part(28)?)?, response })
    }

    /// Whose hash is needed.
    #[must_use]
    pub const fn username(&self) -> Utf16<'a> {
        self.username
    }

    /// The domain the user says to belong to; may be empty.
    #[must_use]
    pub const fn domain(&self) -> Utf16<'a> {
        self.domain
    }

    /// Whether the client knows the password with this hash; in constant time.
    pub(crate) fn verify(&self, hash: &NtHash, challenge: &ServerChallenge) -> bool {
        let Some((proof, temp)) = self.response.split_at_checked(PROOF) else { return false };
        let key = hash.response_key(self.username.chars(), self.domain.chars());
        key.prove(&[&challenge.0, temp]).as_slice().ct_eq(proof).into()
    }
}

impl fmt::Debug for Ntlm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ntlm").field("username", &self.username).finish_non_exhaustive()
    }
}
