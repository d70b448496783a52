//! What is told for logs and transcripts.

use core::fmt;

use super::{Answer, guard};
use crate::reply::DefaultReply;
use crate::server::machine::Pending;

/// For logs and transcripts: a line as it came, or a reply the machine gave on its own account. Only
/// with `Config::notices`.
pub struct Notice<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) shown: Shown<'a>,
}

#[derive(Clone, Copy)]
pub(in crate::server) enum Shown<'a> {
    /// What of a line may be shown, and whether something is left out.
    Line(&'a [u8], bool),
    Reply(DefaultReply),
}

guard!(Notice);

impl Notice<'_> {
    /// The line, credentials masked; `None` when it is about a reply.
    #[must_use]
    pub fn line(&self) -> Option<impl fmt::Display + '_> {
        match self.shown {
            Shown::Line(line, masked) => Some(Masked(line, masked)),
            Shown::Reply(_) => None,
        }
    }

    /// The reply the machine gave; `None` when it is about a line.
    #[must_use]
    pub const fn reply(&self) -> Option<DefaultReply> {
        match self.shown {
            Shown::Line(..) => None,
            Shown::Reply(reply) => Some(reply),
        }
    }

    /// The application has taken note.
    pub fn done(self) {
        match self.shown {
            Shown::Line(..) => self.answer.state.pending = Pending::None,
            Shown::Reply(_) => self.answer.state.notice = None,
        }
    }
}

/// A line for a log: without control characters, and with a word in place of a credential.
struct Masked<'a>(&'a [u8], bool);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())?;
        if self.1 { f.write_str("<secret>") } else { Ok(()) }
    }
}
