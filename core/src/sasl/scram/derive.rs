//! The salted password: `Hi()` (RFC 5802 section 2.2), which is PBKDF2 with one block.

use core::fmt;

use super::hash::{Digest, Keyed, ScramHash};

/// The derivation of a salted password, in slices: it takes thousands of hashes on purpose, so that
/// an event loop wants to do something else in between, and an async program to do it on a thread
/// that may block.
///
/// It holds nothing but the hash state of the password, borrows nothing, and is wiped when dropped.
#[derive(Clone)]
pub struct Derivation {
    hash: ScramHash,
    keyed: Option<Keyed>,
    last: Digest,
    sum: Digest,
    left: u32,
}

impl Derivation {
    /// The derivation from a password that SASLprep has prepared, where it is not ASCII.
    #[must_use]
    pub fn new(hash: ScramHash, password: &[u8], salt: &[u8], iterations: u32) -> Self {
        let keyed = Keyed::new(hash, password);
        let first = match &keyed {
            Some(keyed) => keyed.over(&[salt, &1_u32.to_be_bytes()]),
            None => Digest::new(&[]),
        };
        Self { hash, keyed, last: first.clone(), sum: first, left: iterations.saturating_sub(1) }
    }

    /// Goes on for so many iterations at most; whether it is done.
    pub fn run(&mut self, iterations: u32) -> bool {
        if let Some(keyed) = &self.keyed {
            for _ in 0..iterations.min(self.left) {
                self.last = keyed.over(&[self.last.octets()]);
                self.sum.xor(self.last.octets());
            }
        }
        self.left = self.left.saturating_sub(iterations);
        self.is_done()
    }

    /// Whether no iteration is left.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Iterations that are left.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.left
    }

    pub(super) const fn hash(&self) -> ScramHash {
        self.hash
    }

    /// The salted password, once it is done.
    pub(super) fn salted_password(&self) -> &[u8] {
        self.sum.octets()
    }
}

impl fmt::Debug for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derivation").field("left", &self.left).finish_non_exhaustive()
    }
}
