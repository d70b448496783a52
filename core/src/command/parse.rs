//! From a line to a [`Command`].

use memchr::memchr3;

use super::{Attributes, Auth, Command, Verb};
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
        let rest = printable(rest.trim_ascii_end())?;
        // Only these can carry SMTPUTF8, and with it UTF-8 (RFC 6531 section 3.4 and 3.7.4.2).
        let utf8 = matches!(verb, Verb::Mail | Verb::Rcpt | Verb::Vrfy | Verb::Expn);
        if !utf8 && !rest.is_ascii() {
            return Err(SyntaxError::Octets);
        }
        let argument = rest.strip_prefix(' ').map_or("", |rest| rest.trim_start_matches(' '));
        match verb {
            Verb::Ehlo => hello(argument).map(Self::Ehlo),
            Verb::Helo => hello(argument).map(Self::Helo),
            Verb::Lhlo => hello(argument).map(Self::Lhlo),
            Verb::Mail => mail(rest),
            Verb::Rcpt => rcpt(rest),
            Verb::Data => none(argument).map(|()| Self::Data),
            Verb::Bdat => bdat(argument),
            Verb::Rset => none(argument).map(|()| Self::Rset),
            Verb::Noop => Ok(Self::Noop(argument)),
            Verb::Quit => none(argument).map(|()| Self::Quit),
            Verb::Vrfy => some(argument).map(Self::Vrfy),
            Verb::Expn => some(argument).map(Self::Expn),
            Verb::Help => Ok(Self::Help(argument)),
            Verb::StartTls => none(argument).map(|()| Self::StartTls),
            Verb::Auth => auth(some(argument)?),
            Verb::Etrn => some(argument).map(Self::Etrn),
            Verb::Xclient => attributes(argument).map(Self::Xclient),
            Verb::Xforward => attributes(argument).map(Self::Xforward),
            Verb::Obsolete => Err(SyntaxError::NotImplemented),
        }
    }
}

/// The octets as text: printable ASCII, or UTF-8 without control characters.
fn printable(octets: &[u8]) -> Result<&str, SyntaxError> {
    // No early end, so that the compiler can look at many octets at once.
    if octets.iter().fold(false, |found, octet| found | octet.is_ascii_control()) {
        return Err(SyntaxError::Octets);
    }
    core::str::from_utf8(octets).map_err(|_| SyntaxError::Octets)
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
    let (path, parameters) = path_and_parameters(rest, " FROM:")?;
    let path = ReversePath::parse(path).map_err(|_| SyntaxError::ReversePath)?;
    Ok(Command::Mail(path, MailParameters::parse(parameters)?))
}

/// `rcpt = "RCPT TO:" ( … / Forward-path ) [SP Rcpt-parameters] CRLF` (RFC 5321 section 4.1.1.3)
fn rcpt(rest: &str) -> Result<Command<'_>, SyntaxError> {
    let (path, parameters) = path_and_parameters(rest, " TO:")?;
    let path = ForwardPath::parse(path).map_err(|_| SyntaxError::ForwardPath)?;
    Ok(Command::Rcpt(path, RcptParameters::parse(parameters)?))
}

/// Splits ` FROM:<path> parameters` behind the path's closing bracket.
fn path_and_parameters<'a>(
    rest: &'a str,
    keyword: &str,
) -> Result<(&'a str, &'a str), SyntaxError> {
    let (word, behind) = rest.split_at_checked(keyword.len()).ok_or(SyntaxError::PathKeyword)?;
    if !word.eq_ignore_ascii_case(keyword) || behind.starts_with(' ') {
        return Err(SyntaxError::PathKeyword);
    }
    let end = path_end(behind.as_bytes());
    let (path, parameters) = behind.split_at_checked(end).unwrap_or((behind, ""));
    match parameters.strip_prefix(' ') {
        Some(parameters) => Ok((path, parameters.trim_start_matches(' '))),
        // What follows the bracket without a space belongs to no grammar.
        None if parameters.is_empty() => Ok((path, "")),
        None => Ok((behind, "")),
    }
}

/// Where the `>` that ends a path stands, plus one: a `>` in a quoted string or in an address literal
/// doesn't.
fn path_end(octets: &[u8]) -> usize {
    match memchr3(b'>', b'"', b'[', octets) {
        Some(at) if octets.get(at) == Some(&b'>') => return at.saturating_add(1),
        Some(_) => {}
        None => return octets.len(),
    }
    let (mut quoted, mut escaped, mut literal) = (false, false, false);
    let end = octets.iter().position(|octet| match octet {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' if quoted => {
            escaped = true;
            false
        }
        b'"' if !literal => {
            quoted = !quoted;
            false
        }
        b'[' | b']' if !quoted => {
            literal = *octet == b'[';
            false
        }
        octet => *octet == b'>' && !quoted && !literal,
    });
    end.map_or(octets.len(), |at| at.saturating_add(1))
}

/// `bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CR LF`, `chunk-size = 1*DIGIT`,
/// `end-marker = "LAST"` (RFC 3030 section 2)
fn bdat(argument: &str) -> Result<Command<'_>, SyntaxError> {
    let (size, marker) = words::first_word(some(argument)?);
    let size = whole(grammar::decimal, size.as_bytes()).ok_or(SyntaxError::Argument)?;
    let size = size.ok_or(SyntaxError::ChunkSize)?;
    match marker.trim_start_matches(' ') {
        "" => Ok(Command::Bdat(size, false)),
        word if word.eq_ignore_ascii_case("LAST") => Ok(Command::Bdat(size, true)),
        _ => Err(SyntaxError::ChunkMarker(size)),
    }
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
