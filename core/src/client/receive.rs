//! Replies out of the receive window, line by line.

use super::error::Fault;
use crate::reply::{ReplyCode, ReplyLine};
use crate::wire::find;

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// The reply at the front of the window, as far as it has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Receiver {
    /// Octets of its whole lines that are still in the window.
    lines: usize,
    /// How far behind the front the search for a line end has come.
    searched: usize,
    /// Octets of its lines that are no longer in the window.
    dropped: usize,
    /// Its code, once a line has come.
    code: Option<ReplyCode>,
}

/// What the search for the next line found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// More input is needed.
    Partial,
    /// A line, and whether it is the first one.
    Line(ReplyLine<'a>, bool),
    /// What came is no reply.
    Fault(Fault),
}

impl Receiver {
    /// Octets of the reply that are in the window: whole lines.
    pub(super) const fn length(&self) -> usize {
        self.lines
    }

    /// The next line.
    pub(super) fn next<'a>(&mut self, unread: &'a [u8], most: usize) -> Found<'a> {
        let line = match self.find(unread) {
            Ok(Some(line)) => line,
            Ok(None) if self.dropped.saturating_add(unread.len()) > most => {
                return Found::Fault(Fault::TooLong);
            }
            Ok(None) => return Found::Partial,
            Err(fault) => return Found::Fault(fault),
        };
        if self.dropped.saturating_add(self.lines) > most {
            return Found::Fault(Fault::TooLong);
        }
        let Ok(line) = ReplyLine::parse(line) else { return Found::Fault(Fault::Syntax) };
        let first = self.code.is_none();
        if !first && self.code != Some(line.code()) {
            return Found::Fault(Fault::MixedCodes);
        }
        self.code = Some(line.code());
        Found::Line(line, first)
    }

    /// The next line without its CRLF.
    fn find<'a>(&mut self, unread: &'a [u8]) -> Result<Option<&'a [u8]>, Fault> {
        let rest = unread.get(self.searched..).unwrap_or(&[]);
        let Some(at) = find::first_of(CR, LF, rest) else {
            self.searched = unread.len();
            return Ok(None);
        };
        let end = self.searched.saturating_add(at);
        match (rest.get(at), rest.get(at.saturating_add(1))) {
            (Some(&CR), Some(&LF)) => {
                let line = unread.get(self.lines..end).unwrap_or(&[]);
                self.lines = end.saturating_add(2);
                self.searched = self.lines;
                Ok(Some(line))
            }
            (Some(&CR), None) => {
                self.searched = end;
                Ok(None)
            }
            _ => Err(Fault::BareNewline),
        }
    }

    /// The whole lines leave the window, to make room for the rest of the reply.
    pub(super) fn drop_lines(&mut self) -> usize {
        let lines = core::mem::take(&mut self.lines);
        self.searched = self.searched.saturating_sub(lines);
        self.dropped = self.dropped.saturating_add(lines);
        lines
    }

    /// The next reply begins.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}
