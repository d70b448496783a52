//! `ehlo`: a submission server in one command.

// A test that fails is meant to panic.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod credentials;
mod exit;
mod kerberos;
mod log;
mod probe;
mod send;
mod serve;
mod trust;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An SMTP submission server to run, to test against and to try things with
#[derive(Debug, Parser)]
#[command(name = "ehlo", version, max_term_width = 100, subcommand_required = true)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take authenticated mail over TLS and store it
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<serve::Options>),
    /// Send a message, and say what became of it
    #[command(after_help = send::EXAMPLES)]
    Send(Box<send::Options>),
    /// Look at a server: what it offers, its certificate, how it logs in
    #[command(after_help = probe::EXAMPLES)]
    Probe(Box<probe::Options>),
    /// Make and change a file of users, for `serve --users`
    #[command(subcommand)]
    User(user::Command),
}

fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => return exit::usage(&error),
    };
    let end = match program.command {
        Command::Serve(options) => serve::run(*options),
        Command::Send(options) => send::run(&options),
        Command::Probe(options) => probe::run(&options),
        Command::User(command) => user::run(&command),
    };
    end.unwrap_or_else(|failure| exit::failed(&failure))
}
