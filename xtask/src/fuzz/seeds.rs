//! First inputs for the fuzz targets: what the clients of the transcripts send.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::root;

/// Writes the seeds of a target to an empty folder; hands back how many there are.
///
/// # Errors
///
/// Fails when a transcript can't be read or a seed can't be written.
pub(super) fn write(target: &str, folder: &Path) -> Result<usize> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let mut count = 0;
    for path in transcripts(&root().join("tests/transcripts"))? {
        let text = fs::read_to_string(&path)
            .with_context(|| format!("can't read the transcript {}", path.display()))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        for seed in seeds(target, &client_lines(&text)) {
            fs::write(folder.join(format!("{stem}-{count}")), seed)?;
            count += 1;
        }
    }
    Ok(count)
}

/// The inputs that one transcript gives for a target.
fn seeds(target: &str, lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
    match target {
        // One line without its end.
        "grammar" => lines.iter().map(|line| line.trim_ascii_end().to_vec()).collect(),
        // What stands behind DATA; the first octet chooses how it is cut.
        "dot" => lines
            .iter()
            .position(|line| line.eq_ignore_ascii_case(b"DATA\r\n"))
            .and_then(|at| lines.get(at + 1..))
            .map(|body| [&b"\x07"[..], &body.concat()].concat())
            .into_iter()
            .collect(),
        // The first octets choose the configuration, the answers and the cuts.
        _ => [[0_u8, 0, 0, 0], [1, 1, 3, 7]]
            .iter()
            .map(|head| [&head[..], &lines.concat()].concat())
            .collect(),
    }
}

/// All transcripts below a folder, in order; none when there is no such folder.
fn transcripts(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(transcripts(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The octets of each `C:` line, with its CRLF, and of each `R:` line as they stand.
fn client_lines(transcript: &str) -> Vec<Vec<u8>> {
    let said = transcript.lines().filter_map(|line| {
        let (kind, text) = line.split_at_checked(2)?;
        let mut octets = unescape(text.strip_prefix(' ').unwrap_or(text));
        if kind == "C:" && !octets.ends_with(b"\n") {
            octets.extend(b"\r\n");
        }
        matches!(kind, "C:" | "R:").then_some(octets)
    });
    said.collect()
}

/// A text's octets. An unknown escape stands for itself: a seed need not be exact.
fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        octets.extend(before.bytes());
        let mut chars = behind.chars();
        match chars.next() {
            Some('r') => octets.push(b'\r'),
            Some('n') => octets.push(b'\n'),
            Some('t') => octets.push(b'\t'),
            Some('0') => octets.push(0),
            Some('x') => {
                let digits = behind.get(1..3).unwrap_or("00");
                octets.extend(u8::from_str_radix(digits, 16).ok());
                chars = behind.get(3..).unwrap_or("").chars();
            }
            Some('{') => {
                let (what, after) = behind.split_once('}').unwrap_or((behind, ""));
                octets.extend(repeated(what.trim_start_matches('{')));
                chars = after.chars();
            }
            Some(other) => octets.extend(other.encode_utf8(&mut [0; 4]).bytes()),
            None => octets.push(b'\\'),
        }
        rest = chars.as_str();
    }
    octets.extend(rest.bytes());
    octets
}

/// `3000 x TEXT`: the text so many times, but no more than a fuzzer likes. Other words stand for nothing.
fn repeated(what: &str) -> Vec<u8> {
    let Some((count, text)) = what.split_once(" x ") else { return Vec::new() };
    let count = count.parse::<usize>().unwrap_or(0);
    unescape(text).repeat(count.min(3000))
}

#[cfg(test)]
mod tests {
    use super::{client_lines, seeds};

    #[test]
    fn the_client_side_of_a_transcript_is_the_seed() {
        let transcript = "# words\nS: 220 hello\nC: EHLO a\\x42\nS: 250 hello\nC: DATA\nC: ..\\r\\n\nR: \\{3 x ab}\\x43\n";
        let lines = client_lines(transcript);
        assert_eq!(lines, [&b"EHLO aB\r\n"[..], b"DATA\r\n", b"..\r\n", b"abababC"]);
        assert_eq!(seeds("dot", &lines), [b"\x07..\r\nabababC"]);
        assert_eq!(seeds("grammar", &lines).len(), 4);
        assert!(
            seeds("server", &lines).iter().all(|seed| seed.ends_with(b"DATA\r\n..\r\nabababC"))
        );
    }
}
