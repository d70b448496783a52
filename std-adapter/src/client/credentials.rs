//! What a client authenticates with, kept.

use core::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ehlo::sasl::client as sasl;
use zeroize::Zeroizing;

use super::Error;
use super::token_source::{TokenSource, TokenWanted};
use crate::users::Secret;

/// What a client has to authenticate with. Nothing here prints a secret, and passwords and tokens are
/// wiped when dropped.
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
    source: Option<TokenSource>,
    certificate: bool,
    anonymous: Option<String>,
    #[cfg(feature = "gssapi")]
    kerberos: Option<crate::kerberos::Initiator>,
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

    /// An OAuth 2.0 bearer token out of a source, which is asked before each login. Where the server refuses the token,
    /// it is asked for a new one, and if that is another, there is a second login, over a connection of its own.
    ///
    /// The source keeps a token as long as it is good, and comes back with an error where it has none; that is shown, and
    /// must not hold a secret.
    pub fn token_from<F, A, E>(username: impl Into<String>, source: F) -> Self
    where
        F: Fn(TokenWanted) -> A + Send + Sync + 'static,
        A: Future<Output = Result<String, E>> + Send + 'static,
        E: Display,
    {
        let source = Some(TokenSource::new(source));
        Self { username: username.into(), source, ..Self::default() }
    }

    /// These with the token of their source: for a [`Session`](super::Session) of one's own. Without a source they are
    /// as they were.
    ///
    /// # Errors
    /// When the source has none.
    pub async fn resolve(&self, wanted: TokenWanted) -> Result<Self, Error> {
        let mut resolved = self.clone();
        if let Some(source) = resolved.source.take() {
            let token = source.token(wanted).await;
            resolved.token = Some(token.map_err(Error::TokenSource)?);
        }
        Ok(resolved)
    }

    /// Whether there is a source to ask for another token.
    pub(super) const fn has_source(&self) -> bool {
        self.source.is_some()
    }

    /// Whether both have the same token.
    pub(super) fn same_token(&self, other: &Self) -> bool {
        self.token == other.token
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

    /// Kerberos tickets (GSSAPI).
    #[cfg(feature = "gssapi")]
    #[must_use]
    pub fn kerberos(tickets: crate::kerberos::Initiator) -> Self {
        Self { kerberos: Some(tickets), ..Self::default() }
    }

    /// Kerberos tickets besides, which come before a password.
    #[cfg(feature = "gssapi")]
    #[must_use]
    pub fn or_kerberos(self, tickets: crate::kerberos::Initiator) -> Self {
        Self { kerberos: Some(tickets), ..self }
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
        // A source that wasn't asked has no token; an empty one is never sent.
        let unasked = self.source.as_ref().map(|_| "");
        let token = self.token.as_ref().map(Secret::expose).or(unasked);
        let mut lent = match (&self.password, token, &self.anonymous) {
            (Some(password), ..) => sasl::Credentials::password(&self.username, password.expose()),
            (None, Some(token), _) => sasl::Credentials::token(&self.username, token),
            (None, None, Some(trace)) => sasl::Credentials::anonymous(trace),
            #[cfg(feature = "gssapi")]
            (None, None, None) if self.kerberos.is_some() => sasl::Credentials::application(),
            (None, None, None) => sasl::Credentials::certificate(),
        };
        #[cfg(feature = "gssapi")]
        if self.kerberos.is_some() {
            lent = lent.or_application();
        }
        if let (Some(_), Some(token)) = (&self.password, token) {
            lent = lent.or_token(token);
        }
        if self.certificate {
            lent = lent.or_certificate();
        }
        match &self.authorization_identity {
            Some(identity) => lent.authorization_identity(identity),
            None => lent,
        }
    }

    /// Begins an exchange by Kerberos tickets, where there are any, with this service of a host.
    #[cfg(feature = "gssapi")]
    #[must_use]
    pub fn begin_kerberos(&self, service: &str, host: &str) -> Option<crate::kerberos::Initiating> {
        let who = self.authorization_identity.as_deref();
        Some(self.kerberos.as_ref()?.begin(service, host, who))
    }

    /// A text with what may not be seen taken out, such as a reply of a server that repeats a password.
    pub(crate) fn redact(&self, text: String) -> String {
        let secrets = [&self.password, &self.token].into_iter().flatten().map(Secret::expose);
        secrets.filter(|secret| !secret.is_empty()).fold(text, |text, secret| {
            let forms = encoded(secret).into_iter().chain([Zeroizing::new(secret.to_owned())]);
            forms.fold(text, |text, form| {
                if text.contains(&*form) { text.replace(&*form, "(secret)") } else { text }
            })
        })
    }
}

/// What a secret looks like anywhere within base64: for each place in a group of three octets, those characters
/// that depend on nothing around it. A secret too short to have any is not there.
fn encoded(secret: &str) -> Vec<Zeroizing<String>> {
    let forms = (0..3).map(|offset| {
        let octets = Zeroizing::new([&[0; 2][..offset], secret.as_bytes()].concat());
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(&*octets));
        let known = (offset * 4).div_ceil(3)..octets.len() * 4 / 3;
        Zeroizing::new(text.get(known).unwrap_or_default().to_owned())
    });
    forms.filter(|form| form.len() >= 4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_out_of_a_text_in_base64_too() {
        for before in ["", "a", "\0tim\0", "user=tim\u{1}auth=Bearer "] {
            for behind in ["", "\0", "\u{1}\u{1}"] {
                let said = STANDARD_NO_PAD.encode(format!("{before}hunter2{behind}"));
                let text = Credentials::password("tim", "hunter2").redact(format!("not {said}"));
                assert!(text.contains("(secret)"), "{text}");
                let rest = text.len() - "not (secret)".len();
                assert!(rest <= (before.len() + behind.len() + 4) * 4 / 3 + 2, "{said}: {text}");
            }
        }
        let text = Credentials::password("tim", "hunter2").redact("hunter2 no".into());
        assert_eq!(text, "(secret) no");
        // Too little to know it by.
        assert_eq!(Credentials::password("tim", "ab").redact("x YWI".into()), "x YWI");
    }
}
