//! OAuth 2.0 bearer tokens: OAUTHBEARER (RFC 7628) and XOAUTH2.

use super::Mechanism;
use super::client::Exchange;
use super::server::{Malformed, Token, name};
use crate::secret::Secret;
use crate::wire::print::{LineWriter, Sink as _};
use crate::wire::{copy, find};

const SEPARATOR: u8 = 1;

/// What a failed token exchange tells the client (RFC 7628 section 3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenError<'a> {
    /// `invalid_token`, `insufficient_scope`, or an HTTP status such as `401` for XOAUTH2.
    pub status: &'a str,
    /// The schemes that would do, such as `bearer`.
    pub schemes: &'a str,
    /// The scope that would do; empty when there is none to name.
    pub scope: &'a str,
}

impl TokenError<'_> {
    /// Writes it as a JSON object; `None` when it does not fit.
    pub(crate) fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut json = Json { out, written: 0 };
        json.raw(b"{\"status\":")?;
        json.string(self.status)?;
        json.raw(b",\"schemes\":")?;
        json.string(self.schemes)?;
        json.raw(b",\"scope\":")?;
        json.string(self.scope)?;
        json.raw(b"}")?;
        Some(json.written)
    }
}

struct Json<'a> {
    out: &'a mut [u8],
    written: usize,
}

impl Json<'_> {
    fn raw(&mut self, octets: &[u8]) -> Option<()> {
        let end = self.written + octets.len();
        copy(self.out.get_mut(self.written..end)?, octets);
        self.written = end;
        Some(())
    }

    /// A string; control characters, which no status or scope has, are left out.
    fn string(&mut self, text: &str) -> Option<()> {
        self.raw(b"\"")?;
        for octet in text.bytes().filter(|octet| !octet.is_ascii_control()) {
            if matches!(octet, b'"' | b'\\') {
                self.raw(b"\\")?;
            }
            self.raw(core::slice::from_ref(&octet))?;
        }
        self.raw(b"\"")
    }
}

/// `"user=" {user} ^A "auth=Bearer " {token} ^A ^A`
pub(super) fn read_xoauth2(message: &[u8]) -> Result<Token<'_>, Malformed> {
    let rest = message.strip_prefix(b"user=").ok_or(Malformed)?;
    let (user, rest) = split(rest)?;
    let (token, rest) = split(bearer(rest)?)?;
    if rest != [SEPARATOR] {
        return Err(Malformed);
    }
    Ok(Token { username: Some(name(user)?), token: secret(token)?, host: None, port: None })
}

/// `client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep` (RFC 7628 section 3.1): the header is
/// `n,` or `y,` with an authorization identity, no attribute stands twice, and one is `auth`.
pub(super) fn read_oauthbearer(message: &[u8]) -> Result<Token<'_>, Malformed> {
    let (header, mut rest) = split(message)?;
    let identity = header.strip_prefix(b"n,").or_else(|| header.strip_prefix(b"y,"));
    let identity = identity.and_then(|rest| rest.strip_suffix(b",")).ok_or(Malformed)?;
    let username = match identity.strip_prefix(b"a=") {
        Some(identity) => Some(saslname(identity)?),
        None if identity.is_empty() => None,
        None => return Err(Malformed),
    };
    let (mut token, mut host, mut port) = (None, None, None);
    while rest != [SEPARATOR] {
        let (pair, behind) = split(rest)?;
        rest = behind;
        let at = pair.iter().position(|octet| *octet == b'=').ok_or(Malformed)?;
        let (key, value) = pair.split_at_checked(at).ok_or(Malformed)?;
        let value = value.strip_prefix(b"=").ok_or(Malformed)?;
        let repeated = match key {
            b"auth" => token.replace(secret(bearer(pair)?)?).is_some(),
            b"host" => host.replace(name(value)?).is_some(),
            b"port" => {
                let number = name(value)?.parse::<u16>().map_err(|_| Malformed)?;
                port.replace(number).is_some()
            }
            // `key = 1*(ALPHA)`: the attributes of an extension are ignored.
            _ => key.is_empty() || !key.iter().all(u8::is_ascii_alphabetic),
        };
        if repeated {
            return Err(Malformed);
        }
    }
    Ok(Token { username, token: token.ok_or(Malformed)?, host, port })
}

/// What stands before the next separator, and behind it.
fn split(octets: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let at = find::first(SEPARATOR, octets).ok_or(Malformed)?;
    let (head, tail) = octets.split_at_checked(at).ok_or(Malformed)?;
    Ok((head, tail.get(1..).unwrap_or(&[])))
}

/// What stands behind `auth=Bearer `, the scheme in any case (RFC 6750 section 2.1).
fn bearer(octets: &[u8]) -> Result<&[u8], Malformed> {
    let rest = octets.strip_prefix(b"auth=").ok_or(Malformed)?;
    let (scheme, token) = rest.split_at_checked(7).ok_or(Malformed)?;
    if scheme.eq_ignore_ascii_case(b"Bearer ") { Ok(token) } else { Err(Malformed) }
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 section
/// 2.1), and any other printable ASCII that some issuers use.
fn secret(octets: &[u8]) -> Result<Secret<'_>, Malformed> {
    // No early end, so that the compiler can look at many octets at once.
    let graphic = octets.iter().fold(true, |all, octet| all & octet.is_ascii_graphic());
    name(octets).map(Secret::new).and_then(|token| if graphic { Ok(token) } else { Err(Malformed) })
}

/// An identity in which `,` and `=` would stand as `=2C` and `=3D` (RFC 5801 section 4). It is lent
/// from the message, so one that needs decoding is refused: no mail address has either.
fn saslname(octets: &[u8]) -> Result<&str, Malformed> {
    name(octets).and_then(|text| {
        if text.bytes().any(|c| matches!(c, b'=' | b',')) { Err(Malformed) } else { Ok(text) }
    })
}

/// The client's message for XOAUTH2.
pub(super) fn write_xoauth2(exchange: &Exchange<'_>, out: &mut LineWriter<'_>) {
    out.text("user=");
    out.text(exchange.credentials.username);
    write_token(exchange, out);
}

/// The client's message for OAUTHBEARER (RFC 7628 section 3.1).
pub(super) fn write_oauthbearer(exchange: &Exchange<'_>, out: &mut LineWriter<'_>) {
    let credentials = &exchange.credentials;
    out.text("n,a=");
    let identity = credentials.authorization_identity.unwrap_or(credentials.username);
    super::saslname::write(identity, &mut |octets| out.octets(octets));
    out.text(",");
    if let Some((host, port)) = exchange.host {
        out.octets(&[SEPARATOR]);
        out.text("host=");
        out.text(host);
        if port != 0 {
            out.octets(&[SEPARATOR]);
            out.text("port=");
            out.number(u64::from(port));
        }
    }
    write_token(exchange, out);
}

fn write_token(exchange: &Exchange<'_>, out: &mut LineWriter<'_>) {
    out.octets(&[SEPARATOR]);
    out.text("auth=Bearer ");
    out.text(exchange.credentials.token.map_or("", Secret::expose));
    out.octets(&[SEPARATOR, SEPARATOR]);
}

/// The client's answer to the reason it was refused for: nothing in XOAUTH2, a separator in
/// OAUTHBEARER (RFC 7628 section 3.2.3).
pub(super) fn write_acknowledgement(mechanism: Mechanism, out: &mut LineWriter<'_>) {
    if mechanism == Mechanism::OauthBearer {
        out.octets(&[SEPARATOR]);
    }
}
