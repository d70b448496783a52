//! The hash functions of SCRAM, behind one type.

use hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::wire::copy;

/// Octets of the longest digest.
const LONGEST: usize = 64;

/// A hash function that SCRAM is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScramHash {
    /// SHA-1: 20 octets (RFC 5802).
    #[cfg(feature = "scram-sha-1")]
    Sha1,
    /// SHA-256: 32 octets (RFC 7677).
    #[cfg(feature = "scram-sha-256")]
    Sha256,
    /// SHA-512: 64 octets (draft-melnikov-scram-sha-512).
    #[cfg(feature = "scram-sha-512")]
    Sha512,
}

impl ScramHash {
    /// Octets of its digest.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            #[cfg(feature = "scram-sha-1")]
            Self::Sha1 => 20,
            #[cfg(feature = "scram-sha-256")]
            Self::Sha256 => 32,
            #[cfg(feature = "scram-sha-512")]
            Self::Sha512 => 64,
        }
    }

    /// No digest is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    /// HMAC (RFC 2104) over the parts, one behind the other.
    pub(super) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Digest {
        match Keyed::new(self, key) {
            Some(keyed) => keyed.over(parts),
            None => Digest::zero(self),
        }
    }

    /// HMAC over what `feed` gives.
    pub(super) fn hmac_with(self, key: &[u8], feed: &Feed<'_>) -> Digest {
        match Keyed::new(self, key) {
            Some(keyed) => keyed.over_with(feed),
            None => Digest::zero(self),
        }
    }

    /// The hash of a digest.
    pub(super) fn digest(self, octets: &[u8]) -> Digest {
        match self {
            #[cfg(feature = "scram-sha-1")]
            Self::Sha1 => Digest::new(&hash::<sha1::Sha1>(octets)),
            #[cfg(feature = "scram-sha-256")]
            Self::Sha256 => Digest::new(&hash::<sha2::Sha256>(octets)),
            #[cfg(feature = "scram-sha-512")]
            Self::Sha512 => Digest::new(&hash::<sha2::Sha512>(octets)),
        }
    }
}

fn hash<D: hmac::digest::Digest>(octets: &[u8]) -> hmac::digest::Output<D> {
    D::digest(octets)
}

/// Gives the octets of a message piece by piece.
pub(super) type Feed<'f> = dyn Fn(&mut dyn FnMut(&[u8])) + 'f;

/// A digest, wiped when it is dropped.
#[derive(Clone)]
pub(super) struct Digest {
    octets: [u8; LONGEST],
    length: usize,
}

impl Digest {
    pub(super) fn new(octets: &[u8]) -> Self {
        let mut digest = Self { octets: [0; LONGEST], length: octets.len().min(LONGEST) };
        copy(&mut digest.octets, octets);
        digest
    }

    fn zero(hash: ScramHash) -> Self {
        Self { octets: [0; LONGEST], length: hash.len() }
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&[])
    }

    pub(super) fn xor(&mut self, other: &[u8]) {
        for (octet, other) in self.octets.iter_mut().take(self.length).zip(other) {
            *octet ^= other;
        }
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, other: &[u8]) -> bool {
        self.octets().ct_eq(other).into()
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

/// HMAC with its key taken in: as good as the key.
#[derive(Clone)]
pub(super) enum Keyed {
    #[cfg(feature = "scram-sha-1")]
    Sha1(Hmac<sha1::Sha1>),
    #[cfg(feature = "scram-sha-256")]
    Sha256(Hmac<sha2::Sha256>),
    #[cfg(feature = "scram-sha-512")]
    Sha512(Hmac<sha2::Sha512>),
}

impl Keyed {
    /// `None` never: HMAC takes a key of any length.
    pub(super) fn new(hash: ScramHash, key: &[u8]) -> Option<Self> {
        match hash {
            #[cfg(feature = "scram-sha-1")]
            ScramHash::Sha1 => Hmac::new_from_slice(key).ok().map(Self::Sha1),
            #[cfg(feature = "scram-sha-256")]
            ScramHash::Sha256 => Hmac::new_from_slice(key).ok().map(Self::Sha256),
            #[cfg(feature = "scram-sha-512")]
            ScramHash::Sha512 => Hmac::new_from_slice(key).ok().map(Self::Sha512),
        }
    }

    /// The HMAC over the parts, one behind the other.
    pub(super) fn over(&self, parts: &[&[u8]]) -> Digest {
        self.over_with(&|update| parts.iter().for_each(|part| update(part)))
    }

    /// The HMAC over what `feed` gives.
    fn over_with(&self, feed: &Feed<'_>) -> Digest {
        match self {
            #[cfg(feature = "scram-sha-1")]
            Self::Sha1(keyed) => over(keyed.clone(), feed),
            #[cfg(feature = "scram-sha-256")]
            Self::Sha256(keyed) => over(keyed.clone(), feed),
            #[cfg(feature = "scram-sha-512")]
            Self::Sha512(keyed) => over(keyed.clone(), feed),
        }
    }
}

fn over(mut keyed: impl Mac, feed: &Feed<'_>) -> Digest {
    feed(&mut |part| keyed.update(part));
    Digest::new(&keyed.finalize().into_bytes())
}
