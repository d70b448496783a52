//! Policy: where the RFCs leave a choice, or the world is laxer than they are.

/// What to do with a CR or LF in mail data that is not part of a CRLF (RFC 5321 section 2.3.8).
///
/// Whatever is chosen, only `<CRLF>.<CRLF>` ends a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BareNewline {
    /// Refuse the message: the next relay may take it for a line end (SMTP smuggling).
    #[default]
    Refuse,
    /// Pass it on as it is.
    Accept,
    /// Make it a CRLF.
    Convert,
}

/// Choices of a server. The defaults are the safe ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// A CR or LF alone in mail data; refused by default.
    pub bare_newline: BareNewline,
    /// Refuse mail data with a NUL in it, other than BINARYMIME; true by default.
    pub refuse_nul: bool,
    /// Mail is accepted without authentication too; false by default. Without mechanisms to offer,
    /// none can be asked for.
    pub auth_optional: bool,
    /// AUTH is offered without TLS: passwords cross the network in clear; false by default.
    pub cleartext_auth: bool,
    /// Nothing but EHLO, STARTTLS, NOOP and QUIT without TLS (RFC 3207 section 4); false by
    /// default.
    pub tls_required: bool,
    /// EHLO, HELO and LHLO take a domain or an address literal alone, and 501 is the answer to any
    /// other name; false by default. RFC 5321 section 4.1.4 has the server take mail also where it
    /// finds the name to be wrong, machines with an underscore in theirs are common, and a
    /// [`ClientName`](crate::address::ClientName) can do no harm.
    pub strict_hello: bool,
    /// An authorization identity other than the authentication identity is passed to the
    /// application, which then has to check it; false by default: it is refused.
    pub authorization_identity: bool,
}

impl Policy {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bare_newline: BareNewline::Refuse,
            refuse_nul: true,
            auth_optional: false,
            cleartext_auth: false,
            tls_required: false,
            strict_hello: false,
            authorization_identity: false,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}
