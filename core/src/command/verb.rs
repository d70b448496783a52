//! Verbs: the first word of a command line.

use crate::wire::grammar;

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

macro_rules! words {
    ($($word:ident $verb:ident),*) => {
        [$((stringify!($word).as_bytes(), Verb::$verb)),*]
    };
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
        let (_, verb) = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name))?;
        Some((*verb, rest))
    }
}

/// Each verb with its word, the usual ones first.
static WORDS: &[(&[u8], Verb)] = if crate::EXTENSIONS {
    &words!(
        MAIL Mail, RCPT Rcpt, DATA Data, EHLO Ehlo, QUIT Quit, RSET Rset, AUTH Auth, STARTTLS StartTls, NOOP Noop,
        HELO Helo, BDAT Bdat, VRFY Vrfy, HELP Help, LHLO Lhlo, EXPN Expn, ETRN Etrn, XCLIENT Xclient,
        XFORWARD Xforward, SEND Obsolete, SOML Obsolete, SAML Obsolete, TURN Obsolete
    )
} else {
    &words!(
        MAIL Mail, RCPT Rcpt, DATA Data, EHLO Ehlo, QUIT Quit, RSET Rset, AUTH Auth, STARTTLS StartTls, NOOP Noop,
        HELO Helo, BDAT Bdat, VRFY Vrfy, HELP Help
    )
};
