//! `cargo xtask interop --servers`: `ehlo send` and `ehlo probe` against real servers.
//!
//! For each server program, each kind of TLS and each mechanism both sides have: with the right
//! credentials the message is stored octet by octet as it was sent; with wrong ones the client says so and
//! nothing is stored. [`client`] has the client's command line, [`kind`] what a server is, [`cells`] what
//! is checked; each server has a file. Templates of configurations are in `xtask/interop/servers`.

mod aiosmtpd;
mod bench;
mod cells;
mod client;
pub(super) mod daemon;
mod dovecot;
mod exim;
mod hostile;
mod kind;
mod postfix;
mod probed;
mod report;
mod sasl;
mod site;
mod smtp_server;

use core::sync::atomic::{AtomicUsize, Ordering};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use super::matrix::{Direction, Matrix};
use super::packages::Tools;
use super::report::{Failure, Outcome};
use super::table::{Mechanism, Need};
use super::work::Work;
use super::{Named, Options};
use crate::process;
use bench::Bench;
use client::Client;
pub(super) use kind::KINDS;
use kind::Kind;
use report::Check;
use site::Site;

/// Runs the client against the servers.
///
/// # Errors
///
/// Fails when something needed is missing, or a check fails.
pub(crate) fn run(
    options: &Options,
    kinds: &[&'static Kind],
    mechanisms: &[&'static Mechanism],
    matrix: &mut Matrix,
) -> Result<()> {
    if options.list {
        for kind in kinds {
            let names = mechanisms.iter().map(|mechanism| mechanism.name);
            let has: Vec<_> = names.filter(|name| kind.mechanisms.contains(name)).collect();
            println!("{}: {}", kind.name, has.join(", "));
        }
        return Ok(());
    }
    let needs: Vec<Need> = kinds.iter().flat_map(|kind| kind.needs).copied().collect();
    let folder = process::cache("interop");
    let tools = Tools::install(&needs, folder.join("tools"))?;
    if options.hold {
        let work = Work::create(site::folder(&folder), options.keep)?;
        return hold(kinds, &Site::new(&work, &tools)?);
    }
    let client = Client::new(options.program.as_deref())?;
    let work = Work::create(site::folder(&folder), options.keep)?;

    let begun = Instant::now();
    let site = Site::new(&work, &tools)?;
    let checks = all(kinds, mechanisms, &client, &site, options.jobs);
    let seconds = begun.elapsed().as_secs();
    for kind in kinds.iter().filter(|kind| !kind.mechanisms.is_empty()) {
        matrix.peer(Direction::Servers, kind.name, tools.version(kind.version));
    }
    matrix.extend(report::matrix(&checks));

    let (passed, failed) = report::counts(&checks);
    let (tables, failures) = (report::tables(&checks), report::failures(&checks));
    let text = format!("{tables}\n{passed} passed, {failed} failed ({seconds} s)\n{failures}");
    println!("{text}");
    let file = folder.join("report-servers.md");
    fs::write(&file, &text).with_context(|| format!("can't write {}", file.display()))?;
    match (passed, failed) {
        (0, 0) => bail!("nothing was checked"),
        (_, 0) => Ok(()),
        _ => bail!("{failed} of {} checks failed", passed + failed),
    }
}

impl Named for Kind {
    fn name(&self) -> &'static str {
        self.name
    }
}

/// Starts the servers for somebody who wants to try something.
fn hold(kinds: &[&'static Kind], site: &Site<'_>) -> Result<()> {
    let running = kinds.iter().map(|kind| (kind.start)(site)).collect::<Result<Vec<_>>>()?;
    for (kind, running) in kinds.iter().zip(&running) {
        let (starttls, implicit) = (running.starttls, running.implicit);
        println!("{}: {starttls} (STARTTLS), {implicit} (implicit TLS)", kind.name);
        println!("  mail goes to {}", running.mail.display());
    }
    for (user, password) in site::USERS {
        println!("user {user} has the password {password}");
    }
    println!("token of {}: {}", site::USERS[0].0, site.token);
    println!("authority: {}", site.authority().display());
    std::io::stdin().read_line(&mut String::new()).context("can't wait")?;
    Ok(())
}

/// Runs the servers, some at a time.
fn all(
    kinds: &[&'static Kind],
    mechanisms: &[&'static Mechanism],
    client: &Client,
    site: &Site<'_>,
    jobs: usize,
) -> Vec<Check> {
    let next = AtomicUsize::new(0);
    let checks = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(kind) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = Instant::now();
                    let done = match Bench::start(kind, client, site) {
                        Ok(mut bench) => cells::run(&mut bench, mechanisms),
                        Err(error) => vec![not_started(kind, &error)],
                    };
                    eprintln!("{}: {:.1} s", kind.name, begun.elapsed().as_secs_f32());
                    // A lock is only poisoned by a panic, and the scope passes that on.
                    if let Ok(mut checks) = checks.lock() {
                        checks.extend(done);
                    }
                }
            });
        }
    });
    checks.into_inner().unwrap_or_default()
}

/// The failure of a server that did not start.
fn not_started(kind: &Kind, error: &anyhow::Error) -> Check {
    let (reason, dialogue) = ("the server did not start".to_owned(), format!("{error:#}"));
    eprintln!("FAILED {}: {reason}: {dialogue}", kind.name);
    let outcome = Outcome::Failed(Failure { reason, dialogue });
    let column = report::OTHERS[report::OTHERS.len() - 1];
    Check { server: kind.name, row: "", column, outcome }
}

/// Where the templates and scripts are.
fn sources() -> PathBuf {
    process::root().join("xtask/interop/servers")
}

/// Runs a program with a text as its standard input, and hands back its standard output.
fn feed(command: &mut Command, text: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't start {}", command.get_program().display()))?;
    // A program that does not read it says why.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(anyhow!(
            "{} ended with {}: {said}",
            command.get_program().display(),
            output.status
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
