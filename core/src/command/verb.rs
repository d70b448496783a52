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
        [$((key(stringify!($word).as_bytes()), Verb::$verb)),*]
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
        let key = key(word);
        let (_, verb) = WORDS.iter().find(|(known, _)| *known == key)?;
        Some((*verb, rest))
    }
}

/// Each verb with its word, the usual ones first.
static WORDS: &[(u64, Verb)] = if crate::EXTENSIONS {
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

/// A word in one number, in upper case; that of a word longer than eight letters is no verb's.
const fn key(word: &[u8]) -> u64 {
    let (mut key, mut rest) = (0, word);
    while let [letter, behind @ ..] = rest {
        key = key << 8 | letter.to_ascii_uppercase() as u64;
        rest = behind;
    }
    if word.len() > 8 { 0 } else { key }
}
