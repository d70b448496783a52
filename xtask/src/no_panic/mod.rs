//! `cargo xtask no-panic`: the proof that `core` has no panic path and allocates nothing.
//!
//! A static library drives a whole server connection with functions the compiler can't see through. Its
//! panic handler calls a function that exists nowhere, so it links only when no path leads to a panic: not
//! a test of some inputs but of all. It has no allocator, so it builds only when nothing allocates. Beside
//! it stand controls that must fail in just these two ways; if one of them links, the command fails.

mod explain;
mod probe;

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use self::probe::{Linked, Probe, Profile};
use crate::bare_metal::Toolchain;
use crate::process::{apt_install, is_there};

/// Cortex-M3: the smallest part we run firmware on.
const TARGET: &str = "thumbv7m-none-eabi";

/// The programs to link: name, features, and what stands in the table for both.
const PROBES: [(&str, &str, &str); 3] = [
    ("types", "", "parsers and printers"),
    ("server", "", "server"),
    ("server", "mechanisms", "server, mechanisms"),
];

/// Each is linked as releases are built, and so that more could panic.
const PROFILES: [Profile; 6] = [
    Profile { level: "z", overflow_checks: false },
    Profile { level: "s", overflow_checks: false },
    Profile { level: "1", overflow_checks: false },
    Profile { level: "3", overflow_checks: false },
    Profile { level: "z", overflow_checks: true },
    Profile { level: "s", overflow_checks: true },
];

/// What `cargo xtask no-panic` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Try only these optimisation levels (z, s, 1, 3)
    #[arg(long, value_delimiter = ',', value_name = "LEVEL,…")]
    level: Vec<String>,

    /// Try only this probe (types, server)
    #[arg(long, value_name = "NAME")]
    probe: Option<String>,
}

/// Runs the proof and prints the flash size of the server machine.
///
/// # Errors
///
/// Fails when a panic path is reachable, when a control links, and when a tool is missing.
pub(crate) fn run(options: &Options) -> Result<()> {
    let toolchain = Toolchain::find(TARGET)?;
    if !is_there("arm-none-eabi-gcc") {
        apt_install(&["gcc-arm-none-eabi"])?;
    }
    println!("{}", toolchain.describe()?);

    let level_asked = |profile: &Profile| {
        options.level.is_empty() || options.level.iter().any(|level| level == profile.level)
    };
    let profiles: Vec<Profile> = PROFILES.into_iter().filter(level_asked).collect();
    let probe_asked = |name: &str| options.probe.as_ref().is_none_or(|asked| asked == name);
    let probes: Vec<_> = PROBES.into_iter().filter(|(name, ..)| probe_asked(name)).collect();
    ensure!(!profiles.is_empty(), "no such level; there are z, s, 1 and 3");
    ensure!(!probes.is_empty(), "no such probe; there are types and server");

    let control = Probe::new(&toolchain, "control")?;
    for profile in &profiles {
        check_controls(&control, *profile)?;
    }
    println!("controls: a panic path and an allocation are refused at every level");

    println!(
        "{:<22}{:<7}{:<10}{:>7}{:>8}{:>8}",
        "", "level", "overflow", "text", "rodata", "flash"
    );
    let mut reachable = 0;
    for (name, features, title) in probes {
        let probe = Probe::new(&toolchain, name)?;
        for profile in &profiles {
            let overflow = if profile.overflow_checks { "checked" } else { "wraps" };
            print!("{title:<22}{:<7}{overflow:<10}", profile.level);
            reachable += u32::from(!proven(&probe, features, *profile)?);
        }
    }
    ensure!(reachable == 0, "a panic is reachable in {reachable} builds");
    println!("no panic path and no allocation is reachable");
    Ok(())
}

/// Builds and links one probe and ends its line of the table; `false` when it can panic.
fn proven(probe: &Probe<'_>, features: &str, profile: Profile) -> Result<bool> {
    let built = probe.build(features, profile)?;
    let archive = built.map_err(|said| anyhow::anyhow!("the probe does not build:\n{said}"))?;
    match probe.link(&archive)? {
        Linked::Whole { elf } => {
            let size = probe.size(&elf)?;
            println!("{:>7}{:>8}{:>8}", size.text, size.rodata, size.text + size.rodata);
            Ok(true)
        }
        Linked::PanicReachable => {
            println!("  a panic is reachable:");
            explain::print(&probe.link_anyhow(&archive)?)?;
            Ok(false)
        }
    }
}

/// Makes sure that the method sees what it has to see.
fn check_controls(control: &Probe<'_>, profile: Profile) -> Result<()> {
    let links = |features: &str| -> Result<bool> {
        let archive = control.build(features, profile)?.map_err(anyhow::Error::msg)?;
        Ok(matches!(control.link(&archive)?, Linked::Whole { .. }))
    };
    let level = profile.level;
    ensure!(links("")?, "the control without a panic path does not link at level {level}");
    ensure!(!links("index")?, "the control that indexes a slice links at level {level}");
    ensure!(
        links("overflow")? != profile.overflow_checks,
        "the control that adds does not panic just when overflow is checked, at level {level}"
    );
    match control.build("alloc", profile)? {
        Ok(_) => bail!("the control that allocates builds at level {level}"),
        Err(said) => {
            let expected = ["can't find crate for `alloc`", "no global memory allocator found"];
            ensure!(
                expected.iter().any(|text| said.contains(text)),
                "it failed otherwise:\n{said}"
            );
        }
    }
    Ok(())
}

/// Runs a tool of the ARM toolchain on a file and hands back what it prints.
fn arm_tool(name: &str, arguments: &[&str]) -> Result<String> {
    let program = format!("arm-none-eabi-{name}");
    crate::process::capture(Command::new(&program).args(arguments))
        .with_context(|| format!("{program} is of the package binutils-arm-none-eabi"))
}
