//! SCRAM (RFC 5802), as plain as it can be written: this is the reference, not the crate under test.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use ehlo::sasl::{ScramHash, ScramKeys};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

use crate::text::base64;

/// The digest of a message.
///
/// # Panics
/// When the hash function is one this doesn't know.
#[must_use]
pub fn digest(hash: ScramHash, message: &[u8]) -> Vec<u8> {
    match hash {
        ScramHash::Sha1 => Sha1::digest(message).to_vec(),
        ScramHash::Sha256 => Sha256::digest(message).to_vec(),
        ScramHash::Sha512 => Sha512::digest(message).to_vec(),
        other => panic!("a hash function nobody knows: {other:?}"),
    }
}

/// HMAC (RFC 2104 section 2).
#[must_use]
pub fn hmac(hash: ScramHash, key: &[u8], message: &[u8]) -> Vec<u8> {
    let block = if hash == ScramHash::Sha512 { 128 } else { 64 };
    let mut padded = if key.len() > block { digest(hash, key) } else { key.to_vec() };
    padded.resize(block, 0);
    let pad = |with: u8| padded.iter().map(|octet| octet ^ with).collect::<Vec<u8>>();
    let inner = digest(hash, &[&pad(0x36), message].concat());
    digest(hash, &[&pad(0x5c), inner.as_slice()].concat())
}

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(a, b)| a ^ b).collect()
}

/// `Hi()` (RFC 5802 section 2.2).
#[must_use]
pub fn salted_password(hash: ScramHash, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
    let mut last = hmac(hash, password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut sum = last.clone();
    for _ in 1..iterations {
        last = hmac(hash, password, &last);
        sum = xor(&sum, &last);
    }
    sum
}

/// An exchange: who has the salted password can play both sides of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The hash function.
    pub hash: ScramHash,
    /// What was made of the password.
    pub salted_password: Vec<u8>,
    /// `client-first-message-bare`
    pub first_bare: String,
    /// `server-first-message`
    pub server_first: String,
    /// What stands behind `c=`, decoded.
    pub binding: Vec<u8>,
    /// The whole nonce.
    pub nonce: String,
}

impl Exchange {
    fn without_proof(&self) -> String {
        format!("c={},r={}", base64(&self.binding), self.nonce)
    }

    fn message(&self) -> Vec<u8> {
        let parts = [&self.first_bare, &self.server_first, &self.without_proof()];
        parts.map(String::as_str).join(",").into_bytes()
    }

    /// `StoredKey`
    #[must_use]
    pub fn stored_key(&self) -> Vec<u8> {
        digest(self.hash, &hmac(self.hash, &self.salted_password, b"Client Key"))
    }

    /// `ServerKey`
    #[must_use]
    pub fn server_key(&self) -> Vec<u8> {
        hmac(self.hash, &self.salted_password, b"Server Key")
    }

    /// `client-final-message`
    #[must_use]
    pub fn client_final(&self) -> String {
        let client_key = hmac(self.hash, &self.salted_password, b"Client Key");
        let signature = hmac(self.hash, &self.stored_key(), &self.message());
        format!("{},p={}", self.without_proof(), base64(&xor(&client_key, &signature)))
    }

    /// `server-final-message`
    #[must_use]
    pub fn server_final(&self) -> String {
        format!("v={}", base64(&hmac(self.hash, &self.server_key(), &self.message())))
    }
}

/// The salt of the RFC that has an example of this hash function.
#[must_use]
pub fn salt(hash: ScramHash) -> &'static [u8] {
    match hash {
        // `QSXCR+Q6sek8bf92`
        ScramHash::Sha1 => b"A%\xc2G\xe4:\xb1\xe9<m\xffv",
        // `W22ZaJ0SNY7soEsUEjb6gQ==`
        _ => b"[m\x99h\x9d\x125\x8e\xec\xa0K\x14\x126\xfa\x81",
    }
}

/// The keys of a password, with [`salt`] and 4096 iterations. They are made once.
///
/// # Panics
/// Never.
#[must_use]
pub fn keys(hash: ScramHash, password: &str) -> ScramKeys {
    static KEYS: OnceLock<Mutex<HashMap<(ScramHash, String), ScramKeys>>> = OnceLock::new();
    let mut all = KEYS.get_or_init(Mutex::default).lock().unwrap();
    let made = all
        .entry((hash, password.to_owned()))
        .or_insert_with(|| ScramKeys::derive(hash, password.as_bytes(), salt(hash), 4096).unwrap());
    made.clone()
}
