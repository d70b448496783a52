//! What a client authenticates with, kept.

use ehlo::sasl::client as sasl;

use crate::users::Secret;

/// What a client has to authenticate with. Nothing here prints a secret, and all of it is wiped when dropped.
///
/// ```
/// use ehlo_std::client::Credentials;
///
/// let credentials = Credentials::password("me@example.org", "hunter2");
/// assert!(!format!("{credentials:?}").contains("hunter2"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    username: String,
    authorization_identity: Option<String>,
    password: Option<Secret>,
    token: Option<Secret>,
    certificate: bool,
    anonymous: Option<String>,
}

impl Credentials {
    /// A password. Username and password are prepared by SASLprep (RFC 4013), where it doesn't prohibit them.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        let (username, password) = (username.into(), Secret::new(password));
        let prepared = crate::users::prepare_secret(password.expose());
        Self {
            username: crate::users::prepare(&username)
                .map_or_else(|| username.clone(), |prepared| prepared.into_owned()),
            password: Some(prepared.unwrap_or(password)),
            ..Self::default()
        }
    }

    /// An OAuth 2.0 bearer token.
    pub fn token(username: impl Into<String>, token: impl Into<String>) -> Self {
        Self { username: username.into(), token: Some(Secret::new(token)), ..Self::default() }
    }

    /// The TLS client certificate (EXTERNAL).
    #[must_use]
    pub fn certificate() -> Self {
        Self { certificate: true, ..Self::default() }
    }

    /// Nothing but a trace, which may be empty (ANONYMOUS).
    pub fn anonymous(trace: impl Into<String>) -> Self {
        Self { anonymous: Some(trace.into()), ..Self::default() }
    }

    /// A token besides, for mechanisms that take one.
    #[must_use]
    pub fn or_token(self, token: impl Into<String>) -> Self {
        Self { token: Some(Secret::new(token)), ..self }
    }

    /// The TLS client certificate besides, for EXTERNAL.
    #[must_use]
    pub fn or_certificate(self) -> Self {
        Self { certificate: true, ..self }
    }

    /// Who to act as, where that is not whose credentials these are.
    #[must_use]
    pub fn authorization_identity(self, identity: impl Into<String>) -> Self {
        Self { authorization_identity: Some(identity.into()), ..self }
    }

    /// As the core has it, for one connection: with a random number, without which there is no SCRAM.
    #[must_use]
    pub fn lend_once(&self) -> sasl::Credentials<'_> {
        let mut seed = [0; 16];
        match getrandom::fill(&mut seed) {
            Ok(()) => self.lend().nonce(seed),
            Err(_) => self.lend(),
        }
    }

    /// As the core has it, and no random number with it: see [`lend_once`](Self::lend_once).
    #[must_use]
    pub fn lend(&self) -> sasl::Credentials<'_> {
        let mut lent = match (&self.password, &self.token, &self.anonymous) {
            (Some(password), ..) => sasl::Credentials::password(&self.username, password.expose()),
            (None, Some(token), _) => sasl::Credentials::token(&self.username, token.expose()),
            (None, None, Some(trace)) => sasl::Credentials::anonymous(trace),
            (None, None, None) => sasl::Credentials::certificate(),
        };
        if let (Some(_), Some(token)) = (&self.password, &self.token) {
            lent = lent.or_token(token.expose());
        }
        if self.certificate {
            lent = lent.or_certificate();
        }
        match &self.authorization_identity {
            Some(identity) => lent.authorization_identity(identity),
            None => lent,
        }
    }

    /// A text with what may not be seen taken out, such as a reply of a server that repeats a password.
    pub(crate) fn redact(&self, text: String) -> String {
        let secrets = [&self.password, &self.token].into_iter().flatten().map(Secret::expose);
        secrets.filter(|secret| !secret.is_empty()).fold(text, |text, secret| {
            if text.contains(secret) { text.replace(secret, "(secret)") } else { text }
        })
    }
}
