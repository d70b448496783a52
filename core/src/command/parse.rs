//! From a line to a [`Command`].

use super::{Attributes, Auth, Command, Verb};
use crate::EXTENSIONS;
use crate::address::{ClientName, ForwardPath, ReversePath};
use crate::error::SyntaxError;
use crate::parameter::{MailParameters, RcptParameters};
use crate::wire::grammar::{self, whole};
use crate::wire::words;

impl<'a> Command<'a> {
    /// Reads a command line, its CRLF not included. White space at its end is tolerated (RFC 5321
    /// section 4.1.1).
    ///
    /// # Errors
    /// When the line is not a command of RFC 5321 or an extension this crate knows.
    pub fn parse(line: &'a [u8]) -> Result<Self, SyntaxError> {
        let line = line.trim_ascii_end();
        let (verb, rest) = Verb::split_from(line).ok_or(SyntaxError::UnknownCommand)?;
        Self::of_verb(verb, rest)
    }

    /// Reads what stands behind a verb.
    pub(crate) fn of_verb(verb: Verb, rest: &'a [u8]) -> Result<Self, SyntaxError> {
        // Only these can carry SMTPUTF8, and with it UTF-8 (RFC 6531 section 3.4 and 3.7.4.2).
        let utf8 = matches!(verb, Verb::Mail | Verb::Rcpt | Verb::Vrfy | Verb::Expn);
        let rest = printable(rest.trim_ascii_end(), utf8)?;
        let argument = argument_in(rest);
        match verb {
            Verb::Ehlo => hello(argument).map(Self::Ehlo),
            Verb::Helo => hello(argument).map(Self::Helo),
            Verb::Lhlo if EXTENSIONS => hello(argument).map(Self::Lhlo),
            Verb::Mail => mail(rest),
            Verb::Rcpt => rcpt(rest),
            Verb::Data => none(argument).map(|()| Self::Data),
            Verb::Bdat if EXTENSIONS => {
                let (size, last) = chunk(argument)?;
                Ok(Self::Bdat(size, last?))
            }
            Verb::Rset => none(argument).map(|()| Self::Rset),
            Verb::Noop => Ok(Self::Noop(argument)),
            Verb::Quit => none(argument).map(|()| Self::Quit),
            Verb::Vrfy => some(argument).map(Self::Vrfy),
            Verb::Expn if EXTENSIONS => some(argument).map(Self::Expn),
            Verb::Help => Ok(Self::Help(argument)),
            Verb::StartTls => none(argument).map(|()| Self::StartTls),
            Verb::Auth => auth(some(argument)?),
            Verb::Etrn if EXTENSIONS => some(argument).map(Self::Etrn),
            Verb::Xclient if EXTENSIONS => attributes(argument).map(Self::Xclient),
            Verb::Xforward if EXTENSIONS => attributes(argument).map(Self::Xforward),
            _ => Err(SyntaxError::NotImplemented),
        }
    }
}

/// The octets as text: printable ASCII, or UTF-8 without control characters.
fn printable(octets: &[u8], utf8: bool) -> Result<&str, SyntaxError> {
    // No early end, so that the compiler can look at many octets at once.
    let wrong = |octet: &u8| octet.is_ascii_control() | !(utf8 || octet.is_ascii());
    if octets.iter().fold(false, |found, octet| found | wrong(octet)) {
        return Err(SyntaxError::Octets);
    }
    core::str::from_utf8(octets).map_err(|_| SyntaxError::Octets)
}

/// What stands behind the spaces after a verb.
fn argument_in(rest: &str) -> &str {
    rest.strip_prefix(' ').map_or("", words::trim_start)
}

fn none(argument: &str) -> Result<(), SyntaxError> {
    if argument.is_empty() { Ok(()) } else { Err(SyntaxError::UnexpectedArgument) }
}

fn some(argument: &str) -> Result<&str, SyntaxError> {
    if argument.is_empty() { Err(SyntaxError::MissingArgument) } else { Ok(argument) }
}

/// `ehlo = "EHLO" SP ( Domain / address-literal ) CRLF` (RFC 5321 section 4.1.1.1), and names that
/// are neither.
fn hello(argument: &str) -> Result<ClientName<'_>, SyntaxError> {
    ClientName::parse(some(argument)?).map_err(|_| SyntaxError::Hello)
}

/// `mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF` (RFC 5321 section 4.1.1.2)
fn mail(rest: &str) -> Result<Command<'_>, SyntaxError> {
    let path = behind_keyword(rest, " FROM:")?;
    let (path, behind) = ReversePath::split_from(path).map_err(|_| SyntaxError::ReversePath)?;
    let parameters = parameters_in(behind).ok_or(SyntaxError::ReversePath)?;
    Ok(Command::Mail(path, MailParameters::parse(parameters)?))
}

/// `rcpt = "RCPT TO:" ( … / Forward-path ) [SP Rcpt-parameters] CRLF` (RFC 5321 section 4.1.1.3)
fn rcpt(rest: &str) -> Result<Command<'_>, SyntaxError> {
    let path = behind_keyword(rest, " TO:")?;
    let (path, behind) = ForwardPath::split_from(path).map_err(|_| SyntaxError::ForwardPath)?;
    let parameters = parameters_in(behind).ok_or(SyntaxError::ForwardPath)?;
    Ok(Command::Rcpt(path, RcptParameters::parse(parameters)?))
}

/// What stands behind ` FROM:` or ` TO:`, without white space between them.
fn behind_keyword<'a>(rest: &'a str, keyword: &str) -> Result<&'a str, SyntaxError> {
    match rest.split_at_checked(keyword.len()) {
        Some((word, path)) if word.eq_ignore_ascii_case(keyword) && !path.starts_with(' ') => {
            Ok(path)
        }
        _ => Err(SyntaxError::PathKeyword),
    }
}

/// The parameters behind a path: what follows its bracket without a space belongs to no grammar.
fn parameters_in(behind: &str) -> Option<&str> {
    if behind.is_empty() { Some("") } else { behind.strip_prefix(' ').map(words::trim_start) }
}

/// `bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CR LF`, `chunk-size = 1*DIGIT`,
/// `end-marker = "LAST"` (RFC 3030 section 2)
///
/// The size counts whatever stands behind it: so many octets come.
fn chunk(argument: &str) -> Result<(u64, Result<bool, SyntaxError>), SyntaxError> {
    let (size, marker) = words::first_word(some(argument)?);
    let size = whole(grammar::decimal, size.as_bytes()).ok_or(SyntaxError::Argument)?;
    let size = size.ok_or(SyntaxError::ChunkSize)?;
    let last = match words::trim_start(marker) {
        "" => Ok(false),
        word if word.eq_ignore_ascii_case("LAST") => Ok(true),
        _ => Err(SyntaxError::ChunkMarker),
    };
    Ok((size, last))
}

/// What stands behind BDAT: see [`chunk`].
pub(crate) fn bdat(rest: &[u8]) -> Result<(u64, Result<bool, SyntaxError>), SyntaxError> {
    chunk(argument_in(printable(rest.trim_ascii_end(), false)?))
}

/// `auth-command = "AUTH" SP sasl-mech [SP initial-response] *(CRLF [base64]) [CRLF
/// cancel-response] CRLF`, `initial-response = base64 / "="` (RFC 4954 section 8)
fn auth(argument: &str) -> Result<Command<'_>, SyntaxError> {
    let (mechanism, response) = match words::split_once(argument, b' ') {
        Some((mechanism, response)) => (mechanism, Some(response)),
        None => (argument, None),
    };
    whole(grammar::sasl_mech, mechanism.as_bytes()).ok_or(SyntaxError::Argument)?;
    // Two arguments are one too many; a space in base64 is refused when it is decoded.
    if response.is_some_and(|response| response.starts_with(' ')) {
        return Err(SyntaxError::Argument);
    }
    Ok(Command::Auth(Auth { mechanism, initial_response: response }))
}

fn attributes(argument: &str) -> Result<Attributes<'_>, SyntaxError> {
    Attributes::parse(some(argument)?).ok_or(SyntaxError::Argument)
}
