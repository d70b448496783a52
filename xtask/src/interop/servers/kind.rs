//! What a server is to the checks, and the list of them.

use std::path::PathBuf;

use anyhow::Result;

use super::super::table::{Need, Version};
use super::daemon::Daemon;
use super::site::Site;
use super::{aiosmtpd, dovecot, exim, postfix, sasl, smtp_server};

/// How lines end in the files of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// As they came.
    Kept,
    /// By a line feed.
    LineFeed,
}

/// Which octets a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Takes {
    /// ASCII only: it has none of the extensions.
    Ascii,
    /// Any in a message: it has 8BITMIME.
    EightBit,
    /// UTF-8 in addresses too: it has SMTPUTF8.
    Utf8,
}

/// A server program: facts about it.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name in the report and for `--only`.
    pub(crate) name: &'static str,
    /// What has to be installed.
    pub(crate) needs: &'static [Need],
    /// The mechanisms it is set to offer. None at all is a server without AUTH.
    pub(crate) mechanisms: &'static [&'static str],
    /// The mechanism that a client has to be told to use, where it would choose none by itself.
    pub(crate) told: Option<&'static str>,
    /// Mechanisms by which the difficult password doesn't work, and why.
    pub(crate) not_difficult: (&'static [&'static str], &'static str),
    /// What it lacks, for the report.
    pub(crate) lacks: &'static str,
    /// How to find out its version.
    pub(crate) version: Version,
    /// Whether it speaks LMTP.
    pub(crate) is_lmtp: bool,
    /// The octets it takes.
    pub(crate) takes: Takes,
    /// How its files end lines.
    pub(crate) line_ends: LineEnds,
    /// Starts it.
    pub(crate) start: fn(&Site<'_>) -> Result<Running>,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its programs, the one that listens first.
    pub(crate) daemons: Vec<Daemon>,
    /// The port with STARTTLS.
    pub(crate) starttls: u16,
    /// The port with implicit TLS.
    pub(crate) implicit: u16,
    /// A Maildir, or a folder that is as good as one, with what it has taken.
    pub(crate) mail: PathBuf,
}

impl Running {
    /// All that each of its programs has logged.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.daemons.iter().map(Daemon::log).collect()
    }

    /// Whether all of it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.daemons.iter_mut().all(Daemon::is_alive)
    }
}

/// Every server, the slowest first.
pub(crate) const KINDS: &[Kind] = &[
    postfix::WITH_DOVECOT,
    postfix::WITH_CYRUS,
    postfix::BARE,
    exim::KIND,
    dovecot::SUBMISSION,
    dovecot::LMTP,
    aiosmtpd::KIND,
    sasl::CYRUS,
    sasl::GSASL,
    sasl::SPNEGO,
    smtp_server::KIND,
];

#[cfg(test)]
mod tests {
    use super::super::super::table::MECHANISMS;
    use super::*;

    #[test]
    fn every_mechanism_of_a_server_has_a_row() {
        for kind in KINDS {
            for name in kind.mechanisms {
                assert!(MECHANISMS.iter().any(|known| known.name == *name), "{} {name}", kind.name);
            }
        }
    }
}
