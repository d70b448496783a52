//! `cargo xtask architecture`: the rules of the house that a compiler does not check.
//!
//! Each rule reads the text of the sources, without comments. They are crude on purpose: what they call a
//! fault should be written in another way even where it is none.

mod source;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use self::source::Source;
use crate::process::root;

/// How long a file of `core` may be.
const LONGEST: usize = 500;

const ADAPTERS: [&str; 2] = ["std-adapter/src", "embedded-adapter/src"];
const CORE: &str = "core/src";
/// The only files that may change the phase of a connection.
const STATES: [&str; 2] = ["core/src/server/state.rs", "core/src/client/state.rs"];
/// The only folder that may know the parser library.
const GRAMMAR: &str = "core/src/wire/";

const VERBS: [&str; 18] = [
    "EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY", "EXPN",
    "HELP", "STARTTLS", "AUTH", "ETRN", "XCLIENT", "XFORWARD",
];

/// Words that are a verb elsewhere: an attribute of a trusted proxy, and the name of how it logs a user in.
const NO_VERBS: [(&str, &str); 2] = [
    ("std-adapter/src/server/info.rs", "HELO"),
    ("std-adapter/src/server/credentials.rs", "XCLIENT"),
];

/// A rule's name and what it says about one file.
struct Rule {
    says: &'static str,
    folders: &'static [&'static str],
    faults: fn(&str, &Source) -> Vec<(usize, String)>,
}

const RULES: [Rule; 4] = [
    Rule {
        says: "an adapter holds no SMTP verb and no reply code",
        folders: &ADAPTERS,
        faults: verbs,
    },
    Rule { says: "no file of core has more than 500 lines", folders: &[CORE], faults: length },
    Rule { says: "nom shows nowhere in the API of core", folders: &[CORE], faults: nom },
    Rule { says: "only state.rs changes the phase", folders: &[CORE], faults: phase },
];

/// Checks every rule and prints each fault with its place.
///
/// # Errors
///
/// Fails when there is a fault, or a folder to look at is missing or empty.
pub(crate) fn run() -> Result<()> {
    let mut found = 0;
    for rule in &RULES {
        let mut files = 0;
        let mut faults = Vec::new();
        for folder in rule.folders {
            for path in rust_files(&root().join(folder))? {
                let name = path.strip_prefix(root())?.to_string_lossy().into_owned();
                let source = Source::read(&fs::read_to_string(&path)?);
                let of_file = (rule.faults)(&name, &source);
                faults.extend(
                    of_file.into_iter().map(|(line, what)| format!("{name}:{line}: {what}")),
                );
                files += 1;
            }
        }
        ensure!(files > 0, "the rule \"{}\" has no file to look at", rule.says);
        let verdict = if faults.is_empty() { "kept" } else { "BROKEN" };
        println!("{verdict}: {} ({files} files)", rule.says);
        for fault in &faults {
            println!("  {fault}");
        }
        found += faults.len();
    }
    ensure!(found == 0, "{found} faults against ARCHITECTURE.md");
    Ok(())
}

/// All Rust files below a folder, in order.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// String literals that are a command or begin one, or start like a reply. A sentence for a log may name a
/// verb; tests may speak.
fn verbs(name: &str, source: &Source) -> Vec<(usize, String)> {
    if name.ends_with("/tests.rs") || name.contains("/tests/") {
        return Vec::new();
    }
    let speaks = |text: &str| {
        let bare = text.trim_end_matches("\\n").trim_end_matches("\\r").trim();
        let (first, rest) = bare.split_once(' ').unwrap_or((bare, ""));
        let verb = VERBS.contains(&first.to_ascii_uppercase().as_str());
        // In lower case it is a word, unless a line end shows that it is a command.
        let upper = VERBS.contains(&first);
        verb && text.ends_with("\\r\\n")
            || upper && (rest.is_empty() || rest.contains(['{', '<', ':']))
    };
    let replies = |text: &str| {
        let (code, rest) = text.split_at_checked(3).unwrap_or(("", ""));
        let digits = code.bytes().all(|digit| digit.is_ascii_digit());
        digits
            && code.starts_with(['2', '3', '4', '5'])
            && (rest.is_empty() || rest.starts_with([' ', '-']))
    };
    let excepted = |text: &str| NO_VERBS.contains(&(name, text));
    let literals = source.literals.iter().filter(|(_, text)| speaks(text) || replies(text));
    let faults = literals.filter(|(_, text)| !excepted(text));
    faults.map(|(line, text)| (*line, format!("\"{text}\""))).collect()
}

/// The length of a file.
fn length(_: &str, source: &Source) -> Vec<(usize, String)> {
    let lines = source.code.lines().count();
    if lines > LONGEST { vec![(lines, format!("{lines} lines"))] } else { Vec::new() }
}

/// Every word `nom` outside the grammar, and in public items within it.
fn nom(name: &str, source: &Source) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let mut in_public = false;
    for (line, code) in numbered(&source.code) {
        let start = code.trim_start();
        in_public |= start.starts_with("pub ");
        let exposes = start.starts_with("pub mod wire") || start.starts_with("pub use wire");
        if exposes || has_word(code, "nom") && (in_public || !name.starts_with(GRAMMAR)) {
            faults.push((line, code.trim().to_owned()));
        }
        // The head of an item ends where its body begins, or with the item.
        if code.contains(['{', ';']) {
            in_public = false;
        }
    }
    faults
}

/// Assignments to the phase, and ways to it.
fn phase(name: &str, source: &Source) -> Vec<(usize, String)> {
    if STATES.contains(&name) {
        return Vec::new();
    }
    let changes = |code: &str| {
        code.match_indices("phase").any(|(at, word)| {
            let before = code.get(..at).unwrap_or("");
            let after = code.get(at + word.len()..).unwrap_or("").trim_start();
            let assigned =
                after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>");
            let path = before.rsplit(|c: char| !(c.is_alphanumeric() || "._".contains(c))).next();
            let owner = path.unwrap_or("");
            let lent = before.trim_end_matches(owner).trim_end().ends_with("&mut");
            owner.ends_with('.') && (assigned || lent)
        })
    };
    let lines = numbered(&source.code).filter(|(_, code)| changes(code));
    lines.map(|(line, code)| (line, code.trim().to_owned())).collect()
}

/// The lines of a text with their numbers.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Whether a line of code has this word, not as a part of another.
fn has_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::{Source, length, nom, phase, verbs};

    fn lines(faults: &[(usize, String)]) -> Vec<usize> {
        faults.iter().map(|(line, _)| *line).collect()
    }

    #[test]
    fn a_verb_or_a_reply_code_in_a_literal_is_a_fault() {
        let source = Source::read(
            "let a = \"EHLO {name}\";\nlet b = b\"quit\\r\\n\";\nlet c = \"421 4.7.0 later\";\n\
             let d = \"mail data\"; // \"QUIT\"\nlet e = \"5.7.1 not you\";\nlet f = \"250\";\n\
             let g = \"RCPT TO:<\";\nlet h = \"AUTH is hidden\";\nlet i = \"DATA\";",
        );
        assert_eq!(lines(&verbs("std-adapter/src/a.rs", &source)), [1, 2, 3, 6, 7, 9]);
        assert!(verbs("std-adapter/src/tests.rs", &source).is_empty());
    }

    #[test]
    fn an_assigned_or_lent_phase_is_a_fault() {
        let source = Source::read(
            "self.phase = Phase::Mail;\nif self.phase == Phase::Mail {}\nlet phase = self.phase;\n\
             core::mem::replace(&mut self.session.phase, Phase::Mail);\nlet c = Core { phase: p };\n\
             match self.phase { _ => {} }",
        );
        assert_eq!(lines(&phase("core/src/server/mod.rs", &source)), [1, 4]);
        assert!(phase("core/src/server/state.rs", &source).is_empty());
    }

    #[test]
    fn nom_in_a_public_item_is_a_fault() {
        let source = Source::read(
            "use nom::Parser;\npub fn parse(\n    input: &[u8],\n) -> nom::IResult<&[u8], u8> {\n\
             \x20   nom::take(1)\n}\npub(crate) fn own() -> nom::IResult<(), ()> {}\n",
        );
        assert_eq!(lines(&nom("core/src/wire/grammar/path.rs", &source)), [4]);
        assert_eq!(lines(&nom("core/src/address.rs", &source)), [1, 4, 5, 7]);
    }

    #[test]
    fn five_hundred_lines_are_allowed_and_one_more_is_not() {
        assert!(length("", &Source::read(&"\n".repeat(500))).is_empty());
        assert_eq!(length("", &Source::read(&"\n".repeat(501))).len(), 1);
    }
}
