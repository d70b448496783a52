//! Running other programs.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The build folder that holds what the tasks keep between runs.
pub(crate) fn cache(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| root().join("target")).join(name)
}

/// Runs a program with our own standard output.
///
/// # Errors
///
/// Fails when it can't be started or does not exit with 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("can't start {}", line(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line(command));
    }
    Ok(())
}

/// Runs a program and hands back all it said, whatever its exit status.
///
/// # Errors
///
/// Fails when it can't be started.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| format!("can't start {}", line(command)))
}

/// Runs a program and hands back its standard output.
///
/// # Errors
///
/// Fails when it can't be started or does not exit with 0; the error has its standard error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}:\n{said}", line(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is there and answers `--version`.
pub(crate) fn is_there(program: &str) -> bool {
    output(Command::new(program).arg("--version")).is_ok_and(|output| output.status.success())
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs packages with apt-get, twice tried, when this process may do so.
///
/// # Errors
///
/// Fails, with the command a person has to run, without root or apt-get.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install {}", packages.join(" "));
    if !is_root() || !is_there("apt-get") {
        bail!("something is missing; on Debian run, as root: {by_hand}");
    }
    let attempt = || {
        run(Command::new("apt-get").args(["-qq", "update"]))?;
        run(Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "install", "--yes", "--no-install-recommends", "--no-remove"])
            .args(packages))
    };
    let _policy = NoServices::begin()?;
    attempt().or_else(|_| attempt()).with_context(|| format!("`{by_hand}` failed twice"))
}

/// Whether a package is installed.
pub(crate) fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}\\n", package]);
    // It fails when it has never heard of it.
    capture(&mut query).is_ok_and(|states| states.lines().any(|state| state == "installed"))
}

/// While it is there, a package that is installed starts no service: a mail server that nobody has asked
/// for would listen. Debian asks a program that a system normally has not.
struct NoServices {
    /// Whether this has made the program.
    is_ours: bool,
}

impl NoServices {
    const PROGRAM: &str = "/usr/sbin/policy-rc.d";

    fn begin() -> Result<Self> {
        let made = File::options().write(true).create_new(true).mode(0o755).open(Self::PROGRAM);
        match made {
            // 101: the action is forbidden.
            Ok(mut file) => {
                let policy = Self { is_ours: true };
                file.write_all(b"#!/bin/sh\nexit 101\n").context(Self::PROGRAM)?;
                Ok(policy)
            }
            // Who has made it has decided.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Self { is_ours: false }),
            Err(error) => Err(error).context(Self::PROGRAM),
        }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = fs::remove_file(Self::PROGRAM)
        {
            eprintln!("can't remove {}: {error}", Self::PROGRAM);
        }
    }
}

/// The command as a person would type it, without its environment.
fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
