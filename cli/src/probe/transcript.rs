//! What goes over a connection: written down without credentials, and measured.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ehlo_std::client::{Direction, Tap};
use serde::Serialize;

use super::mask::Mask;
use crate::exit::Failure;

/// Where transcripts go.
#[derive(Clone)]
pub(crate) struct Sink(Arc<Mutex<Box<dyn Write + Send>>>);

impl Sink {
    /// Standard error, or this file.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let to: Box<dyn Write + Send> = match path {
            None => Box::new(io::stderr()),
            Some(path) => Box::new(File::create(path).map_err(|error| {
                Failure::config(format_args!("--transcript {}: {error}", path.display()))
            })?),
        };
        Ok(Self(Arc::new(Mutex::new(to))))
    }

    fn line(&self, line: &str) {
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Where nobody reads it, the probe goes on.
        let _ = writeln!(to, "{line}");
    }
}

impl core::fmt::Debug for Sink {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sink")
    }
}

/// What is odd about the lines of a server.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Oddities {
    /// Octets of the longest line, CRLF included.
    pub(crate) longest_line: usize,
    /// Lines that end with LF alone.
    pub(crate) bare_newlines: usize,
    /// Codes that stood alone in their line, without the space behind them.
    pub(crate) bare_codes: Vec<String>,
    /// Lines that are neither ASCII nor UTF-8.
    pub(crate) unreadable_lines: usize,
}

impl Oddities {
    /// These and those of another connection.
    pub(crate) fn add(&mut self, other: &Self) {
        self.longest_line = self.longest_line.max(other.longest_line);
        self.bare_newlines += other.bare_newlines;
        self.unreadable_lines += other.unreadable_lines;
        for code in &other.bare_codes {
            if !self.bare_codes.contains(code) {
                self.bare_codes.push(code.clone());
            }
        }
    }
}

/// One connection's octets. A clone is the same wire.
#[derive(Clone, Debug)]
pub(crate) struct Wire(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    label: String,
    sink: Option<Sink>,
    start: Instant,
    mask: Mask,
    sent: Vec<u8>,
    received: Vec<u8>,
    odd: Oddities,
}

impl Wire {
    /// A wire on which nothing was said; `secrets` are never shown.
    pub(crate) fn new(label: &str, sink: Option<Sink>, secrets: &[&str]) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            label: label.to_owned(),
            sink,
            start: Instant::now(),
            mask: Mask::new(secrets),
            sent: Vec::new(),
            received: Vec::new(),
            odd: Oddities::default(),
        })))
    }

    /// For a session.
    pub(crate) fn tap(&self) -> Tap {
        let wire = self.clone();
        Box::new(move |direction, octets| wire.said(direction, octets))
    }

    /// These octets went over it.
    pub(crate) fn said(&self, direction: Direction, octets: &[u8]) {
        let mut inner = self.inner();
        for octet in octets {
            let line = match direction {
                Direction::Out => &mut inner.sent,
                Direction::In => &mut inner.received,
            };
            line.push(*octet);
            if *octet == b'\n' {
                let line = core::mem::take(line);
                inner.line(direction, &line);
            }
        }
    }

    /// Something that is no line.
    pub(crate) fn note(&self, text: &str) {
        self.inner().write("--", text);
    }

    /// A text of the server's without what is secret.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.inner().mask.redact(text)
    }

    /// What was odd about the server's lines so far.
    pub(crate) fn oddities(&self) -> Oddities {
        self.inner().odd.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn line(&mut self, direction: Direction, line: &[u8]) {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let text = bare.strip_suffix(b"\r").unwrap_or(bare);
        match direction {
            Direction::Out => {
                let shown = self.mask.client(text);
                self.write("C:", &shown);
            }
            Direction::In => {
                self.odd.longest_line = self.odd.longest_line.max(line.len());
                self.odd.bare_newlines += usize::from(!bare.ends_with(b"\r"));
                self.odd.unreadable_lines += usize::from(core::str::from_utf8(text).is_err());
                let code = String::from_utf8_lossy(text).into_owned();
                if text.len() == 3 && !self.odd.bare_codes.contains(&code) {
                    self.odd.bare_codes.push(code);
                }
                let shown = self.mask.server(text);
                self.write("S:", &shown);
            }
        }
    }

    fn write(&self, who: &str, text: &str) {
        let Some(sink) = &self.sink else { return };
        let time = self.start.elapsed().as_millis();
        sink.line(&format!("{:<10} {time:>6} ms {who} {text}", self.label));
    }
}

/// A line that has not ended is shown all the same.
impl Drop for Inner {
    fn drop(&mut self) {
        for direction in [Direction::Out, Direction::In] {
            let rest = match direction {
                Direction::Out => core::mem::take(&mut self.sent),
                Direction::In => core::mem::take(&mut self.received),
            };
            if !rest.is_empty() {
                self.line(direction, &rest);
            }
        }
    }
}
