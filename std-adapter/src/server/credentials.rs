//! What [`Service::login`](super::Service::login) has to check.

use ehlo::server::guard::{Anonymous, CramMd5, Exchange, External, Login, Token};

/// Credentials, by the mechanism they came with. None of them prints.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Credentials<'a> {
    /// A password: PLAIN and LOGIN.
    Password(&'a Login<'a>),
    /// A digest over a challenge: CRAM-MD5. Checking it takes the password in clear, or the keys
    /// made of it.
    CramMd5(&'a CramMd5<'a>),
    /// A bearer token: XOAUTH2 and OAUTHBEARER. It has to belong to the user.
    Token(&'a Token<'a>),
    /// A TLS client certificate that was verified: EXTERNAL. The name is the certificate's; whom
    /// the client wants to act as stands in the guard, and has to be compared with it, where it is said.
    /// With [`Builder::certificate_rules`](super::Builder::certificate_rules) the name is the user the
    /// client is by those, and who it wants to act as has been looked at.
    External(&'a str, &'a External<'a>),
    /// Nobody in particular: ANONYMOUS.
    Anonymous(&'a Anonymous<'a>),
    /// A Kerberos ticket: GSSAPI. It is good; whether who has it may do anything here is to be decided.
    #[cfg(feature = "gssapi")]
    Kerberos(&'a crate::kerberos::KerberosLogin),
    /// A user that a trusted proxy says has authenticated: XCLIENT with LOGIN=.
    Proxy(&'a str),
    /// A round of the application's own mechanism, which the default server does not go on with.
    Exchange(&'a Exchange<'a>),
}

impl Credentials<'_> {
    /// The name of the mechanism; `XCLIENT` for a trusted proxy.
    #[must_use]
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::Password(login) => login.mechanism(),
            Self::CramMd5(login) => login.mechanism(),
            Self::Token(login) => login.mechanism(),
            Self::External(_, login) => login.mechanism(),
            Self::Anonymous(login) => login.mechanism(),
            Self::Exchange(login) => login.mechanism(),
            #[cfg(feature = "gssapi")]
            Self::Kerberos(_) => ehlo::sasl::Mechanism::Gssapi.name(),
            Self::Proxy(_) => "XCLIENT",
        }
    }

    /// The name of who wants in; empty where the mechanism has none.
    #[must_use]
    pub fn username(&self) -> &str {
        match self {
            Self::Password(login) => login.username(),
            Self::CramMd5(login) => login.username(),
            Self::Token(login) => login.username().unwrap_or_default(),
            Self::External(certificate, login) => {
                login.authorization_identity().unwrap_or(certificate)
            }
            Self::Anonymous(_) | Self::Exchange(_) => "",
            #[cfg(feature = "gssapi")]
            Self::Kerberos(login) => super::kerberos::name_of(login),
            Self::Proxy(name) => name,
        }
    }
}
