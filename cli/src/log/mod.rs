//! The log.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::serve::LogFormat;

/// What is shown.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) format: LogFormat,
    pub(crate) verbose: u8,
    pub(crate) quiet: bool,
    pub(crate) transcript: bool,
}

/// Starts the log on standard error.
pub(crate) fn start(choice: &Choice) {
    let level = match (choice.quiet, choice.verbose) {
        (true, _) => LevelFilter::WARN,
        (_, 0) => LevelFilter::INFO,
        (_, 1) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let transcript = if choice.transcript { LevelFilter::INFO } else { LevelFilter::OFF };
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("ehlo", level)
        .with_target("ehlo_std", level)
        .with_target("ehlo::transcript", transcript);
    let registry = tracing_subscriber::registry().with(targets);
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).log_internal_errors(false);
    // It is started once.
    let _ = match choice.format {
        LogFormat::Text => registry.with(layer.with_ansi(Paint::of_stderr().0)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// For standard output.
    pub(crate) fn of_stdout() -> Self {
        Self(wanted() && io::stdout().is_terminal())
    }

    /// For standard error.
    pub(crate) fn of_stderr() -> Self {
        Self(wanted() && io::stderr().is_terminal())
    }

    /// Stands out.
    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Stands back.
    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, style: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// <https://no-color.org>.
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
