//! The names of mechanisms, and what is true of each.

/// A SASL mechanism. Only those whose feature is enabled are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// PLAIN (RFC 4616): a password in clear.
    #[cfg(feature = "plain")]
    Plain,
    /// LOGIN (draft-murchison-sasl-login): a password in clear, in two steps.
    #[cfg(feature = "login")]
    Login,
    /// CRAM-MD5 (RFC 2195): an HMAC-MD5 over a challenge. The server has to have the password in
    /// clear, or the two keys made of it.
    #[cfg(feature = "cram-md5")]
    CramMd5,
    /// XOAUTH2 (Google's and Microsoft's): an OAuth 2.0 bearer token.
    #[cfg(feature = "oauth")]
    Xoauth2,
    /// OAUTHBEARER (RFC 7628): an OAuth 2.0 bearer token.
    #[cfg(feature = "oauth")]
    OauthBearer,
    /// EXTERNAL (RFC 4422 appendix A): who the TLS client certificate says it is.
    External,
    /// ANONYMOUS (RFC 4505).
    Anonymous,
    /// A mechanism of the application's own, in upper case: it gets the raw rounds.
    Application(&'static str),
}

impl Mechanism {
    /// Its registered name, in upper case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "plain")]
            Self::Plain => "PLAIN",
            #[cfg(feature = "login")]
            Self::Login => "LOGIN",
            #[cfg(feature = "cram-md5")]
            Self::CramMd5 => "CRAM-MD5",
            #[cfg(feature = "oauth")]
            Self::Xoauth2 => "XOAUTH2",
            #[cfg(feature = "oauth")]
            Self::OauthBearer => "OAUTHBEARER",
            Self::External => "EXTERNAL",
            Self::Anonymous => "ANONYMOUS",
            Self::Application(name) => name,
        }
    }

    /// The mechanism of this name, in any case, among those this crate knows.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::KNOWN.iter().copied().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// Those this crate knows.
    pub const KNOWN: &'static [Self] = &[
        #[cfg(feature = "cram-md5")]
        Self::CramMd5,
        #[cfg(feature = "plain")]
        Self::Plain,
        #[cfg(feature = "login")]
        Self::Login,
        #[cfg(feature = "oauth")]
        Self::OauthBearer,
        #[cfg(feature = "oauth")]
        Self::Xoauth2,
        Self::External,
        Self::Anonymous,
    ];

    /// Those this crate knows, the strongest first: the order in which a client tries what it has
    /// credentials for.
    pub const PREFERENCE: &'static [Self] = &[
        Self::External,
        #[cfg(feature = "cram-md5")]
        Self::CramMd5,
        #[cfg(feature = "oauth")]
        Self::OauthBearer,
        #[cfg(feature = "oauth")]
        Self::Xoauth2,
        #[cfg(feature = "plain")]
        Self::Plain,
        #[cfg(feature = "login")]
        Self::Login,
        Self::Anonymous,
    ];

    /// Whether the server speaks first: then there is no initial response (RFC 4422 section 5).
    #[must_use]
    pub const fn is_server_first(self) -> bool {
        match self {
            #[cfg(feature = "cram-md5")]
            Self::CramMd5 => true,
            _ => false,
        }
    }

    /// Whether what the client sends is a password or token that whoever reads it can use.
    #[must_use]
    pub const fn shows_password(self) -> bool {
        match self {
            #[cfg(feature = "plain")]
            Self::Plain => true,
            #[cfg(feature = "login")]
            Self::Login => true,
            #[cfg(feature = "oauth")]
            Self::Xoauth2 | Self::OauthBearer => true,
            _ => false,
        }
    }
}
