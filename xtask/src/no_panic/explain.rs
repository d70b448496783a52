//! Where a panic is reachable from: the calls in a linked probe, with their source lines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::arm_tool;

/// How many calls are shown; the first ones usually tell.
const SHOWN: usize = 12;

/// One call or jump in the disassembly.
struct Call {
    address: String,
    from: String,
    to: String,
}

/// Prints each call from code of ours to a function of `core` that ends in a panic.
///
/// # Errors
///
/// Fails when objdump or addr2line can't be run.
pub(super) fn print(elf: &Path) -> Result<()> {
    let elf = elf.to_string_lossy();
    let calls = calls(&arm_tool("objdump", &["-d", "--no-show-raw-insn", &elf])?);
    let panicking = reaching_a_panic(&calls);
    let last = calls.iter().filter(|call| {
        panicking.contains(call.to.as_str()) && is_of_core(&call.to) && !is_of_core(&call.from)
    });
    let mut seen = BTreeSet::new();
    for call in last {
        let lines = arm_tool("addr2line", &["-e", &elf, "-i", "-a", &call.address])?;
        // The innermost line is often one of core's; the one that called it is ours.
        let lines: Vec<&str> = lines.lines().skip(1).take(4).map(shorten).collect();
        if seen.insert(lines.join(" < ")) && seen.len() <= SHOWN {
            println!("    {} by {}", plain_name(&call.to), lines.join(" < "));
        }
    }
    if seen.len() > SHOWN {
        println!("    and {} more", seen.len() - SHOWN);
    }
    Ok(())
}

/// All calls and tail calls of a disassembly.
fn calls(listing: &str) -> Vec<Call> {
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
            let address = address.trim().trim_end_matches(':').to_owned();
            calls.push(Call { address, from: from.to_owned(), to: to.to_owned() });
        }
    }
    calls
}

/// The names of all functions from which the panic handler is reachable.
fn reaching_a_panic(calls: &[Call]) -> BTreeSet<&str> {
    let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for call in calls {
        callers.entry(&call.to).or_default().push(&call.from);
    }
    let is_handler = |name: &&str| name.contains("rust_begin_unwind");
    let mut waiting: Vec<&str> = callers.keys().copied().filter(is_handler).collect();
    let mut reaching = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if reaching.insert(name) {
            waiting.extend(callers.get(name).into_iter().flatten());
        }
    }
    reaching
}

/// Whether a mangled name is one of the standard library's.
fn is_of_core(name: &str) -> bool {
    name.contains("rust_begin_unwind") || path_in_core(name).is_some()
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

/// The end of a source path, which tells enough.
fn shorten(line: &str) -> &str {
    let line = line.split(" (discriminator").next().unwrap_or(line);
    let slashes: Vec<usize> = line.match_indices('/').map(|(at, _)| at).collect();
    let keep = slashes.len().checked_sub(4).and_then(|at| slashes.get(at));
    keep.and_then(|at| line.get(at + 1..)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::{calls, plain_name, reaching_a_panic};

    #[test]
    fn names_of_core_are_readable_in_both_manglings() {
        let v0 = "_RNvNtCsdR0zQ4kJHF3_4core6option13unwrap_failed";
        let legacy = "_ZN4core6option13unwrap_failed17h0123456789abcdefE";
        assert_eq!(plain_name(v0), "core::option::unwrap_failed");
        assert_eq!(plain_name(legacy), "core::option::unwrap_failed");
        assert_eq!(plain_name("probe"), "probe");
    }

    #[test]
    fn callers_of_callers_reach_the_panic() {
        let listing = "\
00008000 <probe>:\n    8000:\tbl\t8010 <middle>\n    8004:\tbl\t8030 <fine>\n\
00008010 <middle>:\n    8010:\tb.w\t8020 <rust_begin_unwind>\n";
        let calls = calls(listing);
        let reaching = reaching_a_panic(&calls);
        assert!(reaching.contains("probe") && reaching.contains("middle"));
        assert!(!reaching.contains("fine"));
    }
}
