//! First inputs for the fuzz targets: what the clients and servers of the transcripts send.

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
        let lines = match target {
            "client" | "reply" => lines_of(&text, &["S:"]),
            _ => lines_of(&text, &["C:", "R:"]),
        };
        for seed in seeds(target, &lines) {
            fs::write(folder.join(format!("{stem}-{count}")), seed)?;
            count += 1;
        }
    }
    Ok(count)
}

/// How a server begins, for a transcript that leaves it out.
const BEGINNING: &[u8] =
    b"220 hi\r\n250-hi\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n\
    250-8BITMIME\r\n250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER EXTERNAL\r\n250 SIZE\r\n";

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
        // Each reply; the first octets choose how it is cut, and the buffer.
        "reply" => lines
            .split_inclusive(|line| line.get(3) != Some(&b'-'))
            .map(|reply| [&[7, 255][..], &reply.concat()].concat())
            .collect(),
        // What a server says to a client that does the same things; the first octets choose the
        // configuration, the credentials, the answers, the cuts and the buffers.
        "client" => [[128, 1, 0, 0, 0], [0, 0b1101_1001, 1, 7, 1], [0, 0b1100_1001, 3, 7, 0]]
            .iter()
            .map(|head| {
                let has_greeting = lines.first().is_some_and(|line| line.starts_with(b"220"));
                let greeting: &[u8] = if has_greeting { b"" } else { BEGINNING };
                [&head[..], greeting, &lines.concat()].concat()
            })
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

/// The octets of each line of these kinds, with its CRLF; of an `R:` line as they stand.
fn lines_of(transcript: &str, kinds: &[&str]) -> Vec<Vec<u8>> {
    let said = transcript.lines().filter_map(|line| {
        let (kind, text) = line.split_at_checked(2)?;
        let mut octets = unescape(text.strip_prefix(' ').unwrap_or(text));
        if kind != "R:" && !octets.ends_with(b"\n") {
            octets.extend(b"\r\n");
        }
        kinds.contains(&kind).then_some(octets)
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
    use super::{lines_of, seeds};

    #[test]
    fn the_client_side_of_a_transcript_is_the_seed() {
        let transcript = "# words\nS: 220 hello\nC: EHLO a\\x42\nS: 250 hello\nC: DATA\nC: ..\\r\\n\nR: \\{3 x ab}\\x43\n";
        let lines = lines_of(transcript, &["C:", "R:"]);
        assert_eq!(lines, [&b"EHLO aB\r\n"[..], b"DATA\r\n", b"..\r\n", b"abababC"]);
        assert_eq!(seeds("dot", &lines), [b"\x07..\r\nabababC"]);
        assert_eq!(seeds("grammar", &lines).len(), 4);
        assert!(
            seeds("server", &lines).iter().all(|seed| seed.ends_with(b"DATA\r\n..\r\nabababC"))
        );
    }

    #[test]
    fn the_server_side_of_a_transcript_is_the_seed_of_a_client() {
        let lines = lines_of("S: 220 hi\nC: EHLO a\nS: 250-a\nS: 250 b\nS: 250 c\n", &["S:"]);
        let replies = seeds("reply", &lines);
        assert_eq!(replies.len(), 3);
        assert!(replies.iter().any(|reply| reply.ends_with(b"\xff250-a\r\n250 b\r\n")));
        let behind = b"220 hi\r\n250-a\r\n250 b\r\n250 c\r\n";
        assert!(seeds("client", &lines).iter().all(|seed| seed.ends_with(behind)));
    }
}
