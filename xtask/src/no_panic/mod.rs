//! `cargo xtask no-panic`: the proof that `core`, and what `ehlo-embedded` polls, have no panic path and
//! allocate nothing.
//!
//! A static library drives a whole connection, of a server or of a client, with functions the compiler
//! can't see through. Its panic handler calls a function that exists nowhere, so it links only when no path
//! leads to a panic: not a test of some inputs but of all. It has no allocator, so it builds only when
//! nothing allocates. Beside it stand controls that must fail in just these two ways; if one of them links,
//! the command fails.

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

/// A program to link.
struct Program {
    probe: &'static str,
    features: &'static str,
    /// What stands in the table for both.
    title: &'static str,
    /// What the smallest level is for.
    smallest: Role,
}

const PROGRAMS: [Program; 9] = [
    program("types", "", "parsers and printers", Role::Proof),
    program("server", "", "server", Role::Proof),
    program("server", "passwords", "server, no hash", Role::Proof),
    program("server", "mechanisms", "server, mechanisms", Role::Size),
    program("client", "", "client, PLAIN", Role::Proof),
    program("client", "mechanisms", "client, mechanisms", Role::Size),
    program("client", "mechanisms,commands", "client, all of it", Role::Size),
    program("polled", "", "what is polled, PLAIN", Role::Proof),
    program("polled", "mechanisms", "what is polled, four", Role::Size),
];

const fn program(
    probe: &'static str,
    features: &'static str,
    title: &'static str,
    smallest: Role,
) -> Program {
    Program { probe, features, title, smallest }
}

/// What the client's probe says of its room in memory: the name in the symbol table, and in words.
const KEPT: [(&str, &str); 2] = [
    ("SIZE_OF_CONNECTION", "client::Connection"),
    ("SIZE_OF_SUBMISSION", "client::submission::Submission"),
];

/// What a level is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The program has to link.
    Proof,
    /// The size counts; that it links would be a gift.
    Size,
    /// The program has to link if it is one of which that is known at this level, by
    /// [`Program::smallest`].
    Smallest,
    /// Only looked at when asked for.
    OnDemand,
}

/// Whether a panic is reachable is a fact of the source, and a level that rules it out has done so for
/// all. At `z` and 1 the compiler does not look far enough into the crates we use (a length that is not
/// known across a call) to see what it sees at `s` and 3; into the rounds of MD4, which are a loop over a
/// table of indices, at 3 alone, so that the probes have that crate at 3. With overflow checked, every sum is one more
/// panic to be ruled out.
const PROFILES: [(Profile, Role); 6] = [
    (Profile { level: "z", overflow_checks: false }, Role::Smallest),
    (Profile { level: "s", overflow_checks: false }, Role::Proof),
    (Profile { level: "3", overflow_checks: false }, Role::Proof),
    (Profile { level: "1", overflow_checks: false }, Role::OnDemand),
    (Profile { level: "z", overflow_checks: true }, Role::OnDemand),
    (Profile { level: "s", overflow_checks: true }, Role::OnDemand),
];

/// What `cargo xtask no-panic` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The optimisation levels that have to prove it (z, s, 1, 3), in place of s and 3
    #[arg(long, value_delimiter = ',', value_name = "LEVEL,…")]
    level: Vec<String>,

    /// Have overflow panic; at z and s only
    #[arg(long)]
    overflow_checks: bool,

    /// Try only this probe (types, server, client, polled)
    #[arg(long, value_name = "NAME")]
    probe: Option<String>,
}

/// Runs the proof and prints the flash sizes of the machines, and what a client keeps.
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

    let named = |profile: &Profile| options.level.iter().any(|level| level == profile.level);
    let asked = |(profile, role): (Profile, Role)| match options.level.is_empty() {
        _ if profile.overflow_checks != options.overflow_checks => None,
        true if options.overflow_checks => Some((profile, Role::Proof)),
        true => (role != Role::OnDemand).then_some((profile, role)),
        false => named(&profile).then_some((profile, Role::Proof)),
    };
    let profiles: Vec<(Profile, Role)> = PROFILES.into_iter().filter_map(asked).collect();
    let probe_asked = |name: &str| options.probe.as_ref().is_none_or(|asked| asked == name);
    let mut programs = PROGRAMS.into_iter().filter(|program| probe_asked(program.probe)).peekable();
    ensure!(!profiles.is_empty(), "no such level; there are z, s, 1 and 3");
    ensure!(programs.peek().is_some(), "no such probe; there are types, server, client and polled");

    let control = Probe::new(&toolchain, "control")?;
    for (profile, _) in &profiles {
        check_controls(&control, *profile)?;
    }
    println!("controls: a panic path and an allocation are refused at every level");

    println!("{:<22}{:<7}{:>7}{:>8}{:>8}", "", "level", "text", "rodata", "flash");
    let mut reachable = 0;
    let mut kept = Vec::new();
    for Program { probe, features, title, smallest } in programs {
        let probe = Probe::new(&toolchain, probe)?;
        for (profile, role) in &profiles {
            print!("{title:<22}{:<7}", profile.level);
            let role = if *role == Role::Smallest { smallest } else { *role };
            reachable += u32::from(!holds(&probe, features, *profile, role)?);
        }
        kept = probe.sizes_of(&KEPT)?;
    }
    for (what, octets) in kept {
        println!("{what}: {octets} octets, its buffers aside");
    }
    ensure!(reachable == 0, "a panic is reachable in {reachable} builds");
    println!("no panic path and no allocation is reachable");
    Ok(())
}

/// Builds and links one probe and ends its line of the table; `false` when it fails in its role.
fn holds(probe: &Probe<'_>, features: &str, profile: Profile, role: Role) -> Result<bool> {
    let built = probe.build(features, profile)?;
    let archive = built.map_err(|said| anyhow::anyhow!("the probe does not build:\n{said}"))?;
    let (elf, proven) = match probe.link(&archive)? {
        Linked::Whole { elf } => (elf, true),
        Linked::PanicReachable => (probe.link_anyhow(&archive)?, false),
    };
    let size = probe.size(&elf)?;
    let verdict = match (proven, role) {
        (true, _) => "can't panic",
        (false, Role::Size) => "size only",
        (false, _) => "CAN PANIC:",
    };
    let flash = size.text + size.rodata;
    println!("{:>7}{:>8}{flash:>8}  {verdict}", size.text, size.rodata);
    if !proven && role != Role::Size {
        explain::print(&elf)?;
    }
    Ok(proven || role == Role::Size)
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
