//! The client under test: its command line, and what its exit codes mean. Nothing else knows either.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::super::SECONDS;
use super::super::table::Need;
use crate::process;

/// The mechanisms it has.
pub(crate) const HAS: &[&str] = &["PLAIN", "LOGIN", "CRAM-MD5"];

/// How a connection becomes secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// By a command.
    StartTls,
    /// From the first octet on.
    Implicit,
}

/// What proves who the user is.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// The mechanism, or nothing to let the client choose.
    pub(crate) mechanism: Option<&'static str>,
    /// The user's name; empty without one.
    pub(crate) user: &'static str,
    /// A password.
    pub(crate) password: Option<String>,
    /// A token.
    pub(crate) token: Option<String>,
    /// A client certificate and its key.
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
}

/// What the client is asked to do.
#[derive(Debug)]
pub(crate) struct Errand<'a> {
    /// The port on this host.
    pub(crate) port: u16,
    /// How the connection becomes secret.
    pub(crate) tls: Tls,
    /// Who has to have signed the server's certificate.
    pub(crate) ca: &'a Path,
    /// Who it is, where it says so.
    pub(crate) login: Option<&'a Login>,
    /// The reverse-path.
    pub(crate) from: &'a str,
    /// The recipient.
    pub(crate) to: &'a str,
    /// The message.
    pub(crate) message: &'a Path,
    /// LMTP and not SMTP.
    pub(crate) is_lmtp: bool,
}

/// How a run of the client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The message was taken.
    Sent,
    /// The login was refused.
    Refused,
    /// Otherwise, with this exit code.
    Otherwise(Option<i32>),
}

/// What `timeout` ends with.
pub(crate) const TIMED_OUT: i32 = 124;

/// What has to be installed.
pub(crate) const NEEDS: &[Need] = &[Need::Command(&["swaks", "--version"], "swaks")];

/// Builds the client.
///
/// # Errors
///
/// Fails when it does not build.
pub(crate) fn build() -> Result<()> {
    Ok(())
}

impl Login {
    /// A user that shows nothing.
    pub(crate) fn of(mechanism: &'static str, user: &'static str) -> Self {
        Self { mechanism: Some(mechanism), user, password: None, token: None, certificate: None }
    }
}

/// Runs the client; what it prints is put into `said`.
///
/// # Errors
///
/// Fails when it can't be started.
pub(crate) fn send(errand: &Errand<'_>, said: &mut String) -> Result<Ended> {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=1", &SECONDS.to_string()]);
    command_line(&mut command, errand);
    let output = process::output(command.stdin(Stdio::null()))?;
    *said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let ended = match output.status.code() {
        Some(0) => Ended::Sent,
        Some(28) => Ended::Refused,
        code => Ended::Otherwise(code),
    };
    Ok(ended)
}

/// The command line, and the secrets in the environment.
fn command_line(command: &mut Command, errand: &Errand<'_>) {
    command
        .args(["swaks", "--server", &format!("localhost:{}", errand.port)])
        .args(["--ehlo", "client.example.org", "--timeout", "15", "--tls-verify"])
        .arg(if errand.tls == Tls::Implicit { "--tls-on-connect" } else { "--tls" })
        .arg("--tls-ca-path")
        .arg(errand.ca)
        .args(["--from", errand.from, "--to", errand.to, "--data"])
        .arg(format!("@{}", errand.message.display()));
    if errand.is_lmtp {
        command.args(["--protocol", "LMTP"]);
    }
    if let Some(Login { mechanism, user, password, .. }) = errand.login {
        command.args(["--auth", mechanism.unwrap_or("PLAIN"), "--auth-user", user]);
        command.args(["--auth-password", password.as_deref().unwrap_or_default()]);
    }
}
