//! `ehlo`: a submission server in one command.

mod exit;
mod log;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An SMTP submission server to run, to test against and to try things with.
#[derive(Debug, Parser)]
#[command(name = "ehlo", version, max_term_width = 100, subcommand_required = true)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes authenticated mail over TLS and stores it
    Serve(Box<serve::Options>),
}

fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => return exit::usage(&error),
    };
    let end = match program.command {
        Command::Serve(options) => serve::run(*options),
    };
    end.unwrap_or_else(|failure| exit::failed(&failure))
}
