//! How the program ends: exit codes as sysexits(3) has them, and one line that says why.

use core::error::Error as _;
use core::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The command was used in a wrong way.
pub(crate) const USAGE: u8 = 64;
/// The data given is of no use.
pub(crate) const DATA: u8 = 65;
/// A file that was named can't be read.
pub(crate) const NO_INPUT: u8 = 66;
/// There is no such user.
pub(crate) const NO_USER: u8 = 67;
/// There is no such host.
pub(crate) const NO_HOST: u8 = 68;
/// A service is not available, such as a port that is taken.
pub(crate) const UNAVAILABLE: u8 = 69;
/// What was to be made exists.
pub(crate) const CANNOT_CREATE: u8 = 73;
/// It failed for now; later it may work.
pub(crate) const TRY_LATER: u8 = 75;
/// Something is not permitted.
pub(crate) const NO_PERMISSION: u8 = 77;
/// The configuration is wrong.
pub(crate) const CONFIG: u8 = 78;

/// Why the program ends early: an exit code, and a line that says what to do. It never holds a
/// password or a token.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// A failure with this exit code.
    pub(crate) fn new(code: u8, text: impl fmt::Display) -> Self {
        Self { code, text: text.to_string() }
    }

    /// Wrong options, or a wrong file that they name.
    pub(crate) fn config(text: impl fmt::Display) -> Self {
        Self::new(CONFIG, text)
    }

    /// Its exit code.
    pub(crate) const fn code(&self) -> u8 {
        self.code
    }

    /// What it says.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Tells a failure in one line.
pub(crate) fn failed(failure: &Failure) -> ExitCode {
    let line: String = failure.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Where nobody hears it, the exit code has to do.
    let _ = writeln!(io::stderr(), "ehlo: {line}");
    ExitCode::from(failure.code)
}

/// Tells what clap found: help and version in full, a wrong value in one line, and nothing that could
/// be a part of a password.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let option = text(ContextKind::InvalidArg).unwrap_or("an option");
            let option = option.split_once(' ').map_or(option, |(name, _)| name);
            let value = text(ContextKind::InvalidValue).unwrap_or_default();
            if value.is_empty() {
                return failed(&Failure::new(USAGE, format_args!("{option} needs a value")));
            }
            let why = error.source().map_or_else(|| "not a known value".into(), |e| e.to_string());
            failed(&Failure::config(format_args!("{option} {value}: {why}")))
        }
        // It may be the second word of a password that lacks its quotes.
        ErrorKind::UnknownArgument
            if text(ContextKind::InvalidArg).is_some_and(|found| !found.starts_with('-')) =>
        {
            let what = "there is an argument too much (it may be a password, so it is not shown); \
                        a value with spaces needs quotes, and --help tells the options";
            failed(&Failure::new(USAGE, what))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(USAGE)
        }
        _ => {
            // Without the list of all options behind it.
            let text = error.render().to_string();
            let text = text.split("\n\nUsage:").next().unwrap_or_default();
            let text = text.trim_start_matches("error: ").trim_end();
            let _ = writeln!(io::stderr(), "ehlo: {text}\n\n--help tells the options");
            ExitCode::from(USAGE)
        }
    }
}
