//! The tables at the end.

use core::fmt;

use super::clients::CLIENTS;
use super::matrix::{self, Cell, Direction, Verdict};
use super::table::{MECHANISMS, Mechanism, Support};

/// How a check came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it should be.
    Ok,
    /// Not as it should be; why, and the dialogue.
    Failed(Failure),
    /// The client can't do it; why.
    NotApplicable(&'static str),
    /// Refused whatever the password, as it should be; why.
    Refused(&'static str),
    /// Not asked for on the command line.
    NotRun,
}

/// Why a check has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// One line.
    pub(crate) reason: String,
    /// What the client and the server have said.
    pub(crate) dialogue: String,
}

impl Outcome {
    /// The failure to try something.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let reason = format!("{error:#}");
        Self::Failed(Failure { reason, dialogue: String::new() })
    }

    /// Whether something was tried, and came out as it should.
    pub(crate) fn is_good(&self) -> bool {
        matches!(self, Self::Ok | Self::Refused(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Failed(_) => f.write_str("**FAILED**"),
            Self::NotApplicable(_) => f.write_str("n/a"),
            Self::Refused(_) => f.write_str("refused"),
            Self::NotRun => f.write_str("not run"),
        }
    }
}

/// A check: what was tried, and how it came out.
#[derive(Debug)]
pub(crate) struct Check {
    /// The client's name.
    pub(crate) client: &'static str,
    /// The mechanism, or nothing for one of the other checks.
    pub(crate) mechanism: Option<&'static str>,
    /// The column.
    pub(crate) column: &'static str,
    /// How it came out.
    pub(crate) outcome: Outcome,
}

/// The columns of a mechanism's row.
pub(crate) const COLUMNS: [&str; 7] = [
    "STARTTLS, right",
    "STARTTLS, wrong",
    "TLS, right",
    "TLS, wrong",
    "relayed",
    "replayed",
    "deceived",
];
/// The column of an exchange with somebody in the middle who ends TLS.
pub(crate) const RELAYED: &str = COLUMNS[4];
/// The column of an exchange that is said again in another connection.
pub(crate) const REPLAYED: &str = COLUMNS[5];
/// The column of a client that was not told of a channel binding that the server has.
pub(crate) const DECEIVED: &str = COLUMNS[6];

/// The columns of the second table.
pub(crate) const OTHERS: [&str; 5] = [
    "one of two recipients refused",
    "message too large",
    "messages in one connection",
    "unknown CA",
    "nothing else stored",
];

/// All checks of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// In any order.
    pub(crate) checks: Vec<Check>,
}

impl Report {
    /// The outcome of a check, if there was one.
    pub(crate) fn outcome(
        &self,
        client: &str,
        mechanism: Option<&str>,
        column: &str,
    ) -> Option<&Outcome> {
        let found = self.checks.iter().find(|check| {
            check.client == client && check.mechanism == mechanism && check.column == column
        });
        found.map(|check| &check.outcome)
    }

    /// How many checks came out well, and how many did not.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let count = |wanted: fn(&Outcome) -> bool| {
            self.checks.iter().filter(|check| wanted(&check.outcome)).count()
        };
        (count(Outcome::is_good), count(|o| matches!(o, Outcome::Failed(_))))
    }

    /// What has failed, with its dialogue.
    pub(crate) fn failures(&self) -> String {
        let mut text = String::new();
        for check in &self.checks {
            if let Outcome::Failed(failure) = &check.outcome {
                let mechanism = check.mechanism.unwrap_or("");
                let (client, column) = (check.client, check.column);
                text += &format!("\n### {client} {mechanism} {column}: {}\n", failure.reason);
                text += &format!("\n```text\n{}\n```\n", failure.dialogue.trim_end());
            }
        }
        text
    }

    /// What has come of each mechanism with each client.
    pub(crate) fn matrix(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for client in CLIENTS.iter().filter(|client| self.has(client.name)) {
            for mechanism in MECHANISMS.iter().filter(|m| self.has_row(client.name, m.name)) {
                let (peer, direction) = (client.name, Direction::Clients);
                let verdict = self.verdict(peer, mechanism);
                cells.push(Cell { direction, mechanism: mechanism.name, peer, verdict });
            }
        }
        cells
    }

    /// What has come of a mechanism with a client.
    fn verdict(&self, client: &str, mechanism: &Mechanism) -> Verdict {
        let outcome = |column: &str| self.outcome(client, Some(mechanism.name), column);
        let is_ok = |column: &str| outcome(column) == Some(&Outcome::Ok);
        if COLUMNS.iter().any(|column| matches!(outcome(column), Some(Outcome::Failed(_)))) {
            return Verdict::Failed;
        }
        match outcome(COLUMNS[0]) {
            Some(Outcome::Ok) => Verdict::Works(matrix::letters(&[
                (matrix::WRONG, is_ok(COLUMNS[1])),
                (matrix::RELAYED, is_ok(RELAYED) && mechanism.stops_relays()),
                (matrix::REPLAYED, is_ok(REPLAYED) && !mechanism.is_replayable()),
                (matrix::DECEIVED, is_ok(DECEIVED)),
            ])),
            Some(Outcome::Refused(reason)) => Verdict::Refused((*reason).to_owned()),
            Some(Outcome::NotApplicable(reason)) => Verdict::Lacks((*reason).to_owned()),
            _ => Verdict::Failed,
        }
    }

    /// Both tables, in Markdown.
    pub(crate) fn tables(&self) -> String {
        let mut text = format!("| client | mechanism | {} | note |\n", COLUMNS.join(" | "));
        text += "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
        for client in CLIENTS.iter().filter(|client| self.has(client.name)) {
            for mechanism in MECHANISMS.iter().filter(|m| self.has_row(client.name, m.name)) {
                let cells = self.cells(client.name, Some(mechanism.name), &COLUMNS);
                let added = match client.support(mechanism.name) {
                    Some(Support::Added(how)) => Some(format!("over {how}")),
                    _ => None,
                };
                let reasons = self.reasons(client.name, Some(mechanism.name), &COLUMNS);
                let note = added.into_iter().chain(reasons).collect::<Vec<_>>().join("; ");
                text += &format!("| {} | {} | {cells} | {note} |\n", client.name, mechanism.name);
            }
        }
        text += &format!("\n| client | {} | note |\n", OTHERS.join(" | "));
        text += "| --- | --- | --- | --- | --- | --- | --- |\n";
        for client in CLIENTS.iter().filter(|client| self.has(client.name)) {
            let cells = self.cells(client.name, None, &OTHERS);
            let adds =
                client.adds_line_end.then(|| "it adds a line end to every message".to_owned());
            let reasons = self.reasons(client.name, None, &OTHERS);
            let note = adds.into_iter().chain(reasons).collect::<Vec<_>>().join("; ");
            text += &format!("| {} | {cells} | {note} |\n", client.name);
        }
        text
    }

    /// Whether a client took part.
    fn has(&self, client: &str) -> bool {
        self.checks.iter().any(|check| check.client == client)
    }

    /// Whether a mechanism was tested with a client.
    fn has_row(&self, client: &str, mechanism: &str) -> bool {
        COLUMNS.iter().any(|column| self.outcome(client, Some(mechanism), column).is_some())
    }

    /// The cells of a row.
    fn cells(&self, client: &str, mechanism: Option<&str>, columns: &[&str]) -> String {
        let cell = |column: &&str| {
            self.outcome(client, mechanism, column).map_or_else(String::new, Outcome::to_string)
        };
        columns.iter().map(cell).collect::<Vec<_>>().join(" | ")
    }

    /// The reasons of a row's `n/a`, and of its failures, each once.
    fn reasons(&self, client: &str, mechanism: Option<&str>, columns: &[&str]) -> Vec<String> {
        let mut reasons = Vec::new();
        for column in columns {
            let reason = match self.outcome(client, mechanism, column) {
                Some(Outcome::NotApplicable(reason)) => format!("n/a: {reason}"),
                Some(Outcome::Refused(reason)) => format!("refused: {reason}"),
                Some(Outcome::Failed(failure)) => failure.reason.replace('|', "\\|"),
                _ => continue,
            };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons
    }
}
