//! Nonces: printable, and never the same.

use super::hash::ScramHash;
use crate::wire::base64;

/// Octets of a nonce that is made here: 18 random ones in base64.
const LENGTH: usize = 24;

/// Octets of the longest.
const LONGEST: usize = 32;

/// One side's part of the nonce.
#[derive(Clone, Copy)]
pub(crate) struct Nonce {
    octets: [u8; LONGEST],
    length: usize,
}

impl Nonce {
    /// The server's, for the exchange number `count` of a connection with this seed.
    pub(crate) fn of_server(hash: ScramHash, seed: &[u8; 16], count: u32) -> Self {
        Self::made(hash, seed, &count.to_be_bytes())
    }

    /// The client's.
    pub(crate) fn of_client(hash: ScramHash, seed: &[u8; 16]) -> Self {
        Self::made(hash, seed, b"client")
    }

    fn made(hash: ScramHash, seed: &[u8; 16], what: &[u8]) -> Self {
        let random = hash.hmac(seed, &[b"SCRAM nonce", what]);
        let mut octets = [b'0'; LONGEST];
        let _ = base64::encode(random.octets().get(..18).unwrap_or(&[]), &mut octets);
        Self { octets, length: LENGTH }
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&[])
    }

    #[cfg(all(test, feature = "scram-sha-1"))]
    pub(super) fn given(text: &[u8]) -> Self {
        let mut octets = [0; LONGEST];
        octets[..text.len()].copy_from_slice(text);
        Self { octets, length: text.len() }
    }
}
