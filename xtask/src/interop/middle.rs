//! Who stands between a client and a server, or takes the place of one: `middle.py`, as processes.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};

use super::work::Work;
use crate::process;

/// A process that listens. It is killed when dropped.
#[derive(Debug)]
struct Listener {
    child: Child,
    port: u16,
}

/// A relay that ends TLS with a certificate of its own, and keeps what is said from AUTH on.
#[derive(Debug)]
pub(crate) struct Relay {
    listener: Listener,
    record: PathBuf,
}

/// A server that says again what another one has said.
#[derive(Debug)]
pub(crate) struct Impostor {
    listener: Listener,
}

impl Listener {
    /// Starts the script, and feeds it; without anything to feed it with, its standard input stays open as
    /// long as this process lives.
    fn start(arguments: &[&str], input: &str) -> Result<Self> {
        let mut child = script(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("can't start python3")?;
        let stdin = if input.is_empty() { None } else { child.stdin.take() };
        let mut listener = Self { child, port: 0 };
        if let Some(mut stdin) = stdin {
            stdin.write_all(input.as_bytes()).context("can't feed the script")?;
        }
        let mut line = String::new();
        let mut byte = [0];
        // No octet more than the line: the rest is read later, or never.
        let stdout = listener.child.stdout.as_mut().context("no output")?;
        while stdout.read(&mut byte).context("can't read the port")? == 1 && byte != *b"\n" {
            line.push(char::from(byte[0]));
        }
        listener.port = line.parse().map_err(|_| anyhow!("the script says no port: {line}"))?;
        Ok(listener)
    }

    /// All it says until it ends.
    fn said(mut self) -> String {
        let mut said = Vec::new();
        // It is for the person who has to find out why: what can't be read is not there.
        let _ = self.child.stdout.as_mut().map(|stdout| stdout.read_to_end(&mut said));
        String::from_utf8_lossy(&said).into_owned()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended; there is nothing else to do about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Relay {
    /// Relays to a port.
    ///
    /// # Errors
    ///
    /// Fails when it does not start.
    pub(crate) fn to(work: &Work, name: &str, port: u16) -> Result<Self> {
        Self::start(work, name, port, "")
    }

    /// Relays to a port, and takes what has a channel binding out of what the server offers.
    ///
    /// # Errors
    ///
    /// Fails when it does not start.
    pub(crate) fn hiding_plus(work: &Work, name: &str, port: u16) -> Result<Self> {
        Self::start(work, name, port, "-PLUS")
    }

    fn start(work: &Work, name: &str, port: u16, hidden: &str) -> Result<Self> {
        let path = |name: &str| work.path(name).display().to_string();
        let record = work.path(&format!("{name}.record"));
        let port = port.to_string();
        let listener = Listener::start(
            &[
                "relay",
                &path("relay.pem"),
                &path("relay.key"),
                &path("ca.pem"),
                &port,
                &record.display().to_string(),
                hidden,
            ],
            "",
        )?;
        Ok(Self { listener, record })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.listener.port
    }

    /// What was said in the last exchange.
    ///
    /// # Errors
    ///
    /// Fails when there was none.
    pub(crate) fn record(&self) -> Result<String> {
        fs::read_to_string(&self.record).context("the relay has seen no AUTH command")
    }
}

impl Impostor {
    /// Begins to listen, as a server of one mechanism that says what is in a record.
    ///
    /// # Errors
    ///
    /// Fails when it does not start.
    pub(crate) fn of(work: &Work, mechanism: &str, record: &str) -> Result<Self> {
        let path = |name: &str| work.path(name).display().to_string();
        let (cert, key) = (path("server.pem"), path("server.key"));
        let listener = Listener::start(&["server", &cert, &key, mechanism], record)?;
        Ok(Self { listener })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.listener.port
    }

    /// The dialogue, when the client has gone.
    pub(crate) fn said(self) -> String {
        self.listener.said()
    }
}

/// Says what a client has said once more, and hands back the code of the last reply.
///
/// # Errors
///
/// Fails when the server can't be reached or says nothing.
pub(crate) fn replay(
    work: &Work,
    port: u16,
    is_lmtp: bool,
    record: &str,
    said: &mut String,
) -> Result<String> {
    let file = work.write(&format!("replay-{port}.txt"), record.as_bytes())?;
    let ca = work.path("ca.pem").display().to_string();
    let input = fs::File::open(&file).with_context(|| format!("no {}", file.display()))?;
    let mut command =
        script(&["client", &ca, if is_lmtp { "LHLO" } else { "EHLO" }, &port.to_string()]);
    let output = process::output(command.stdin(input))?;
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    said.push_str("\n--- said again ---\n");
    said.push_str(&told);
    if !output.status.success() {
        bail!("nothing was said again");
    }
    let last = told.lines().filter_map(|line| line.strip_prefix("S: ")).next_back();
    last.and_then(|line| line.get(..3)).map(str::to_owned).context("the server said nothing")
}

/// The AUTH exchange in what a program prints of its dialogue, as the relay would have kept it: from smtplib,
/// which prints Python's strings, or from one that prints lines as they are, those of the client with `C: `
/// before them or without.
pub(crate) fn spoken(said: &str) -> String {
    let mut record = String::new();
    let mut is_running = false;
    let mut is_asked = true;
    for line in said.lines() {
        let quoted = |prefix: &str| line.strip_prefix(prefix)?.strip_suffix("\\r\\n'");
        let (who, line) = match (quoted("send: '"), quoted("reply: b'")) {
            (Some(line), _) => ('C', line),
            (_, Some(line)) => ('S', line),
            _ if line.starts_with("C: ") => ('C', line.trim_start_matches("C: ")),
            _ if line.starts_with("reply: ") || line.starts_with("data: ") => continue,
            _ if is_reply(line) => ('S', line),
            _ => ('C', line),
        };
        is_running |= who == 'C' && line.starts_with("AUTH ");
        // A client says one line when it is asked; what else it prints is not said.
        if is_running && (who == 'S' || is_asked) {
            record.push_str(&format!("{who}: {line}\n"));
            is_asked = who == 'S';
        }
        if is_running && who == 'S' && !line.starts_with("334") {
            break;
        }
    }
    record
}

/// Whether a line is one of a reply.
fn is_reply(line: &str) -> bool {
    let code = line.get(..3).is_some_and(|code| code.bytes().all(|c| c.is_ascii_digit()));
    code && line.get(3..4).is_some_and(|next| next == " " || next == "-")
}

/// The script with its arguments.
fn script(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    let path: &Path = &process::root().join("xtask/interop/middle.py");
    command.arg("-I").arg(path).args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_is_found_in_what_clients_print() {
        let record = "C: AUTH X\nS: 334 \nC: YQ==\nS: 334 Yg==\nC: \nS: 235 in\n";
        let plain = "250 HELP\nAUTH X\n334 \nYQ==\n334 Yg==\n\n235 in\nDone\nQUIT\n221 bye\n";
        assert_eq!(spoken(plain), record);
        let python = "send: 'EHLO me\\r\\n'\nreply: b'250 HELP\\r\\n'\nsend: 'AUTH X\\r\\n'\n\
                      reply: b'334 \\r\\n'\nreply: retcode (334); Msg: b''\nsend: 'YQ==\\r\\n'\n\
                      reply: b'334 Yg==\\r\\n'\nsend: '\\r\\n'\nreply: b'235 in\\r\\n'\n";
        assert_eq!(spoken(python), record);
    }
}
