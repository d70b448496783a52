//! What is checked of a sensor: it submits to `ehlo serve` on this host.

use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use super::Here;
use super::checks::Checks;
use super::endpoint::high_water;
use super::machine::{Machine, Start};

const PASSWORD: &str = "correct-horse";

/// How long it may take to submit two readings, or to give up.
const SECONDS: u64 = 60;

/// Checks one sensor.
///
/// # Errors
///
/// Fails when the checks themselves can't be made.
pub(super) fn check(
    start: &Start,
    certificates: Option<&Path>,
    here: Here<'_>,
    checks: &mut Checks,
) -> Result<Option<u64>> {
    match certificates {
        Some(certificates) => over_tls(start, certificates, here, checks),
        None => in_clear(start, here, checks),
    }
}

/// By STARTTLS and TLS from the beginning, with each mechanism; and to a server that is another one.
fn over_tls(
    start: &Start,
    certificates: &Path,
    here: Here<'_>,
    checks: &mut Checks,
) -> Result<Option<u64>> {
    let mut stack = None;
    for (by, word) in [("STARTTLS", None), ("TLS", Some("implicit"))] {
        for mechanism in ["SCRAM-SHA-256", "PLAIN"] {
            checks.check(&format!("two readings by {mechanism} over {by}"), || {
                let server = Server::start_tls(here, mechanism, certificates, word.is_some())?;
                let mut words = orders(&server, PASSWORD);
                words.extend(word.map(str::to_owned));
                let (lines, used) = submit(start, words)?;
                stack = stack.max(used);
                ensure!(
                    lines.iter().any(|line| line == "done: 2 of 2 sent"),
                    "{}",
                    lines.join("\n")
                );
                server.compare(start.board.name)
            });
        }
    }
    checks.check("a server whose certificate is for another name", || {
        let server = Server::start_tls(here, "PLAIN", certificates, false)?;
        let mut words = orders(&server, PASSWORD);
        words.push("host=other.example".to_owned());
        let (lines, used) = submit(start, words)?;
        stack = stack.max(used);
        nothing_sent(&server, &lines)
    });
    checks.check("a server without STARTTLS", || {
        let server = Server::start(here, "PLAIN")?;
        let (lines, used) = submit(start, orders(&server, PASSWORD))?;
        stack = stack.max(used);
        nothing_sent(&server, &lines)
    });
    Ok(stack)
}

/// Nothing has arrived, and no credential has left: what the board says about it.
fn nothing_sent(server: &Server, lines: &[String]) -> Result<String> {
    ensure!(lines.iter().any(|line| line == "done: 0 of 2 sent"), "{}", lines.join("\n"));
    ensure!(!server.log()?.contains("C: AUTH"), "AUTH was said:\n{}", server.log()?);
    ensure!(server.messages()?.is_empty(), "the server has a message");
    let why = lines.iter().find(|line| line.contains("not sent"));
    Ok(why.cloned().unwrap_or_default())
}

/// By each mechanism, without TLS.
fn in_clear(start: &Start, here: Here<'_>, checks: &mut Checks) -> Result<Option<u64>> {
    let mut stack = None;
    for mechanism in ["SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"] {
        checks.check(&format!("two readings by {mechanism}"), || {
            let server = Server::start(here, mechanism)?;
            let mut words = orders(&server, PASSWORD);
            if matches!(mechanism, "PLAIN" | "LOGIN") {
                words.push("cleartext".to_owned());
            }
            let (lines, used) = submit(start, words)?;
            stack = stack.max(used);
            ensure!(lines.iter().any(|line| line == "done: 2 of 2 sent"), "{}", lines.join("\n"));
            server.compare(start.board.name)
        });
    }
    checks.check("a wrong password", || {
        let server = Server::start(here, "SCRAM-SHA-256")?;
        let (lines, used) = submit(start, orders(&server, "wrong-horse"))?;
        stack = stack.max(used);
        ensure!(lines.iter().any(|line| line == "done: 0 of 2 sent"), "{}", lines.join("\n"));
        ensure!(server.messages()?.is_empty(), "the server has a message");
        let why = lines.iter().find(|line| line.contains("not sent"));
        Ok(why.cloned().unwrap_or_default())
    });
    checks.check("a password is not shown without TLS", || {
        let server = Server::start(here, "PLAIN")?;
        let (lines, used) = submit(start, orders(&server, PASSWORD))?;
        stack = stack.max(used);
        nothing_sent(&server, &lines)
    });
    Ok(stack)
}

fn orders(server: &Server, password: &str) -> Vec<String> {
    vec![
        format!("server=10.0.2.2:{}", server.port),
        "user=sensor".to_owned(),
        format!("password={password}"),
        "count=2".to_owned(),
    ]
}

/// Runs the board until it says that it is done.
fn submit(start: &Start, words: Vec<String>) -> Result<(Vec<String>, Option<u64>)> {
    let mut start = start.clone();
    start.words = words;
    start.outwards = true;
    let mut machine = Machine::start(start)?;
    let begin = machine.mark_of_start();
    machine.wait(begin, "done:", SECONDS, |line| line.starts_with("done: ").then_some(()))?;
    let lines = machine.all();
    let bad = lines.iter().find(|line| line.contains("panic at") || line.contains("hard fault"));
    if let Some(line) = bad {
        bail!("{line}");
    }
    Ok((lines, high_water(&machine)))
}

/// `ehlo serve` with one mechanism. It is killed when this is dropped.
struct Server {
    child: Child,
    port: u16,
    maildir: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Without TLS.
    fn start(here: Here<'_>, mechanism: &str) -> Result<Self> {
        Self::start_with(here, mechanism, "--listen", &["--allow-insecure-auth", "--no-starttls"])
    }

    /// With TLS from the beginning, or by STARTTLS.
    fn start_tls(
        here: Here<'_>,
        mechanism: &str,
        certificates: &Path,
        implicit: bool,
    ) -> Result<Self> {
        let file = |name: &str| certificates.join(name).to_string_lossy().into_owned();
        let (cert, key) = (file("host.pem"), file("host-key.pem"));
        let listen = if implicit { "--listen-tls" } else { "--listen" };
        Self::start_with(here, mechanism, listen, &["--cert", &cert, "--key", &key])
    }

    fn start_with(here: Here<'_>, mechanism: &str, listen: &str, more: &[&str]) -> Result<Self> {
        let maildir = here.work.join("maildir");
        let log = here.work.join("serve.log");
        let _ = fs::remove_dir_all(&maildir);
        let output = File::create(&log)?;
        let child = Command::new(here.ehlo)
            .args(["serve", listen, "127.0.0.1:0", "--hostname", "mail.example.org"])
            .args(["--user", &format!("sensor:{PASSWORD}"), "--auth", mechanism])
            .args(more)
            .args(["--transcript", "--maildir"])
            .arg(&maildir)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .spawn()
            .with_context(|| format!("can't run {}", here.ehlo.display()))?;
        let mut server = Self { child, port: 0, maildir, log };
        let until = Instant::now() + Duration::from_secs(20);
        while server.port == 0 {
            ensure!(Instant::now() < until, "ehlo serve does not start:\n{}", server.log()?);
            thread::sleep(Duration::from_millis(20));
            let said = server.log()?;
            let rest = said.split_once("listening on 127.0.0.1:").map_or("", |(_, rest)| rest);
            let digits = rest.split_once(|c: char| !c.is_ascii_digit()).map_or("", |(d, _)| d);
            server.port = digits.parse().unwrap_or(0);
        }
        Ok(server)
    }

    fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    fn messages(&self) -> Result<Vec<String>> {
        let Ok(files) = fs::read_dir(self.maildir.join("new")) else { return Ok(Vec::new()) };
        let mut messages = Vec::new();
        for file in files {
            messages.push(fs::read_to_string(file?.path())?);
        }
        Ok(messages)
    }

    /// Whether two readings are stored, each as the board has written it.
    fn compare(&self, board: &str) -> Result<String> {
        let mut messages = self.messages()?;
        messages.sort_by_key(|message| !message.contains("Subject: reading 1"));
        ensure!(messages.len() == 2, "{} messages are stored", messages.len());
        for (message, number) in messages.iter().zip(1..) {
            // In front of it are the server's fields; how the time went nobody knows beforehand.
            let begin = format!(
                "From: <sensor@board.example>\r\nTo: <operator@example.org>\r\n\
                 Subject: reading {number} of {board}\r\n"
            );
            let message = message.replace("\r\n", "\n").replace('\n', "\r\n");
            let at = message.find(&begin).context("the fields are not those of the board")?;
            let (_, body) = message[at..].split_once("\r\n\r\n").context("no body")?;
            let (measured, chart) = body.split_once("\r\n").context("one line")?;
            let words: Vec<&str> = measured.split([' ', ',']).collect();
            let numbers = words.iter().filter(|word| word.parse::<u64>().is_ok()).count();
            ensure!(measured.starts_with("up for ") && numbers == 2, "the reading is {measured}");
            ensure!(chart == ".\r\n..\r\n...\r\n....\r\n.....\r\n", "the dots are {chart:?}");
        }
        Ok("both are stored as the board wrote them, dots and all".to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
