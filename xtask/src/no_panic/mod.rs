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

/// What is built: with and without the mechanisms, as releases are, and so that more could panic.
const BUILDS: [Build; 7] = [
    Build { features: "", profile: Profile { level: "z", overflow_checks: false } },
    Build { features: "mechanisms", profile: Profile { level: "z", overflow_checks: false } },
    Build { features: "mechanisms", profile: Profile { level: "s", overflow_checks: false } },
    Build { features: "mechanisms", profile: Profile { level: "1", overflow_checks: false } },
    Build { features: "mechanisms", profile: Profile { level: "3", overflow_checks: false } },
    Build { features: "mechanisms", profile: Profile { level: "z", overflow_checks: true } },
    Build { features: "mechanisms", profile: Profile { level: "s", overflow_checks: true } },
];

/// One line of the table.
struct Build {
    features: &'static str,
    profile: Profile,
}

/// What `cargo xtask no-panic` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Try only these optimisation levels (z, s, 1, 3)
    #[arg(long, value_delimiter = ',', value_name = "LEVEL,…")]
    level: Vec<String>,
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

    let asked = |build: &&Build| {
        options.level.is_empty() || options.level.iter().any(|level| level == build.profile.level)
    };
    let builds: Vec<&Build> = BUILDS.iter().filter(asked).collect();
    ensure!(!builds.is_empty(), "no such level; there are z, s, 1 and 3");

    let control = Probe::new(&toolchain, "control")?;
    for build in &builds {
        check_controls(&control, build.profile)?;
    }
    println!("controls: a panic path and an allocation are refused at every level");

    let server = Probe::new(&toolchain, "server")?;
    let mut reachable = 0;
    println!(
        "{:<12}{:<7}{:<10}{:>7}{:>8}{:>8}",
        "features", "level", "overflow", "text", "rodata", "flash"
    );
    for build in &builds {
        let features = if build.features.is_empty() { "none" } else { build.features };
        let checks = if build.profile.overflow_checks { "checked" } else { "wraps" };
        print!("{features:<12}{:<7}{checks:<10}", build.profile.level);
        let archive = server
            .build(build.features, build.profile)?
            .map_err(|said| anyhow::anyhow!("the server probe does not build:\n{said}"))?;
        match server.link(&archive)? {
            Linked::Whole { elf } => {
                let size = server.size(&elf)?;
                println!("{:>7}{:>8}{:>8}", size.text, size.rodata, size.text + size.rodata);
            }
            Linked::PanicReachable => {
                println!("  a panic is reachable:");
                reachable += 1;
                explain::print(&server.link_anyhow(&archive)?)?;
            }
        }
    }
    ensure!(reachable == 0, "{reachable} of {} builds can panic", builds.len());
    println!("no panic path and no allocation is reachable in the server machine");
    Ok(())
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
