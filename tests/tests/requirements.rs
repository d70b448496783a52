//! `REQUIREMENTS.md` names tests that exist, and every transcript.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;

use ehlo_tests::{client, transcript};

/// What stands between backquotes in the last column of a table.
fn named() -> Vec<String> {
    let text = include_str!("../REQUIREMENTS.md");
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let proofs = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    proofs.flat_map(|proof| proof.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Names that are no test of this package.
const ELSEWHERE: [&str; 4] = ["std-adapter", "cargo xtask interop", "Event::decline", "334 "];

#[test]
fn every_test_and_transcript_that_is_named_exists() {
    let names = named();
    assert!(names.len() > 200, "only {} names were found", names.len());
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut missing = Vec::new();
    for name in &names {
        let is_there = if ELSEWHERE.contains(&&**name) {
            true
        } else if let Some((file, function)) = name.split_once(": ") {
            let text = std::fs::read_to_string(tests.join(file)).unwrap_or_default();
            text.contains(&format!("fn {function}("))
        } else {
            let (folder, name) = match name.strip_prefix("client/") {
                Some(name) => (client::folder(), name),
                None => (transcript::folder(), name.as_str()),
            };
            if name.ends_with('/') {
                folder.join(name).is_dir()
            } else {
                folder.join(format!("{name}.txt")).is_file()
            }
        };
        if !is_there {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "named, but not there: {missing:?}");
}

#[test]
fn every_transcript_is_named() {
    let names: BTreeSet<String> = named().into_iter().collect();
    let mut unnamed = Vec::new();
    let transcripts = transcript::below("").into_iter().map(|transcript| transcript.name);
    let scripts = client::below("").into_iter().map(|script| format!("client/{}", script.name));
    for name in transcripts.chain(scripts) {
        let name = name.trim_end_matches(".txt");
        let in_folder = name.rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
        if !names.contains(name) && !in_folder.is_some_and(|folder| names.contains(&folder)) {
            unnamed.push(name.to_owned());
        }
    }
    assert!(unnamed.is_empty(), "no rule names: {unnamed:?}");
}

#[test]
fn every_row_of_the_founding_documents_is_there() {
    let text = include_str!("../REQUIREMENTS.md");
    let mut rows = BTreeSet::new();
    let of_documents = text.split("\n## ").filter(|section| section.starts_with("Founding"));
    for line in of_documents.flat_map(str::lines).filter(|line| line.starts_with("| ")) {
        let cell = line[2..].split(" | ").next().unwrap();
        for part in cell.split(", ") {
            let mut ends = part.split(" to ").filter_map(|number| number.parse::<u32>().ok());
            if let Some(first) = ends.next() {
                rows.extend(first..=ends.next().unwrap_or(first));
            }
        }
    }
    let missing: Vec<u32> = (1..=156).filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "rows without a line: {missing:?}");
}
