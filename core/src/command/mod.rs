//! Commands: what a line from a client means (RFC 5321 section 4.1 and the extensions' RFCs).
//!
//! ```
//! use ehlo::command::Command;
//!
//! let line = b"MAIL FROM:<tim@example.org> SIZE=1000 BODY=8BITMIME";
//! let Command::Mail(path, parameters) = Command::parse(line)? else { panic!() };
//! assert_eq!(path.as_str(), "tim@example.org");
//! assert_eq!(parameters.size, Some(1000));
//! # Ok::<(), ehlo::error::SyntaxError>(())
//! ```

use core::fmt;

use crate::address::{ClientName, ForwardPath, ReversePath};
use crate::parameter::{MailParameters, RcptParameters};

mod attributes;
mod parse;
mod verb;

pub use attributes::{Attribute, Attributes};
pub(crate) use parse::bdat;
pub use verb::Verb;

/// A command line, typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `EHLO`, with what the client calls itself.
    Ehlo(ClientName<'a>),
    /// `HELO`, with what the client calls itself; an address literal is accepted too.
    Helo(ClientName<'a>),
    /// `LHLO` (RFC 2033 section 4.1).
    Lhlo(ClientName<'a>),
    /// `MAIL FROM:`.
    Mail(ReversePath<'a>, MailParameters<'a>),
    /// `RCPT TO:`.
    Rcpt(ForwardPath<'a>, RcptParameters<'a>),
    /// `DATA`.
    Data,
    /// `BDAT` (RFC 3030 section 2): octets of the chunk, and whether it is the last.
    Bdat(u64, bool),
    /// `RSET`.
    Rset,
    /// `NOOP`, with the text behind it.
    Noop(&'a str),
    /// `QUIT`.
    Quit,
    /// `VRFY`, with the user or mailbox.
    Vrfy(&'a str),
    /// `EXPN`, with the mailing list.
    Expn(&'a str),
    /// `HELP`, with the subject; empty when there is none.
    Help(&'a str),
    /// `STARTTLS` (RFC 3207).
    StartTls,
    /// `AUTH` (RFC 4954 section 4).
    Auth(Auth<'a>),
    /// `ETRN`, with the node (RFC 1985).
    Etrn(&'a str),
    /// `XCLIENT` (Postfix's XCLIENT_README).
    Xclient(Attributes<'a>),
    /// `XFORWARD` (Postfix's XFORWARD_README).
    Xforward(Attributes<'a>),
}

/// The argument of AUTH. Its initial response may be a credential and does not print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Auth<'a> {
    pub(crate) mechanism: &'a str,
    pub(crate) initial_response: Option<&'a str>,
}

impl<'a> Auth<'a> {
    /// The mechanism's name, in the case it was written in.
    #[must_use]
    pub const fn mechanism(self) -> &'a str {
        self.mechanism
    }

    /// The initial response in base64, not decoded yet; `=` is an empty one.
    #[must_use]
    pub const fn initial_response(self) -> Option<&'a str> {
        self.initial_response
    }
}

impl fmt::Debug for Auth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.initial_response.map(|_| "Secret(..)");
        f.debug_tuple("Auth").field(&self.mechanism).field(&shown).finish()
    }
}

impl fmt::Display for Command<'_> {
    /// The command line without its CRLF. AUTH prints its initial response: the line is meant for
    /// the wire, not for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ehlo(name) => write!(f, "EHLO {name}"),
            Self::Helo(name) => write!(f, "HELO {name}"),
            Self::Lhlo(name) => write!(f, "LHLO {name}"),
            Self::Mail(path, parameters) => write!(f, "MAIL FROM:{path}{parameters}"),
            Self::Rcpt(path, parameters) => write!(f, "RCPT TO:{path}{parameters}"),
            Self::Data => f.write_str("DATA"),
            Self::Bdat(size, false) => write!(f, "BDAT {size}"),
            Self::Bdat(size, true) => write!(f, "BDAT {size} LAST"),
            Self::Rset => f.write_str("RSET"),
            Self::Noop("") => f.write_str("NOOP"),
            Self::Noop(text) => write!(f, "NOOP {text}"),
            Self::Quit => f.write_str("QUIT"),
            Self::Vrfy(text) => write!(f, "VRFY {text}"),
            Self::Expn(text) => write!(f, "EXPN {text}"),
            Self::Help("") => f.write_str("HELP"),
            Self::Help(text) => write!(f, "HELP {text}"),
            Self::StartTls => f.write_str("STARTTLS"),
            Self::Auth(auth) => match auth.initial_response {
                Some(response) => write!(f, "AUTH {} {response}", auth.mechanism),
                None => write!(f, "AUTH {}", auth.mechanism),
            },
            Self::Etrn(node) => write!(f, "ETRN {node}"),
            Self::Xclient(attributes) => write!(f, "XCLIENT{attributes}"),
            Self::Xforward(attributes) => write!(f, "XFORWARD{attributes}"),
        }
    }
}
