//! Somebody who signs tokens.

use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example";

/// A key, and its name.
pub(crate) struct Signer {
    id: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    pub(crate) fn new(id: &'static str) -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let octets = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self { id, pair: EcdsaKeyPair::from_pkcs8(kind, octets.as_ref(), &random).unwrap() }
    }

    /// The set of its public key alone.
    pub(crate) fn set(&self) -> Value {
        let point = &self.pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(32);
        let text = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        json!({"keys": [
            {"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id, "x": text(x), "y": text(y)}
        ]})
    }

    /// A good token of this user, but for these claims.
    pub(crate) fn token(&self, user: &str, changes: Value) -> String {
        self.token_by(&json!({"alg": "ES256", "kid": self.id, "typ": "at+jwt"}), user, changes)
    }

    pub(crate) fn token_by(&self, header: &Value, user: &str, changes: Value) -> String {
        let mut claims = json!({
            "iss": ISSUER, "aud": "smtp", "sub": user, "exp": seconds(600), "scope": "mail.send openid"
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", text(header), text(&claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// So many seconds from now, as JWT have it.
pub(crate) fn seconds(from_now: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(now.as_secs()).unwrap() + from_now
}
