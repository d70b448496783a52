use core::fmt;
use std::borrow::Cow;

use crate::server::Refuse;

/// What a client hears of a token that is refused (RFC 6750 section 3.1, RFC 7628 section 3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenStatus {
    /// Expired, revoked, malformed, or not this user's.
    InvalidToken,
    /// Good, but not for this.
    InsufficientScope,
}

impl TokenStatus {
    /// As RFC 6750 names it: `invalid_token`, `insufficient_scope`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }

    /// The HTTP status that goes with it, which XOAUTH2 has in its place: 401 or 403.
    #[must_use]
    pub const fn http(self) -> u16 {
        match self {
            Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
        }
    }
}

/// Why a token is not taken. It prints without the token, and is for the log: the client hears less.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// The token is not good; why.
    Invalid(Cow<'static, str>),
    /// It is good, and not for this: it lacks one of these scopes.
    InsufficientScope {
        /// The scopes that would do, with a space between them.
        scope: String,
    },
    /// Nobody can tell now; why.
    Unavailable(Cow<'static, str>),
}

impl TokenRefusal {
    /// The token is not good.
    pub fn invalid(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(why.into())
    }

    /// Nobody can tell now.
    pub fn unavailable(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unavailable(why.into())
    }

    /// What the client hears; `None` where it is told to come back.
    #[must_use]
    pub const fn status(&self) -> Option<TokenStatus> {
        match self {
            Self::Invalid(_) => Some(TokenStatus::InvalidToken),
            Self::InsufficientScope { .. } => Some(TokenStatus::InsufficientScope),
            Self::Unavailable(_) => None,
        }
    }
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) => write!(f, "invalid token: {why}"),
            Self::InsufficientScope { scope } => write!(f, "the token lacks a scope of {scope:?}"),
            Self::Unavailable(why) => write!(f, "the token can't be verified now: {why}"),
        }
    }
}

impl core::error::Error for TokenRefusal {}

/// The client hears the status and the scope, and nothing of why.
impl From<TokenRefusal> for Refuse {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Invalid(_) => Self::token(TokenStatus::InvalidToken, ""),
            TokenRefusal::InsufficientScope { scope } => {
                Self::token(TokenStatus::InsufficientScope, scope)
            }
            TokenRefusal::Unavailable(_) => Self::unavailable(),
        }
    }
}
