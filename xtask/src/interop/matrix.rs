//! The tables of `docs/MECHANISMS.md`: each mechanism with each peer, both directions, out of a run.
//!
//! A run with `--write-table` writes them between their markers; every other run fails when a cell that was
//! good isn't any more. A peer of another version, a peer more or a cell that has become better is no failure.
//! GSSAPI, which not every program is built with, stays as it is written where nobody ran it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use super::table::MECHANISMS;
use crate::process;

/// Who is the client, and who the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    /// A real client, and `ehlo serve`.
    Clients,
    /// `ehlo send`, and a real server.
    Servers,
}

/// What has come of a mechanism with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The right credentials get in. The letters say what does not: see [`LETTERS`].
    Works(BTreeSet<char>),
    /// Refused whatever the credentials, as it should be; why.
    Refused(String),
    /// The peer has it not; why.
    Lacks(String),
    /// Something is not as it should be.
    Failed,
}

/// The wrong credentials are refused.
pub(crate) const WRONG: char = 'w';
/// What is passed on by somebody who ends TLS is refused.
pub(crate) const RELAYED: char = 'b';
/// What a client has said is refused in another connection.
pub(crate) const REPLAYED: char = 'r';
/// What a server has said is refused by the client in another connection.
pub(crate) const IMPOSTOR: char = 's';
/// A client that was not told of the server's channel binding is refused.
pub(crate) const DECEIVED: char = 'd';
/// All letters, in the order of a cell.
const LETTERS: [char; 5] = [WRONG, REPLAYED, RELAYED, DECEIVED, IMPOSTOR];

/// The rows behind those of [`MECHANISMS`], whose cells have no footnotes.
const MORE_ROWS: &[&str] = &["GSSAPI"];

/// One result.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Who is who.
    pub(crate) direction: Direction,
    /// The mechanism.
    pub(crate) mechanism: &'static str,
    /// The peer's name.
    pub(crate) peer: &'static str,
    /// What has come of it.
    pub(crate) verdict: Verdict,
}

/// The results of a run.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    cells: Vec<Cell>,
    /// The version of each peer that was run, in the order of the columns.
    peers: Vec<(Direction, &'static str, String)>,
}

impl Verdict {
    /// The cell, with the number of its reason where it has one.
    fn render(&self, reasons: &mut Vec<String>) -> String {
        let mut number = |reason: &String| {
            let known = reasons.iter().position(|one| one == reason);
            known.unwrap_or_else(|| {
                reasons.push(reason.clone());
                reasons.len() - 1
            }) + 1
        };
        match self {
            Self::Works(letters) => {
                let letters: String =
                    LETTERS.iter().filter(|letter| letters.contains(letter)).collect();
                format!("ok {letters}").trim_end().to_owned()
            }
            Self::Refused(reason) => format!("refused ({})", number(reason)),
            Self::Lacks(reason) => format!("– ({})", number(reason)),
            Self::Failed => "**FAILED**".to_owned(),
        }
    }

    /// Whether this is as good as a cell that is written, or better.
    fn holds(&self, written: &str) -> bool {
        let (class, letters) = written.split_once(' ').unwrap_or((written, ""));
        match (class, self) {
            ("ok", Self::Works(has)) => letters.chars().all(|letter| has.contains(&letter)),
            ("refused", Self::Works(_) | Self::Refused(_)) => true,
            ("ok" | "refused", _) => false,
            _ => *self != Self::Failed,
        }
    }
}

impl Direction {
    /// The words of its markers.
    const fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Servers => "servers",
        }
    }

    /// The lines around its table.
    fn markers(self) -> (String, String) {
        let name = self.name();
        let begin = format!("<!-- {name}: written by `cargo xtask interop --write-table` -->");
        (begin, format!("<!-- end of {name} -->"))
    }
}

impl Matrix {
    /// Adds a peer that takes part.
    pub(crate) fn peer(&mut self, direction: Direction, name: &'static str, version: String) {
        self.peers.push((direction, name, version));
    }

    /// Adds results.
    pub(crate) fn extend(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.cells.extend(cells);
    }

    /// Writes both tables into the document.
    ///
    /// # Errors
    ///
    /// Fails when it has no markers, or can't be written.
    pub(crate) fn write(&self) -> Result<()> {
        let path = path();
        let mut text = read()?;
        for direction in [Direction::Clients, Direction::Servers] {
            let (begin, end) = between(&text, direction)?;
            let written = parse(text.get(begin..end).unwrap_or_default());
            let table = format!("\n{}", self.table(direction, &written));
            text.replace_range(begin..end, &table);
        }
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))
    }

    /// Compares the results with what is written.
    ///
    /// # Errors
    ///
    /// Fails with every cell that was good and isn't any more.
    pub(crate) fn check(&self) -> Result<()> {
        let text = read()?;
        let mut lost = Vec::new();
        for direction in [Direction::Clients, Direction::Servers] {
            let (begin, end) = between(&text, direction)?;
            let written = parse(text.get(begin..end).unwrap_or_default());
            lost.extend(self.lost(direction, &written));
        }
        ensure!(lost.is_empty(), "docs/MECHANISMS.md says better: {}", lost.join("; "));
        Ok(())
    }

    /// The cells that are not as good as they are written. What was not run is not judged.
    fn lost(
        &self,
        direction: Direction,
        written: &BTreeMap<(String, String), String>,
    ) -> Vec<String> {
        let run = self.cells.iter().filter(|cell| cell.direction == direction);
        let judged = run.filter_map(|cell| {
            let key = (cell.mechanism.to_owned(), cell.peer.to_owned());
            let is = written.get(&key).filter(|is| !cell.verdict.holds(is))?;
            let now = cell.verdict.render(&mut Vec::new());
            Some(format!("{} with {}: `{is}`, and now `{now}`", cell.mechanism, cell.peer))
        });
        judged.collect()
    }

    /// A table with its footnotes, out of the results and what was written before.
    fn table(&self, direction: Direction, written: &BTreeMap<(String, String), String>) -> String {
        let peers: Vec<_> = self.peers.iter().filter(|(of, ..)| *of == direction).collect();
        let heads: Vec<String> =
            peers.iter().map(|(_, name, version)| format!("{name}<br>{version}")).collect();
        let mut text =
            format!("| | {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len() + 1));
        let mut reasons = Vec::new();
        let names = MECHANISMS.iter().map(|mechanism| mechanism.name);
        for mechanism in names.chain(MORE_ROWS.iter().copied()) {
            let mut cell = |peer: &str| {
                let mut cells = self.cells.iter().filter(|cell| {
                    (cell.direction, cell.mechanism, cell.peer) == (direction, mechanism, peer)
                });
                let run = cells.next().map(|cell| cell.verdict.render(&mut reasons));
                let key = (mechanism.to_owned(), peer.to_owned());
                let kept = || written.get(&key).filter(|_| MORE_ROWS.contains(&mechanism)).cloned();
                run.or_else(kept).unwrap_or_default()
            };
            let row: Vec<String> = peers.iter().map(|(_, peer, _)| cell(peer)).collect();
            text += &format!("| {mechanism} | {} |\n", row.join(" | "));
        }
        text += "\n";
        for (number, reason) in reasons.iter().enumerate() {
            text += &format!("{}. {reason}\n", number + 1);
        }
        text
    }
}

/// The letters of those that are true.
pub(crate) fn letters(of: &[(char, bool)]) -> BTreeSet<char> {
    of.iter().filter(|(_, is)| *is).map(|(letter, _)| *letter).collect()
}

/// Where the document is.
fn path() -> PathBuf {
    process::root().join("docs/MECHANISMS.md")
}

fn read() -> Result<String> {
    let path = path();
    fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))
}

/// Where a table stands in the document: behind the line of the first marker, before the second.
fn between(text: &str, direction: Direction) -> Result<(usize, usize)> {
    let (begin, end) = direction.markers();
    let Some(begun) = text.find(&begin).map(|at| at + begin.len() + 1) else {
        bail!("docs/MECHANISMS.md has no line {begin}");
    };
    let ended = text.get(begun..).and_then(|rest| rest.find(&end));
    let ended = ended.with_context(|| format!("docs/MECHANISMS.md has no line {end}"))?;
    Ok((begun, begun + ended))
}

/// The cells of a table, by mechanism and peer.
fn parse(table: &str) -> BTreeMap<(String, String), String> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut rows = table.lines().filter(|line| line.starts_with('|')).map(cells);
    let heads = rows.next().unwrap_or_default();
    let peers: Vec<&str> =
        heads.iter().map(|head| head.split("<br>").next().unwrap_or_default()).collect();
    let mut found = BTreeMap::new();
    for row in rows {
        let Some((mechanism, cells)) = row.split_first() else { continue };
        for (peer, cell) in peers.iter().skip(1).zip(cells) {
            found.insert((mechanism.clone(), (*peer).to_owned()), cell.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(verdict: Verdict) -> Matrix {
        let mut matrix = Matrix::default();
        matrix.peer(Direction::Clients, "gsasl", "2.2.0".to_owned());
        let (direction, mechanism, peer) = (Direction::Clients, "PLAIN", "gsasl");
        matrix.extend([Cell { direction, mechanism, peer, verdict }]);
        matrix
    }

    fn works(of: &str) -> Verdict {
        Verdict::Works(of.chars().collect())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let table = matrix(works("wr")).table(Direction::Clients, &BTreeMap::new());
        assert!(table.starts_with("| | gsasl<br>2.2.0 |\n| --- | --- |\n| PLAIN | ok wr |\n"));
        let written = parse(&table);
        assert_eq!(
            written.get(&("PLAIN".into(), "gsasl".into())).map(String::as_str),
            Some("ok wr")
        );
        assert!(matrix(works("wr")).lost(Direction::Clients, &written).is_empty());
        assert!(matrix(works("wrb")).lost(Direction::Clients, &written).is_empty());
        assert!(Matrix::default().lost(Direction::Clients, &written).is_empty());
        let before =
            BTreeMap::from([(("GSSAPI".to_owned(), "gsasl".to_owned()), "ok w".to_owned())]);
        let table = matrix(works("")).table(Direction::Clients, &before);
        assert!(table.contains("| PLAIN | ok |\n") && table.contains("| GSSAPI | ok w |\n"));
    }

    #[test]
    fn a_cell_that_is_worse_than_it_is_written_is_lost() {
        let reason = || "why".to_owned();
        for (written, now) in [
            (works("wr"), works("w")),
            (works("w"), Verdict::Refused(reason())),
            (works("w"), Verdict::Lacks(reason())),
            (Verdict::Refused(reason()), Verdict::Lacks(reason())),
            (Verdict::Refused(reason()), Verdict::Failed),
            (Verdict::Lacks(reason()), Verdict::Failed),
        ] {
            let table = parse(&matrix(written).table(Direction::Clients, &BTreeMap::new()));
            assert_eq!(matrix(now).lost(Direction::Clients, &table).len(), 1);
        }
    }
}
