//! What is known of a connection.

use crate::sasl::Mechanism;

/// A number by which the application knows who has authenticated, such as an index into its table
/// of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub u32);

/// How the client said hello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hello {
    /// Not yet.
    #[default]
    None,
    /// HELO: no extensions.
    Helo,
    /// EHLO, or LHLO towards LMTP.
    Ehlo,
}

/// What is known of a connection, and told with every event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// How the client said hello.
    pub hello: Hello,
    /// TLS is active.
    pub tls: bool,
    /// The connection speaks LMTP.
    pub lmtp: bool,
    /// The mechanism the client has authenticated by.
    pub mechanism: Option<Mechanism>,
    /// The client has authenticated, by a mechanism or by XCLIENT.
    pub authenticated: bool,
    /// What the application accepted the authentication with.
    pub identity: Option<Identity>,
    /// The application lets this peer send without authentication.
    pub trusted: bool,
    /// The mail transaction asked for SMTPUTF8.
    pub smtputf8: bool,
}

impl Facts {
    /// The protocol as a `Received` header names it (RFC 3848 section 2, RFC 6531 section 4.3).
    #[must_use]
    pub const fn protocol(&self) -> &'static str {
        match (self.lmtp, self.smtputf8, self.tls, self.authenticated) {
            // HELO has no form for TLS or authentication.
            (false, false, _, _) if matches!(self.hello, Hello::Helo) => "SMTP",
            (false, false, false, false) => "ESMTP",
            (false, false, false, true) => "ESMTPA",
            (false, false, true, false) => "ESMTPS",
            (false, false, true, true) => "ESMTPSA",
            (false, true, false, false) => "UTF8SMTP",
            (false, true, false, true) => "UTF8SMTPA",
            (false, true, true, false) => "UTF8SMTPS",
            (false, true, true, true) => "UTF8SMTPSA",
            (true, false, false, false) => "LMTP",
            (true, false, false, true) => "LMTPA",
            (true, false, true, false) => "LMTPS",
            (true, false, true, true) => "LMTPSA",
            (true, true, false, false) => "UTF8LMTP",
            (true, true, false, true) => "UTF8LMTPA",
            (true, true, true, false) => "UTF8LMTPS",
            (true, true, true, true) => "UTF8LMTPSA",
        }
    }
}
