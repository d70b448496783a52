//! Project automation: `cargo xtask COMMAND`.
//!
//! One file or folder a command; this file only chooses between them.

// A task runner talks to the person who runs it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod architecture;
mod bare_metal;
mod firmware;
mod fuzz;
mod interop;
mod licences;
mod no_panic;
mod portable;
mod process;
mod sizes;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The command line of `cargo xtask`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Project automation", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

/// What can be automated.
#[derive(Debug, Subcommand)]
enum Task {
    /// Run real mail clients against `ehlo serve`
    Interop(interop::Options),
    /// Prove that `core` has no panic path and allocates nothing; print its flash size
    NoPanic(no_panic::Options),
    /// Boot the firmware of `embedded-example` in QEMU, and have real clients talk to it
    Firmware(firmware::Options),
    /// Check that the core and the embedded adapter build where there is `core` alone, and where `usize`
    /// has 16 bits
    Portable,
    /// Measure what the core takes of flash and RAM, and check it against the budget
    Sizes(sizes::Options),
    /// Run the fuzz targets
    Fuzz(fuzz::Options),
    /// Check the rules of the house that a compiler does not check
    Architecture,
    /// Check that every dependency's licence is allowed by `deny.toml`
    Licences,
    /// Run cargo-deny, installing it first where it is missing
    Deny,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Interop(options) => interop::run(&options),
        Task::NoPanic(options) => no_panic::run(&options),
        Task::Firmware(options) => firmware::run(&options),
        Task::Portable => portable::run(),
        Task::Sizes(options) => sizes::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Architecture => architecture::run(),
        Task::Licences => licences::check(),
        Task::Deny => licences::deny(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
