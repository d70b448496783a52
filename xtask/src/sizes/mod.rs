//! `cargo xtask sizes`: what the core costs a firmware, in flash and in RAM.
//!
//! Small applications of `xtask/probes/figures` are linked as a firmware is: for the part, at
//! `opt-level = "z"`, with fat LTO, and without what nothing reaches. The board's own functions stay outside.
//! What is measured goes to `embedded-example/SIZES.md` and may not exceed `embedded-example/budget.toml`.

mod budget;
mod explain;
mod program;
mod report;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

pub(crate) use self::budget::Budget;
use self::program::{Build, Size};
use crate::bare_metal::Toolchain;

/// The parts, smallest first; the figures of the documents are those of the second.
const TARGETS: [(&str, &str); 4] = [
    ("thumbv6m-none-eabi", "Cortex-M0+"),
    (CORTEX_M3, "Cortex-M3"),
    ("thumbv7em-none-eabihf", "Cortex-M4F"),
    ("riscv32imc-unknown-none-elf", "RISC-V (imc)"),
];

const CORTEX_M3: &str = "thumbv7m-none-eabi";

/// An application to link.
#[derive(Clone, Copy, Debug)]
struct Program {
    /// What it is called in the budget, and on the command line.
    name: &'static str,
    title: &'static str,
    /// The program of the probe.
    binary: &'static str,
    features: &'static str,
}

const ALL: &str = "application,extensions,texts,plain,login,cram-md5,oauth,scram-sha-1,scram-sha-256,\
    scram-sha-512,digest-md5,ntlm,gssapi";

const PROGRAMS: [Program; 8] = [
    program("server-plain", "server, PLAIN", "server", "plain"),
    program("server-cram-md5", "server, PLAIN, LOGIN, CRAM-MD5", "server", "plain,login,cram-md5"),
    program(
        "server-scram",
        "server, those and SCRAM-SHA-256",
        "server",
        "plain,login,cram-md5,scram-sha-256",
    ),
    program("server-all", "server, every mechanism", "server", ALL),
    program("connection-plain", "client, PLAIN, each command said", "connection", "plain"),
    program("client-plain", "client, PLAIN, by `Submission`", "submission", "plain"),
    program("client-all", "client, every mechanism", "submission", ALL),
    program("both-all", "both sides, every mechanism", "both", ALL),
];

/// Those of which the document says where their flash goes.
const EXPLAINED: [&str; 3] = ["server-plain", "server-scram", "client-plain"];

const fn program(
    name: &'static str,
    title: &'static str,
    binary: &'static str,
    features: &'static str,
) -> Program {
    Program { name, title, binary, features }
}

/// The mechanisms, each by its feature; and the features that are none.
const MECHANISMS: [(&str, &str); 13] = [
    ("PLAIN", "plain"),
    ("LOGIN", "login"),
    ("CRAM-MD5", "cram-md5"),
    ("SCRAM-SHA-1", "scram-sha-1"),
    ("SCRAM-SHA-256", "scram-sha-256"),
    ("SCRAM-SHA-512", "scram-sha-512"),
    ("all three of SCRAM", "scram-sha-1,scram-sha-256,scram-sha-512"),
    ("XOAUTH2 and OAUTHBEARER", "oauth"),
    ("DIGEST-MD5", "digest-md5"),
    ("NTLM", "ntlm"),
    ("GSSAPI, without the library", "gssapi"),
    ("feature `extensions`", "extensions"),
    ("feature `texts`", "texts"),
];

/// What `cargo xtask sizes` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write `embedded-example/SIZES.md`
    #[arg(long)]
    write: bool,

    /// Make what was measured the budget
    #[arg(long, conflicts_with_all = ["target", "program"])]
    set_budget: bool,

    /// Measure for this target only
    #[arg(long, value_name = "TARGET", conflicts_with = "write")]
    target: Option<String>,

    /// Measure this program only
    #[arg(long, value_name = "NAME", conflicts_with = "write")]
    program: Option<String>,

    /// Measure what each mechanism takes too, as with --write
    #[arg(long)]
    mechanisms: bool,

    /// Print where a program's flash goes, by function, by crate and by file
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["write", "set_budget"])]
    explain: Option<String>,

    /// Lines of each list of `--explain`
    #[arg(long, value_name = "N", default_value_t = 50)]
    lines: usize,
}

/// What was measured.
#[derive(Debug, Default)]
struct Figures {
    /// By target and program, in their order.
    programs: Vec<(&'static str, Vec<(Program, Size)>)>,
    mechanisms: Option<Prices>,
    /// Where the instructions of some programs are from, on a Cortex-M3.
    parts: Vec<(&'static str, Vec<(String, u64)>)>,
    compiler: String,
}

/// A server and a client on a Cortex-M3.
#[derive(Debug)]
struct Prices {
    /// Without a mechanism of those that are measured.
    none: [Size; 2],
    /// With one, in the order of [`MECHANISMS`].
    with: Vec<(&'static str, [Size; 2])>,
}

impl Figures {
    /// What a program takes on a target.
    fn size(&self, target: &str, name: &str) -> Option<&Size> {
        let (_, sizes) = self.programs.iter().find(|(measured, _)| *measured == target)?;
        sizes.iter().find(|(program, _)| program.name == name).map(|(_, size)| size)
    }
}

/// Measures, prints, and checks the budget.
///
/// # Errors
///
/// Fails when something does not build, and when it is larger than the budget has it.
pub(crate) fn run(options: &Options) -> Result<()> {
    program::check_features(ALL)?;
    if let Some(name) = &options.explain {
        return explain(name, options);
    }
    let targets: Vec<_> = TARGETS
        .into_iter()
        .filter(|(target, _)| options.target.as_ref().is_none_or(|asked| asked == target))
        .collect();
    ensure!(!targets.is_empty(), "no such target; there are {}", TARGETS.map(|t| t.0).join(", "));
    let asked =
        |program: &Program| options.program.as_ref().is_none_or(|name| name == program.name);
    ensure!(PROGRAMS.iter().any(asked), "no such program; there are {}", names());

    let mut figures = Figures::default();
    for (target, part) in targets {
        let toolchain = Toolchain::find(target)?;
        let description = toolchain.describe()?;
        println!("{part}: {description}");
        println!("{:<38}{:>7}{:>8}{:>6}{:>8}{:>8}", "", "text", "rodata", "data", "flash", "state");
        let build = Build::new(&toolchain, target)?;
        let mut sizes = Vec::new();
        for program in PROGRAMS.into_iter().filter(asked) {
            let size = build.size(program.binary, program.features)?;
            println!("{:<38}{size}", program.title);
            sizes.push((program, size));
        }
        figures.programs.push((target, sizes));
        // Twenty-two programs more, which no budget is for.
        if target == CORTEX_M3 && (options.write || options.mechanisms) {
            figures.compiler = description.replacen(target, "", 1).trim().to_owned();
            figures.mechanisms = Some(mechanisms(&build)?);
            for program in PROGRAMS.iter().filter(|program| EXPLAINED.contains(&program.name)) {
                let elf = build.link(program.binary, program.features)?;
                figures.parts.push((program.title, explain::parts(&elf)?));
            }
        }
    }

    if options.write {
        report::write(&figures)?;
    }
    let budget = Budget::read()?;
    if options.set_budget {
        return budget.set(&figures);
    }
    budget.check(&figures)
}

/// What each mechanism adds to a server and to a client that have none.
fn mechanisms(build: &Build<'_>) -> Result<Prices> {
    let sizes = |features: &str| -> Result<[Size; 2]> {
        Ok([build.size("server", features)?, build.size("submission", features)?])
    };
    let none = sizes("")?;
    println!("{:<38}{:>13}{:>13}", "", "server", "client");
    println!("{:<38}{:>13}{:>13}", "no mechanism", none[0].flash(), none[1].flash());
    let mut with = Vec::new();
    for (title, features) in MECHANISMS {
        let size = sizes(features)?;
        let price = |side: usize| size[side].flash().saturating_sub(none[side].flash());
        println!("{title:<38}{:>+13}{:>+13}", price(0), price(1));
        with.push((title, size));
    }
    Ok(Prices { none, with })
}

/// Prints where the flash of one program goes.
fn explain(name: &str, options: &Options) -> Result<()> {
    let Some(program) = PROGRAMS.into_iter().find(|program| program.name == name) else {
        bail!("no such program; there are {}", names());
    };
    let target = options.target.as_deref().unwrap_or(CORTEX_M3);
    let toolchain = Toolchain::find(target)?;
    println!("{}: {}", program.title, toolchain.describe()?);
    let build = Build::new(&toolchain, target)?;
    let elf = build.link(program.binary, program.features)?;
    explain::print(&elf, options.lines).with_context(|| elf.display().to_string())
}

fn names() -> String {
    PROGRAMS.map(|program| program.name).join(", ")
}
