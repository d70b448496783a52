//! Real clients that submit a message to a board.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use crate::process::{apt_install, cache, is_there, output, root, run};

/// Who may log in, as `embedded-example/app/src/users.rs` has it.
pub(super) const USER: &str = "tim";
pub(super) const PASSWORD: &str = "tanstaaftanstaaf";
pub(super) const FROM: &str = "tim@example.org";
pub(super) const TO: &str = "box@board.example";

/// How long a client may take.
const SECONDS: &str = "60";

/// A client program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Swaks,
    Smtplib,
    Ehlo,
    /// Logs in, and submits nothing.
    Gsasl,
}

/// How the way to the board is protected, and by which authority.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Clear,
    StartTls(PathBuf),
    Implicit(PathBuf),
}

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// The server refused the credentials.
    Refused,
}

impl Client {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Swaks => "swaks",
            Self::Smtplib => "smtplib",
            Self::Ehlo => "ehlo send",
            Self::Gsasl => "gsasl",
        }
    }

    /// Whether it submits a message behind the login.
    pub(super) const fn submits(self) -> bool {
        !matches!(self, Self::Gsasl)
    }

    /// The mechanisms it has, of those that an endpoint offers.
    pub(super) const fn mechanisms(self, way: &Way) -> &'static [&'static str] {
        match self {
            // What is tied to the TLS connection is there under TLS alone.
            Self::Ehlo if !matches!(way, Way::Clear) => {
                &["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]
            }
            // It says that it could tie SCRAM to the connection, and then doesn't.
            Self::Gsasl if !matches!(way, Way::Clear) => &[],
            Self::Swaks | Self::Smtplib => &["PLAIN", "LOGIN", "CRAM-MD5"],
            Self::Ehlo => &["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"],
            Self::Gsasl => &["SCRAM-SHA-256", "CRAM-MD5"],
        }
    }

    /// Logs in and submits the message in this file.
    ///
    /// # Errors
    ///
    /// Fails when the program does anything but succeed or have its credentials refused.
    pub(super) fn submit(
        self,
        ehlo: &Path,
        way: &Way,
        port: u16,
        mechanism: &str,
        password: &str,
        file: &Path,
    ) -> Result<Outcome> {
        let done = match self {
            Self::Swaks => swaks(way, port, mechanism, password, file),
            Self::Smtplib => smtplib(way, port, mechanism, password, file, 1),
            Self::Ehlo => send(ehlo, way, port, mechanism, password, file),
            Self::Gsasl => gsasl(port, mechanism, password),
        }?;
        let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        let refused = match self {
            Self::Swaks => done.status.code() == Some(28) && said.contains("535 5.7.8"),
            Self::Smtplib => done.status.code() == Some(77) && said.contains("535"),
            Self::Ehlo => done.status.code() == Some(77) && said.contains("535"),
            Self::Gsasl => !done.status.success() && said.contains("535 5.7.8"),
        };
        if refused {
            return Ok(Outcome::Refused);
        }
        let code = done.status.code().unwrap_or(-1);
        ensure!(done.status.success(), "{} ended with {code}:\n{said}", self.name());
        Ok(Outcome::Done)
    }
}

/// Many sessions of smtplib, one behind the other; how many there were.
///
/// # Errors
///
/// Fails when one of them does.
pub(super) fn sessions(way: &Way, port: u16, file: &Path, count: usize) -> Result<()> {
    let done = smtplib(way, port, "CRAM-MD5", PASSWORD, file, count)?;
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    ensure!(said.contains(&format!("{count} sessions")), "smtplib: {said}");
    Ok(())
}

/// Installs the clients, and builds ours where it is not given; where that is.
///
/// # Errors
///
/// Fails when one is missing and can't be installed.
pub(super) fn prepare(program: Option<&Path>) -> Result<PathBuf> {
    let wanted = [
        ("swaks", "swaks"),
        ("gsasl", "gsasl"),
        ("python3", "python3"),
        (super::machine::QEMU, "qemu-system-arm"),
    ];
    let missing: Vec<&str> =
        wanted.iter().filter(|(name, _)| !is_there(name)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        apt_install(&missing)?;
    }
    if let Some(program) = program {
        return program.canonicalize().with_context(|| program.display().to_string());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(root()).args(["build", "--quiet", "-p", "ehlo-cli"]);
    run(&mut build).context("ehlo does not build")?;
    Ok(cache("debug").join("ehlo"))
}

/// A command that is killed when it takes too long.
fn bounded(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=1", SECONDS]).arg(program);
    command
}

fn swaks(way: &Way, port: u16, mechanism: &str, password: &str, file: &Path) -> Result<Output> {
    // It puts a line end behind whatever it is given.
    let mut octets = fs::read(file)?;
    octets.truncate(octets.len().saturating_sub(2));
    let file = file.with_extension("swaks");
    fs::write(&file, octets)?;
    let mut command = bounded("swaks");
    command
        .args(["--server", &format!("localhost:{port}"), "--auth", mechanism])
        .args(["--auth-user", USER, "--auth-password", password, "--helo", "client.example"])
        .args(["--from", FROM, "--to", TO, "--data", &format!("@{}", file.display())]);
    if let Some(authority) = way.authority() {
        command.arg(if matches!(way, Way::Implicit(_)) { "--tls-on-connect" } else { "--tls" });
        command.arg("--tls-verify").arg("--tls-ca-path").arg(authority);
    }
    output(&mut command)
}

fn smtplib(
    way: &Way,
    port: u16,
    mechanism: &str,
    password: &str,
    file: &Path,
    count: usize,
) -> Result<Output> {
    // Many sessions take as long as they take, within reason.
    let seconds = 60 + count;
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=1", &seconds.to_string(), "python3"])
        .arg(root().join("xtask/firmware/submit.py"))
        .args([&port.to_string(), mechanism, USER, FROM, TO])
        .arg(file)
        .arg(count.to_string())
        .env("PASSWORD", password);
    if let Some(authority) = way.authority() {
        command.arg(if matches!(way, Way::Implicit(_)) { "implicit" } else { "starttls" });
        command.arg(authority);
    }
    output(&mut command)
}

fn send(
    ehlo: &Path,
    way: &Way,
    port: u16,
    mechanism: &str,
    password: &str,
    file: &Path,
) -> Result<Output> {
    let mut command = bounded(ehlo);
    command
        .args(["send", "--server", &format!("localhost:{port}"), "--auth", mechanism])
        .args(["--user", USER, "--password-env", "EHLO_PASSWORD", "--from", FROM, "--to", TO])
        .args(["--message", &file.to_string_lossy()])
        .env("EHLO_PASSWORD", password);
    match way {
        Way::Clear => command.args(["--tls", "none"]),
        Way::StartTls(_) => command.args(["--tls", "starttls"]),
        Way::Implicit(_) => command.args(["--tls", "implicit"]),
    };
    if let Some(authority) = way.authority() {
        command.arg("--ca").arg(authority);
    }
    output(&mut command)
}

fn gsasl(port: u16, mechanism: &str, password: &str) -> Result<Output> {
    let mut command = bounded("gsasl");
    command
        .args(["--smtp", "--no-starttls", "--mechanism", mechanism, "--authentication-id", USER])
        .args(["--password", password, "--connect", &format!("localhost:{port}")]);
    output(&mut command)
}

impl Way {
    /// Who has signed the board's certificate.
    pub(super) fn authority(&self) -> Option<&Path> {
        match self {
            Self::Clear => None,
            Self::StartTls(authority) | Self::Implicit(authority) => Some(authority),
        }
    }
}
