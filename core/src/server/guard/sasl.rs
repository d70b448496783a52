//! Guards of AUTH: what is to be checked, and the verdict.

use super::{Answer, guard};
use crate::reply::{DefaultReply, Refusal, ReplyCode};
use crate::sasl::server as verify;
use crate::secret::Secret;
use crate::server::auth;
use crate::server::facts::Identity;

impl Answer<'_> {
    pub(super) fn authenticated(&mut self, identity: Option<Identity>) {
        self.state.authenticated(identity);
        self.state.end_exchange();
        self.state.counts.errors = 0;
        self.write_default(DefaultReply::Authenticated, None);
        self.state.consume_line();
    }

    pub(super) fn reject(&mut self) {
        auth::reject(self.config, self.state, self.tx);
    }

    /// A refusal of the application's own counts like a wrong password, unless it is for now only.
    pub(super) fn refuse_auth(&mut self, refusal: &Refusal<'_>) {
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

    pub(super) fn unavailable(&mut self) {
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
    pub const fn username(&self) -> crate::sasl::NtlmName<'a> {
        self.login.username()
    }

    /// The domain the user says to belong to; may be empty.
    #[must_use]
    pub const fn domain(&self) -> crate::sasl::NtlmName<'a> {
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

/// A round of a mechanism of the application's own, or of GSSAPI.
///
/// What the exchange is about is the application's to keep. An exchange that is cancelled ends without
/// a word: what was kept is void when [`is_first`](Self::is_first) says that another one begins.
pub struct Exchange<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) response: Option<&'a [u8]>,
}

verdicts!(Exchange, rejected);

impl<'a> Exchange<'a> {
    /// What the client sent, decoded; `None` when there was no initial response. In GSSAPI, where the
    /// client speaks first, it is always there: it has been asked for.
    #[must_use]
    pub const fn response(&self) -> Option<&'a [u8]> {
        self.response
    }

    /// Whether this is the first round of an exchange.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.answer.state.exchange.is_some_and(|exchange| exchange.is_first())
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
