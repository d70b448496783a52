//! The server's side of a SASL exchange.
//!
//! The caller owns every octet: what the client sent (decoded), and what an exchange asked to keep
//! from an earlier response. That is why an exchange is two words large and needs no buffer.
//!
//! ```
//! use ehlo::sasl::Mechanism;
//! use ehlo::sasl::server::{Exchange, Prompt, Step, Verify};
//!
//! let mut exchange = Exchange::new(Mechanism::Login);
//! assert_eq!(exchange.step(None), Step::Challenge(Prompt::Username));
//! assert_eq!(exchange.step(Some(b"tim")), Step::KeepAndChallenge(Prompt::Password));
//! assert_eq!(exchange.step(Some(b"tanstaaf")), Step::Verify);
//! let Verify::Password(login) = exchange.verify(b"tim", b"tanstaaf")? else { panic!() };
//! assert_eq!(login.username, "tim");
//! assert!(login.password.matches(b"tanstaaf"));
//! # Ok::<(), ehlo::sasl::server::Malformed>(())
//! ```

use core::fmt;

use super::Mechanism;
use crate::secret::Secret;
use crate::wire::find;

/// An exchange with a client, by one mechanism.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    round: u8,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this challenge.
    Challenge(Prompt),
    /// Keep the response just received for [`Exchange::verify`], and send this challenge.
    KeepAndChallenge(Prompt),
    /// Have [`Exchange::verify`] read the response, and check what it gives.
    Verify,
}

/// What a challenge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing: the client speaks first and didn't in its initial response.
    Empty,
    /// `Username:`
    Username,
    /// `Password:`
    Password,
    /// A string never used before, such as `<random@host>` (RFC 2195 section 2).
    Nonce,
    /// The challenge of DIGEST-MD5 (RFC 2831 section 2.1.1).
    #[cfg(feature = "digest-md5")]
    DigestMd5,
}

/// What is to be checked, read from the client's response.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Verify<'a> {
    /// A password: PLAIN and LOGIN.
    Password(Password<'a>),
    /// A digest over the challenge: CRAM-MD5.
    Digest(Digest<'a>),
    /// A bearer token: XOAUTH2 and OAUTHBEARER.
    Token(Token<'a>),
    /// The identity of the TLS client certificate: EXTERNAL. `None` is whoever the certificate
    /// says.
    External(Option<&'a str>),
    /// Nobody in particular, with trace information that may be empty: ANONYMOUS.
    Anonymous(&'a str),
    /// The keys of a user: SCRAM, twice; first for the challenge, then for the proof.
    #[cfg(feature = "_scram")]
    Scram(super::Scram<'a>),
    /// The key of a user: DIGEST-MD5.
    #[cfg(feature = "digest-md5")]
    DigestMd5(super::DigestMd5<'a>),
    /// The challenge of NTLM, which the client has asked for.
    #[cfg(feature = "ntlm")]
    Negotiate(super::Negotiate),
    /// The hash of a user's password: NTLM.
    #[cfg(feature = "ntlm")]
    Ntlm(super::Ntlm<'a>),
    /// Nothing: the client has seen the server's own proof, and the exchange is over.
    #[cfg(feature = "_nonce")]
    Acknowledged,
    /// A response for the application to read: its own mechanism.
    Response(&'a [u8]),
}

/// An authentication by password.
#[derive(Clone, Copy, Debug)]
pub struct Password<'a> {
    /// The authorization identity: who the client wants to act as, when it said so.
    pub authorization_identity: Option<&'a str>,
    /// The authentication identity: whose password it is.
    pub username: &'a str,
    /// The password.
    pub password: Secret<'a>,
}

/// An authentication by a keyed digest.
#[derive(Clone, Copy, Debug)]
pub struct Digest<'a> {
    /// The authentication identity.
    pub username: &'a str,
    /// The digest in 32 lower-case hexadecimal digits.
    pub digest: Secret<'a>,
}

/// An authentication by bearer token.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// Whose token it should be; OAUTHBEARER may leave it out.
    pub username: Option<&'a str>,
    /// The token.
    pub token: Secret<'a>,
    /// The host the client thinks it talks to (OAUTHBEARER).
    pub host: Option<&'a str>,
    /// The port the client thinks it talks to (OAUTHBEARER).
    pub port: Option<u16>,
}

/// A response that is not a message of its mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed;

impl Exchange {
    /// An exchange that has not begun.
    #[must_use]
    pub const fn new(mechanism: Mechanism) -> Self {
        Self { mechanism, round: 0 }
    }

    /// Its mechanism.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Whether the response that was taken last is the first one.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.round == 1
    }

    /// Takes the initial response, or `None` where there was none, and then each response.
    ///
    /// An initial response for a mechanism in which the server speaks first is the caller's to
    /// refuse: see [`Mechanism::is_server_first`].
    pub fn step(&mut self, response: Option<&[u8]>) -> Step {
        let round = self.round;
        #[cfg(feature = "_scram")]
        if self.mechanism.scram().is_some() {
            let Some(_) = response else { return Step::Challenge(Prompt::Empty) };
            self.round = round.saturating_add(1);
            return Step::Verify;
        }
        #[cfg(feature = "ntlm")]
        if matches!((self.mechanism, response), (Mechanism::Ntlm, None)) {
            return Step::Challenge(Prompt::Empty);
        }
        #[cfg(feature = "gssapi")]
        if matches!((self.mechanism, response), (Mechanism::Gssapi, None)) {
            return Step::Challenge(Prompt::Empty);
        }
        self.round = self.round.saturating_add(1);
        match (self.mechanism, round, response.is_some()) {
            #[cfg(feature = "login")]
            (Mechanism::Login, 0, false) => Step::Challenge(Prompt::Username),
            #[cfg(feature = "login")]
            (Mechanism::Login, 0, true) => {
                // The username came as the initial response: the next one is the password.
                self.round = 2;
                Step::KeepAndChallenge(Prompt::Password)
            }
            #[cfg(feature = "login")]
            (Mechanism::Login, 1, _) => Step::KeepAndChallenge(Prompt::Password),
            #[cfg(feature = "cram-md5")]
            (Mechanism::CramMd5, 0, _) => Step::Challenge(Prompt::Nonce),
            #[cfg(feature = "digest-md5")]
            (Mechanism::DigestMd5, 0, _) => Step::Challenge(Prompt::DigestMd5),
            (Mechanism::Application(_), ..) => Step::Verify,
            (_, 0, false) => Step::Challenge(Prompt::Empty),
            _ => Step::Verify,
        }
    }

    /// Reads the last response, with what an earlier step asked to keep.
    ///
    /// # Errors
    /// When the octets are not a message of the mechanism.
    pub fn verify<'a>(&self, kept: &'a [u8], response: &'a [u8]) -> Result<Verify<'a>, Malformed> {
        let _ = kept;
        #[cfg(feature = "_scram")]
        if let Some((hash, plus)) = self.mechanism.scram() {
            return match self.round {
                0 | 1 => super::Scram::read(hash, plus, response, None).map(Verify::Scram),
                2 => super::Scram::read(hash, plus, kept, Some(response)).map(Verify::Scram),
                _ if response.is_empty() => Ok(Verify::Acknowledged),
                _ => Err(Malformed),
            };
        }
        match self.mechanism {
            #[cfg(feature = "plain")]
            Mechanism::Plain => super::plain::read(response).map(Verify::Password),
            #[cfg(feature = "login")]
            Mechanism::Login => super::login::read(kept, response).map(Verify::Password),
            #[cfg(feature = "cram-md5")]
            Mechanism::CramMd5 => super::cram_md5::read(response).map(Verify::Digest),
            #[cfg(feature = "oauth")]
            Mechanism::Xoauth2 => super::oauth::read_xoauth2(response).map(Verify::Token),
            #[cfg(feature = "oauth")]
            Mechanism::OauthBearer => super::oauth::read_oauthbearer(response).map(Verify::Token),
            #[cfg(feature = "digest-md5")]
            Mechanism::DigestMd5 if self.round > 2 && response.is_empty() => {
                Ok(Verify::Acknowledged)
            }
            #[cfg(feature = "digest-md5")]
            Mechanism::DigestMd5 if self.round > 2 => Err(Malformed),
            #[cfg(feature = "digest-md5")]
            Mechanism::DigestMd5 => super::DigestMd5::read(response).map(Verify::DigestMd5),
            #[cfg(feature = "ntlm")]
            Mechanism::Ntlm if self.round > 1 => super::Ntlm::read(response).map(Verify::Ntlm),
            #[cfg(feature = "ntlm")]
            Mechanism::Ntlm => super::Negotiate::read(response).map(Verify::Negotiate),
            Mechanism::External => super::external::read(response).map(Verify::External),
            Mechanism::Anonymous => super::anonymous::read(response).map(Verify::Anonymous),
            // The application's own; those that were looked at before don't come here.
            _ => Ok(Verify::Response(response)),
        }
    }
}

impl Prompt {
    /// The octets of the challenge, where `nonce` is the string for [`Prompt::Nonce`].
    #[must_use]
    pub const fn octets(self, nonce: &str) -> &[u8] {
        match self {
            Self::Empty => b"",
            Self::Username => b"Username:",
            Self::Password => b"Password:",
            Self::Nonce => nonce.as_bytes(),
            // The machine builds it.
            #[cfg(feature = "digest-md5")]
            Self::DigestMd5 => b"",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a message of this mechanism")
    }
}

impl core::error::Error for Malformed {}

/// UTF-8 without NUL and with something in it: what a name or a password is.
pub(super) fn name(octets: &[u8]) -> Result<&str, Malformed> {
    match core::str::from_utf8(octets) {
        Ok(text) if !text.is_empty() && find::first(0, octets).is_none() => Ok(text),
        _ => Err(Malformed),
    }
}
