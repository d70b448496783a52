//! The options of `ehlo probe`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::findings::Verdict;
use crate::credentials::Login;
use crate::trust::Trust;

const DIALOGUE: &str = "The dialogue";
const OUTPUT: &str = "What is shown";
const SUITE: &str = "Test suite";

/// What stands behind the options in the help.
pub(crate) const EXAMPLES: &str = "\
It connects, reads what the server offers, starts TLS, looks at the certificate, and says QUIT. With
credentials every mechanism on offer is tried, each on a connection of its own. No mail is sent.
What it finds has a verdict: ok, note, warning or problem.

Examples:
  ehlo probe mail.example.org
      Port 587 with STARTTLS: connection, capabilities, TLS, certificate, findings
  ehlo probe mail.example.org:465
      TLS from the first octet, as port 465 has it; --tls implicit says so for any port
  ehlo probe localhost:2525 --ca ~/.local/state/ehlo/cert.pem --user ehlo
      A server with a certificate of its own, and each mechanism tried; it asks for the password
  PASSWORD=… ehlo probe mail.example.org --user tim --password-env PASSWORD --auth PLAIN,LOGIN
      These two mechanisms alone
  ehlo probe mail.example.org --quit-after greeting --transcript
      The greeting alone, and each line on standard error
  ehlo probe mail.example.org --json | jq '.findings[] | select(.verdict == \"problem\")'
      For programs: server, connection, greeting, clear, starttls, tls, secure, difference,
      mechanisms, wire, end, findings
  ehlo probe mail.example.org --fail-on warning
      For a monitor: exits with 1 when there is a warning or a problem
  ehlo probe --suite rfc4954 localhost:2525 --ca cert.pem --user tim --junit auth.xml
      How the server takes AUTH, right and wrong: each scenario pass, note, fail or skipped. Wrong
      passwords are tried too, so use an account that may be locked, and a server of your own

Exit codes: 0 done, 1 found what --fail-on names (with --suite: a scenario failed), 64 wrong usage,
68 no such host, 69 not available, 75 try later, 77 authentication refused, 78 configuration.";

/// Looks at a server: what it offers, its certificate, and how it logs in. No mail is sent.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The server; the port is 587 unless it is said, 465 with --tls implicit, 24 with --lmtp.
    /// unix:PATH is a socket
    #[arg(value_name = "HOST[:PORT]")]
    pub(crate) server: String,

    /// How TLS begins: starttls, implicit or none [default: implicit on port 465, else starttls]
    #[arg(long, value_name = "HOW", hide_possible_values = true, help_heading = "TLS")]
    pub(crate) tls: Option<TlsStart>,

    #[command(flatten)]
    pub(crate) trust: Trust,

    #[command(flatten)]
    pub(crate) login: Login,

    /// Try these mechanisms and no others
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = "Who logs in")]
    pub(crate) auth: Vec<String>,

    /// Call ourselves this, a domain or an address literal [default: our own address]
    #[arg(long, value_name = "NAME", help_heading = DIALOGUE)]
    pub(crate) ehlo: Option<String>,

    /// Speak LMTP: LHLO in place of EHLO
    #[arg(long, help_heading = DIALOGUE)]
    pub(crate) lmtp: bool,

    /// How long to wait for the connection, for TLS, and for each reply
    #[arg(long, value_name = "SECONDS", default_value_t = 20, help_heading = DIALOGUE)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,

    /// Leave after this: connect, greeting, ehlo, starttls, tls, ehlo2 or auth. After connect,
    /// greeting, starttls and tls no command has a place, so the connection is just closed
    #[arg(long, value_name = "STAGE", hide_possible_values = true, help_heading = DIALOGUE)]
    pub(crate) quit_after: Option<Stage>,

    /// Print JSON
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) json: bool,

    /// Write each line of the dialogues to standard error, or to FILE, without credentials
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, help_heading = OUTPUT)]
    pub(crate) transcript: Option<Option<PathBuf>>,

    /// Exit with 1 when something is found that is this or worse: note, warning or problem
    #[arg(long, value_name = "VERDICT", hide_possible_values = true, help_heading = OUTPUT)]
    #[arg(conflicts_with = "suite")]
    pub(crate) fail_on: Option<Verdict>,

    /// Run a test suite: rfc4954, how the server takes AUTH
    #[arg(long, value_name = "NAME", hide_possible_values = true, help_heading = SUITE)]
    #[arg(conflicts_with = "quit_after")]
    pub(crate) suite: Option<SuiteName>,

    /// Write the suite's results to this file too, as JUnit has them
    #[arg(long, value_name = "FILE", help_heading = SUITE, requires = "suite")]
    pub(crate) junit: Option<PathBuf>,

    /// Run these scenarios alone; may repeat
    #[arg(long, value_name = "ID,…", value_delimiter = ',', help_heading = SUITE, requires = "suite")]
    pub(crate) only: Vec<String>,

    /// Scenarios at once
    #[arg(long, value_name = "N", default_value_t = 4, help_heading = SUITE)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlsStart {
    /// By STARTTLS, where it is offered.
    Starttls,
    /// With the first octet.
    Implicit,
    /// Not at all.
    None,
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Stage {
    /// The connection is there.
    Connect,
    /// The greeting is read.
    Greeting,
    /// The reply to the first hello is read.
    Ehlo,
    /// The server has agreed to TLS.
    Starttls,
    /// The handshake is done.
    Tls,
    /// The reply to the hello under TLS is read.
    Ehlo2,
    /// Every mechanism was tried.
    Auth,
}

/// The suites there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SuiteName {
    /// How a server takes AUTH.
    Rfc4954,
}
