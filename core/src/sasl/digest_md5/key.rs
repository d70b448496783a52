//! What a server stores, and the digests both sides make.

use core::fmt;

use md5::{Digest as _, Md5};
use zeroize::Zeroize;

use crate::sasl::hexadecimal::{HEX, hexadecimal};

/// `H(username ":" realm ":" password)`: what a server stores in place of a password. It is as good
/// as the password to whoever wants to log in by DIGEST-MD5 in this realm.
#[derive(Clone)]
pub struct DigestMd5Key([u8; 16]);

/// What a digest is made of, the key aside.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) nonce: &'a [u8],
    pub(super) cnonce: &'a [u8],
    pub(super) authorization_identity: Option<&'a str>,
    /// The pieces of `digest-uri`.
    pub(super) uri: [&'a [u8]; 2],
}

impl DigestMd5Key {
    /// Makes the key of a password.
    #[must_use]
    pub fn new(username: &str, realm: &str, password: &[u8]) -> Self {
        let parts = [username.as_bytes(), b":", realm.as_bytes(), b":", password];
        Self(digest(&parts))
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

    /// `response-value`, and with another `method` that of the server (RFC 2831 section 2.1.2.1 and
    /// 2.1.3).
    pub(super) fn response(&self, method: &[u8], parts: &Parts<'_>) -> [u8; HEX] {
        let (separator, identity) = match parts.authorization_identity {
            Some(identity) => (":", identity),
            None => ("", ""),
        };
        let [uri, host] = parts.uri;
        let mut a1 = digest(&[
            &self.0,
            b":",
            parts.nonce,
            b":",
            parts.cnonce,
            separator.as_bytes(),
            identity.as_bytes(),
        ]);
        let a2 = hexadecimal(&digest(&[method, b":", uri, host]));
        let secret = hexadecimal(&a1);
        a1.zeroize();
        let response =
            digest(&[&secret, b":", parts.nonce, b":00000001:", parts.cnonce, b":auth:", &a2]);
        hexadecimal(&response)
    }
}

impl Drop for DigestMd5Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for DigestMd5Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestMd5Key(..)")
    }
}

pub(super) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut md5 = Md5::new();
    parts.iter().for_each(|part| md5.update(part));
    md5.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_2831_section_4() {
        for (nonce, cnonce, uri, response, rspauth) in [
            (
                "OA6MG9tEQGm2hh",
                "OA6MHXh6VqTrRk",
                "imap/elwood.innosoft.com",
                "d388dad90d4bbd760a152321f2143af7",
                "ea40f60335c427b5527b84dbabcdfffd",
            ),
            (
                "OA9BSXrbuRhWay",
                "OA9BSuZWMSpW8m",
                "acap/elwood.innosoft.com",
                "6084c6db3fede7352c551284490fd0fc",
                "2f0b3d7c3c2e486600ef710726aa2eae",
            ),
        ] {
            let key = DigestMd5Key::new("chris", "elwood.innosoft.com", b"secret");
            let parts = Parts {
                nonce: nonce.as_bytes(),
                cnonce: cnonce.as_bytes(),
                authorization_identity: None,
                uri: [uri.as_bytes(), b""],
            };
            assert_eq!(key.response(b"AUTHENTICATE", &parts), response.as_bytes());
            assert_eq!(key.response(b"", &parts), rspauth.as_bytes());
        }
    }
}
