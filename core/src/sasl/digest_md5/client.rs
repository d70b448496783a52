//! The client's side.

use subtle::ConstantTimeEq;

use super::directive::{self, once, text};
use super::key::{DigestMd5Key, Parts, digest};
use crate::sasl::client::{Credentials, ExchangeError};
use crate::sasl::hexadecimal::{HEX, hexadecimal};
use crate::sasl::server::Malformed;
use crate::secret::Secret;
use crate::wire::print::{LineWriter, Sink as _};

/// The server's challenge, as far as it matters here.
struct Challenge<'a> {
    realm: &'a str,
    nonce: &'a str,
}

impl<'a> Challenge<'a> {
    /// `digest-challenge` (RFC 2831 section 2.1.1): the first of several realms is taken, and what
    /// isn't known is ignored.
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let (mut realm, mut nonce, mut qop, mut algorithm, mut charset) =
            (None, None, None, None, None);
        let mut rest = message;
        while let Some(directive) = directive::next(rest)? {
            rest = directive.rest;
            let is = |name: &str| directive.name.eq_ignore_ascii_case(name);
            if is("realm") {
                realm.get_or_insert(directive.value);
            } else if is("nonce") {
                once(&mut nonce, directive.value)?;
            } else if is("qop") {
                once(&mut qop, directive.value)?;
            } else if is("algorithm") {
                once(&mut algorithm, directive.value)?;
            } else if is("charset") {
                once(&mut charset, directive.value)?;
            }
        }
        let auth = |qop: &[u8]| {
            qop.split(|octet| matches!(octet, b',' | b' ' | b'\t'))
                .any(|word| word.eq_ignore_ascii_case(b"auth"))
        };
        let md5_sess = algorithm.is_some_and(|name| name.eq_ignore_ascii_case(b"md5-sess"));
        if !md5_sess || !qop.is_none_or(auth) {
            return Err(Malformed);
        }
        let nonce = text(nonce.ok_or(Malformed)?)?;
        if nonce.is_empty() {
            return Err(Malformed);
        }
        Ok(Self { realm: text(realm.unwrap_or(b""))?, nonce })
    }
}

/// Writes `digest-response` (RFC 2831 section 2.1.2); returns what the server has to prove itself
/// with.
pub(in crate::sasl) fn write(
    credentials: &Credentials<'_>,
    host: &str,
    challenge: &[u8],
    out: &mut LineWriter<'_>,
) -> Result<[u8; HEX], ExchangeError> {
    let challenge = Challenge::read(challenge).map_err(|Malformed| ExchangeError::Malformed)?;
    let quotable = |name: &str| !name.bytes().any(|octet| matches!(octet, b'"' | b'\\'));
    let identity = credentials.authorization_identity;
    if !quotable(credentials.username) || !identity.is_none_or(quotable) || !quotable(host) {
        return Err(ExchangeError::Unsayable);
    }
    let crate::sasl::NonceSeed(seed) = credentials.nonce.unwrap_or_default();
    let cnonce = hexadecimal(&digest(&[&seed, b"DIGEST-MD5 client"]));
    let password = credentials.password.map_or("", Secret::expose);
    let key = DigestMd5Key::new(credentials.username, challenge.realm, password.as_bytes());
    let parts = Parts {
        nonce: challenge.nonce.as_bytes(),
        cnonce: &cnonce,
        authorization_identity: identity,
        uri: [b"smtp/", host.as_bytes()],
    };
    let quoted = [
        ("charset=utf-8,username=\"", credentials.username),
        ("\",realm=\"", challenge.realm),
        ("\",nonce=\"", challenge.nonce),
    ];
    for (label, value) in quoted {
        out.text(label);
        out.text(value);
    }
    out.text("\",nc=00000001,cnonce=\"");
    out.octets(&cnonce);
    out.text("\",digest-uri=\"smtp/");
    out.text(host);
    out.text("\",response=");
    out.octets(&key.response(b"AUTHENTICATE", &parts));
    out.text(",qop=auth");
    if let Some(identity) = identity {
        out.text(",authzid=\"");
        out.text(identity);
        out.text("\"");
    }
    Ok(key.response(b"", &parts))
}

/// Whether the server's last challenge is `rspauth=` with its proof.
pub(in crate::sasl) fn proves(challenge: &[u8], expected: &[u8; HEX]) -> bool {
    match directive::next(challenge) {
        Ok(Some(directive)) if directive.name.eq_ignore_ascii_case("rspauth") => {
            directive.value.ct_eq(expected).into()
        }
        _ => false,
    }
}
