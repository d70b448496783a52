//! What a server stores in place of a password.

use core::fmt;

use super::derive::Derivation;
use super::hash::{Digest, ScramHash};
use crate::wire::copy;

/// Octets of the longest salt.
const SALT_MAX: usize = 64;

/// Fewest iterations a server should ask for (RFC 5802 section 5.1, RFC 7677 section 4).
pub(crate) const ITERATIONS_MIN: u32 = 4096;

/// What a server stores of a password: a salt, a number of iterations, and two keys from which the
/// password can't be had back (RFC 5802 section 3). Who has them can pretend to be this server, but
/// can't log in.
#[derive(Clone)]
pub struct ScramKeys {
    hash: ScramHash,
    salt: [u8; SALT_MAX],
    salt_length: usize,
    iterations: u32,
    stored_key: Digest,
    server_key: Digest,
}

/// What can't be keys of SCRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidScramKeys {
    /// The salt is empty or longer than 64 octets.
    Salt,
    /// There is not a single iteration.
    Iterations,
    /// A key has not as many octets as a digest.
    Length,
    /// The derivation is not done.
    Unfinished,
}

impl ScramKeys {
    /// Makes the keys of a password; SASLprep has prepared it, where it is not ASCII. It takes as
    /// long as so many iterations take: see [`finish`](Self::finish) for slices.
    ///
    /// # Errors
    /// When the salt or the iterations can't be.
    pub fn derive(
        hash: ScramHash,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, InvalidScramKeys> {
        let mut derivation = Derivation::new(hash, password, salt, iterations);
        derivation.run(u32::MAX);
        Self::finish(&derivation, salt, iterations)
    }

    /// Makes the keys from a derivation that is done, of this salt and this number of iterations.
    ///
    /// # Errors
    /// When it is not done, or the salt or the iterations can't be.
    pub fn finish(
        derivation: &Derivation,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, InvalidScramKeys> {
        if !derivation.is_done() {
            return Err(InvalidScramKeys::Unfinished);
        }
        let hash = derivation.hash();
        let client_key = hash.hmac(derivation.salted_password(), &[b"Client Key"]);
        let server_key = hash.hmac(derivation.salted_password(), &[b"Server Key"]);
        let stored_key = hash.digest(client_key.octets());
        Self::from_parts(hash, salt, iterations, stored_key.octets(), server_key.octets())
    }

    /// Reads keys that were stored.
    ///
    /// # Errors
    /// When a part can't be.
    pub fn from_parts(
        hash: ScramHash,
        salt: &[u8],
        iterations: u32,
        stored_key: &[u8],
        server_key: &[u8],
    ) -> Result<Self, InvalidScramKeys> {
        if salt.is_empty() || salt.len() > SALT_MAX {
            return Err(InvalidScramKeys::Salt);
        }
        if iterations == 0 {
            return Err(InvalidScramKeys::Iterations);
        }
        if stored_key.len() != hash.len() || server_key.len() != hash.len() {
            return Err(InvalidScramKeys::Length);
        }
        let mut kept = [0; SALT_MAX];
        copy(&mut kept, salt);
        Ok(Self {
            hash,
            salt: kept,
            salt_length: salt.len(),
            iterations,
            stored_key: Digest::new(stored_key),
            server_key: Digest::new(server_key),
        })
    }

    /// Keys of nobody: a salt that is always the same for a name, and keys that nothing matches. Who
    /// asks for a user that doesn't exist gets an exchange like any other (RFC 5802 section 9).
    pub(crate) fn decoy(hash: ScramHash, secret: &[u8], name: &[u8], iterations: u32) -> Self {
        let made = hash.hmac(secret, &[b"salt", name]);
        let keys = hash.hmac(secret, &[b"keys", name]);
        let mut salt = [0; SALT_MAX];
        copy(&mut salt, made.octets().get(..16).unwrap_or(&[]));
        Self { hash, salt, salt_length: 16, iterations, stored_key: keys.clone(), server_key: keys }
    }

    /// Its hash function.
    #[must_use]
    pub const fn hash(&self) -> ScramHash {
        self.hash
    }

    /// The salt.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        self.salt.get(..self.salt_length).unwrap_or(&[])
    }

    /// The number of iterations.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The stored key: `H(HMAC(SaltedPassword, "Client Key"))`.
    #[must_use]
    pub fn stored_key(&self) -> &[u8] {
        self.stored_key.octets()
    }

    /// The server key: `HMAC(SaltedPassword, "Server Key")`.
    #[must_use]
    pub fn server_key(&self) -> &[u8] {
        self.server_key.octets()
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys").field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl fmt::Display for InvalidScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Salt => "a salt has 1 to 64 octets",
            Self::Iterations => "there has to be an iteration",
            Self::Length => "a key has as many octets as a digest of its hash function",
            Self::Unfinished => "the derivation is not done",
        })
    }
}

impl core::error::Error for InvalidScramKeys {}
