//! `cargo xtask fuzz`: each fuzz target for a time, from the transcripts on.

mod seeds;

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::process::{cache, capture, is_there, root, run as start};

/// No input may take longer than this, in seconds.
const SLOWEST: u32 = 10;

/// What `cargo xtask fuzz` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 600)]
    seconds: u64,

    /// Run only this target (may repeat)
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
}

/// Runs the targets one after the other.
///
/// # Errors
///
/// Fails when a target finds something, and when there is no toolchain for it.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !is_there("cargo-fuzz") {
        start(Command::new("cargo").args(["install", "--locked", "cargo-fuzz"]))?;
    }
    let (toolchain, sanitizer) = toolchain()?;
    println!("fuzzing with the {toolchain} toolchain, sanitizer: {sanitizer}");

    let all = targets()?;
    let asked = if options.target.is_empty() { &all } else { &options.target };
    let mut found = Vec::new();
    for target in asked {
        ensure!(all.contains(target), "no target {target:?}; there are {}", all.join(", "));
        let corpus = root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&corpus)?;
        let seeds = cache("fuzz-seeds").join(target);
        let count = seeds::write(target, &seeds)?;
        println!("\n{target}: {} s, {count} seeds", options.seconds);
        let began = Instant::now();
        let outcome = start(
            Command::new("rustup")
                .args(["run", toolchain, "cargo", "fuzz", "run", "--fuzz-dir"])
                .arg(root().join("fuzz"))
                .args(["--sanitizer", sanitizer, target])
                .arg(&corpus)
                .arg(&seeds)
                .arg("--")
                .arg(format!("-max_total_time={}", options.seconds))
                .arg(format!("-timeout={SLOWEST}"))
                .arg(format!("-dict={}", root().join("fuzz/smtp.dict").display()))
                // The statistics of a short run say little, and its words fill the screen.
                .args(["-max_len=16384", "-verbosity=0"])
                .current_dir(root())
                // Of the cargo that runs this task; the toolchain asked for has its own.
                .env_remove("CARGO")
                .env_remove("RUSTFLAGS"),
        );
        println!("{target}: {} s", began.elapsed().as_secs());
        if let Err(error) = outcome {
            eprintln!("{error:#}");
            found.push(target.as_str());
        }
    }
    ensure!(found.is_empty(), "findings in {}; see fuzz/artifacts", found.join(", "));
    Ok(())
}

/// The toolchain to use, and the sanitizer it has: only nightly knows them.
fn toolchain() -> Result<(&'static str, &'static str)> {
    let installed = capture(Command::new("rustup").args(["toolchain", "list"]))
        .context("fuzzing chooses its toolchain by rustup")?;
    for (name, sanitizer) in [("nightly", "address"), ("stable", "none")] {
        if installed.lines().any(|line| line.starts_with(name)) {
            return Ok((name, sanitizer));
        }
    }
    bail!("neither the nightly nor the stable toolchain is installed")
}

/// The names of all targets.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let name = file?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
