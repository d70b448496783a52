//! The replies a server gives on its own account, each of which the application can replace.

use super::{Enhanced as E, Lines, Reply, ReplyCode as C, Text};
use crate::error::SyntaxError;

macro_rules! defaults {
    ($($(#[$doc:meta])* $name:ident = $code:ident $enhanced:expr, $text:literal;)*) => {
        /// A reply the server machine gives when nobody says otherwise.
        ///
        /// `Config::replies` takes a function that is asked before each of them is written and may
        /// give another reply in its place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DefaultReply {
            $($(#[$doc])* $name,)*
            /// A command that could not be read.
            Syntax(SyntaxError),
        }

        impl DefaultReply {
            /// The reply as it is written by default.
            #[must_use]
            pub const fn reply(self) -> Reply<'static> {
                // One small number for each, so that the compiler makes a table of them.
                let packed = match self {
                    $(Self::$name => const { pack(C::$code, $enhanced) },)*
                    Self::Syntax(error) => error.packed(),
                };
                let (code, enhanced) = (C::unpacked(packed), E::unpacked(packed));
                let text = if crate::TEXTS { self.text() } else { code.word() };
                Reply { code, enhanced, lines: Lines::One(Text::own(text)) }
            }

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Syntax(error) => error.text(),
                }
            }
        }
    };
}

/// A reply code and an enhanced status code in one number.
pub(crate) const fn pack(code: C, status: Option<E>) -> u32 {
    let status = match status {
        Some(status) => status.packed(),
        None => 0,
    };
    (code.value() as u32) << 16 | status
}

defaults! {
    /// RSET and NOOP; ETRN, VRFY, EXPN and XFORWARD that were accepted.
    Ok = OK Some(E::OK), "OK";
    /// QUIT.
    Closing = CLOSING Some(E::OK), "bye";
    /// MAIL was accepted.
    SenderOk = OK Some(E::SENDER_OK), "sender OK";
    /// RCPT was accepted.
    RecipientOk = OK Some(E::RECIPIENT_OK), "recipient OK";
    /// DATA was accepted.
    StartMailInput = START_MAIL_INPUT None, "end the message with <CRLF>.<CRLF>";
    /// A chunk of BDAT was taken (RFC 3030 section 2).
    ChunkOk = OK Some(E::OK), "chunk taken";
    /// The message was accepted.
    MessageOk = OK Some(E::OK), "message accepted";
    /// The application refused the mail data (LMTP, where there is a reply for each recipient).
    MessageRefused = TRANSACTION_FAILED Some(E::FAILED), "message refused";
    /// The application refused the mail data for now (LMTP).
    MessageDeferred = LOCAL_ERROR Some(E::SYSTEM_TROUBLE), "message not taken now, try again later";
    /// VRFY, when the application doesn't answer it (RFC 5321 section 3.5.3).
    CannotVerify = CANNOT_VERIFY Some(E::OK), "cannot verify, but will try to deliver";
    /// HELP.
    Help = HELP Some(E::OK), "see RFC 5321 and, for AUTH, RFC 4954";
    /// STARTTLS was accepted (RFC 3207 section 4).
    ReadyForTls = READY Some(E::OK), "ready to start TLS";
    /// AUTH succeeded (RFC 4954 section 6).
    Authenticated = AUTHENTICATED Some(E::AUTHENTICATED), "authentication succeeded";
    /// AUTH failed: wrong credentials (RFC 4954 section 6).
    AuthFailed = AUTH_FAILED Some(E::BAD_CREDENTIALS), "authentication failed";
    /// AUTH could not be decided now (RFC 4954 section 6).
    AuthUnavailable = TEMPORARY_AUTH_FAILURE Some(E::SECURITY_TRANSIENT), "authentication is not available, try later";
    /// The client ended the exchange with `*` (RFC 4954 section 4).
    AuthCancelled = ARGUMENT_ERROR Some(E::SECURITY), "authentication cancelled";
    /// A SASL response is not base64 (RFC 4954 section 4).
    AuthBadBase64 = ARGUMENT_ERROR Some(E::SYNTAX_ERROR), "the response is not valid base64";
    /// A SASL response is not a message of its mechanism.
    AuthMalformed = ARGUMENT_ERROR Some(E::SYNTAX_ERROR), "malformed message for this mechanism";
    /// PLAIN without its two NULs (RFC 4616 section 2).
    AuthMalformedPlain = ARGUMENT_ERROR Some(E::SYNTAX_ERROR), "malformed PLAIN message: expected [authorization identity] NUL user NUL password, in UTF-8";
    /// Not NTLM, or not as it has to be (MS-NLMP section 3.3.2).
    AuthMalformedNtlm = ARGUMENT_ERROR Some(E::SYNTAX_ERROR), "malformed NTLM message: expected a response of NTLM version 2";
    /// An initial response for a mechanism in which the server speaks first (RFC 4954 section 4).
    AuthNoInitialResponse = ARGUMENT_ERROR Some(E::SECURITY), "this mechanism takes no initial response";
    /// AUTH names a mechanism that is not offered (RFC 4954 section 4).
    AuthUnknownMechanism = PARAMETER_NOT_IMPLEMENTED Some(E::INVALID_ARGUMENTS), "mechanism not available";
    /// AUTH in clear (RFC 4954 section 6, RFC 5248).
    AuthNeedsTls = ENCRYPTION_REQUIRED Some(E::ENCRYPTION_REQUIRED), "encryption required, use STARTTLS first";
    /// A line of a SASL exchange is too long (RFC 4954 section 4).
    AuthLineTooLong = SYNTAX_ERROR Some(E::AUTH_LINE_TOO_LONG), "authentication exchange line is too long";
    /// AUTH after an AUTH that succeeded (RFC 4954 section 4).
    AlreadyAuthenticated = BAD_SEQUENCE Some(E::INVALID_COMMAND), "already authenticated";
    /// AUTH inside a mail transaction (RFC 4954 section 4).
    AuthInTransaction = BAD_SEQUENCE Some(E::INVALID_COMMAND), "no AUTH inside a mail transaction";
    /// Too many failed authentications.
    TooManyAuthFailures = NOT_AVAILABLE Some(E::SECURITY_TRANSIENT), "too many failed authentications, closing connection";
    /// A command before AUTH (RFC 4954 section 6).
    AuthRequired = AUTH_REQUIRED Some(E::SECURITY), "authentication required";
    /// A command before STARTTLS (RFC 3207 section 4).
    TlsRequired = AUTH_REQUIRED Some(E::SECURITY), "must issue a STARTTLS command first";
    /// A command before EHLO or HELO.
    HelloFirst = BAD_SEQUENCE Some(E::INVALID_COMMAND), "say hello first";
    /// EHLO or HELO towards LMTP, or LHLO towards SMTP (RFC 2033 section 4.1).
    WrongHello = SYNTAX_ERROR Some(E::INVALID_COMMAND), "this is not how to say hello here";
    /// MAIL inside a mail transaction.
    NestedMail = BAD_SEQUENCE Some(E::INVALID_COMMAND), "nested MAIL command";
    /// RCPT or DATA without MAIL.
    MailFirst = BAD_SEQUENCE Some(E::INVALID_COMMAND), "need MAIL first";
    /// DATA or BDAT before any RCPT.
    RecipientFirst = BAD_SEQUENCE Some(E::INVALID_COMMAND), "need RCPT first";
    /// DATA or BDAT when every RCPT was refused (RFC 5321 section 3.3).
    NoValidRecipients = TRANSACTION_FAILED Some(E::INVALID_COMMAND), "no valid recipients";
    /// RCPT or DATA between chunks of BDAT (RFC 3030 section 2).
    ChunkExpected = BAD_SEQUENCE Some(E::INVALID_COMMAND), "BDAT has begun: only BDAT can follow";
    /// DATA for BODY=BINARYMIME (RFC 3030 section 3).
    BinaryNeedsBdat = BAD_SEQUENCE Some(E::INVALID_COMMAND), "BINARYMIME needs BDAT";
    /// BDAT behind a chunk that was refused, or outside a transaction.
    ChunkOutOfPlace = BAD_SEQUENCE Some(E::INVALID_COMMAND), "no mail transaction for this chunk";
    /// Anything but QUIT behind a greeting of 554 (RFC 5321 section 3.1).
    NoService = BAD_SEQUENCE Some(E::INVALID_COMMAND), "there is no mail service here for you, only QUIT";
    /// STARTTLS under TLS.
    TlsActive = BAD_SEQUENCE Some(E::INVALID_COMMAND), "TLS is active already";
    /// Octets behind STARTTLS in the clear: an injection (RFC 3207 section 6, CVE-2011-0411).
    PlaintextBehindStartTls = TRANSACTION_FAILED Some(E::PROTOCOL_ERROR), "plaintext behind STARTTLS, closing connection";
    /// A command of an extension that is not offered.
    NotOffered = NOT_IMPLEMENTED Some(E::INVALID_COMMAND), "command not available";
    /// XCLIENT or XFORWARD from a peer that is not trusted.
    NotTrusted = MAILBOX_UNAVAILABLE Some(E::SECURITY), "not authorized";
    /// A command line is too long.
    LineTooLong = SYNTAX_ERROR Some(E::SYNTAX_ERROR), "line too long";
    /// A bare CR or LF in a command line.
    BareNewline = SYNTAX_ERROR Some(E::SYNTAX_ERROR), "bare CR or LF in a command; lines end with CRLF";
    /// RCPT past the limit (RFC 5321 section 4.5.3.1.10).
    TooManyRecipients = INSUFFICIENT_STORAGE Some(E::TOO_MANY_RECIPIENTS), "too many recipients";
    /// MAIL past the limit of transactions.
    TooManyTransactions = NOT_AVAILABLE Some(E::SECURITY_TRANSIENT), "too many messages on this connection, open another";
    /// SIZE= or the message itself is past the limit (RFC 1870 section 6).
    MessageTooBig = EXCEEDED_STORAGE Some(E::MESSAGE_TOO_BIG), "message too big";
    /// Too many refused commands in a row.
    TooManyErrors = NOT_AVAILABLE Some(E::SECURITY_TRANSIENT), "too many errors, closing connection";
    /// Too many commands before AUTH.
    TooManyUnauthenticated = NOT_AVAILABLE Some(E::SECURITY_TRANSIENT), "too many commands before authentication, closing connection";
    /// The client took too long (RFC 5321 section 4.5.3.2).
    TimedOut = NOT_AVAILABLE Some(E::TIMEOUT), "timed out, closing connection";
    /// The server is stopping (RFC 5321 section 3.8).
    ShuttingDown = NOT_AVAILABLE Some(E::SHUTTING_DOWN), "shutting down, try again later";
    /// A parameter that is not known, or of an extension that is not offered.
    UnknownParameter = PARAMETERS_NOT_RECOGNIZED Some(E::INVALID_ARGUMENTS), "parameter not recognized";
    /// An address outside ASCII without SMTPUTF8 (RFC 6531 section 3.5).
    NonAsciiAddress = MAILBOX_NAME_NOT_ALLOWED Some(E::NON_ASCII_ADDRESS), "this address needs SMTPUTF8";
    /// A bare CR or LF in the mail data.
    BareNewlineInData = TRANSACTION_FAILED Some(E::MEDIA_ERROR), "bare CR or LF in the message; lines end with CRLF";
    /// NUL in the mail data.
    NulInData = TRANSACTION_FAILED Some(E::MEDIA_ERROR), "NUL in the message";
    /// Octets above 127 in the mail data where 8BITMIME is not offered (RFC 6152).
    EightBitInData = TRANSACTION_FAILED Some(E::MEDIA_NOT_SUPPORTED), "octets above 127 in the message, and 8BITMIME is not offered";
}
