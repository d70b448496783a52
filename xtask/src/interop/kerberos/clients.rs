//! Clients with a ticket: their command lines, and what their exit codes mean.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use super::super::{OTHER_USER, SECONDS, USER};
use super::Bench;
use crate::process;

/// How a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has sent its message, or, where it sends none, it has authenticated.
    Sent,
    /// It has not, and says so.
    Refused,
}

/// The way to a server, and a ticket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) port: u16,
    pub(super) implicit: bool,
    pub(super) cache: &'a Path,
    pub(super) message: &'a Path,
}

/// A client program.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) name: &'static str,
    /// Whether it sends a message once it has authenticated.
    pub(super) sends: bool,
    command: fn(&Bench, Way<'_>) -> Command,
}

/// Each of them.
pub(super) const CLIENTS: [Client; 4] = [
    Client { name: "ehlo send", sends: true, command: ehlo },
    Client { name: "curl", sends: true, command: curl },
    Client { name: "msmtp", sends: true, command: msmtp },
    Client { name: "gsasl", sends: false, command: gsasl },
];

impl Client {
    /// Runs it; how it ended, and what it said.
    ///
    /// # Errors
    ///
    /// Fails when it can't be started.
    pub(super) fn run(&self, bench: &Bench, way: Way<'_>) -> Result<(End, String)> {
        run(bench, (self.command)(bench, way), Some(way.cache), way.message)
    }
}

/// Runs a command with a ticket and a message on its standard input.
///
/// # Errors
///
/// Fails when it can't be started.
pub(super) fn run(
    bench: &Bench,
    command: Command,
    cache: Option<&Path>,
    message: &Path,
) -> Result<(End, String)> {
    let mut timed = Command::new("timeout");
    timed.arg(SECONDS.to_string()).arg(command.get_program()).args(command.get_args());
    timed.envs(bench.realm.environment()).env("HOME", bench.work.folder());
    if let Some(cache) = cache {
        timed.env("KRB5CCNAME", cache);
    }
    timed.stdin(std::fs::File::open(message).map_or_else(|_| Stdio::null(), Stdio::from));
    let output = process::output(&mut timed)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok((if output.status.success() { End::Sent } else { End::Refused }, said))
}

/// `ehlo send`, with nothing said about who logs in.
pub(super) fn send(bench: &Bench, port: u16, implicit: bool) -> Command {
    let mut command = Command::new(&bench.program);
    command.args(["send", "--server", &format!("localhost:{port}")]);
    command.args(["--tls", if implicit { "implicit" } else { "starttls" }]);
    command.arg("--ca").arg(bench.work.path("ca.pem"));
    command.args(["--from", USER, "--to", OTHER_USER, "--message", "-"]);
    command
}

fn ehlo(bench: &Bench, way: Way<'_>) -> Command {
    let mut command = send(bench, way.port, way.implicit);
    command.args(["--auth", "GSSAPI"]);
    command
}

fn curl(bench: &Bench, way: Way<'_>) -> Command {
    let scheme = if way.implicit { "smtps" } else { "smtp" };
    let mut command = Command::new("curl");
    // -q: no configuration of the person who runs it. Without a name, who it is is in the ticket.
    command.args(["-q", "--silent", "--show-error", "--verbose", "--ssl-reqd", "--user", ":"]);
    command.args([
        "--login-options",
        "AUTH=GSSAPI",
        "--mail-from",
        USER,
        "--mail-rcpt",
        OTHER_USER,
    ]);
    command.arg("--cacert").arg(bench.work.path("ca.pem")).arg("--upload-file").arg(way.message);
    command.arg(format!("{scheme}://localhost:{}/client.example.org", way.port));
    command
}

fn msmtp(bench: &Bench, way: Way<'_>) -> Command {
    let mut command = Command::new("msmtp");
    command.args(["--file=/dev/null", "--debug", "--host=localhost", "--auth=gssapi", "--tls=on"]);
    command.arg(format!("--port={}", way.port));
    command.arg(format!("--tls-starttls={}", if way.implicit { "off" } else { "on" }));
    command.arg(format!("--tls-trust-file={}", bench.work.path("ca.pem").display()));
    command.args(["--user=tim", &format!("--from={USER}"), "--set-from-header=off"]);
    command.args(["--set-date-header=off", "--set-msgid-header=off", "--", OTHER_USER]);
    command
}

fn gsasl(bench: &Bench, way: Way<'_>) -> Command {
    let mut command = Command::new("gsasl");
    command.args(["--smtp", "--verbose", "--mechanism=GSSAPI", "--service=smtp"]);
    command.args(["--hostname=localhost", "--authentication-id=tim", "--authorization-id="]);
    command.arg(format!("--x509-ca-file={}", bench.work.path("ca.pem").display()));
    command.arg(format!("--connect=localhost:{}", way.port));
    command
}
