//! `cargo xtask firmware`: builds the programs of `embedded-example`, boots each in QEMU, and has real
//! clients and our own server talk to it.

mod checks;
mod clients;
mod endpoint;
mod machine;
mod mail;
mod raw;
mod sensor;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use self::checks::Checks;
use self::clients::{FROM, PASSWORD, TO, USER, Way};
use self::machine::{Line, Start};
use crate::bare_metal::Toolchain;
use crate::process::{cache, output, root};
use crate::sizes::Budget;

/// A board that QEMU emulates.
#[derive(Clone, Copy, Debug)]
struct Board {
    /// QEMU's name of it, and our feature.
    name: &'static str,
    /// The network interface.
    model: &'static str,
    target: &'static str,
}

const LM3S: Board = Board { name: "lm3s6965evb", model: "stellaris", target: "thumbv7m-none-eabi" };
const MPS2: Board = Board { name: "mps2-an386", model: "lan9118", target: "thumbv7em-none-eabihf" };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Endpoint,
    /// Over TLS, which takes a heap.
    EndpointTls,
    Sensor,
    SensorTls,
}

impl Kind {
    const fn is_endpoint(self) -> bool {
        matches!(self, Self::Endpoint | Self::EndpointTls)
    }

    const fn has_tls(self) -> bool {
        matches!(self, Self::EndpointTls | Self::SensorTls)
    }

    /// The ports where an endpoint listens, each with how the way to it is protected.
    fn ways(self) -> Vec<(u16, Way)> {
        match self {
            Self::Endpoint => vec![(25, Way::Clear)],
            Self::EndpointTls => {
                let authority = certificates().join("authority.pem");
                vec![(587, Way::StartTls(authority.clone())), (465, Way::Implicit(authority))]
            }
            Self::Sensor | Self::SensorTls => Vec::new(),
        }
    }
}

/// A program of `embedded-example`.
#[derive(Clone, Copy, Debug)]
struct Program {
    name: &'static str,
    kind: Kind,
    boards: &'static [Board],
}

const PROGRAMS: [Program; 6] = [
    Program { name: "endpoint-async", kind: Kind::Endpoint, boards: &[LM3S, MPS2] },
    Program { name: "endpoint-superloop", kind: Kind::Endpoint, boards: &[LM3S, MPS2] },
    Program { name: "endpoint-tls", kind: Kind::EndpointTls, boards: &[MPS2] },
    Program { name: "sensor", kind: Kind::Sensor, boards: &[LM3S, MPS2] },
    Program { name: "sensor-superloop", kind: Kind::Sensor, boards: &[LM3S, MPS2] },
    Program { name: "sensor-tls", kind: Kind::SensorTls, boards: &[MPS2] },
];

/// What there is on this host.
#[derive(Clone, Copy, Debug)]
struct Here<'a> {
    /// A folder for what the checks write.
    work: &'a Path,
    /// Our program.
    ehlo: &'a Path,
}

/// What `cargo xtask firmware` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Check these programs only
    #[arg(long, value_delimiter = ',', value_name = "PROGRAM,…")]
    only: Vec<String>,

    /// Check on this board only
    #[arg(long, value_name = "BOARD")]
    board: Option<String>,

    /// Start this program and leave it running, to send mail to by hand
    #[arg(long, value_name = "PROGRAM")]
    hold: Option<String>,

    /// The `ehlo` program, in place of building it
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,

    /// Print what is said on the serial port too
    #[arg(long)]
    serial: bool,
}

/// Builds, boots and checks.
///
/// # Errors
///
/// Fails when a check does, and when something is missing that can't be installed.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(name) = &options.hold {
        return hold(name, options);
    }
    let named =
        |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    ensure!(
        PROGRAMS.iter().any(|program| named(program.name)),
        "no such program; there are {}",
        names()
    );
    let ehlo = clients::prepare(options.program.as_deref())?;
    let work = work()?;
    let mut checks = Checks::default();
    let mut stacks: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for program in PROGRAMS.iter().filter(|program| named(program.name)) {
        let asked = |board: &&Board| options.board.as_ref().is_none_or(|name| name == board.name);
        for board in program.boards.iter().filter(asked) {
            let elf = build(program, *board)?;
            checks.about(&format!("{} on {}", program.name, board.name));
            let start = Start {
                board: *board,
                elf,
                words: Vec::new(),
                ports: program.kind.ways().iter().map(|(port, _)| (*port, 0)).collect(),
                outwards: false,
                print: options.serial,
            };
            let here = Here { work: &work, ehlo: &ehlo };
            let stack = if program.kind.is_endpoint() {
                endpoint::check(&start, &program.kind.ways(), here, &mut checks)?
            } else {
                let certificates = program.kind.has_tls().then(certificates);
                sensor::check(&start, certificates.as_deref(), here, &mut checks)?
            };
            checks.check("its stack is within the budget", || {
                let used = stack.context("it has not said how much of its stack is in use")?;
                stacks.insert((program.name, board.name), used);
                Budget::read()?.stack(program.name, board.name, used)
            });
        }
    }
    println!("\nmost of the stack that was ever in use, in octets:");
    for ((program, board), used) in stacks {
        println!("  {program:<20}{board:<14}{used:>6}");
    }
    println!("\n{} checks passed, {} failed", checks.passed, checks.failed.len());
    if checks.failed.is_empty() {
        fs::remove_dir_all(&work)?;
        return Ok(());
    }
    bail!("{}; what was sent and kept is in {}", checks.failed.join("; "), work.display());
}

/// Builds a program for a board.
fn build(program: &Program, board: Board) -> Result<PathBuf> {
    let toolchain = match program.kind.has_tls() {
        true => Toolchain::find_with_alloc(board.target)?,
        false => Toolchain::find(board.target)?,
    };
    // One folder for each: with another compiler's library everything would be built anew.
    let folder = if program.kind.has_tls() { "firmware-tls" } else { "firmware" };
    let folder = cache("bare-metal").join(folder);
    let name = program.name;
    let mut cargo = toolchain.cargo("build");
    cargo
        .current_dir(root().join("embedded-example"))
        .env("CARGO_TARGET_DIR", &folder)
        .env("EHLO_EXAMPLE_CERTIFICATES", certificates())
        .args(["--quiet", "--release", "--locked", "--package", name, "--features", board.name]);
    let done = output(&mut cargo)?;
    if !done.status.success() {
        bail!("{name} does not build:\n{}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(folder.join(board.target).join("release").join(name))
}

/// Where the builds keep the certificates of the boards and of this host.
fn certificates() -> PathBuf {
    cache("bare-metal").join("certificates")
}

/// A folder for what the checks of this run write.
fn work() -> Result<PathBuf> {
    let work = cache("firmware").join(std::process::id().to_string());
    fs::create_dir_all(&work)?;
    Ok(work)
}

/// Starts a board and waits until it is stopped.
fn hold(name: &str, options: &Options) -> Result<()> {
    let Some(program) = PROGRAMS.iter().find(|program| program.name == name) else {
        bail!("no such program; there are {}", names());
    };
    let asked = |board: &&&Board| options.board.as_ref().is_none_or(|name| name == board.name);
    let board = program.boards.iter().find(|board| asked(&board)).context("not for this board")?;
    if !crate::process::is_there(machine::QEMU) {
        crate::process::apt_install(&["qemu-system-arm"])?;
    }
    let elf = build(program, *board)?;
    let ways = program.kind.ways();
    let start = Start {
        board: *board,
        elf,
        words: Vec::new(),
        ports: ways.iter().map(|(port, _)| (*port, 2500 + port)).collect(),
        outwards: !program.kind.is_endpoint(),
        print: true,
    };
    let mut command = start.command();
    println!("{}\n\nin another terminal:\n", Line(&command));
    for (port, way) in &ways {
        let tls = match way {
            Way::Clear => String::new(),
            Way::StartTls(ca) => format!(" --tls --tls-verify --tls-ca-path {}", ca.display()),
            Way::Implicit(ca) => {
                format!(" --tls-on-connect --tls-verify --tls-ca-path {}", ca.display())
            }
        };
        println!(
            "  swaks --server localhost:{}{tls} --auth-user {USER} --auth-password {PASSWORD} \
             --from {FROM} --to {TO}",
            2500 + port
        );
    }
    if ways.is_empty() {
        let tls = match program.kind.has_tls() {
            true => {
                let (cert, key) =
                    (certificates().join("host.pem"), certificates().join("host-key.pem"));
                format!("--cert {} --key {}", cert.display(), key.display())
            }
            false => "--allow-insecure-auth".to_owned(),
        };
        println!("  cargo run -- serve {tls} --user sensor:correct-horse --auth SCRAM-SHA-256");
        println!("\nThe board begins at once: start that before this.");
    }
    println!("\nCtrl-C stops it.\n");
    crate::process::run(command.stdin(std::process::Stdio::null()))
}

fn names() -> String {
    PROGRAMS.map(|program| program.name).join(", ")
}

impl Way {
    /// What stands behind a client's name.
    fn title(&self) -> &'static str {
        match self {
            Self::Clear => "",
            Self::StartTls(_) => " over STARTTLS",
            Self::Implicit(_) => " over TLS",
        }
    }
}
