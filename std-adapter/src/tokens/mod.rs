//! OAuth 2.0 bearer tokens, as XOAUTH2 and OAUTHBEARER (RFC 7628) show them: whose they are, and for how long.
//!
//! A [`TokenVerifier`] says that. There are these, and your own:
//!
//! | verifier | knows tokens by | feature |
//! | --- | --- | --- |
//! | [`MemoryUsers`] | a list | |
//! | `Introspection` | asking their issuer (RFC 7662) | `introspection` |
//! | `Jwt` | the issuer's signature (RFC 7519, RFC 9068) | `jwt` |
//! | [`FirstOf`] | several of these, one after the other | |
//!
//! [`authenticate`] has one look at what a client shows and compares the names. In a
//! [`Service`](crate::server::Service) it is one line:
//!
//! ```
//! use ehlo_std::server::{Credentials, Refuse, Verdict};
//! use ehlo_std::tokens::{self, Presented, TokenVerifier};
//!
//! async fn login(verifier: &dyn TokenVerifier, login: Credentials<'_>) -> Verdict<String> {
//!     match login {
//!         Credentials::Token(login) => {
//!             let grant = tokens::authenticate(verifier, &Presented::of(login)).await?;
//!             Ok(grant.username().to_owned())
//!         }
//!         _ => Err(Refuse::credentials()),
//!     }
//! }
//! ```
//!
//! # The two names
//!
//! The token says who its owner is; the client says who it wants to be: the user of XOAUTH2, the authorization identity
//! of OAUTHBEARER, which it may leave out. What the token says is what counts. What the client says has to be the same
//! name, both as SASLprep (RFC 4013) has them, letter for letter; only in the domain behind an `@` upper and lower case
//! don't matter. A good token under another name is refused as any bad one. A client that says no name is who the
//! token says.
//!
//! # What the client hears
//!
//! A token that is not good is `invalid_token`, one that doesn't reach far enough `insufficient_scope`, with the scope
//! that would (RFC 7628 section 3.2.2, RFC 6750 section 3.1); in XOAUTH2 the HTTP status of the same. Where nobody can
//! tell, it is told to come back later, and the attempt doesn't count. Why exactly is in the [`TokenRefusal`], for the
//! log: it holds nothing of the token but its owner's name.

#[cfg(feature = "introspection")]
mod cache;
#[cfg(feature = "_http")]
mod claims;
mod first_of;
mod grant;
#[cfg(feature = "_http")]
mod http;
#[cfg(feature = "introspection")]
mod introspection;
#[cfg(feature = "jwt")]
mod jwt;
mod listed;
mod names;
mod presented;
mod refusal;

pub use first_of::FirstOf;
pub use grant::Grant;
#[cfg(feature = "_http")]
pub use http::EndpointError;
#[cfg(feature = "introspection")]
pub use introspection::Introspection;
#[cfg(feature = "jwt")]
pub use jwt::{Algorithm, Jwks, JwksError, Jwt, UnknownAlgorithm};
pub use presented::Presented;
pub use refusal::{TokenRefusal, TokenStatus};

use core::fmt::Debug;
use core::pin::Pin;

#[cfg(doc)]
use crate::users::MemoryUsers;

/// What [`TokenVerifier::verify`] gives: a future, in a box so that verifiers can be told apart at run time.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<Grant, TokenRefusal>> + Send + 'a>>;

/// Says whose a bearer token is.
///
/// ```
/// use ehlo_std::tokens::{Grant, Presented, TokenRefusal, TokenVerifier, Verifying};
///
/// /// Takes a name in angle brackets for a token: for tests.
/// #[derive(Debug)]
/// struct Named;
///
/// impl TokenVerifier for Named {
///     fn verify<'a>(&'a self, presented: &'a Presented<'a>) -> Verifying<'a> {
///         Box::pin(async move {
///             let name = presented.token().strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
///             name.map(Grant::new).ok_or(TokenRefusal::invalid("no name in angle brackets"))
///         })
///     }
/// }
/// ```
pub trait TokenVerifier: Debug + Send + Sync + 'static {
    /// Whose token it is. It must not be kept, logged or told to anybody who has no business with it.
    ///
    /// The name the client says to have is there for those who look tokens up by it; it needn't be compared with the
    /// one in the answer: [`authenticate`] does that.
    ///
    /// The future may be dropped before it is done, when the server ends.
    fn verify<'a>(&'a self, presented: &'a Presented<'a>) -> Verifying<'a>;
}

/// Has a token verified, and sees that it belongs to the name the client gave. The name in the grant is in the form
/// SASLprep gives it.
///
/// # Errors
/// When the token is not good, not good enough, or somebody else's; and when nobody can tell now.
pub async fn authenticate(
    verifier: &dyn TokenVerifier,
    presented: &Presented<'_>,
) -> Result<Grant, TokenRefusal> {
    let grant = verifier.verify(presented).await?;
    let name = names::agreed(presented.username(), grant.username())?;
    Ok(grant.named(name))
}

#[cfg(test)]
mod tests;
