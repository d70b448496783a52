//! What can go wrong: with the server, and with what the caller asks for.

use core::fmt;

use crate::capability::Extensions;
use crate::reply::ReplyCode;
use crate::sasl::client::{ExchangeError, InvalidCredentials, NoMechanism};

/// What a server may not do. The connection is over then: what it says next could mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A line that is no reply line (RFC 5321 section 4.2).
    Syntax,
    /// A bare CR or LF in a reply.
    BareNewline,
    /// Lines of one reply with different codes (RFC 5321 section 4.2.1).
    MixedCodes,
    /// A reply that is larger than the client takes, or a line larger than its buffer.
    TooLong,
    /// A reply code that has no meaning here, such as 250 to DATA.
    Unexpected(ReplyCode),
    /// A reply nobody asked for.
    Unsolicited,
    /// Octets behind the reply to STARTTLS: an injection (RFC 3207 section 6, CVE-2011-0411).
    PlaintextBehindStartTls,
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Closed {
    /// The server closed it.
    #[default]
    EndOfFile,
    /// QUIT was said.
    Quit,
    /// The server doesn't want to talk: this is the code of its last reply.
    Refused(ReplyCode),
    /// The server did what it may not do.
    Fault(Fault),
    /// The server took too long.
    TimedOut,
    /// The TLS handshake failed.
    Tls,
    /// The caller gave the mail data up half-way: there is no other way to end it.
    Abandoned,
    /// The name this client calls itself by is neither a domain in ASCII nor an address literal, or
    /// doesn't fit the send buffer.
    Name,
}

/// Why a command was not written. Nothing of it went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotSent {
    /// Not now: what was written before has to leave, or to be answered. Ask again at the next
    /// `Event::Ready`.
    Later,
    /// The server doesn't offer what the command needs.
    NotOffered(Extensions),
    /// An address outside ASCII needs the SMTPUTF8 parameter (RFC 6531 section 3.4).
    NeedsSmtpUtf8,
    /// The message is larger than the server takes, in octets (RFC 1870 section 6.1).
    TooBig(u64),
    /// The server takes no more recipients in a transaction, or transactions in a connection (RFC
    /// 9422).
    TooMany(u32),
    /// There is no mail transaction, or one that is in the way.
    OutOfOrder,
    /// A text holds a control character or something else than ASCII.
    Text,
    /// The line doesn't fit the send buffer.
    TooLong,
    /// No mechanism may be used: no credential has left.
    Mechanism(NoMechanism),
    /// The server doesn't offer AUTH, or not by this mechanism.
    AuthNotOffered,
    /// The credentials can't be said in this mechanism.
    Credentials(InvalidCredentials),
    /// The exchange can't go on; it was cancelled.
    Exchange(ExchangeError),
}

/// Why mail data was not taken. The message can't be ended now: the connection has to be given up,
/// or what is to be sent has to be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidContent {
    /// A bare CR or LF.
    BareNewline,
    /// A NUL in what is not BINARYMIME.
    Nul,
    /// An octet above 127 without 8BITMIME.
    EightBit,
    /// More or fewer octets than BDAT said.
    Size,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "the server sent a line that is no SMTP reply",
            Self::BareNewline => "the server sent a bare CR or LF in a reply",
            Self::MixedCodes => "the server sent a reply with different codes in its lines",
            Self::TooLong => "the server sent a reply that is too long",
            Self::Unexpected(code) => {
                return write!(f, "the server replied {code}, which has no meaning here");
            }
            Self::Unsolicited => "the server sent a reply nobody asked for",
            Self::PlaintextBehindStartTls => {
                "there was plaintext behind the reply to STARTTLS: somebody may be on the way"
            }
        })
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndOfFile => "the server closed the connection",
            Self::Quit => "the session ended as it should",
            Self::Refused(code) => return write!(f, "the server refused the session with {code}"),
            Self::Fault(fault) => return fault.fmt(f),
            Self::TimedOut => "the server took too long",
            Self::Tls => "the TLS handshake failed",
            Self::Abandoned => "the message was given up half-way",
            Self::Name => "the client's own name is neither a domain nor an address literal",
        })
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Later => "not now: a reply is still to come",
            Self::NotOffered(extensions) => {
                return write!(f, "the server doesn't offer {extensions}");
            }
            Self::NeedsSmtpUtf8 => "an address outside ASCII needs SMTPUTF8",
            Self::TooBig(most) => {
                return write!(f, "the message is too big: the server takes {most} octets");
            }
            Self::TooMany(most) => return write!(f, "the server takes {most} and no more"),
            Self::OutOfOrder => "the command has no place here",
            Self::Text => "the text holds a control character or something else than ASCII",
            Self::TooLong => "the line doesn't fit the send buffer",
            Self::Mechanism(why) => return why.fmt(f),
            Self::AuthNotOffered => "the server doesn't offer this authentication",
            Self::Credentials(why) => return why.fmt(f),
            Self::Exchange(why) => return why.fmt(f),
        })
    }
}

impl fmt::Display for InvalidContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareNewline => "a bare CR or LF in the message; lines end with CRLF",
            Self::Nul => "a NUL in the message",
            Self::EightBit => "an octet above 127 in the message, which is not sent as 8BITMIME",
            Self::Size => "the message has another size than was said",
        })
    }
}

impl core::error::Error for Fault {}
impl core::error::Error for Closed {}
impl core::error::Error for NotSent {}
impl core::error::Error for InvalidContent {}
