//! `cargo xtask licences` and `cargo xtask deny`: may we ship what we depend on?
//!
//! The first reads the list of licences in `deny.toml` itself and needs nothing but cargo, so every CI run
//! can afford it. The second is the whole of cargo-deny, with the advisory database: for a release.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process::{capture, is_there, root, run};

/// Checks that every dependency offers a licence that `deny.toml` allows.
///
/// # Errors
///
/// Fails when one does not, or names none.
pub(crate) fn check() -> Result<()> {
    let allowed = allowed()?;
    let metadata = capture(Command::new(cargo()).current_dir(root()).args([
        "metadata",
        "--format-version=1",
        "--all-features",
        "--locked",
    ]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
    let mut refused = Vec::new();
    for package in packages {
        let text = |key| package.get(key).and_then(Value::as_str).unwrap_or("");
        let licence = text("license");
        let fine = satisfied(licence, &|name| allowed.iter().any(|known| known == name));
        if !fine.with_context(|| format!("{} has the licence {licence:?}", text("name")))? {
            refused.push(format!("{} {}: {licence}", text("name"), text("version")));
        }
    }
    ensure!(refused.is_empty(), "not allowed by deny.toml:\n  {}", refused.join("\n  "));
    println!("{} packages, each under a licence of {}", packages.len(), allowed.join(", "));
    Ok(())
}

/// Runs cargo-deny, which is installed first where it is missing.
///
/// # Errors
///
/// Fails when cargo-deny finds something or can't be installed.
pub(crate) fn deny() -> Result<()> {
    if !is_there("cargo-deny") {
        run(Command::new(cargo()).args(["install", "--locked", "cargo-deny"]))?;
    }
    run(Command::new(cargo()).current_dir(root()).args(["deny", "check"]))
}

/// The cargo that runs this task.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The licences that `deny.toml` allows.
fn allowed() -> Result<Vec<String>> {
    let deny: toml::Table = fs::read_to_string(root().join("deny.toml"))?.parse()?;
    let list = deny.get("licenses").and_then(|table| table.get("allow")?.as_array());
    let list = list.context("deny.toml has no licenses.allow")?;
    Ok(list.iter().filter_map(|name| name.as_str()).map(str::to_owned).collect())
}

/// Whether an SPDX expression can be satisfied with licences that `allowed` knows.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    // `MIT/Apache-2.0` is how crates wrote it before SPDX.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let fine = any(&mut words, allowed)?;
    ensure!(words.next().is_none(), "what follows the expression is not understood");
    Ok(fine)
}

type Words<'a, 'w> = &'a mut core::iter::Peekable<core::str::SplitWhitespace<'w>>;

/// `all *("OR" all)`
fn any(words: Words<'_, '_>, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    let mut fine = all(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        fine |= all(words, allowed)?;
    }
    Ok(fine)
}

/// `one *("AND" one)`
fn all(words: Words<'_, '_>, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    let mut fine = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        fine &= one(words, allowed)?;
    }
    Ok(fine)
}

/// `"(" any ")" / licence ["WITH" exception]`
fn one(words: Words<'_, '_>, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    match words.next() {
        Some("(") => {
            let fine = any(words, allowed)?;
            ensure!(words.next() == Some(")"), "a parenthesis is not closed");
            Ok(fine)
        }
        None | Some("OR" | "AND" | "WITH" | ")") => bail!("a licence is missing"),
        Some(name) => {
            // An exception only adds rights, but it has to be listed with its licence all the same.
            match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
                Some(exception) => Ok(allowed(&format!("{name} WITH {exception}"))),
                None => Ok(allowed(name)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    #[test]
    fn expressions_are_read_as_spdx_has_them() {
        let allowed = |name: &str| ["MIT", "ISC"].contains(&name);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("Apache-2.0 AND ISC", false),
            ("(MIT OR Apache-2.0) AND ISC", true),
            ("MIT AND Apache-2.0 OR ISC", true),
            ("MIT WITH an-exception", false),
        ] {
            assert_eq!(satisfied(expression, &allowed).ok(), Some(expected), "{expression}");
        }
        for wrong in ["", "MIT OR", "(MIT", "MIT ISC", "MIT)"] {
            assert!(satisfied(wrong, &allowed).is_err(), "{wrong}");
        }
    }
}
