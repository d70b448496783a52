//! Errors: what a caller gave that can't be, and what a peer sent that can't be read.

use core::fmt;

use crate::reply::{DefaultReply, Enhanced, ReplyCode, pack};

/// Not an address, domain, literal or path as RFC 5321 section 4.1.2 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidAddress;

/// Not a value that this parameter can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidParameter;

/// Not a reply line as RFC 5321 section 4.2 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidReply;

/// Why a command line could not be read. Each carries the reply it deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyntaxError {
    /// The line holds octets that are neither printable ASCII nor UTF-8.
    Octets,
    /// No such verb.
    UnknownCommand,
    /// A verb of an older or another protocol that no server needs (SEND, SOML, SAML, TURN).
    NotImplemented,
    /// The verb takes an argument, and there is none.
    MissingArgument,
    /// The verb takes no argument, and there is one.
    UnexpectedArgument,
    /// The argument does not match the grammar.
    Argument,
    /// Not a domain or address literal behind EHLO, HELO or LHLO.
    Hello,
    /// `MAIL` is not followed by `FROM:`, or `RCPT` by `TO:`; or white space follows the colon.
    PathKeyword,
    /// The reverse-path does not match the grammar or is too long.
    ReversePath,
    /// The forward-path does not match the grammar or is too long.
    ForwardPath,
    /// A parameter is malformed or has a value it can't have.
    Parameter,
    /// A parameter is there twice, or beside one that excludes it.
    RepeatedParameter,
    /// SIZE does not fit 64 bits.
    Size,
    /// The size of a BDAT chunk does not fit 64 bits: where it ends can't be known.
    ChunkSize,
    /// What follows the size of a BDAT chunk is not `LAST`; the chunk comes all the same.
    ChunkMarker,
}

impl SyntaxError {
    /// The reply code, enhanced status code and text for it (RFC 5321 section 4.2.2, RFC 3463).
    #[must_use]
    pub const fn reply(self) -> (ReplyCode, Enhanced, &'static str) {
        let reply = DefaultReply::Syntax(self).reply();
        let enhanced = match reply.enhanced() {
            Some(enhanced) => enhanced,
            None => Enhanced::SYNTAX_ERROR,
        };
        (reply.code(), enhanced, self.text())
    }

    /// The codes, packed.
    pub(crate) const fn packed(self) -> u32 {
        use Enhanced as E;
        use ReplyCode as C;
        match self {
            Self::Octets => const { pack(C::SYNTAX_ERROR, Some(E::SYNTAX_ERROR)) },
            Self::UnknownCommand => const { pack(C::SYNTAX_ERROR, Some(E::INVALID_COMMAND)) },
            Self::NotImplemented => const { pack(C::NOT_IMPLEMENTED, Some(E::INVALID_COMMAND)) },
            Self::ReversePath => const { pack(C::ARGUMENT_ERROR, Some(E::BAD_SENDER_SYNTAX)) },
            Self::ForwardPath => const { pack(C::ARGUMENT_ERROR, Some(E::BAD_RECIPIENT_SYNTAX)) },
            Self::Size => const { pack(C::EXCEEDED_STORAGE, Some(E::MESSAGE_TOO_BIG)) },
            _ => const { pack(C::ARGUMENT_ERROR, Some(E::INVALID_ARGUMENTS)) },
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Octets => "commands are printable ASCII or UTF-8",
            Self::UnknownCommand => "command not recognized",
            Self::NotImplemented => "command not implemented",
            Self::MissingArgument => "this command needs an argument",
            Self::UnexpectedArgument => "this command takes no argument",
            Self::Argument | Self::ChunkMarker => "malformed argument",
            Self::Hello => "expected a domain or an address literal in brackets",
            Self::PathKeyword => {
                "expected MAIL FROM:<address> or RCPT TO:<address>, without a space behind the colon"
            }
            Self::ReversePath => "malformed or over-long reverse-path",
            Self::ForwardPath => "malformed or over-long forward-path",
            Self::Parameter => "malformed parameter",
            Self::RepeatedParameter => "a parameter is repeated or excludes another",
            Self::Size => "no message can be that large",
            Self::ChunkSize => "no chunk can be that large",
        }
    }
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address as RFC 5321 section 4.1.2 has it")
    }
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a value this parameter can have")
    }
}

impl fmt::Display for InvalidReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a reply as RFC 5321 section 4.2 has it")
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, _, text) = self.reply();
        f.write_str(text)
    }
}

impl core::error::Error for InvalidAddress {}
impl core::error::Error for InvalidParameter {}
impl core::error::Error for InvalidReply {}
impl core::error::Error for SyntaxError {}
