//! Where the flash of a program goes.

use std::collections::BTreeMap;
use std::path::Path;

use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian};
use anyhow::Result;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};

use crate::process::root;

/// The compiler's own library is built without lines.
const BUILTINS: &str = "compiler_builtins, or no line";

/// Octets by name.
type Shares = BTreeMap<String, u64>;

/// The shares of a program's instructions that parts of ours and other crates have, the largest first:
/// inlined ones count where they were written.
///
/// # Errors
///
/// Fails when the program or its debug information can't be read.
pub(super) fn parts(elf: &Path) -> Result<Vec<(String, u64)>> {
    let octets = std::fs::read(elf)?;
    let mut parts = Shares::new();
    each_line(&octets, |name, path| {
        // The folder, or the file, below `core/src`.
        let part = path.strip_prefix("core/src/").filter(|_| name == "ehlo");
        let part = part.and_then(|path| path.split(['/', '.']).next());
        let part = match (part, name) {
            (Some(part), _) => format!("`ehlo::{part}`"),
            (None, "core") => "Rust's `core`".to_owned(),
            (None, BUILTINS) => "the compiler's builtins".to_owned(),
            (None, "the application") => name.to_owned(),
            (None, _) => format!("`{name}`"),
        };
        *parts.entry(part).or_default() += 2;
    })?;
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by_key(|(_, octets)| core::cmp::Reverse(*octets));
    Ok(parts)
}

/// Prints three lists: the functions and constants that are in the program, and the crates and source files
/// that its instructions come from, inlined ones where they were written.
///
/// # Errors
///
/// Fails when the program or its debug information can't be read.
pub(super) fn print(elf: &Path, lines: usize) -> Result<()> {
    let octets = std::fs::read(elf)?;
    let file = object::File::parse(&*octets)?;
    let mut functions = Shares::new();
    for symbol in file.symbols() {
        let here = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data);
        if here && symbol.size() > 0 && symbol.is_definition() {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            *functions.entry(name).or_default() += symbol.size();
        }
    }
    let (mut crates, mut files) = (Shares::new(), Shares::new());
    each_line(&octets, |name, path| {
        *crates.entry(name.to_owned()).or_default() += 2;
        *files.entry(path.to_owned()).or_default() += 2;
    })?;
    for (title, shares) in
        [("functions and constants", functions), ("crates", crates), ("source files", files)]
    {
        println!("{title}:");
        let mut shares: Vec<_> = shares.into_iter().collect();
        shares.sort_by_key(|(_, octets)| core::cmp::Reverse(*octets));
        let all: u64 = shares.iter().map(|(_, octets)| octets).sum();
        for (name, octets) in shares.iter().take(lines) {
            println!("{octets:>8}  {name}");
        }
        let rest: u64 = shares.iter().skip(lines).map(|(_, octets)| octets).sum();
        println!("{rest:>8}  in {} others; {all} in all", shares.len().saturating_sub(lines));
    }
    Ok(())
}

/// Says for every two octets of the instructions from which crate and source file they are.
fn each_line(octets: &[u8], mut found: impl FnMut(&str, &str)) -> Result<()> {
    let file = object::File::parse(octets)?;
    let dwarf = Dwarf::load(|section| {
        let section = file.section_by_name(section.name());
        let data = section.map_or(Ok(&[][..]), |section| section.data());
        data.map(|data| EndianSlice::new(data, LittleEndian))
    })?;
    let lines_of = addr2line::Context::from_dwarf(dwarf)?;
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        // Instructions have two octets or four: two at a time are never of two lines.
        for address in (section.address()..section.address() + section.size()).step_by(2) {
            let mut frames = lines_of.find_frames(address).skip_all_loads()?;
            let frame = frames.next().ok().flatten();
            let path = frame.and_then(|frame| frame.location).and_then(|location| location.file);
            let (name, path) = origin(path.unwrap_or(BUILTINS));
            found(&name, &path);
        }
    }
    Ok(())
}

/// The crate a source file is of, and a short path.
fn origin(path: &str) -> (String, String) {
    if let Ok(ours) = Path::new(path).strip_prefix(root()) {
        let ours = ours.to_string_lossy();
        let name = match ours.split('/').next() {
            Some("core") => "ehlo",
            _ => "the application",
        };
        return (name.to_owned(), ours.into_owned());
    }
    // Below the registry comes a folder for its address, and then the crate with its version.
    if let Some((_, rest)) = path.split_once("/registry/src/") {
        let rest = rest.split_once('/').map_or(rest, |(_, rest)| rest);
        let folder = rest.split('/').next().unwrap_or(rest);
        let name = folder.rsplit_once('-').map_or(folder, |(name, _)| name);
        return (name.to_owned(), rest.to_owned());
    }
    if let Some((_, rest)) = path.split_once("/library/") {
        let name = rest.split('/').next().unwrap_or(rest);
        return (name.to_owned(), rest.to_owned());
    }
    (path.to_owned(), path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::origin;
    use crate::process::root;

    #[test]
    fn a_source_file_is_told_by_its_crate() {
        let nom = origin("/home/me/.cargo/registry/src/index-1/nom-8.0.0/src/internal.rs");
        assert_eq!(nom, ("nom".to_owned(), "nom-8.0.0/src/internal.rs".to_owned()));
        let ours = origin(&format!("{}/core/src/lib.rs", root().display()));
        assert_eq!(ours, ("ehlo".to_owned(), "core/src/lib.rs".to_owned()));
        assert_eq!(origin("/rustc/0/library/core/src/option.rs").0, "core");
    }
}
