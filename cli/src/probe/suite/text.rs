//! The results for people.

use super::report::{Outcome, SuiteReport, Verdict};
use crate::log::Paint;

/// All of it: what failed is shown line by line.
pub(crate) fn text(report: &SuiteReport, paint: Paint) -> String {
    let mut out = format!("{} {}\n\n", paint.bold(report.suite), report.server);
    for outcome in &report.scenarios {
        let name = format!("{:<7}", outcome.result.name());
        let name = match outcome.result {
            Verdict::Pass => paint.good(&name),
            Verdict::Note => paint.name(&name),
            Verdict::Fail => paint.bad(&name),
            Verdict::Skipped => paint.odd(&name),
        };
        let Outcome { id, title, rests_on, .. } = outcome;
        out += &format!("{name} {title} {}\n", paint.dim(&format!("[{id}, {rests_on}]")));
        for why in outcome.reason.iter().chain(&outcome.remark) {
            out += &format!("        {why}\n");
        }
        if outcome.result == Verdict::Fail {
            rounds(outcome, &mut out);
        }
    }
    let SuiteReport { passed, notes, failed, skipped, .. } = report;
    out += &format!("\npassed: {passed}, notes: {notes}, failed: {failed}, skipped: {skipped}\n");
    out
}

fn rounds(outcome: &Outcome, out: &mut String) {
    for round in &outcome.rounds {
        if !round.sent.is_empty() {
            *out += &format!("          sent     {}\n", round.sent);
        }
        if !round.expected.is_empty() {
            *out += &format!("          expected {}\n", round.expected);
        }
        if !round.came.is_empty() {
            *out += &format!("          came     {}\n", round.came);
        }
    }
}
