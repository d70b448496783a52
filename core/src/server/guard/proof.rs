//! Guards of the mechanisms in which the server proves itself too: SCRAM and DIGEST-MD5.

use super::{Answer, guard};
use crate::reply::Refusal;
use crate::server::auth;
use crate::server::facts::Identity;

/// The keys of a user are needed: SCRAM (RFC 5802). It is asked twice in an exchange: for the
/// challenge, and for the client's proof. The same answer does for both.
///
/// Without a channel binding of the right kind, a mechanism that is tied to TLS fails; so only a
/// server that has one offers those.
#[cfg(feature = "_scram")]
pub struct ScramKeys<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) scram: crate::sasl::Scram<'a>,
    pub(in crate::server) identity: Option<Identity>,
    pub(in crate::server) binding: Option<crate::sasl::ChannelBinding>,
}

#[cfg(feature = "_scram")]
guard!(ScramKeys);

#[cfg(feature = "_scram")]
impl<'a> ScramKeys<'a> {
    /// The name of the mechanism.
    #[must_use]
    pub fn mechanism(&self) -> &'static str {
        self.answer.state.exchange.map_or("", |exchange| exchange.mechanism().name())
    }

    /// Whose keys are needed.
    #[must_use]
    pub const fn username(&self) -> crate::sasl::SaslName<'a> {
        self.scram.username()
    }

    /// Who the client wants to act as. It differs from the username only with
    /// `Policy::authorization_identity`.
    #[must_use]
    pub fn authorization_identity(&self) -> crate::sasl::SaslName<'a> {
        self.scram.authorization_identity().unwrap_or(self.scram.username())
    }

    /// The hash function the keys have to be of.
    #[must_use]
    pub const fn hash(&self) -> crate::sasl::ScramHash {
        self.scram.hash()
    }

    /// Whether the client has sent its proof: this time the answer decides.
    #[must_use]
    pub const fn has_proof(&self) -> bool {
        self.scram.has_proof()
    }

    /// The channel binding that is needed for the proof, where the mechanism is tied to TLS.
    #[must_use]
    pub fn channel_binding(&self) -> Option<crate::sasl::BindingKind> {
        self.scram.channel_binding()
    }

    /// The channel binding of this connection, of the kind that is needed.
    #[must_use]
    pub fn bind(self, binding: crate::sasl::ChannelBinding) -> Self {
        Self { binding: Some(binding), ..self }
    }

    /// A number by which every later event names who it is, if the proof is right.
    #[must_use]
    pub fn identity(self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }

    /// Answers with the user's keys: the client gets its challenge; or its proof is checked, and it
    /// is 535, or the server's own proof and then 235.
    ///
    /// Gives whether the exchange goes on. With a proof, that is whether the proof was right; the
    /// client has authenticated when [`Facts`](crate::server::Facts) says so, since it may still
    /// find that the server's is not.
    pub fn keys(mut self, keys: &crate::sasl::ScramKeys) -> bool {
        if keys.hash() != self.scram.hash() {
            let goes_on = !self.scram.has_proof();
            self.unknown();
            return goes_on;
        }
        let scram = self.scram;
        let Answer { config, state, tx } = self.answer;
        let nonce = auth::scram_nonce(state, scram.hash());
        if !scram.has_proof() {
            let written = auth::write_built_challenge(state, tx, |out| {
                scram.write_challenge(keys, &nonce, out);
            });
            self.answer = Answer { config, state, tx };
            match written {
                Some(()) => self.answer.state.flags.keep = true,
                None => self.answer.unavailable(),
            }
            return written.is_some();
        }
        match scram.verify(keys, &nonce, self.binding.as_ref()) {
            Some(signature) => {
                let written = auth::write_built_challenge(state, tx, |out| signature.write(out));
                if written.is_none() {
                    Answer { config, state, tx }.unavailable();
                    return false;
                }
                state.spend();
                state.response = None;
                state.consume_line();
                state.proven = Some(self.identity);
                true
            }
            None => {
                auth::reject(config, state, tx);
                false
            }
        }
    }

    /// There is no such user: the exchange goes on as if there were, and ends with 535.
    pub fn unknown(self) {
        let name = self.scram.username().as_encoded();
        self.unknown_as(name);
    }

    /// As [`unknown`](Self::unknown), with the salt of this name: for an application to which several
    /// spellings are one name, such as SASLprep makes one of (RFC 5802 section 5.1). Real users have one
    /// salt however they are spelt; so must those be who don't exist.
    pub fn unknown_as(self, name: &str) {
        let (secret, iterations) = match self.answer.config.decoys {
            Some(decoys) => (decoys.secret, decoys.iterations),
            None => (self.answer.state.seed.as_slice(), crate::sasl::ITERATIONS_MIN),
        };
        let hash = self.scram.hash();
        let keys = crate::sasl::ScramKeys::decoy(hash, secret, name.as_bytes(), iterations);
        self.keys(&keys);
    }

    /// A refusal with a code and text of the application's own; without a code it is 535 or 454.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse_auth(refusal);
    }

    /// 454: it can't be decided now. This does not count as a failed authentication.
    pub fn unavailable(mut self) {
        self.answer.unavailable();
    }
}

/// The key of a user is needed: DIGEST-MD5 (RFC 2831).
#[cfg(feature = "digest-md5")]
pub struct DigestMd5<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) digest: crate::sasl::DigestMd5<'a>,
    pub(in crate::server) identity: Option<Identity>,
}

#[cfg(feature = "digest-md5")]
guard!(DigestMd5);

#[cfg(feature = "digest-md5")]
impl<'a> DigestMd5<'a> {
    /// Whose key is needed.
    #[must_use]
    pub const fn username(&self) -> &'a str {
        self.digest.username()
    }

    /// The realm the key has to be of: the server's hostname, or the digest is wrong anyway.
    #[must_use]
    pub const fn realm(&self) -> &'a str {
        self.digest.realm()
    }

    /// Who the client wants to act as. It differs from the username only with
    /// `Policy::authorization_identity`.
    #[must_use]
    pub fn authorization_identity(&self) -> &'a str {
        self.digest.authorization_identity().unwrap_or(self.digest.username())
    }

    /// A number by which every later event names who it is, if the digest is right.
    #[must_use]
    pub fn identity(self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }

    /// Answers with the user's key: the digest is checked, and it is 535, or the server's own proof
    /// and then 235.
    ///
    /// Gives whether the digest was right. The client has authenticated when
    /// [`Facts`](crate::server::Facts) says so: it may still find that the server's proof is not.
    pub fn key(self, key: &crate::sasl::DigestMd5Key) -> bool {
        let Answer { config, state, tx } = self.answer;
        let challenge = auth::digest_md5_challenge(config, state);
        let Some(proof) = self.digest.verify(key, &challenge) else {
            auth::reject(config, state, tx);
            return false;
        };
        let written = auth::write_built_challenge(state, tx, |out| {
            out.octets(b"rspauth=");
            out.octets(&proof);
        });
        if written.is_none() {
            Answer { config, state, tx }.unavailable();
            return false;
        }
        state.spend();
        state.response = None;
        state.consume_line();
        state.proven = Some(self.identity);
        true
    }

    /// Answers with the user's password; gives what [`key`](Self::key) does.
    pub fn password(self, password: &[u8]) -> bool {
        let key = crate::sasl::DigestMd5Key::new(self.username(), self.realm(), password);
        self.key(&key)
    }

    /// There is no such user: a digest is computed all the same, and it is 535 whatever it is.
    pub fn unknown(self) {
        let challenge = auth::digest_md5_challenge(self.answer.config, self.answer.state);
        let key = crate::sasl::DigestMd5Key::new(self.username(), self.realm(), b"");
        let _ = core::hint::black_box(self.digest.verify(&key, &challenge));
        self.reject();
    }

    /// 535: the credentials are wrong. The reply is held back a little.
    pub fn reject(mut self) {
        self.answer.reject();
    }

    /// A refusal with a code and text of the application's own; without a code it is 535 or 454.
    pub fn refuse(mut self, refusal: &Refusal<'_>) {
        self.answer.refuse_auth(refusal);
    }

    /// 454: it can't be decided now. This does not count as a failed authentication.
    pub fn unavailable(mut self) {
        self.answer.unavailable();
    }
}
