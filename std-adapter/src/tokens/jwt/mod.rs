//! Tokens that say themselves whose they are, signed by their issuer.
//!
//! The signature is verified by ring, which TLS brings; what is left of a JWT is base64 and JSON.

mod algorithm;
mod compact;
mod jwks;
mod key;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use jwks::{Jwks, JwksError};

use core::time::Duration;
use std::time::SystemTime;

use self::compact::Compact;
use self::key::Key;
use super::claims::Requirements;
use super::{Grant, Presented, TokenRefusal, TokenVerifier, Verifying};

/// Verifies tokens that are JWT (RFC 7519), such as those of RFC 9068, by the keys of their issuer.
///
/// A token has to be signed by a key of the set, by an algorithm that is allowed and that the key is for; it has to be
/// of this issuer, for one of the audiences, and has to say when it expires. What it names as its key decides which one
/// is tried; a token that names none may be of any.
///
/// ```no_run
/// use ehlo_std::tokens::{Jwks, JwksError, Jwt};
///
/// # fn main() -> Result<(), JwksError> {
/// let keys = Jwks::url("https://id.example/realms/mail/protocol/openid-connect/certs")?;
/// let verifier = Jwt::new(keys, "https://id.example/realms/mail", "smtp").claim("preferred_username");
/// # drop(verifier);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Jwt {
    keys: Jwks,
    algorithms: Vec<Algorithm>,
    required: Requirements,
}

impl Jwt {
    /// Tokens of this issuer (`iss`) for this audience (`aud`), signed by one of these keys.
    pub fn new(keys: Jwks, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let mut required = Requirements::new(&["sub"], true);
        required.issuer = Some(issuer.into());
        required.audiences.push(audience.into());
        Self { keys, algorithms: Algorithm::ALL.to_vec(), required }
    }

    /// Also tokens for this audience.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.required.audiences.push(audience.into());
        self
    }

    /// What the token has to be good for (`scope`); said more than once, for all of these.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.required.scopes.push(scope.into());
        self
    }

    /// The claim that tells whose the token is; by default `sub`. Take one that the issuer vouches for, and that no
    /// user can set: an `email` that says not to be verified is taken for nobody's.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>) -> Self {
        self.required.names = vec![name.into().into()];
        self
    }

    /// These algorithms alone; by default all.
    #[must_use]
    pub fn algorithms(self, algorithms: impl Into<Vec<Algorithm>>) -> Self {
        Self { algorithms: algorithms.into(), ..self }
    }

    /// How far the issuer's clock may be off; by default a minute.
    #[must_use]
    pub fn leeway(mut self, time: Duration) -> Self {
        self.required.leeway = time;
        self
    }

    async fn look_at(&self, token: &str) -> Result<Grant, TokenRefusal> {
        let token = Compact::parse(token).map_err(TokenRefusal::invalid)?;
        let algorithm = token.algorithm;
        if !self.algorithms.contains(&algorithm) {
            return Err(TokenRefusal::invalid(format!("{algorithm} isn't allowed (alg)")));
        }
        let named = |key: &Key| match &token.key_id {
            Some(id) => key.id.as_ref() == Some(id),
            None => key.is_for(algorithm),
        };
        let keys = self.keys.keys(named).await;
        let keys =
            keys.map_err(|why| TokenRefusal::unavailable(format!("its issuer's keys: {why}")))?;
        let mut candidates = keys.iter().filter(|key| named(key)).peekable();
        if candidates.peek().is_none() {
            return Err(TokenRefusal::invalid("its key isn't among those of the issuer (kid)"));
        }
        let message = token.message.as_bytes();
        if !candidates.any(|key| key.verify(algorithm, message, &token.signature)) {
            return Err(TokenRefusal::invalid("its signature is wrong"));
        }
        let claims = token.claims().map_err(TokenRefusal::invalid)?;
        self.required.check(&claims, SystemTime::now())
    }
}

impl TokenVerifier for Jwt {
    fn verify<'a>(&'a self, presented: &'a Presented<'a>) -> Verifying<'a> {
        Box::pin(self.look_at(presented.token()))
    }
}

#[cfg(test)]
mod tests;
