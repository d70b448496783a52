//! CRAM-MD5 (RFC 2195).

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md5::digest::common::hazmat::SerializableState;
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::client::{Exchange, ExchangeError};
use super::hexadecimal::{HEX, hexadecimal};
use super::server::{Digest, Malformed, name};
use crate::secret::Secret;
use crate::wire::print::{LineWriter, Sink as _};

const BLOCK: usize = 64;

/// `response = user SP digest`, the digest in lower-case hexadecimal: nothing before or behind.
pub(super) fn read(response: &[u8]) -> Result<Digest<'_>, Malformed> {
    let at = response.len().checked_sub(HEX + 1).ok_or(Malformed)?;
    let (username, digest) = response.split_at_checked(at).ok_or(Malformed)?;
    let digest = digest.strip_prefix(b" ").ok_or(Malformed)?;
    if !digest.iter().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Malformed);
    }
    Ok(Digest { username: name(username)?, digest: Secret::new(name(digest)?) })
}

/// Whether `digest` is the HMAC-MD5 of `challenge` under this password; in constant time.
pub(crate) fn verify_password(digest: Secret<'_>, challenge: &str, password: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(password) else { return false };
    mac.update(challenge.as_bytes());
    matches(digest, &mac.finalize().into_bytes().into())
}

/// The client's response: the challenge may be anything but nothing.
pub(super) fn write(
    exchange: &Exchange<'_>,
    challenge: &[u8],
    out: &mut LineWriter<'_>,
) -> Result<(), ExchangeError> {
    let password = exchange.credentials.password.map_or("", Secret::expose);
    let mac = Hmac::<Md5>::new_from_slice(password.as_bytes());
    let mut mac = mac.map_err(|_| ExchangeError::Malformed)?;
    if challenge.is_empty() {
        return Err(ExchangeError::Malformed);
    }
    mac.update(challenge);
    out.text(exchange.credentials.username);
    out.text(" ");
    out.octets(&hexadecimal(&mac.finalize().into_bytes().into()));
    Ok(())
}

fn matches(digest: Secret<'_>, expected: &[u8; 16]) -> bool {
    digest.expose().as_bytes().ct_eq(&hexadecimal(expected)).into()
}

/// The two MD5 states after the inner and the outer pad of HMAC: all a server has to store to check
/// CRAM-MD5, in place of the password (RFC 2195 section 3).
///
/// They are as good as the password to whoever wants to log in by CRAM-MD5, and to nobody else.
#[derive(Clone)]
pub struct CramMd5Keys {
    inner: [u8; 16],
    outer: [u8; 16],
}

/// Not 32 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKeys;

impl CramMd5Keys {
    /// Makes the keys of a password.
    #[must_use]
    pub fn new(password: &[u8]) -> Self {
        let mut key = [0; BLOCK];
        if password.len() > BLOCK {
            let digest: [u8; 16] = Md5::digest(password).into();
            key.iter_mut().zip(digest).for_each(|(k, d)| *k = d);
        } else {
            key.iter_mut().zip(password).for_each(|(k, p)| *k = *p);
        }
        let keys = Self { inner: state_after(&key, 0x36), outer: state_after(&key, 0x5c) };
        key.zeroize();
        keys
    }

    /// The inner and then the outer state, each as its four words in little-endian order.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut octets = [0; 32];
        let states = self.inner.iter().chain(&self.outer);
        octets.iter_mut().zip(states).for_each(|(octet, state)| *octet = *state);
        octets
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// When there are not 32 octets.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, InvalidKeys> {
        let (inner, outer) = octets.split_at_checked(16).ok_or(InvalidKeys)?;
        let state = |octets: &[u8]| <[u8; 16]>::try_from(octets).map_err(|_| InvalidKeys);
        Ok(Self { inner: state(inner)?, outer: state(outer)? })
    }

    /// Whether `digest` is the HMAC-MD5 of `challenge` under these keys; in constant time.
    pub(crate) fn verify(&self, digest: Secret<'_>, challenge: &str) -> bool {
        let (Some(mut inner), Some(mut outer)) = (resume(&self.inner), resume(&self.outer)) else {
            return false;
        };
        inner.update(challenge.as_bytes());
        outer.update(inner.finalize());
        matches(digest, &outer.finalize().into())
    }
}

/// The MD5 state after one block: the key with `pad` on each octet.
fn state_after(key: &[u8; BLOCK], pad: u8) -> [u8; 16] {
    let mut block = *key;
    block.iter_mut().for_each(|octet| *octet ^= pad);
    let mut md5 = Md5::new();
    md5.update(block);
    block.zeroize();
    let serialized = md5.serialize();
    let mut state = [0; 16];
    state.iter_mut().zip(serialized.iter()).for_each(|(octet, s)| *octet = *s);
    state
}

/// MD5 with one block behind it, in this state.
fn resume(state: &[u8; 16]) -> Option<Md5> {
    // The crate's form: the four words, the count of blocks, and the (empty) buffer.
    let mut serialized = Md5::new().serialize();
    for (octet, value) in serialized.iter_mut().zip(state.iter().chain(&[1])) {
        *octet = *value;
    }
    Md5::deserialize(&serialized).ok()
}

impl Drop for CramMd5Keys {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl fmt::Debug for CramMd5Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CramMd5Keys(..)")
    }
}

impl fmt::Display for InvalidKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the keys of CRAM-MD5 are 32 octets")
    }
}

impl core::error::Error for InvalidKeys {}

/// A challenge never used before: `<random@hostname>`.
pub(crate) type Challenge = heapless::String<{ 1 + HEX + 1 + 64 + 1 }>;

/// The challenge number `count` of a connection with this seed. The hostname is cut to 64 octets.
pub(crate) fn challenge(seed: &[u8; 16], count: u32, hostname: &str) -> Challenge {
    let mut md5 = Md5::new();
    md5.update(seed);
    md5.update(count.to_be_bytes());
    let random: [u8; 16] = md5.finalize().into();
    let mut text = Challenge::new();
    // Cannot overflow: the capacity is the sum of the parts.
    let _ = text.push('<');
    for octet in random {
        for value in [octet >> 4, octet & 15] {
            let _ = text.push(char::from_digit(u32::from(value), 16).unwrap_or('0'));
        }
    }
    let _ = text.push('@');
    for c in hostname.chars().filter(|c| c.is_ascii_graphic()).take(64) {
        let _ = text.push(c);
    }
    let _ = text.push('>');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_rfc_2195() {
        let challenge = "<1896.697170952@postoffice.reston.mci.net>";
        let response = read(b"tim b913a602c7eda7a495b4e6e7334d3890").unwrap();
        assert_eq!(response.username, "tim");
        assert!(verify_password(response.digest, challenge, b"tanstaaftanstaaf"));
        assert!(!verify_password(response.digest, challenge, b"tanstaaftanstaag"));
        assert!(CramMd5Keys::new(b"tanstaaftanstaaf").verify(response.digest, challenge));
        assert!(!CramMd5Keys::new(b"tanstaaf").verify(response.digest, challenge));
    }

    #[test]
    fn stored_keys_agree_with_the_password_whatever_its_length() {
        for length in [0, 1, 63, 64, 65, 200] {
            let password = [b'p'; 200];
            let password = &password[..length];
            let keys = CramMd5Keys::from_bytes(&CramMd5Keys::new(password).to_bytes()).unwrap();
            let mut mac = Hmac::<Md5>::new_from_slice(password).unwrap();
            mac.update(b"<1@x>");
            let expected: [u8; 16] = mac.finalize().into_bytes().into();
            let mut inner = resume(&keys.inner).unwrap();
            let mut outer = resume(&keys.outer).unwrap();
            inner.update(b"<1@x>");
            outer.update(inner.finalize());
            let found: [u8; 16] = outer.finalize().into();
            assert_eq!(found, expected, "{length}");
        }
    }
}
