//! Verbs: the first word of a command line.

use crate::wire::{grammar, words};

/// The verb of a command, found before anything else of the line is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the command of its name")]
pub enum Verb {
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    StartTls,
    Auth,
    Etrn,
    Xclient,
    Xforward,
    /// SEND, SOML, SAML or TURN: of RFC 821, and not implemented (RFC 5321 appendix F).
    Obsolete,
}

impl Verb {
    /// The verb at the front of a line, in any case, and what stands behind it.
    #[must_use]
    pub fn split_from(line: &[u8]) -> Option<(Self, &[u8])> {
        let (rest, word) = grammar::verb(line).ok()?;
        // A verb ends at a space or at the end of the line: `NOOPX` and `NOOP!` are none.
        if !matches!(rest.first(), None | Some(b' ')) {
            return None;
        }
        let mut upper = [0; 8];
        let verb = match words::uppercase(word, &mut upper)? {
            b"EHLO" => Self::Ehlo,
            b"HELO" => Self::Helo,
            b"LHLO" => Self::Lhlo,
            b"MAIL" => Self::Mail,
            b"RCPT" => Self::Rcpt,
            b"DATA" => Self::Data,
            b"BDAT" => Self::Bdat,
            b"RSET" => Self::Rset,
            b"NOOP" => Self::Noop,
            b"QUIT" => Self::Quit,
            b"VRFY" => Self::Vrfy,
            b"EXPN" => Self::Expn,
            b"HELP" => Self::Help,
            b"STARTTLS" => Self::StartTls,
            b"AUTH" => Self::Auth,
            b"ETRN" => Self::Etrn,
            b"XCLIENT" => Self::Xclient,
            b"XFORWARD" => Self::Xforward,
            b"SEND" | b"SOML" | b"SAML" | b"TURN" => Self::Obsolete,
            _ => return None,
        };
        Some((verb, rest))
    }
}
