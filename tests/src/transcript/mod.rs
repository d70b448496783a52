//! Transcripts: dialogues in files, as `tests/transcripts/README.md` describes them.

mod answer;
mod config;
mod describe;
mod parse;
mod run;

use core::time::Duration;
use std::path::{Path, PathBuf};

pub use answer::{Answer, accept};
pub use config::Setting;
pub use describe::describe;
pub use run::{Split, run, run_every_way};

/// A dialogue read from a file.
#[derive(Debug)]
pub struct Transcript {
    /// Its path below `transcripts/`.
    pub name: String,
    /// What the server is like, and where the dialogue begins.
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
    /// The events, in order, each with its answer.
    pub events: Vec<Expected>,
    /// How long replies are held back.
    pub waits: Vec<Duration>,
    /// What the server says.
    pub output: Vec<u8>,
    /// What is known of the connection afterwards, when the transcript looks at it.
    pub facts: Option<String>,
}

/// What comes from outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// The client says this; at the beginning it says nothing.
    Octets(Vec<u8>),
    /// The client says nothing for so long.
    Timeout(Duration),
    /// The client closes its half of the connection.
    EndOfFile,
    /// The server is to stop when the transaction is over.
    Shutdown,
    /// The server is to stop.
    ShutdownNow,
    /// The connection is lost.
    Lost,
}

/// An event and its answer.
#[derive(Debug)]
pub struct Expected {
    /// The line of the file.
    pub line: usize,
    /// As [`describe`] puts it.
    pub description: Vec<u8>,
    /// How it is answered.
    pub answer: Answer,
}

/// The folder of the transcripts.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

/// All transcripts below a folder of [`folder`], in order of their names.
///
/// # Panics
/// When a file can't be read or is not a transcript.
#[must_use]
pub fn below(name: &str) -> Vec<Transcript> {
    files_below(&folder().join(name)).iter().map(|path| Transcript::read(path)).collect()
}

/// The files of dialogues below a folder, in order of their names.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    collect(folder, &mut paths);
    paths.sort();
    paths
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder);
    for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
}

impl Transcript {
    /// Reads a transcript.
    ///
    /// # Panics
    /// When the file can't be read or is not a transcript.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(folder()).unwrap_or(path).display().to_string();
        Self::parse(&name, &text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Everything the client says.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        let octets = self.steps.iter().filter_map(|step| match &step.input {
            Input::Octets(octets) => Some(octets.as_slice()),
            _ => None,
        });
        octets.collect::<Vec<_>>().concat()
    }
}
