//! The client under test: its command line, and what its exit codes mean. Nothing else knows either.

use core::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use serde_json::Value;

use super::super::SECONDS;
use super::super::server::build;
use crate::process;

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

/// The way to a server, and who goes it.
#[derive(Debug)]
pub(crate) struct Way<'a> {
    /// The port on this host.
    pub(crate) port: u16,
    /// How the connection becomes secret.
    pub(crate) tls: Tls,
    /// Who has to have signed the server's certificate.
    pub(crate) ca: PathBuf,
    /// Who it is, where it says so.
    pub(crate) login: Option<&'a Login>,
    /// LMTP and not SMTP.
    pub(crate) is_lmtp: bool,
}

/// A message with its envelope.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    /// The reverse-path.
    pub(crate) from: &'a str,
    /// The recipients.
    pub(crate) to: &'a [&'a str],
    /// The message.
    pub(crate) message: &'a Path,
}

/// How a run of the client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The message was taken.
    Sent,
    /// The message was taken for some of the recipients.
    Partly,
    /// The login was refused.
    Login,
    /// The server takes nothing without a login.
    NoLogin,
    /// The client does not trust the server.
    Distrust,
    /// The message can't be sent as it is to this server.
    Impossible,
    /// Otherwise, with this exit code.
    Otherwise(Option<i64>),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("success"),
            Self::Partly => f.write_str("partial success"),
            Self::Login => f.write_str("a refused login"),
            Self::NoLogin => f.write_str("a message refused without a login"),
            Self::Distrust => f.write_str("distrust of the server"),
            Self::Impossible => f.write_str("a message that can't be sent"),
            // What `timeout` ends with.
            Self::Otherwise(Some(124)) => write!(f, "nothing after {SECONDS} s"),
            Self::Otherwise(Some(code)) => write!(f, "{code}"),
            Self::Otherwise(None) => f.write_str("a signal"),
        }
    }
}

impl Login {
    /// A user that shows nothing.
    pub(crate) fn of(user: &'static str) -> Self {
        Self { mechanism: None, user, password: None, token: None, certificate: None }
    }
}

/// `ehlo`, as a client.
#[derive(Debug)]
pub(crate) struct Client {
    program: PathBuf,
}

impl Client {
    /// Another program with the same command line, or our own, which is built.
    ///
    /// # Errors
    ///
    /// Fails when it does not build.
    pub(crate) fn new(other: Option<&Path>) -> Result<Self> {
        let program = other.map_or_else(build, |other| Ok(other.to_owned()))?;
        Ok(Self { program })
    }

    /// Sends a message; what the program prints is put into `said`.
    ///
    /// # Errors
    ///
    /// Fails when it can't be started, shows a credential, or contradicts itself.
    pub(crate) fn send(
        &self,
        way: &Way<'_>,
        letter: &Letter<'_>,
        said: &mut String,
    ) -> Result<Ended> {
        let mut command = self.command("send");
        command.args(["--server", &format!("localhost:{}", way.port), "--from", letter.from]);
        for recipient in letter.to {
            command.args(["--to", recipient]);
        }
        command.arg("--message").arg(letter.message);
        let (code, told) = way.run(command, said)?;
        let kind = told.pointer("/error/kind").and_then(Value::as_str);
        let is_sent = told.get("sent").and_then(Value::as_bool) == Some(true);
        if code.is_some() && code != told.get("exit").and_then(Value::as_i64) {
            bail!("the client ends with another code than it says");
        }
        Ok(match (code, is_sent, kind) {
            (Some(0), true, None) => Ended::Sent,
            (Some(75 | 77), true, Some("recipients")) => Ended::Partly,
            (Some(65), false, Some("message")) => Ended::Impossible,
            (Some(77), false, Some("login")) => Ended::Login,
            (Some(77), false, Some("sender" | "recipients")) => Ended::NoLogin,
            (Some(77), false, Some("tls")) => Ended::Distrust,
            (code, ..) => Ended::Otherwise(code),
        })
    }

    /// Looks at a server, and hands back what the program says of it.
    ///
    /// # Errors
    ///
    /// Fails when it can't be started, shows a credential, or does not exit with 0.
    pub(crate) fn probe(&self, way: &Way<'_>, said: &mut String) -> Result<Value> {
        let mut command = self.command("probe");
        command.arg(format!("localhost:{}", way.port));
        let (code, told) = way.run(command, said)?;
        if code != Some(0) {
            bail!("`ehlo probe` ended with {}", Ended::Otherwise(code));
        }
        Ok(told)
    }

    /// The command line so far.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=1", &SECONDS.to_string()]).arg(&self.program);
        command.args([name, "--ehlo", "client.example.org", "--timeout", "15", "--json"]);
        command
    }
}

impl Way<'_> {
    /// Runs the program: its exit code, and what it says in JSON.
    fn run(&self, mut command: Command, said: &mut String) -> Result<(Option<i64>, Value)> {
        command.args(["--tls", if self.tls == Tls::Implicit { "implicit" } else { "starttls" }]);
        command.arg("--ca").arg(&self.ca);
        if self.is_lmtp {
            command.arg("--lmtp");
        }
        if let Some(login) = self.login {
            login.put(&mut command);
        }
        let output = process::output(command.stdin(Stdio::null()))?;
        let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
        *said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if self.login.is_some_and(|login| login.is_shown(said)) {
            bail!("the client shows a credential");
        }
        Ok((output.status.code().map(i64::from), told))
    }
}

impl Login {
    /// The options, and the secrets in the environment.
    fn put(&self, command: &mut Command) {
        if !self.user.is_empty() {
            command.args(["--user", self.user]);
        }
        if let Some(mechanism) = self.mechanism {
            command.args(["--auth", mechanism]);
        }
        for (option, name, secret) in [
            ("--password-env", "INTEROP_PASSWORD", &self.password),
            ("--token-env", "INTEROP_TOKEN", &self.token),
        ] {
            if let Some(secret) = secret {
                command.args([option, name]).env(name, secret);
            }
        }
        if let Some((certificate, key)) = &self.certificate {
            command.arg("--client-cert").arg(certificate).arg("--client-key").arg(key);
        }
    }

    /// Whether a text has one of the secrets.
    fn is_shown(&self, text: &str) -> bool {
        self.password.iter().chain(&self.token).any(|secret| text.contains(secret))
    }
}
