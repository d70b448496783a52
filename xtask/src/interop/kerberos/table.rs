//! What was checked, as a table, and as cells of `docs/MECHANISMS.md`.

use std::fs;

use anyhow::{Context, Result, bail};

use super::super::matrix::{Cell, Direction, REPLAYED, Verdict, WRONG, letters};
use crate::process;

/// Who makes the tokens that are said one by one.
pub(super) const MAKER: &str = "gsasl, token by token";

/// The peers, as the document calls them and as the checks do.
const PEERS: [(Direction, &str, &str); 5] = [
    (Direction::Clients, "curl", "curl"),
    (Direction::Clients, "msmtp", "msmtp"),
    (Direction::Clients, "gsasl", "gsasl"),
    (Direction::Servers, "postfix-cyrus", "to postfix-cyrus"),
    (Direction::Servers, "dovecot-submission", "to dovecot-submission"),
];

/// A check: who, what, and why it has failed.
pub(super) struct Check {
    pub(super) peer: String,
    pub(super) column: &'static str,
    pub(super) failure: Option<String>,
}

impl Check {
    pub(super) fn new(peer: &str, column: &'static str, outcome: Result<()>) -> Self {
        let failure = outcome.err().map(|error| format!("{error:#}"));
        eprintln!("{peer}, {column}: {}", if failure.is_some() { "FAILED" } else { "ok" });
        Self { peer: peer.to_owned(), column, failure }
    }
}

/// Prints the table, and writes it down.
///
/// # Errors
///
/// Fails when a check has.
pub(super) fn report(checks: &[Check], seconds: u64) -> Result<()> {
    let mut text = String::from("| peer | check | |\n| --- | --- | --- |\n");
    for Check { peer, column, failure } in checks {
        let verdict = if failure.is_some() { "**FAILED**" } else { "ok" };
        text += &format!("| {peer} | {column} | {verdict} |\n");
    }
    let failed: Vec<_> =
        checks.iter().filter_map(|check| Some((check, check.failure.as_ref()?))).collect();
    let passed = checks.len() - failed.len();
    text += &format!("\n{passed} passed, {} failed ({seconds} s)\n", failed.len());
    for (Check { peer, column, .. }, failure) in &failed {
        text += &format!("\n### {peer}, {column}\n\n```text\n{}\n```\n", failure.trim_end());
    }
    println!("{text}");
    let file = process::cache("interop").join("report-kerberos.md");
    let written =
        fs::create_dir_all(process::cache("interop")).and_then(|()| fs::write(&file, &text));
    written.with_context(|| format!("can't write {}", file.display()))?;
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("{} of {} checks failed", failed.len(), checks.len())
    }
}

/// The cells of the document.
pub(super) fn cells(checks: &[Check]) -> Vec<Cell> {
    let cell = |(direction, peer, name): &(Direction, &'static str, &str)| {
        let of: Vec<&Check> = checks.iter().filter(|check| check.peer == *name).collect();
        let is_good = |check: &&Check| check.failure.is_none();
        let is_of = |check: &&&Check, good: bool| {
            check.column.ends_with(", ticket") == good
                && !matches!(check.column, "keytab" | "probe")
        };
        let right = of.iter().filter(|check| is_of(check, true)).all(is_good);
        let wrong = of.iter().filter(|check| is_of(check, false)).all(is_good);
        let mut replays = checks.iter().filter(|check| check.peer.starts_with(peer));
        let replayed =
            replays.any(|check| check.column == "the same token again" && is_good(&check));
        let verdict = match right && !of.is_empty() {
            true => Verdict::Works(letters(&[(WRONG, wrong), (REPLAYED, replayed)])),
            false => Verdict::Failed,
        };
        Cell { direction: *direction, mechanism: "GSSAPI", peer, verdict }
    };
    PEERS.iter().map(cell).collect()
}
