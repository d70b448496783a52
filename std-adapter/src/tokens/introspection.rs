use core::fmt::Write as _;
use core::time::Duration;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use serde_json::Value;
use zeroize::Zeroizing;

use super::cache::Cache;
use super::claims::Requirements;
use super::http::{Endpoint, Http, HttpError};
use super::{EndpointError, Grant, Presented, TokenRefusal, TokenVerifier, Verifying};
use crate::tls::ClientTls;

/// Answers that are kept, and for how long.
const KEPT: usize = 4096;
const AGE: Duration = Duration::from_secs(60);

/// Asks the issuer of a token whether it is good (RFC 7662).
///
/// What it says is kept for a minute, and no longer than the token is good: a token that is revoked is known for as
/// long. That a token is not good is never kept. An answer has to come within five seconds and be no longer than 256
/// KB; a server that redirects, or is asked over anything but TLS and isn't this very machine, is asked nothing.
/// Whatever keeps it from answering is [`TokenRefusal::Unavailable`].
///
/// ```
/// use ehlo_std::tokens::{EndpointError, Introspection};
///
/// # fn main() -> Result<(), EndpointError> {
/// let secret = std::env::var("CLIENT_SECRET").unwrap_or_default();
/// let verifier = Introspection::new("https://id.example/oauth2/introspect")?
///     .client("mail.example.org", &secret)
///     .audience("smtp")
///     .scope("mail.send");
/// # drop(verifier);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Introspection {
    http: Http,
    /// Marked as sensitive: it doesn't print.
    authorization: Option<HeaderValue>,
    required: Requirements,
    cache: Cache,
}

impl Introspection {
    /// Asks at this URL: `https://`, or `http://` to this very machine.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn new(url: &str) -> Result<Self, EndpointError> {
        Ok(Self {
            http: Http::new(Endpoint::parse(url)?),
            authorization: None,
            required: Requirements::new(&["username", "sub"], false),
            cache: Cache::new(KEPT, AGE),
        })
    }

    /// Who asks: a client that the issuer knows, and its secret (RFC 6749 section 2.3.1).
    #[must_use]
    pub fn client(self, name: &str, secret: &str) -> Self {
        let pair = Zeroizing::new(format!("{}:{}", &*form(name), &*form(secret)));
        self.authorized("Basic ", &STANDARD.encode(pair.as_bytes()))
    }

    /// Who asks, by a bearer token of its own (RFC 7662 section 2.1). One that can't stand in a header is as none.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.authorized("Bearer ", token)
    }

    /// Who has to have issued the token (`iss`).
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.required.issuer = Some(issuer.into());
        self
    }

    /// For whom the token has to be (`aud`); said more than once, for one of these.
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

    /// What tells whose the token is; by default `username`, else `sub`.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>) -> Self {
        self.required.names = vec![name.into().into()];
        self
    }

    /// How far the issuer's clock may be off; by default a minute.
    #[must_use]
    pub fn leeway(mut self, time: Duration) -> Self {
        self.required.leeway = time;
        self
    }

    /// How long an answer may take in all; by default five seconds.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.http.timeout = time;
        self
    }

    /// Whom to trust to vouch for the server; by default those the system trusts.
    #[must_use]
    pub fn tls(self, tls: ClientTls) -> Self {
        Self { http: self.http.trusting(tls), ..self }
    }

    /// How many answers are kept, and for how long; none, or for no time, is each login a question.
    #[must_use]
    pub fn cache(self, answers: usize, time: Duration) -> Self {
        Self { cache: Cache::new(answers, time), ..self }
    }

    fn authorized(self, scheme: &str, credentials: &str) -> Self {
        let text = Zeroizing::new([scheme, credentials].concat());
        let mut header = HeaderValue::from_str(&text).ok();
        if let Some(header) = &mut header {
            header.set_sensitive(true);
        }
        Self { authorization: header, ..self }
    }

    async fn ask(&self, token: &str) -> Result<Value, HttpError> {
        let body = Bytes::from_owner(Body(Zeroizing::new(
            ["token_type_hint=access_token&token=", &form(token)].concat(),
        )));
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let answer = self.http.send(request).await?;
        serde_json::from_slice(&answer).map_err(|_| HttpError::Json("the answer is no JSON"))
    }

    async fn look_up(&self, token: &str) -> Result<Grant, TokenRefusal> {
        if let Some(known) = self.cache.find(token, SystemTime::now()) {
            return Ok(known);
        }
        let unavailable = |error: HttpError| TokenRefusal::unavailable(error.to_string());
        let answer = self.ask(token).await.map_err(unavailable)?;
        let claims = answer.as_object();
        let active = claims.and_then(|claims| claims.get("active")).and_then(Value::as_bool);
        let (Some(claims), Some(active)) = (claims, active) else {
            return Err(unavailable(HttpError::Json(
                "the answer doesn't say whether it is active",
            )));
        };
        if !active {
            return Err(TokenRefusal::invalid("its issuer says that it isn't active"));
        }
        let now = SystemTime::now();
        let grant = self.required.check(claims, now)?;
        self.cache.keep(token, &grant, now);
        Ok(grant)
    }
}

impl TokenVerifier for Introspection {
    fn verify<'a>(&'a self, presented: &'a Presented<'a>) -> Verifying<'a> {
        Box::pin(self.look_up(presented.token()))
    }
}

/// A body that is wiped.
struct Body(Zeroizing<String>);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// As it stands in a form: `application/x-www-form-urlencoded`.
fn form(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 3));
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._*".contains(&octet) {
            out.push(char::from(octet));
        } else {
            // Writing to a string doesn't fail.
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_everything_else_in_hexadecimal() {
        assert_eq!(*form("a-Z.0_9*"), "a-Z.0_9*");
        assert_eq!(*form("a b&c=d+é%"), "a%20b%26c%3Dd%2B%C3%A9%25");
    }

    #[test]
    fn it_prints_without_its_secret() {
        let verifier = Introspection::new("https://id.example/").unwrap();
        let verifier = verifier.client("me", "hunter2").bearer("hunter2");
        assert!(!format!("{verifier:?}").contains("hunter2"), "{verifier:?}");
    }
}
