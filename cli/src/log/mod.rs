//! The log on standard error: lines for people, or for programs.

mod lines;
mod paint;

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::serve::LogFormat;
use lines::Lines;

pub(crate) use lines::is_deceptive;
pub(crate) use paint::Paint;

/// What is shown, and how.
#[derive(Debug)]
pub(crate) struct Choice {
    /// For people or for programs.
    pub(crate) format: LogFormat,
    /// How much more than usual.
    pub(crate) verbose: u8,
    /// Warnings and errors alone.
    pub(crate) quiet: bool,
    /// The dialogues too.
    pub(crate) transcript: bool,
}

/// Starts the log.
pub(crate) fn start(choice: &Choice) {
    let level = match (choice.quiet, choice.verbose) {
        (true, _) => LevelFilter::WARN,
        (_, 0) => LevelFilter::INFO,
        (_, 1) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let transcript = if choice.transcript { LevelFilter::INFO } else { LevelFilter::OFF };
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("ehlo", level)
        .with_target("ehlo_std", level)
        .with_target("ehlo::transcript", transcript);
    let registry = tracing_subscriber::registry().with(targets);
    // A log that can't be written is no reason to stop.
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).log_internal_errors(false);
    let lines = Lines { paint: Paint::of_stderr(), dated: !io::stderr().is_terminal() };
    // This is called once, so there is no other log to be in the way.
    let _ = match choice.format {
        LogFormat::Text => registry.with(layer.event_format(lines)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
}
