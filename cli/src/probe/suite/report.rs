//! What came of the scenarios.

use serde::Serialize;

use super::scenario::Scenario;

/// What came of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// All as it should be.
    Pass,
    /// No rule is broken, and something could be better.
    Note,
    /// A rule is broken.
    Fail,
    /// It could not be run.
    Skipped,
}

impl Verdict {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// Something that was sent, what was expected, and what came.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Round {
    pub(crate) sent: String,
    pub(crate) expected: String,
    pub(crate) came: String,
}

impl Round {
    pub(crate) fn sent(sent: String) -> Self {
        Self { sent, expected: String::new(), came: String::new() }
    }

    pub(crate) fn noted(expected: &str, came: &str) -> Self {
        Self { sent: String::new(), expected: expected.into(), came: came.into() }
    }
}

/// A scenario that was run, or why it was not.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) rests_on: &'static str,
    pub(crate) result: Verdict,
    /// Why it is no pass.
    pub(crate) reason: Option<String>,
    /// Something worth to know besides.
    pub(crate) remark: Option<String>,
    pub(crate) milliseconds: u64,
    pub(crate) rounds: Vec<Round>,
}

impl Outcome {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            id: scenario.id,
            title: scenario.title,
            rests_on: scenario.rests_on,
            result: Verdict::Pass,
            reason: None,
            remark: None,
            milliseconds: 0,
            rounds: Vec::new(),
        }
    }

    pub(crate) fn skip(&mut self, why: String) {
        (self.result, self.reason) = (Verdict::Skipped, Some(why));
    }

    pub(crate) fn fail(&mut self, why: String) {
        (self.result, self.reason) = (Verdict::Fail, Some(why));
    }

    /// The first note is the one that counts.
    pub(crate) fn note(&mut self, why: String) {
        if self.result == Verdict::Pass {
            (self.result, self.reason) = (Verdict::Note, Some(why));
        }
    }
}

/// All of them.
#[derive(Debug, Serialize)]
pub(crate) struct SuiteReport {
    pub(crate) suite: &'static str,
    pub(crate) server: String,
    pub(crate) passed: usize,
    pub(crate) notes: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    pub(crate) scenarios: Vec<Outcome>,
}

impl SuiteReport {
    pub(crate) fn new(suite: &'static str, server: String, scenarios: Vec<Outcome>) -> Self {
        let count = |verdict| scenarios.iter().filter(|one| one.result == verdict).count();
        Self {
            suite,
            server,
            passed: count(Verdict::Pass),
            notes: count(Verdict::Note),
            failed: count(Verdict::Fail),
            skipped: count(Verdict::Skipped),
            scenarios,
        }
    }
}
