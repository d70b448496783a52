//! A JWT as it is sent: header, claims and signature (RFC 7515 section 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Algorithm;

/// Octets of a token; more don't come through a line of AUTH.
const LONGEST: usize = 64 * 1024;

/// A token taken apart. Nothing of it has been verified.
pub(super) struct Compact<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// What is signed.
    pub(super) message: &'a str,
    pub(super) signature: Vec<u8>,
    claims: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl<'a> Compact<'a> {
    /// Takes it apart.
    pub(super) fn parse(token: &'a str) -> Result<Self, &'static str> {
        const FORM: &str = "it is no signed JWT";
        if token.len() > LONGEST {
            return Err(FORM);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(FORM)?;
        let (header, claims) = message.split_once('.').ok_or(FORM)?;
        if claims.contains('.') {
            return Err(FORM);
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| FORM);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| FORM)?;
        if header.crit.is_some() {
            // RFC 7515 section 4.1.11: what we don't know there must not be passed over, and we know none.
            return Err("its header asks for an extension (crit)");
        }
        if !header.typ.as_deref().is_none_or(is_access_token) {
            return Err("it is a token for something else (typ)");
        }
        let algorithm = Algorithm::from_name(&header.alg);
        Ok(Self {
            algorithm: algorithm
                .ok_or("it isn't signed by an algorithm that is taken here (alg)")?,
            key_id: header.kid,
            message,
            signature: decode(signature)?,
            claims,
        })
    }

    /// What it says. To be looked at when its signature was found right.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, &'static str> {
        const FORM: &str = "its claims are no JSON object";
        let octets = URL_SAFE_NO_PAD.decode(self.claims).map_err(|_| FORM)?;
        serde_json::from_slice(&octets).map_err(|_| FORM)
    }
}

/// `at+jwt` (RFC 9068 section 2.1), or `JWT`, which says nothing; with `application/` before it or not.
fn is_access_token(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "at+jwt")
}
