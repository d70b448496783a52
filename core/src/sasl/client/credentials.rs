//! What a client authenticates with.

use core::fmt;

use crate::sasl::Mechanism;
use crate::secret::Secret;
use crate::wire::words;

/// What a client has to authenticate with: a password, a token, a certificate, or nothing at all.
///
/// The texts are the caller's; nothing here prints a secret.
///
/// ```
/// use ehlo::sasl::client::Credentials;
///
/// let credentials = Credentials::password("me@example.org", "hunter2");
/// assert!(!format!("{credentials:?}").contains("hunter2"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    pub(in crate::sasl) username: &'a str,
    pub(in crate::sasl) authorization_identity: Option<&'a str>,
    pub(in crate::sasl) password: Option<Secret<'a>>,
    pub(in crate::sasl) token: Option<Secret<'a>>,
    pub(in crate::sasl) certificate: bool,
    pub(in crate::sasl) anonymous: Option<&'a str>,
    #[cfg(feature = "application")]
    pub(in crate::sasl) application: bool,
    #[cfg(feature = "_nonce")]
    pub(in crate::sasl) nonce: Option<crate::sasl::NonceSeed>,
    #[cfg(feature = "_scram")]
    pub(in crate::sasl) channel_binding: Option<crate::sasl::ChannelBinding>,
}

/// Why a mechanism can't be used with these credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// What the mechanism needs is not there.
    Missing,
    /// The username or authorization identity is empty or holds a control character.
    Username,
    /// The password is empty, or holds a NUL, a CR or an LF.
    Password,
    /// The token is empty, or holds something else than printable ASCII.
    Token,
    /// The trace information holds a control character, or more than 255 characters (RFC 4505
    /// section 3).
    Trace,
}

impl<'a> Credentials<'a> {
    const NONE: Self = Self {
        username: "",
        authorization_identity: None,
        password: None,
        token: None,
        certificate: false,
        anonymous: None,
        #[cfg(feature = "application")]
        application: false,
        #[cfg(feature = "_nonce")]
        nonce: None,
        #[cfg(feature = "_scram")]
        channel_binding: None,
    };

    /// A password.
    #[must_use]
    pub const fn password(username: &'a str, password: &'a str) -> Self {
        Self { username, password: Some(Secret::new(password)), ..Self::NONE }
    }

    /// An OAuth 2.0 bearer token. How it is renewed when it has run out is the caller's care.
    #[must_use]
    pub const fn token(username: &'a str, token: &'a str) -> Self {
        Self { username, token: Some(Secret::new(token)), ..Self::NONE }
    }

    /// The TLS client certificate (EXTERNAL).
    #[must_use]
    pub const fn certificate() -> Self {
        Self { certificate: true, ..Self::NONE }
    }

    /// Nothing but a trace, such as an address to write to, which may be empty (ANONYMOUS).
    #[must_use]
    pub const fn anonymous(trace: &'a str) -> Self {
        Self { anonymous: Some(trace), ..Self::NONE }
    }

    /// Whatever the application has: for mechanisms whose messages it makes itself, GSSAPI among them.
    /// One of its own has to stand among the preferred ones: see [`Rules::prefer`](super::Rules::prefer).
    #[cfg(feature = "application")]
    #[must_use]
    pub const fn application() -> Self {
        Self { application: true, ..Self::NONE }
    }

    /// A token besides, for mechanisms that take one.
    #[must_use]
    pub const fn or_token(self, token: &'a str) -> Self {
        Self { token: Some(Secret::new(token)), ..self }
    }

    /// The TLS client certificate besides, for EXTERNAL.
    #[must_use]
    pub const fn or_certificate(self) -> Self {
        Self { certificate: true, ..self }
    }

    /// Whatever the application has besides, for mechanisms whose messages it makes itself.
    #[cfg(feature = "application")]
    #[must_use]
    pub const fn or_application(self) -> Self {
        Self { application: true, ..self }
    }

    /// Who to act as, where that is not whose credentials these are. A mechanism that can't say it
    /// (LOGIN, CRAM-MD5, XOAUTH2, NTLM) is then not used.
    #[must_use]
    pub const fn authorization_identity(self, identity: &'a str) -> Self {
        Self { authorization_identity: Some(identity), ..self }
    }

    /// A random number, different for each connection: without it no mechanism is used that proves
    /// the password in place of showing it, CRAM-MD5 aside.
    #[cfg(feature = "_nonce")]
    #[must_use]
    pub const fn nonce(self, seed: [u8; 16]) -> Self {
        Self { nonce: Some(crate::sasl::NonceSeed(seed)), ..self }
    }

    /// What the TLS connection is known by, for the mechanisms that are tied to it. The machines in
    /// [`client`](crate::client) set it when TLS begins.
    #[cfg(feature = "_scram")]
    #[must_use]
    pub const fn channel_binding(self, binding: crate::sasl::ChannelBinding) -> Self {
        Self { channel_binding: Some(binding), ..self }
    }

    /// Whether there is what this mechanism needs.
    #[must_use]
    pub const fn serve(&self, mechanism: Mechanism) -> bool {
        #[cfg(feature = "_scram")]
        if let Some((_, plus)) = mechanism.scram() {
            let bound = !plus || self.channel_binding.is_some();
            return self.password.is_some() && self.nonce.is_some() && bound;
        }
        match mechanism {
            #[cfg(feature = "plain")]
            Mechanism::Plain => self.password.is_some(),
            #[cfg(feature = "login")]
            Mechanism::Login => self.password.is_some() && self.acts_as_itself(),
            #[cfg(feature = "cram-md5")]
            Mechanism::CramMd5 => self.password.is_some() && self.acts_as_itself(),
            #[cfg(feature = "oauth")]
            Mechanism::Xoauth2 => self.token.is_some() && self.acts_as_itself(),
            #[cfg(feature = "oauth")]
            Mechanism::OauthBearer => self.token.is_some(),
            #[cfg(feature = "digest-md5")]
            Mechanism::DigestMd5 => self.password.is_some() && self.nonce.is_some(),
            #[cfg(feature = "ntlm")]
            Mechanism::Ntlm => {
                self.password.is_some() && self.nonce.is_some() && self.acts_as_itself()
            }
            Mechanism::External => self.certificate,
            Mechanism::Anonymous => self.anonymous.is_some(),
            #[cfg(feature = "application")]
            other if other.is_spoken_by_application() => self.application,
            // Those that were looked at before.
            _ => false,
        }
    }

    /// Whether a mechanism will do that can't say who to act as.
    #[allow(dead_code, reason = "not every set of mechanisms has such a one")]
    const fn acts_as_itself(&self) -> bool {
        self.authorization_identity.is_none()
    }

    /// Sees that there is what this mechanism needs, and that it can be said in it: no NUL, CR or
    /// LF, nor what the mechanism sets its parts apart with.
    pub(super) fn check(&self, mechanism: Mechanism) -> Result<(), InvalidCredentials> {
        #[cfg(feature = "_scram")]
        let serves = if mechanism.has_channel_binding() {
            // The channel binding may still come.
            self.password.is_some() && self.nonce.is_some()
        } else {
            self.serve(mechanism)
        };
        #[cfg(not(feature = "_scram"))]
        let serves = self.serve(mechanism);
        if !serves {
            return Err(InvalidCredentials::Missing);
        }
        #[cfg(feature = "application")]
        if mechanism.is_spoken_by_application() {
            return Ok(());
        }
        let names = [Some(self.username), self.authorization_identity];
        let nameless = matches!(mechanism, Mechanism::External | Mechanism::Anonymous);
        if names.into_iter().flatten().any(words::has_control)
            || (self.username.is_empty() && !nameless)
            || self.authorization_identity == Some("")
        {
            return Err(InvalidCredentials::Username);
        }
        let bad = |octet: u8| matches!(octet, 0 | b'\r' | b'\n');
        let password = self.password.map(Secret::expose).filter(|_| !takes_token(mechanism));
        if password.is_some_and(|password| password.is_empty() || password.bytes().any(bad)) {
            return Err(InvalidCredentials::Password);
        }
        // What another mechanism needs is no concern of this one.
        let token = self.token.map(Secret::expose).filter(|_| takes_token(mechanism));
        let graphic = |token: &str| token.bytes().all(|octet| octet.is_ascii_graphic());
        if token.is_some_and(|token| token.is_empty() || !graphic(token)) {
            return Err(InvalidCredentials::Token);
        }
        let bad = |trace: &str| words::has_control(trace) || words::count(trace) > 255;
        if self.anonymous.is_some_and(bad) {
            return Err(InvalidCredentials::Trace);
        }
        Ok(())
    }
}

/// Whether a mechanism takes a token in place of a password.
const fn takes_token(mechanism: Mechanism) -> bool {
    match mechanism {
        #[cfg(feature = "oauth")]
        Mechanism::Xoauth2 | Mechanism::OauthBearer => true,
        _ => false,
    }
}

impl fmt::Display for InvalidCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the mechanism needs credentials of another kind",
            Self::Username => "the username is empty or holds a control character",
            Self::Password => "the password is empty or holds a NUL, CR or LF",
            Self::Token => "the token is empty or holds something else than printable ASCII",
            Self::Trace => "the trace holds a control character or is longer than 255 characters",
        })
    }
}

impl core::error::Error for InvalidCredentials {}
