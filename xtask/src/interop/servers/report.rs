//! The tables at the end.

use super::super::matrix::{self, Cell, Direction, Verdict};
use super::super::report::Outcome;
use super::super::table::{MECHANISMS, Mechanism};
use super::kind::{KINDS, Kind};

/// A check: what was tried, and how it came out.
#[derive(Debug)]
pub(crate) struct Check {
    /// The server's name.
    pub(crate) server: &'static str,
    /// The mechanism, or [`ANY`] or [`NONE`], or nothing for one of the other checks.
    pub(crate) row: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// How it came out.
    pub(crate) outcome: Outcome,
}

/// The columns of a mechanism's row.
pub(crate) const COLUMNS: [&str; 10] = [
    "STARTTLS, right",
    "STARTTLS, difficult",
    "STARTTLS, wrong",
    "TLS, right",
    "TLS, difficult",
    "TLS, wrong",
    "relayed",
    "replayed",
    "replayed by the server",
    "deceived",
];

/// The row of the mechanism that the client chooses.
pub(crate) const ANY: &str = "(its choice)";
/// The row of a server without AUTH.
pub(crate) const NONE: &str = "(none)";

/// The columns of the second table.
pub(crate) const OTHERS: [&str; 11] = [
    "large message",
    "dot at the end",
    "8-bit message",
    "one of two recipients refused",
    "address in UTF-8",
    "no login",
    "STARTTLS, unknown CA",
    "TLS, unknown CA",
    "STARTTLS, probe",
    "TLS, probe",
    "nothing else stored",
];

/// Both tables, in Markdown.
pub(crate) fn tables(checks: &[Check]) -> String {
    let mut text = head(&["server", "mechanism"], &COLUMNS);
    let names = MECHANISMS.iter().map(|mechanism| mechanism.name).chain([ANY, NONE]);
    let names: Vec<&str> = names.collect();
    for kind in tested(checks) {
        for name in &names {
            let row = cells(checks, kind.name, name, &COLUMNS);
            if row.iter().any(|cell| !cell.is_empty()) {
                let notes = notes(checks, kind.name, name);
                text += &format!("| {} | {name} | {} | {notes} |\n", kind.name, row.join(" | "));
            }
        }
    }
    text += "\n";
    text += &head(&["server"], &OTHERS);
    for kind in tested(checks) {
        let row = cells(checks, kind.name, "", &OTHERS);
        let notes = notes(checks, kind.name, "");
        let lacks = [kind.lacks, &notes].into_iter().filter(|note| !note.is_empty());
        let lacks = lacks.collect::<Vec<_>>().join("; ");
        text += &format!("| {} | {} | {lacks} |\n", kind.name, row.join(" | "));
    }
    text
}

/// What has come of each mechanism with each server.
pub(crate) fn matrix(checks: &[Check]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for kind in tested(checks).filter(|kind| !kind.mechanisms.is_empty()) {
        for mechanism in MECHANISMS {
            let (peer, direction) = (kind.name, Direction::Servers);
            let of_row = |check: &&Check| check.server == peer && check.row == mechanism.name;
            let row: Vec<&Check> = checks.iter().filter(of_row).collect();
            let verdict = match row.is_empty() {
                false => verdict(&row, mechanism),
                true if kind.mechanisms.contains(&mechanism.name) => continue,
                true => Verdict::Lacks(format!("{peer}: {}", kind.lacks)),
            };
            cells.push(Cell { direction, mechanism: mechanism.name, peer, verdict });
        }
    }
    cells
}

/// What has come of a row.
fn verdict(row: &[&Check], mechanism: &Mechanism) -> Verdict {
    let is_ok = |column: &str| {
        row.iter().any(|check| check.column == column && check.outcome == Outcome::Ok)
    };
    if !is_ok(COLUMNS[0]) || row.iter().any(|check| matches!(check.outcome, Outcome::Failed(_))) {
        return Verdict::Failed;
    }
    Verdict::Works(matrix::letters(&[
        (matrix::WRONG, is_ok(COLUMNS[2])),
        (matrix::RELAYED, is_ok(COLUMNS[6]) && mechanism.stops_relays()),
        (matrix::REPLAYED, is_ok(COLUMNS[7]) && !mechanism.is_replayable()),
        (matrix::IMPOSTOR, is_ok(COLUMNS[8])),
        (matrix::DECEIVED, is_ok(COLUMNS[9])),
    ]))
}

/// What has failed, with its dialogue.
pub(crate) fn failures(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        if let Outcome::Failed(failure) = &check.outcome {
            let Check { server, row, column, .. } = check;
            text += &format!("\n### {server} {row} {column}: {}\n", failure.reason);
            text += &format!("\n```text\n{}\n```\n", failure.dialogue.trim_end());
        }
    }
    text
}

/// How many checks came out well, and how many did not.
pub(crate) fn counts(checks: &[Check]) -> (usize, usize) {
    let count =
        |wanted: fn(&Outcome) -> bool| checks.iter().filter(|check| wanted(&check.outcome)).count();
    (count(Outcome::is_good), count(|o| matches!(o, Outcome::Failed(_))))
}

/// The servers that took part.
fn tested(checks: &[Check]) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| checks.iter().any(|check| check.server == kind.name))
}

/// The first two lines of a table.
fn head(first: &[&str], columns: &[&str]) -> String {
    let names = [first, columns, &["note"]].concat();
    let rule = vec!["---"; names.len()];
    format!("| {} |\n| {} |\n", names.join(" | "), rule.join(" | "))
}

/// The cells of a row; empty where there was no check.
fn cells(checks: &[Check], server: &str, name: &str, columns: &[&str]) -> Vec<String> {
    let of_row = |check: &&Check| check.server == server && check.row == name;
    let cell = |column: &&str| {
        let mut found = checks.iter().filter(of_row).filter(|check| check.column == *column);
        found.next().map_or_else(String::new, |check| check.outcome.to_string())
    };
    columns.iter().map(cell).collect()
}

/// The reasons of a row, each once.
fn notes(checks: &[Check], server: &str, name: &str) -> String {
    let mut notes: Vec<String> = Vec::new();
    for check in checks.iter().filter(|c| c.server == server && c.row == name) {
        let note = match &check.outcome {
            Outcome::NotApplicable(reason) => format!("n/a: {reason}"),
            Outcome::Refused(reason) => format!("refused: {reason}"),
            Outcome::Failed(failure) => failure.reason.replace('|', "\\|"),
            Outcome::Ok | Outcome::NotRun => continue,
        };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes.join("; ")
}
