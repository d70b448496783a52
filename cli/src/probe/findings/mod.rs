//! What there is to say of what was seen: each finding has a verdict and, where something can be done, an advice.

mod auth;
mod connection;
mod offer;
mod tls;

use clap::ValueEnum;
use serde::Serialize;

use super::options::{Stage, TlsStart};
use super::report::Report;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// As it should be.
    #[value(skip)]
    Ok,
    /// Worth to know.
    Note,
    /// It works, and should be mended.
    Warning,
    /// It is broken, or dangerous.
    Problem,
}

impl Verdict {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// Something to say.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// A name that stays the same, for programs.
    pub(crate) id: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    /// What can be done; empty where nothing has to be.
    pub(crate) advice: String,
}

/// What a rule may know besides what was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    pub(crate) tls: TlsStart,
    pub(crate) lmtp: bool,
    pub(crate) stage: Stage,
    pub(crate) port: u16,
    /// Nobody but this machine is on the way.
    pub(crate) local: bool,
    /// There are credentials.
    pub(crate) login: bool,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// The findings, as they are made.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, verdict: Verdict, id: &'static str, text: impl Into<String>, advice: &str) {
        let advice = advice.to_owned();
        self.0.push(Finding { id, verdict, text: text.into(), advice });
    }

    fn ok(&mut self, id: &'static str, text: impl Into<String>) {
        self.add(Verdict::Ok, id, text, "");
    }

    fn note(&mut self, id: &'static str, text: impl Into<String>, advice: &str) {
        self.add(Verdict::Note, id, text, advice);
    }

    fn warning(&mut self, id: &'static str, text: impl Into<String>, advice: &str) {
        self.add(Verdict::Warning, id, text, advice);
    }

    fn problem(&mut self, id: &'static str, text: impl Into<String>, advice: &str) {
        self.add(Verdict::Problem, id, text, advice);
    }
}

/// All there is to say, the worst first.
pub(crate) fn of(report: &Report, given: &Given) -> Vec<Finding> {
    let mut found = Findings::default();
    connection::look(report, given, &mut found);
    tls::look(report, given, &mut found);
    offer::look(report, given, &mut found);
    auth::look(report, given, &mut found);
    let mut found = found.0;
    found.sort_by_key(|finding| core::cmp::Reverse(finding.verdict));
    found
}
