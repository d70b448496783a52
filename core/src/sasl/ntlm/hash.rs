//! The hashes of NTLM version 2 (MS-NLMP section 3.3.2).

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest as _, Md4};
use md5::Md5;
use zeroize::Zeroize;

use super::name::encode;

/// The MD4 hash of a password in UTF-16: what a server stores. It is as good as the password to
/// whoever wants to log in by NTLM.
#[derive(Clone)]
pub struct NtHash([u8; 16]);

impl NtHash {
    /// The hash of a password.
    #[must_use]
    pub fn new(password: &str) -> Self {
        let mut md4 = Md4::new();
        encode(password.chars(), &mut |octets| md4.update(octets));
        Self(md4.finalize().into())
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave.
    #[must_use]
    pub const fn from_bytes(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// Its octets, to be stored.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 16] {
        self.0
    }

    /// `NTOWFv2`: the key of what is proven.
    pub(super) fn response_key(
        &self,
        username: impl Iterator<Item = char>,
        domain: impl Iterator<Item = char>,
    ) -> ResponseKey {
        let mut mac = mac(&self.0);
        if let Some(mac) = &mut mac {
            encode(username.flat_map(char::to_uppercase), &mut |octets| mac.update(octets));
            encode(domain, &mut |octets| mac.update(octets));
        }
        ResponseKey(finish(mac))
    }
}

/// `NTOWFv2`.
pub(super) struct ResponseKey([u8; 16]);

impl ResponseKey {
    /// The HMAC over the parts, one behind the other.
    pub(super) fn prove(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut mac = mac(&self.0);
        if let Some(mac) = &mut mac {
            parts.iter().for_each(|part| mac.update(part));
        }
        finish(mac)
    }
}

/// `None` never: HMAC takes a key of any length.
fn mac(key: &[u8; 16]) -> Option<Hmac<Md5>> {
    Hmac::new_from_slice(key).ok()
}

fn finish(mac: Option<Hmac<Md5>>) -> [u8; 16] {
    mac.map_or([0; 16], |mac| mac.finalize().into_bytes().into())
}

impl Drop for NtHash {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for ResponseKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands before the target information in `temp`, and the information itself.
    const TEMP: &[u8] =
        b"\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\0\0\0\0\
        \x02\0\x0c\0D\0o\0m\0a\0i\0n\0\x01\0\x0c\0S\0e\0r\0v\0e\0r\0\0\0\0\0\0\0\0\0";
    const CHALLENGE: &[u8] = &[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

    #[test]
    fn the_values_of_ms_nlmp_section_4_2_4() {
        let key = NtHash::new("Password").response_key("User".chars(), "Domain".chars());
        assert_eq!(
            key.0,
            [
                0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93, 0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0,
                0x2e, 0x3f
            ]
        );
        assert_eq!(
            key.prove(&[CHALLENGE, TEMP]),
            [
                0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96, 0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef,
                0x6a, 0x1c
            ]
        );
        assert_eq!(
            key.prove(&[CHALLENGE, &[0xaa; 8]]),
            [
                0x86, 0xc3, 0x50, 0x97, 0xac, 0x9c, 0xec, 0x10, 0x25, 0x54, 0x76, 0x4a, 0x57, 0xcc,
                0xcc, 0x19
            ]
        );
    }
}
