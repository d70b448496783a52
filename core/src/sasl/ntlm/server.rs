//! The server's side.

use core::fmt;

use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq;

use super::hash::NtHash;
use super::name::{self, Charset, NtlmName};
use super::wire::{OEM, SERVER_FLAGS, SIGNATURE, UNICODE, check, field, u32_at, write_field};
use crate::sasl::server::Malformed;
use crate::wire::copy;
use crate::wire::print::{LineWriter, Sink as _};

/// Octets of the fixed part of CHALLENGE and of AUTHENTICATE, without what is optional there.
const CHALLENGE_HEADER: usize = 48;
const AUTHENTICATE_HEADER: usize = 64;

/// Octets of a proof, and of the least that is behind it.
const PROOF: usize = 16;
const TEMP_MIN: usize = 28;

/// A NEGOTIATE message, which asks for a challenge.
#[derive(Clone, Copy, Debug)]
pub struct Negotiate {
    charset: Charset,
}

impl Negotiate {
    /// NEGOTIATE (MS-NLMP section 2.2.1.1). A client that speaks Unicode and something else gets
    /// Unicode (section 3.2.5.1.1).
    pub(crate) fn read(message: &[u8]) -> Result<Self, Malformed> {
        check(message, 1)?;
        Ok(Self { charset: charset(u32_at(message, 12)?)? })
    }
}

fn charset(flags: u32) -> Result<Charset, Malformed> {
    match (flags & UNICODE, flags & OEM) {
        (0, 0) => Err(Malformed),
        (0, _) => Ok(Charset::Oem),
        _ => Ok(Charset::Unicode),
    }
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
    pub(crate) fn write(&self, hostname: &str, to: Negotiate, out: &mut LineWriter<'_>) {
        let (target, flags) = match to.charset {
            Charset::Unicode => (name::utf16_length(hostname), SERVER_FLAGS),
            Charset::Oem => (hostname.len(), SERVER_FLAGS & !UNICODE | OEM),
        };
        let length = name::utf16_length(hostname);
        // A domain's and a computer's name, each with its kind and length, and the end.
        let information = length.saturating_add(4).saturating_mul(2).saturating_add(4);
        let mut offset = CHALLENGE_HEADER;
        out.octets(SIGNATURE);
        out.octets(&2_u32.to_le_bytes());
        write_field(out, target, &mut offset);
        out.octets(&flags.to_le_bytes());
        out.octets(&self.0);
        out.octets(&[0; 8]);
        write_field(out, information, &mut offset);
        match to.charset {
            Charset::Unicode => name::write_utf16(hostname, out),
            Charset::Oem => out.text(hostname),
        }
        for kind in [2_u16, 1] {
            out.octets(&kind.to_le_bytes());
            out.octets(&u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
            name::write_utf16(hostname, out);
        }
        out.octets(&[0; 4]);
    }
}

/// An AUTHENTICATE message, to be checked.
#[derive(Clone, Copy)]
pub struct Ntlm<'a> {
    username: NtlmName<'a>,
    domain: NtlmName<'a>,
    response: &'a [u8],
}

impl<'a> Ntlm<'a> {
    /// AUTHENTICATE (MS-NLMP section 2.2.1.3). A response of version 1 is refused, and so is nobody
    /// in particular.
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        check(message, 3)?;
        // Jakarta Mail says nothing of it here, and has asked for Unicode.
        let charset = charset(u32_at(message, 60)?).unwrap_or(Charset::Unicode);
        let part = |at| field(message, at, AUTHENTICATE_HEADER);
        let response = part(20)?;
        let username = NtlmName::read(part(36)?, charset)?;
        if username.is_empty() || response.len() < PROOF + TEMP_MIN {
            return Err(Malformed);
        }
        Ok(Self { username, domain: NtlmName::read(part(28)?, charset)?, response })
    }

    /// Whose hash is needed.
    #[must_use]
    pub const fn username(&self) -> NtlmName<'a> {
        self.username
    }

    /// The domain the user says to belong to; may be empty.
    #[must_use]
    pub const fn domain(&self) -> NtlmName<'a> {
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

#[cfg(test)]
mod tests {
    extern crate alloc;

    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// What curl sends: no Unicode.
    const NEGOTIATE: &[u8] = b"NTLMSSP\0\x01\0\0\0\x06\x82\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    fn challenge(negotiate: &[u8]) -> Vec<u8> {
        let mut buffer = [0; 200];
        let mut out = LineWriter::new(&mut buffer);
        ServerChallenge::new(&[7; 16], 1).write(
            "mx",
            Negotiate::read(negotiate).unwrap(),
            &mut out,
        );
        let length = out.finish().unwrap();
        buffer[..length].to_vec()
    }

    #[test]
    fn who_speaks_no_unicode_is_not_spoken_to_in_it() {
        let oem = challenge(NEGOTIATE);
        assert_eq!(
            (&oem[12..20], &oem[20..24]),
            (&b"\x02\0\x02\0\x30\0\0\0"[..], &b"\x06\x82\x8a\0"[..])
        );
        assert_eq!(&oem[48..], b"mx\x02\0\x04\0m\0x\0\x01\0\x04\0m\0x\0\0\0\0\0");
        assert_eq!(&oem[40..48], b"\x14\0\x14\0\x32\0\0\0");
        let mut both = NEGOTIATE.to_vec();
        both[12] |= 1;
        let unicode = challenge(&both);
        assert_eq!(
            (&unicode[12..20], &unicode[20..24]),
            (&b"\x04\0\x04\0\x30\0\0\0"[..], &b"\x05\x82\x8a\0"[..])
        );
        let mut none = NEGOTIATE.to_vec();
        none[12] &= !3;
        assert!(Negotiate::read(&none).is_err());
    }

    /// AUTHENTICATE with these flags, a name, and a response of this length.
    fn authenticate(flags: u8, name: &[u8], length: u16) -> Vec<u8> {
        let field = |length: u16, at: u16| {
            [length.to_le_bytes(), length.to_le_bytes(), at.to_le_bytes(), [0; 2]].concat()
        };
        let name_length = u16::try_from(name.len()).unwrap();
        [
            b"NTLMSSP\0\x03\0\0\0".to_vec(),
            field(0, 0),
            field(length, 64 + name_length),
            field(0, 0),
            field(name_length, 64),
            field(0, 0),
            field(0, 0),
            vec![flags, 0x82, 0x8a, 0],
            name.to_vec(),
            vec![1; usize::from(length)],
        ]
        .concat()
    }

    #[test]
    fn a_name_is_read_as_the_flags_have_it() {
        for (flags, name, read) in [
            (1, &b"t\0i\0m\0"[..], Some("tim")),
            (3, b"t\0\xe4\0", Some("t\u{e4}")),
            (2, b"tim", Some("tim")),
            // Of a code page only ASCII is known.
            (2, b"t\xe4", None),
            (2, b"t\0i\0m\0", None),
            (1, b"tim", None),
            (1, b"\x3d\xd8", None),
            (0, b"t\0i\0m\0", Some("tim")),
            (1, b"", None),
        ] {
            let message = authenticate(flags, name, 60);
            let found = Ntlm::read(&message).ok();
            assert_eq!(
                found.map(|ntlm| ntlm.username().chars().collect::<String>()).as_deref(),
                read,
                "{flags} {name:?}"
            );
            // What a response of version 2 has at least.
            assert!(Ntlm::read(&authenticate(flags, name, 24)).is_err());
        }
    }
}
