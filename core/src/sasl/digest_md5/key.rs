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
    /// Makes the key of a password. A username or password in UTF-8 whose characters are all of ISO
    /// 8859-1 is hashed in that, as HTTP has it (RFC 2831 section 2.1.2.1).
    #[must_use]
    pub fn new(username: &str, realm: &str, password: &[u8]) -> Self {
        let mut md5 = Md5::new();
        update_latin(&mut md5, username.as_bytes());
        md5.update(b":");
        md5.update(realm);
        md5.update(b":");
        update_latin(&mut md5, password);
        Self(md5.finalize().into())
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

/// Takes a text in ISO 8859-1 where it can be written in that, else as it is.
fn update_latin(md5: &mut Md5, text: &[u8]) {
    let latin = |c: char| u8::try_from(u32::from(c));
    match core::str::from_utf8(text) {
        Ok(text) if text.chars().all(|c| latin(c).is_ok()) => {
            text.chars().for_each(|c| md5.update([latin(c).unwrap_or(b'?')]));
        }
        _ => md5.update(text),
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
    fn what_can_be_written_in_iso_8859_1_is_hashed_in_that() {
        let key = |username, password: &[u8]| DigestMd5Key::new(username, "r", password).to_bytes();
        assert_eq!(key("u", "p\u{e4}ss".as_bytes()), digest(&[b"u:r:p\xe4ss"]));
        assert_eq!(key("\u{fc}", b"p"), digest(&[b"\xfc:r:p"]));
        // Each for itself, and only when all of it can be.
        let greek = "p\u{e4}\u{3c0}".as_bytes();
        assert_eq!(key("\u{fc}", greek), digest(&[b"\xfc:r:", greek]));
        assert_eq!(key("u", b"p\xe4"), digest(&[b"u:r:p\xe4"]), "it was in that already");
    }

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
