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
    /// SCRAM-SHA-1 (RFC 5802): a proof of the password over a salt and nonces of both sides. The
    /// server stores keys from which neither the password nor a proof can be made.
    #[cfg(feature = "scram-sha-1")]
    ScramSha1,
    /// SCRAM-SHA-1-PLUS: SCRAM-SHA-1, tied to the TLS connection.
    #[cfg(feature = "scram-sha-1")]
    ScramSha1Plus,
    /// SCRAM-SHA-256 (RFC 7677).
    #[cfg(feature = "scram-sha-256")]
    ScramSha256,
    /// SCRAM-SHA-256-PLUS: SCRAM-SHA-256, tied to the TLS connection.
    #[cfg(feature = "scram-sha-256")]
    ScramSha256Plus,
    /// SCRAM-SHA-512 (draft-melnikov-scram-sha-512).
    #[cfg(feature = "scram-sha-512")]
    ScramSha512,
    /// SCRAM-SHA-512-PLUS: SCRAM-SHA-512, tied to the TLS connection.
    #[cfg(feature = "scram-sha-512")]
    ScramSha512Plus,
    /// DIGEST-MD5 (RFC 2831): a digest over nonces of both sides. Historic (RFC 6331): never picked
    /// unless it is asked for.
    #[cfg(feature = "digest-md5")]
    DigestMd5,
    /// NTLM (MS-SMTP), in version 2 and nothing older. Never picked unless it is asked for.
    #[cfg(feature = "ntlm")]
    Ntlm,
    /// GSSAPI (RFC 4752): a Kerberos ticket. Its tokens come from a library that the application brings:
    /// see [`gssapi`](super::gssapi).
    #[cfg(feature = "gssapi")]
    Gssapi,
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
            #[cfg(feature = "scram-sha-1")]
            Self::ScramSha1 => "SCRAM-SHA-1",
            #[cfg(feature = "scram-sha-1")]
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            #[cfg(feature = "scram-sha-256")]
            Self::ScramSha256 => "SCRAM-SHA-256",
            #[cfg(feature = "scram-sha-256")]
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            #[cfg(feature = "scram-sha-512")]
            Self::ScramSha512 => "SCRAM-SHA-512",
            #[cfg(feature = "scram-sha-512")]
            Self::ScramSha512Plus => "SCRAM-SHA-512-PLUS",
            #[cfg(feature = "digest-md5")]
            Self::DigestMd5 => "DIGEST-MD5",
            #[cfg(feature = "ntlm")]
            Self::Ntlm => "NTLM",
            #[cfg(feature = "gssapi")]
            Self::Gssapi => "GSSAPI",
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
        #[cfg(feature = "scram-sha-512")]
        Self::ScramSha512Plus,
        #[cfg(feature = "scram-sha-512")]
        Self::ScramSha512,
        #[cfg(feature = "scram-sha-256")]
        Self::ScramSha256Plus,
        #[cfg(feature = "scram-sha-256")]
        Self::ScramSha256,
        #[cfg(feature = "scram-sha-1")]
        Self::ScramSha1Plus,
        #[cfg(feature = "scram-sha-1")]
        Self::ScramSha1,
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
        #[cfg(feature = "digest-md5")]
        Self::DigestMd5,
        #[cfg(feature = "ntlm")]
        Self::Ntlm,
        #[cfg(feature = "gssapi")]
        Self::Gssapi,
        Self::External,
        Self::Anonymous,
    ];

    /// Those this crate knows, the historic ones aside, the strongest first: the order in which a client tries what it has
    /// credentials for.
    pub const PREFERENCE: &'static [Self] = &[
        Self::External,
        #[cfg(feature = "gssapi")]
        Self::Gssapi,
        #[cfg(feature = "scram-sha-512")]
        Self::ScramSha512Plus,
        #[cfg(feature = "scram-sha-256")]
        Self::ScramSha256Plus,
        #[cfg(feature = "scram-sha-1")]
        Self::ScramSha1Plus,
        #[cfg(feature = "scram-sha-512")]
        Self::ScramSha512,
        #[cfg(feature = "scram-sha-256")]
        Self::ScramSha256,
        #[cfg(feature = "scram-sha-1")]
        Self::ScramSha1,
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

    /// The hash function of SCRAM, and whether it is tied to the TLS connection.
    #[cfg(feature = "_scram")]
    pub(crate) const fn scram(self) -> Option<(super::ScramHash, bool)> {
        use super::ScramHash;
        match self {
            #[cfg(feature = "scram-sha-1")]
            Self::ScramSha1 => Some((ScramHash::Sha1, false)),
            #[cfg(feature = "scram-sha-1")]
            Self::ScramSha1Plus => Some((ScramHash::Sha1, true)),
            #[cfg(feature = "scram-sha-256")]
            Self::ScramSha256 => Some((ScramHash::Sha256, false)),
            #[cfg(feature = "scram-sha-256")]
            Self::ScramSha256Plus => Some((ScramHash::Sha256, true)),
            #[cfg(feature = "scram-sha-512")]
            Self::ScramSha512 => Some((ScramHash::Sha512, false)),
            #[cfg(feature = "scram-sha-512")]
            Self::ScramSha512Plus => Some((ScramHash::Sha512, true)),
            _ => None,
        }
    }

    /// Whether each exchange has a nonce of the server's, CRAM-MD5 aside, whose challenge is one.
    #[cfg(feature = "_nonce")]
    pub(crate) const fn has_nonce(self) -> bool {
        #[cfg(feature = "_scram")]
        if self.scram().is_some() {
            return true;
        }
        match self {
            #[cfg(feature = "digest-md5")]
            Self::DigestMd5 => true,
            #[cfg(feature = "ntlm")]
            Self::Ntlm => true,
            _ => false,
        }
    }

    /// Whether it is tied to the TLS connection: it is offered and used only where there is one.
    #[must_use]
    pub const fn has_channel_binding(self) -> bool {
        #[cfg(feature = "_scram")]
        if let Some((_, plus)) = self.scram() {
            return plus;
        }
        false
    }

    /// Whether the server speaks first: then there is no initial response (RFC 4422 section 5).
    #[must_use]
    pub const fn is_server_first(self) -> bool {
        match self {
            #[cfg(feature = "cram-md5")]
            Self::CramMd5 => true,
            #[cfg(feature = "digest-md5")]
            Self::DigestMd5 => true,
            _ => false,
        }
    }

    /// Whether its messages are the application's to make and to read: it gets the raw rounds.
    #[must_use]
    pub const fn is_spoken_by_application(self) -> bool {
        match self {
            #[cfg(feature = "gssapi")]
            Self::Gssapi => true,
            Self::Application(_) => true,
            _ => false,
        }
    }

    /// Whether what the client sends is a password or token that whoever reads it can use. Of a
    /// mechanism of the application's own nobody here knows, so that it is taken for such a one.
    #[must_use]
    pub const fn shows_password(self) -> bool {
        match self {
            #[cfg(feature = "plain")]
            Self::Plain => true,
            #[cfg(feature = "login")]
            Self::Login => true,
            #[cfg(feature = "oauth")]
            Self::Xoauth2 | Self::OauthBearer => true,
            Self::Application(_) => true,
            _ => false,
        }
    }
}
