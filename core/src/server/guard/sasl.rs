//! Guards of AUTH: what is to be checked, and the verdict.

use super::{Answer, guard};
use crate::reply::{DefaultReply, Refusal, ReplyCode};
use crate::sasl::server as verify;
use crate::secret::Secret;
use crate::server::auth;
use crate::server::facts::Identity;

impl Answer<'_> {
    fn authenticated(&mut self, identity: Option<Identity>) {
        self.state.authenticated(identity);
        self.state.end_exchange();
        self.state.counts.errors = 0;
        self.write_default(DefaultReply::Authenticated, None);
        self.state.consume_line();
    }

    fn reject(&mut self) {
        auth::reject(self.config, self.state, self.tx);
    }

    /// A refusal of the application's own counts like a wrong password, unless it is for now only.
    fn refuse_auth(&mut self, refusal: &Refusal<'_>) {
        let reply = refusal.reply(ReplyCode::AUTH_FAILED, ReplyCode::TEMPORARY_AUTH_FAILURE);
        if reply.code().is_permanent() {
            auth::failed(self.config, self.state, self.tx, &reply);
        } else {
            self.state.end_exchange();
            self.write(&reply);
            self.state.consume_line();
            self.close_after(&reply);
        }
    }

    fn unavailable(&mut self) {
        self.state.end_exchange();
        self.write_default(DefaultReply::AuthUnavailable, None);
        self.state.consume_line();
    }
}

/// The verdicts that all guards of AUTH take.
macro_rules! verdicts {
    ($name:ident) => {
        guard!($name);

        impl $name<'_> {
            /// The name of the mechanism.
            #[must_use]
            pub fn mechanism(&self) -> &'static str {
                self.answer.state.exchange.map_or("", |exchange| exchange.mechanism().name())
            }

            /// 235: the client has authenticated.
            pub fn accept(mut self) {
                self.answer.authenticated(None);
            }

            /// 235, with a number by which every later event names who it is.
            pub fn accept_as(mut self, identity: Identity) {
                self.answer.authenticated(Some(identity));
            }

            /// A refusal with a code and text of the application's own; without a code it is 535
            /// or 454.
            pub fn refuse(mut self, refusal: &Refusal<'_>) {
                self.answer.refuse_auth(refusal);
            }

            /// 454: it can't be decided now. This does not count as a failed authentication.
            pub fn unavailable(mut self) {
                self.answer.unavailable();
            }
        }
    };
    ($name:ident, rejected) => {
        verdicts!($name);

        impl $name<'_> {
            /// 535: the credentials are wrong. The reply is held back a little.
            pub fn reject(mut self) {
                self.answer.reject();
            }
        }
    };
}

/// A password is to be checked: PLAIN or LOGIN.
pub struct Login<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) login: verify::Password<'a>,
}

verdicts!(Login, rejected);

impl<'a> Login<'a> {
    /// The authentication identity: whose password it is.
    #[must_use]
    pub const fn username(&self) -> &'a str {
        self.login.username
    }

    /// The password.
    #[must_use]
    pub const fn password(&self) -> Secret<'a> {
        self.login.password
    }

    /// The authorization identity: who the client wants to act as. It differs from the
    /// authentication identity only with `Policy::authorization_identity`.
    #[must_use]
    pub fn authorization_identity(&self) -> &'a str {
        self.login.authorization_identity.unwrap_or(self.login.username)
    }
}

/// A digest is to be checked: CRAM-MD5 (RFC 2195).
#[cfg(feature = "cram-md5")]
pub struct CramMd5<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) digest: verify::Digest<'a>,
    pub(in crate::server) challenge: crate::sasl::Challenge,
}

#[cfg(feature = "cram-md5")]
verdicts!(CramMd5, rejected);

#[cfg(feature = "cram-md5")]
impl<'a> CramMd5<'a> {
    /// The authentication identity.
    #[must_use]
    pub const fn username(&self) -> &'a str {
        self.digest.username
    }

    /// The challenge that was sent: `<random@hostname>`.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// The digest the client answered it with: 32 lower-case hexadecimal digits.
    #[must_use]
    pub const fn response(&self) -> Secret<'a> {
        self.digest.digest
    }

    /// Whether this password gives that digest; in constant time.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> bool {
        crate::sasl::verify_password(self.digest.digest, &self.challenge, password)
    }

    /// Whether these keys, stored in place of the password, give that digest; in constant time.
    #[must_use]
    pub fn verify_keys(&self, keys: &crate::sasl::CramMd5Keys) -> bool {
        keys.verify(self.digest.digest, &self.challenge)
    }
}

/// A bearer token is to be checked: XOAUTH2 or OAUTHBEARER.
///
/// That the token is good is not enough: it has to belong to [`username`](Self::username).
#[cfg(feature = "oauth")]
pub struct Token<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) token: verify::Token<'a>,
}

#[cfg(feature = "oauth")]
verdicts!(Token);

#[cfg(feature = "oauth")]
impl<'a> Token<'a> {
    /// Whose token it should be; OAUTHBEARER may leave it out.
    #[must_use]
    pub const fn username(&self) -> Option<&'a str> {
        self.token.username
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> Secret<'a> {
        self.token.token
    }

    /// The host and port the client thinks it talks to (OAUTHBEARER).
    #[must_use]
    pub const fn endpoint(&self) -> (Option<&'a str>, Option<u16>) {
        (self.token.host, self.token.port)
    }

    /// The token is not good: a JSON challenge says so, and 535 follows (RFC 7628 section 3.2.3).
    pub fn reject(self) {
        let xoauth2 = self.mechanism() == crate::sasl::Mechanism::Xoauth2.name();
        let status = if xoauth2 { "401" } else { "invalid_token" };
        self.reject_with(&crate::sasl::TokenError { status, schemes: "bearer", scope: "" });
    }

    /// As [`reject`](Self::reject), with a JSON of the application's own.
    pub fn reject_with(self, error: &crate::sasl::TokenError<'_>) {
        // 360 octets are 480 in base64: a challenge that fits the smallest send buffer.
        let mut json = [0; 360];
        let n = error.write(&mut json).unwrap_or(0);
        let json = json.get(..n).filter(|json| !json.is_empty()).unwrap_or(b"{}");
        let Answer { config, state, tx } = self.answer;
        state.spend();
        match auth::write_challenge(state, tx, json) {
            Some(()) => {
                state.flags.failing = true;
                state.response = None;
                state.consume_line();
            }
            None => auth::reject(config, state, tx),
        }
    }
}

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
        let (secret, iterations) = match self.answer.config.decoys {
            Some(decoys) => (decoys.secret, decoys.iterations),
            None => (self.answer.state.seed.as_slice(), crate::sasl::ITERATIONS_MIN),
        };
        let name = self.scram.username().as_encoded();
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
    pub fn key(self, key: &crate::sasl::DigestMd5Key) {
        let Answer { config, state, tx } = self.answer;
        let challenge = auth::digest_md5_challenge(config, state);
        let Some(proof) = self.digest.verify(key, &challenge) else {
            return auth::reject(config, state, tx);
        };
        let written = auth::write_built_challenge(state, tx, |out| {
            out.octets(b"rspauth=");
            out.octets(&proof);
        });
        if written.is_none() {
            return Answer { config, state, tx }.unavailable();
        }
        state.spend();
        state.response = None;
        state.consume_line();
        state.proven = Some(self.identity);
    }

    /// Answers with the user's password.
    pub fn password(self, password: &[u8]) {
        let key = crate::sasl::DigestMd5Key::new(self.username(), self.realm(), password);
        self.key(&key);
    }

    /// 535: there is no such user.
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

/// The hash of a user's password is needed: NTLM (MS-SMTP).
#[cfg(feature = "ntlm")]
pub struct Ntlm<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) login: crate::sasl::Ntlm<'a>,
}

#[cfg(feature = "ntlm")]
verdicts!(Ntlm, rejected);

#[cfg(feature = "ntlm")]
impl<'a> Ntlm<'a> {
    /// Whose hash is needed.
    #[must_use]
    pub const fn username(&self) -> crate::sasl::Utf16<'a> {
        self.login.username()
    }

    /// The domain the user says to belong to; may be empty.
    #[must_use]
    pub const fn domain(&self) -> crate::sasl::Utf16<'a> {
        self.login.domain()
    }

    /// Whether the client knows the password with this hash; in constant time.
    #[must_use]
    pub fn verify(&self, hash: &crate::sasl::NtHash) -> bool {
        self.login.verify(hash, &auth::ntlm_challenge(self.answer.state))
    }

    /// Whether the client knows this password; in constant time.
    #[must_use]
    pub fn verify_password(&self, password: &str) -> bool {
        self.verify(&crate::sasl::NtHash::new(password))
    }
}

/// The identity of the TLS client certificate is to be used: EXTERNAL (RFC 4422 appendix A).
pub struct External<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) identity: Option<&'a str>,
}

verdicts!(External, rejected);

impl<'a> External<'a> {
    /// Who the client wants to act as; `None` is whoever the certificate says.
    #[must_use]
    pub const fn authorization_identity(&self) -> Option<&'a str> {
        self.identity
    }
}

/// Nobody in particular: ANONYMOUS (RFC 4505).
pub struct Anonymous<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) trace: &'a str,
}

verdicts!(Anonymous, rejected);

impl<'a> Anonymous<'a> {
    /// What the client says of itself, for the log; may be empty. Not to be believed.
    #[must_use]
    pub const fn trace(&self) -> &'a str {
        self.trace
    }
}

/// A round of a mechanism of the application's own.
pub struct Exchange<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) response: Option<&'a [u8]>,
}

verdicts!(Exchange, rejected);

impl<'a> Exchange<'a> {
    /// What the client sent, decoded; `None` when there was no initial response.
    #[must_use]
    pub const fn response(&self) -> Option<&'a [u8]> {
        self.response
    }

    /// Sends a challenge and waits for the response to it.
    ///
    /// # Errors
    /// Itself, when the challenge does not fit the send buffer.
    pub fn challenge(self, octets: &[u8]) -> Result<(), Self> {
        let Answer { config, state, tx } = self.answer;
        match auth::write_challenge(state, tx, octets) {
            Some(()) => {
                state.spend();
                state.response = None;
                state.consume_line();
                Ok(())
            }
            None => Err(Self { answer: Answer { config, state, tx }, response: self.response }),
        }
    }
}
