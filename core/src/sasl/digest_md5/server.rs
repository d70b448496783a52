//! The server's side.

use core::fmt;

use subtle::ConstantTimeEq;

use super::directive::{self, once, text};
use super::key::{DigestMd5Key, Parts, digest};
use crate::sasl::hexadecimal::{HEX, hexadecimal};
use crate::sasl::server::{Malformed, name};
use crate::wire::print::{LineWriter, Sink as _};

/// A nonce of the server's.
#[derive(Clone, Copy)]
pub(crate) struct Nonce([u8; HEX]);

impl Nonce {
    /// The nonce number `count` of a connection with this seed.
    pub(crate) fn new(seed: &[u8; 16], count: u32) -> Self {
        Self(hexadecimal(&digest(&[seed, b"DIGEST-MD5", &count.to_be_bytes()])))
    }
}

/// The server's challenge.
#[derive(Clone, Copy)]
pub(crate) struct Challenge<'a> {
    pub(crate) realm: &'a str,
    pub(crate) nonce: Nonce,
}

impl Challenge<'_> {
    /// `digest-challenge` (RFC 2831 section 2.1.1). The realm is quoted and the algorithm is not,
    /// since there are clients that read nothing else.
    pub(crate) fn write(&self, out: &mut LineWriter<'_>) {
        out.text("realm=\"");
        // A realm with a quote in it would be none.
        for octet in self.realm.bytes().filter(|octet| !matches!(octet, b'"' | b'\\' | 0..=31)) {
            out.octets(&[octet]);
        }
        out.text("\",nonce=\"");
        out.octets(&self.nonce.0);
        out.text("\",qop=\"auth\",charset=utf-8,algorithm=md5-sess");
    }
}

/// A response to be checked.
#[derive(Clone, Copy)]
pub struct DigestMd5<'a> {
    username: &'a str,
    realm: &'a str,
    nonce: &'a [u8],
    cnonce: &'a [u8],
    uri: &'a [u8],
    authorization_identity: Option<&'a str>,
    response: &'a [u8],
}

impl<'a> DigestMd5<'a> {
    /// `digest-response` (RFC 2831 section 2.1.2).
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let (mut username, mut realm, mut nonce, mut cnonce) = (None, None, None, None);
        let (mut count, mut qop, mut uri, mut response) = (None, None, None, None);
        let (mut charset, mut identity, mut maxbuf, mut cipher) = (None, None, None, None);
        let mut rest = message;
        while let Some(directive) = directive::next(rest)? {
            rest = directive.rest;
            let known = [
                ("username", &mut username),
                ("realm", &mut realm),
                ("nonce", &mut nonce),
                ("cnonce", &mut cnonce),
                ("nc", &mut count),
                ("qop", &mut qop),
                ("digest-uri", &mut uri),
                ("response", &mut response),
                ("charset", &mut charset),
                ("authzid", &mut identity),
                ("maxbuf", &mut maxbuf),
                ("cipher", &mut cipher),
            ];
            for (name, slot) in known {
                if directive.name.eq_ignore_ascii_case(name) {
                    once(slot, directive.value)?;
                }
            }
        }
        let wanted = qop.is_none_or(|qop| qop == b"auth")
            && count == Some(&b"00000001"[..])
            && charset.is_none_or(|charset| charset.eq_ignore_ascii_case(b"utf-8"));
        if !wanted {
            return Err(Malformed);
        }
        let found = Self {
            username: name(username.ok_or(Malformed)?)?,
            realm: text(realm.unwrap_or(b""))?,
            nonce: nonce.ok_or(Malformed)?,
            cnonce: cnonce.filter(|cnonce| !cnonce.is_empty()).ok_or(Malformed)?,
            uri: uri.filter(|uri| uri.starts_with(b"smtp/")).ok_or(Malformed)?,
            authorization_identity: match identity {
                Some(identity) => Some(name(identity)?),
                None => None,
            },
            response: response.filter(|response| response.len() == HEX).ok_or(Malformed)?,
        };
        Ok(found)
    }

    /// Whose key is needed.
    #[must_use]
    pub const fn username(&self) -> &'a str {
        self.username
    }

    /// The realm the key has to be of.
    #[must_use]
    pub const fn realm(&self) -> &'a str {
        self.realm
    }

    /// Who the client wants to act as, when it said so.
    #[must_use]
    pub const fn authorization_identity(&self) -> Option<&'a str> {
        self.authorization_identity
    }

    /// Checks the response; the server's own, where it is right. In constant time.
    pub(crate) fn verify(
        &self,
        key: &DigestMd5Key,
        challenge: &Challenge<'_>,
    ) -> Option<[u8; HEX]> {
        let parts = Parts {
            nonce: self.nonce,
            cnonce: self.cnonce,
            authorization_identity: self.authorization_identity,
            uri: [self.uri, b""],
        };
        let expected = key.response(b"AUTHENTICATE", &parts);
        let right: bool = expected.as_slice().ct_eq(self.response).into();
        let ours = self.nonce == challenge.nonce.0 && self.realm == challenge.realm;
        (right && ours).then(|| key.response(b"", &parts))
    }
}

impl fmt::Debug for DigestMd5<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestMd5").field("username", &self.username).finish_non_exhaustive()
    }
}
