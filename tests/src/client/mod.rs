//! Dialogues of the client machine: files, as `tests/transcripts-client/README.md` describes them.

mod act;
mod config;
mod describe;
mod parse;
mod party;
mod run;

use core::time::Duration;
use std::path::{Path, PathBuf};

pub use act::Act;
pub use config::Setting;
pub use party::{Party, Told};
pub use run::{Split, Way, run, run_every_way};

/// A dialogue read from a file.
#[derive(Debug)]
pub struct Script {
    /// Its path below `transcripts-client/`.
    pub name: String,
    /// What the client is like, and where the dialogue begins.
    pub setting: Setting,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Something from outside, and all that follows from it.
#[derive(Debug)]
pub struct Step {
    /// The line of the file it begins in.
    pub line: usize,
    /// What comes from outside.
    pub input: Input,
    /// The events, in order, each with what the application does then.
    pub events: Vec<Expected>,
    /// What the client says.
    pub output: Vec<u8>,
    /// What is known of the connection afterwards, when the dialogue looks at it.
    pub facts: Option<String>,
}

/// What comes from outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// The server says this; at the beginning it says nothing.
    Octets(Vec<u8>),
    /// The server says nothing for so long.
    Timeout(Duration),
    /// The server closes its half of the connection.
    EndOfFile,
    /// The connection is lost.
    Lost,
    /// Nothing can be written any more.
    WriteLost,
}

/// An event, and what the application does then.
#[derive(Debug)]
pub struct Expected {
    /// The line of the file.
    pub line: usize,
    /// As [`Told::describe`] puts it.
    pub description: String,
    /// What is done, in order; nothing at all is what is usual for the event.
    pub acts: Vec<Doing>,
}

/// Something the application does, and what comes of it.
#[derive(Debug)]
pub struct Doing {
    /// The line of the file.
    pub line: usize,
    /// What is done.
    pub act: Act,
    /// The error it ends with, if it does.
    pub error: Option<String>,
}

/// The folder of the client's dialogues.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts-client")
}

/// All dialogues below a folder of [`folder`], in order of their names.
///
/// # Panics
/// When a file can't be read or is not a dialogue.
#[must_use]
pub fn below(name: &str) -> Vec<Script> {
    crate::transcript::files_below(&folder().join(name))
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.strip_prefix(folder()).unwrap_or(path).display().to_string();
            Script::parse(&name, &text).unwrap_or_else(|error| panic!("{name}: {error}"))
        })
        .collect()
}

impl Script {
    /// Everything the server says.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        let octets = self.steps.iter().filter_map(|step| match &step.input {
            Input::Octets(octets) => Some(octets.as_slice()),
            _ => None,
        });
        octets.collect::<Vec<_>>().concat()
    }

    /// The most octets of a message that are written in one go.
    #[must_use]
    pub fn longest_write(&self) -> usize {
        let events = self.steps.iter().flat_map(|step| &step.events);
        let writes = events.flat_map(|event| &event.acts).map(|doing| match &doing.act {
            Act::Write(octets) => octets.len(),
            _ => 0,
        });
        writes.max().unwrap_or(0)
    }
}
