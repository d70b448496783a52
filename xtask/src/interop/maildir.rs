//! What the server has stored, compared with what was sent.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::work::ID_FIELD;

/// A stored message, taken apart.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The trace fields the server has put in front.
    pub(crate) trace: Vec<u8>,
    /// The rest, as it was submitted.
    pub(crate) message: Vec<u8>,
}

/// Every message in a Maildir (or several of them under one folder).
///
/// # Errors
///
/// Fails when something can't be read, or a file has been left in `tmp`.
pub(crate) fn read(folder: &Path) -> Result<Vec<Stored>> {
    let mut messages = Vec::new();
    if folder.exists() {
        walk(folder, &mut messages)?;
    }
    Ok(messages)
}

/// Those of a Maildir that carry the identifier of a case.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn find(folder: &Path, id: &str) -> Result<Vec<Stored>> {
    let mut messages = read(folder)?;
    messages.retain(|stored| stored.is_of(id));
    Ok(messages)
}

impl Stored {
    /// Whether it carries the identifier of a case.
    pub(crate) fn is_of(&self, id: &str) -> bool {
        contains(&self.message, format!("\r\n{ID_FIELD}: {id}\r\n").as_bytes())
    }

    /// The message of a server that stores lines with a line feed only.
    pub(crate) fn with_line_ends(mut self) -> Self {
        let lines = self.message.split_inclusive(|octet| *octet == b'\n');
        let lines = lines.map(|line| {
            line.strip_suffix(b"\n").map_or(line.to_vec(), |line| [line, b"\r\n"].concat())
        });
        self.message = lines.collect::<Vec<_>>().concat();
        self
    }
}

/// Collects the messages below a folder.
fn walk(folder: &Path, messages: &mut Vec<Stored>) -> Result<()> {
    for path in entries(folder)? {
        if path.is_dir() {
            walk(&path, messages)?;
        } else if folder.ends_with("new") || folder.ends_with("cur") {
            let octets =
                fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
            messages.push(take_apart(octets));
        } else if folder.ends_with("tmp") {
            bail!("{} is left behind", path.display());
        }
    }
    Ok(())
}

/// What is in a folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("can't read {}", folder.display());
    let entries = fs::read_dir(folder).with_context(failed)?;
    entries.map(|entry| Ok(entry.with_context(failed)?.path())).collect()
}

/// Cuts a file behind its trace fields.
fn take_apart(octets: Vec<u8>) -> Stored {
    const TRACE: [&str; 3] = ["return-path", "delivered-to", "received"];
    let mut end = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
        let is_trace = TRACE.iter().any(|trace| name.eq_ignore_ascii_case(trace.as_bytes()));
        let is_continued = end > 0 && matches!(line.first(), Some(b' ' | b'\t'));
        if !is_trace && !is_continued {
            break;
        }
        end += line.len();
    }
    let (trace, message) = octets.split_at(end);
    Stored { trace: trace.to_vec(), message: message.to_vec() }
}

/// Says where two messages differ, if they do. A message submitted without a final line end is
/// stored with one: the line end in front of the final dot is part of it (RFC 5321 section 4.1.1.4).
/// Some clients add one always.
pub(crate) fn difference(submitted: &[u8], stored: &[u8], adds_always: bool) -> Option<String> {
    let mut expected = submitted.to_vec();
    if adds_always || !expected.ends_with(b"\r\n") {
        expected.extend_from_slice(b"\r\n");
    }
    if expected == stored {
        return None;
    }
    let same = expected.iter().zip(stored).take_while(|(a, b)| a == b).count();
    let around = |octets: &[u8]| {
        let part: Vec<u8> = octets.iter().skip(same.saturating_sub(16)).take(48).copied().collect();
        part.escape_ascii().to_string()
    };
    let (sent, kept) = (around(&expected), around(stored));
    let (long, short) = (expected.len(), stored.len());
    Some(format!("differs at octet {same}: sent {long} '…{sent}…', stored {short} '…{kept}…'"))
}

/// Whether `part` occurs in `all`.
pub(crate) fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_fields_of_the_server_are_cut_off_and_no_others() {
        let stored = take_apart(
            b"Return-Path: <a@b>\r\nDelivered-To: c@d\r\nReceived: from x\r\n\tby y;\r\n z\r\n\
              Subject: Received: not this\r\nReceived: nor this\r\n\r\nbody\r\n"
                .to_vec(),
        );
        assert!(stored.trace.ends_with(b"by y;\r\n z\r\n"));
        assert!(stored.message.starts_with(b"Subject: "));
    }

    #[test]
    fn line_feeds_become_line_ends_and_nothing_is_added_at_the_end() {
        let stored = take_apart(b"Received: x\n\ty\nA: b\n\n\nc".to_vec());
        assert_eq!(stored.with_line_ends().message, b"A: b\r\n\r\n\r\nc");
    }

    #[test]
    fn one_octet_more_or_less_is_a_difference() {
        assert_eq!(difference(b"a\r\n.\r\nb", b"a\r\n.\r\nb\r\n", false), None);
        assert_eq!(difference(b"a\r\n", b"a\r\n", false), None);
        assert_eq!(difference(b"a\r\n", b"a\r\n\r\n", true), None);
        assert!(difference(b"a\r\n.\r\nb", b"a\r\n..\r\nb\r\n", false).is_some());
        assert!(difference(b"a\r\n", b"a\r\n\r\n", false).is_some());
        assert!(difference(b"a\r\n", b"a\r\n", true).is_some());
        assert!(difference(b"a\r\n", b"", false).is_some());
    }
}
