//! Where a panic is reachable from: the source lines of ours that lead to one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::Result;

use super::arm_tool;
use crate::process::root;

/// How many lines are shown; the first ones usually tell.
const SHOWN: usize = 40;

/// One call or jump in the disassembly.
struct Call<'a> {
    address: &'a str,
    from: &'a str,
    to: &'a str,
}

/// Prints the lines of this workspace from which a panic is reachable, each with what it calls.
///
/// # Errors
///
/// Fails when objdump or addr2line can't be run.
pub(super) fn print(elf: &Path) -> Result<()> {
    let elf = elf.to_string_lossy();
    let listing = arm_tool("objdump", &["-d", "--no-show-raw-insn", &elf])?;
    let calls = calls(&listing);
    let mut callers: BTreeMap<&str, Vec<&Call<'_>>> = BTreeMap::new();
    for call in &calls {
        callers.entry(call.to).or_default().push(call);
    }
    let addresses: Vec<&str> = calls.iter().map(|call| call.address).collect();
    let places = places(&elf, &addresses)?;

    // From the panic handler upwards, along each way up to the first line of ours. What is kept of the
    // way is where it leaves the standard library.
    let is_handler = |name: &&str| name.contains("rust_begin_unwind");
    let handlers = callers.keys().copied().filter(is_handler);
    let mut waiting: VecDeque<(&str, Option<&str>)> = handlers.map(|name| (name, None)).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some((function, origin)) = waiting.pop_front() {
        if !callers.contains_key(function) {
            found.insert(format!("{}, called through a pointer", plain_name(function)));
        }
        for call in callers.get(function).into_iter().flatten() {
            let frames = places.get(call.address).map_or(&[][..], Vec::as_slice);
            let (inner, line) = match frames.iter().position(|frame| ours(frame).is_some()) {
                Some(at) => (frames.get(..at).unwrap_or(&[]), frames.get(at)),
                None => (frames, None),
            };
            let outside = inner.iter().find(|frame| is_of_a_dependency(frame));
            let origin = origin.or(outside.map(String::as_str));
            if let Some(line) = line {
                let called = origin.or(inner.last().map(String::as_str));
                let called = called.map_or_else(|| plain_name(function), shorten);
                found.insert(format!("{} by {called}", ours(line).unwrap_or(line)));
            } else if seen.insert(call.from) {
                waiting.push_back((call.from, origin));
            }
        }
    }
    for line in found.iter().take(SHOWN) {
        println!("    {line}");
    }
    if found.len() > SHOWN {
        println!("    and {} more", found.len() - SHOWN);
    }
    Ok(())
}

/// All calls and tail calls of a disassembly.
fn calls(listing: &str) -> Vec<Call<'_>> {
    let mut from = "";
    let mut calls = Vec::new();
    for line in listing.lines() {
        if let Some((_, name)) = line.strip_suffix(">:").and_then(|line| line.split_once('<')) {
            from = name;
            continue;
        }
        // `    8000:  bl  8124 <name>` and `b.w`, `beq.n` and so on, some of them with an offset.
        let mut parts = line.split('\t');
        let (Some(address), Some(operation)) = (parts.next(), parts.next()) else { continue };
        let operands = parts.next().unwrap_or("");
        let Some((_, to)) = operands.trim_end().trim_end_matches('>').split_once('<') else {
            continue;
        };
        if operation.trim().starts_with('b') && to != from && !to.contains('+') {
            calls.push(Call { address: address.trim().trim_end_matches(':'), from, to });
        }
    }
    calls
}

/// The source lines of each address, the innermost inlined function first.
fn places(elf: &str, addresses: &[&str]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut places = BTreeMap::new();
    for some in addresses.chunks(1000) {
        let arguments = [&["-e", elf, "-i", "-a"], some].concat();
        let mut lines: Option<&mut Vec<String>> = None;
        for line in arm_tool("addr2line", &arguments)?.lines() {
            if let Some(address) = line.strip_prefix("0x") {
                let address = address.trim_start_matches('0').to_owned();
                lines = Some(places.entry(address).or_default());
            } else if let Some(lines) = &mut lines {
                lines.push(line.split(" (discriminator").next().unwrap_or(line).to_owned());
            }
        }
    }
    Ok(places)
}

/// The path of a source line below our root, if it is there and not among the dependencies.
fn ours(line: &str) -> Option<&str> {
    let path = Path::new(line).strip_prefix(root()).ok()?;
    path.to_str().filter(|path| !path.starts_with("target/"))
}

/// Whether a source line is of a crate that is neither ours nor the standard library.
fn is_of_a_dependency(line: &str) -> bool {
    line.contains("/registry/src/")
}

/// The end of a dependency's source path, from the crate's name on.
fn shorten(line: &str) -> String {
    for folder in ["/library/", "/registry/src/"] {
        if let Some((_, rest)) = line.split_once(folder) {
            // Below the registry comes a folder for its address first.
            let named =
                if folder == "/library/" { Some(rest) } else { rest.split_once('/').map(|p| p.1) };
            return named
                .unwrap_or(rest)
                .replacen("core/src", "core::", 1)
                .replacen("::/", "::", 1);
        }
    }
    line.to_owned()
}

/// What follows the crate's name in a mangled name of `core`.
fn path_in_core(name: &str) -> Option<&str> {
    if let Some(legacy) = name.strip_prefix("_ZN") {
        return legacy.strip_prefix("4core");
    }
    // `_R`, letters, and then the crate: `Cs`, a hash, `_`, its name.
    let (_, crate_root) = name.strip_prefix("_R")?.split_once("Cs")?;
    crate_root.split_once('_')?.1.strip_prefix("4core")
}

/// A mangled name of `core` as a path, without what makes it hard to read.
fn plain_name(name: &str) -> String {
    let Some(mut rest) = path_in_core(name) else { return name.to_owned() };
    let mut path = "core".to_owned();
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0) {
        let (length, tail) = rest.split_at(end);
        let Some((part, after)) = tail.split_at_checked(length.parse().unwrap_or(0)) else { break };
        // Seventeen characters from `h` on are the hash of a legacy name.
        if !(part.len() == 17 && part.starts_with('h')) {
            path.push_str("::");
            path.push_str(part);
        }
        rest = after;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{calls, ours, plain_name, shorten};
    use crate::process::root;

    #[test]
    fn names_of_core_are_readable_in_both_manglings() {
        let v0 = "_RNvNtCsdR0zQ4kJHF3_4core6option13unwrap_failed";
        let legacy = "_ZN4core6option13unwrap_failed17h0123456789abcdefE";
        assert_eq!(plain_name(v0), "core::option::unwrap_failed");
        assert_eq!(plain_name(legacy), "core::option::unwrap_failed");
        assert_eq!(plain_name("probe"), "probe");
    }

    #[test]
    fn calls_and_tail_calls_are_seen_but_not_loops() {
        let listing = "\
00008000 <probe>:\n    8000:\tbl\t8010 <middle>\n    8004:\tb.n\t8000 <probe>\n\
00008010 <middle>:\n    8010:\tb.w\t8020 <rust_begin_unwind>\n    8014:\tbeq.n\t8018 <middle+0x8>\n";
        let calls: Vec<_> = calls(listing).iter().map(|call| (call.from, call.to)).collect();
        assert_eq!(calls, [("probe", "middle"), ("middle", "rust_begin_unwind")]);
    }

    #[test]
    fn places_are_short_and_ours_are_told_apart() {
        let line = format!("{}/core/src/lib.rs:7", root().display());
        assert_eq!(ours(&line), Some("core/src/lib.rs:7"));
        assert_eq!(ours("/registry/src/index-1/nom-8.0.0/src/lib.rs:7"), None);
        assert_eq!(
            shorten("/registry/src/index-1/nom-8.0.0/src/lib.rs:7"),
            "nom-8.0.0/src/lib.rs:7"
        );
        assert_eq!(shorten("/rustc/0/library/core/src/str/mod.rs:7"), "core::str/mod.rs:7");
    }
}
