//! `cargo xtask portable`: what is for every board builds for every board.
//!
//! 1. Where there is `core` and nothing else: no `alloc`, and no atomic read-modify-write either. A control
//!    that allocates must fail.
//! 2. Where `usize` has 16 bits: what the compiler knows to overflow there is an error, and so is every
//!    constant that doesn't fit. A control with such a constant must fail.
//!
//! Everything is built with all features.

use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::bare_metal::{Toolchain, check_from_source};
use crate::process::{cache, output, root};

/// What has to build.
const PACKAGES: [&str; 2] = ["ehlo", "ehlo-embedded"];

/// A Cortex-M0+ can't exchange a word in one step, a Cortex-M3 can.
const PARTS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7m-none-eabi"];

/// Parts with `usize` of 16 bits, and the flags their compiler asks for.
const NARROW: [(&str, &str); 2] =
    [("msp430-none-elf", ""), ("avr-none", "-Ctarget-cpu=atmega2560")];

/// Builds for all of them.
///
/// # Errors
///
/// Fails when something does not build, or a control does.
pub(crate) fn run() -> Result<()> {
    for target in PARTS {
        let toolchain = Toolchain::find_core_alone(target)?;
        let check = || toolchain.cargo("check");
        refused(control(check(), "alloc"), "can't find crate for `alloc`")?;
        built(workspace(check()), &toolchain.describe()?)?;
        println!("{target}: there is `core` alone, and {} build", PACKAGES.join(" and "));
    }
    for (target, flags) in NARROW {
        let check = || check_from_source(target, flags);
        refused(control(check()?, "wide"), "which would overflow")?;
        built(workspace(check()?), target)?;
        println!("{target}: `usize` has 16 bits, and {} build", PACKAGES.join(" and "));
    }
    Ok(())
}

/// Our packages, with all their features.
fn workspace(mut check: Command) -> Command {
    check.current_dir(root()).args(["--all-features", "--release", "--locked"]);
    check.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    check
}

/// The control with one of its features.
fn control(mut check: Command, feature: &str) -> Command {
    check.current_dir(root().join("xtask/probes/control")).args([
        "--release",
        "--features",
        feature,
    ]);
    check
}

/// Makes sure that something builds.
fn built(mut check: Command, where_: &str) -> Result<()> {
    let done = output(settings(&mut check))?;
    if !done.status.success() {
        bail!("it does not build for {where_}:\n{}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

/// Makes sure that something does not build, and for this reason.
fn refused(mut check: Command, reason: &str) -> Result<()> {
    let done = output(settings(&mut check))?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(!done.status.success(), "the control builds that must not");
    ensure!(said.contains(reason), "the control failed otherwise:\n{said}");
    Ok(())
}

fn settings(check: &mut Command) -> &mut Command {
    check.env("CARGO_TARGET_DIR", cache("bare-metal").join("portable")).arg("--quiet")
}
