//! Colours on a terminal.

use std::io::{self, IsTerminal};

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// None.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(false);

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

    /// Went well.
    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Is worth a look.
    pub(crate) fn odd(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Went wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    /// A name to follow through the lines.
    pub(crate) fn name(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, style: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// <https://no-color.org>.
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
