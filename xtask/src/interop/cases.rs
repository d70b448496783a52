//! The checks of one client program.

mod hostile;

use core::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::maildir::{self, Stored};
use super::packages::Tools;
use super::relay::Relay;
use super::report::{COLUMNS, Check, Failure, OTHERS, Outcome};
use super::server::{Server, Target};
use super::table::{Client, Credential, Mechanism, Partial, Support};
use super::work::{self, Work};
use super::{MAX_SIZE, OTHER_USER, PASSWORD, PASSWORD_IN_BASE64, REJECTED, SECONDS, USER, token};
use crate::process;

/// Who a wrong login says it is, where it has no wrong password to show.
const STRANGER: &str = "mallory@example.org";
/// A password or token that is none.
const WRONG_SECRET: &str = "wrong-secret";

/// A client program with all it needs to be run.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    /// The client.
    pub(crate) client: &'static Client,
    /// How to run it.
    pub(crate) tools: &'a Tools,
    /// Where to write.
    pub(crate) work: &'a Work,
    /// The mechanisms to test.
    pub(crate) mechanisms: &'a [&'static Mechanism],
    /// What to start a server from.
    target: &'a Target,
    /// The server of the mechanism at hand. A fresh one for each, because a server slows down a peer
    /// that guesses too often.
    server: Server,
    /// How many messages have been found in the Maildir, which all servers of the client share.
    expected: Cell<usize>,
    /// Whether the client was built with all it may have been built with.
    is_complete: bool,
    /// What the client has printed when it logged in by the mechanism at hand.
    printed: String,
}

/// One run of a client.
#[derive(Debug)]
struct Run<'a> {
    id: String,
    implicit: bool,
    mechanism: &'a Mechanism,
    right: bool,
    recipients: &'a str,
    messages: Vec<Vec<u8>>,
    ca: PathBuf,
    port: u16,
    is_deceived: bool,
}

/// How a run ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    said: String,
}

/// A login refused, as the drivers report it.
const REFUSED: i32 = 1;
/// Any other failure, as the drivers report it.
const OTHERWISE: i32 = 2;

impl<'a> Bench<'a> {
    /// Starts the server for a client.
    ///
    /// # Errors
    ///
    /// Fails when the server does not start.
    pub(crate) fn new(
        client: &'static Client,
        tools: &'a Tools,
        work: &'a Work,
        target: &'a Target,
        mechanisms: &'a [&'static Mechanism],
    ) -> Result<Self> {
        let server = target.start(work, client.name, mechanisms)?;
        Ok(Self {
            client,
            tools,
            work,
            mechanisms,
            target,
            server,
            expected: Cell::new(0),
            is_complete: client.built.is_none_or(|built| built.is_in()),
            printed: String::new(),
        })
    }

    /// Runs every check of the client.
    ///
    /// # Errors
    ///
    /// Fails when a server does not start.
    pub(crate) fn run(mut self, checks: &mut Vec<Check>) -> Result<()> {
        for (number, mechanism) in self.mechanisms.iter().enumerate() {
            if number > 0 && self.why_not(mechanism, false, true).is_none() {
                self.server.stop();
                self.server = self.target.start(self.work, self.client.name, self.mechanisms)?;
            }
            for (column, implicit, right) in [
                (COLUMNS[0], false, true),
                (COLUMNS[1], false, false),
                (COLUMNS[2], true, true),
                (COLUMNS[3], true, false),
            ] {
                let outcome = self
                    .why_not(mechanism, implicit, right)
                    .unwrap_or_else(|| self.login(mechanism, implicit, right));
                let mechanism = Some(mechanism.name);
                checks.push(Check { client: self.client.name, mechanism, column, outcome });
            }
            for (column, outcome) in self.hostile(mechanism) {
                let mechanism = Some(mechanism.name);
                checks.push(Check { client: self.client.name, mechanism, column, outcome });
            }
        }
        let others =
            [Self::partial, Self::too_large, Self::several, Self::unknown_ca].iter().zip(OTHERS);
        for (check, column) in others {
            let outcome =
                self.plain_mechanism().map_or(Outcome::NotRun, |plain| check(&mut self, plain));
            checks.push(Check { client: self.client.name, mechanism: None, column, outcome });
        }
        let outcome = self.nothing_else();
        checks.push(Check {
            client: self.client.name,
            mechanism: None,
            column: OTHERS[4],
            outcome,
        });
        Ok(())
    }

    /// Whether the Maildir has those messages that were looked for, and no other.
    fn nothing_else(&self) -> Outcome {
        let Some(maildir) = self.server.maildir.as_ref().filter(|_| self.server.is_own()) else {
            return Outcome::NotRun;
        };
        let expected = self.expected.get();
        let reason = match maildir::read(maildir) {
            Ok(stored) if stored.len() == expected => return Outcome::Ok,
            Ok(stored) => format!("{} messages stored, {expected} expected", stored.len()),
            Err(error) => format!("{error:#}"),
        };
        Outcome::Failed(Failure { reason, dialogue: String::new() })
    }

    /// The mechanism of the checks that are not about mechanisms.
    fn plain_mechanism(&self) -> Option<&'static Mechanism> {
        self.mechanisms.iter().find(|mechanism| mechanism.name == "PLAIN").copied()
    }

    /// Why the client can't do a login, if it can't.
    fn why_not(&self, mechanism: &Mechanism, implicit: bool, right: bool) -> Option<Outcome> {
        if !self.target.has(mechanism) {
            return Some(Outcome::NotApplicable(
                "this `ehlo serve` has it not, or not for these users",
            ));
        }
        let reason = match self.client.support(mechanism.name) {
            Some(Support::Lacks(reason)) => reason,
            Some(Support::IfBuilt(built)) if !self.is_complete => built.reason,
            Some(_) if !right && mechanism.credential == Credential::Nothing => {
                "there is no wrong credential"
            }
            Some(_) if implicit && mechanism.credential == Credential::Certificate => {
                self.client.no_implicit_tls.or(self.client.no_implicit_certificate)?
            }
            Some(_) if implicit => self.client.no_implicit_tls?,
            Some(_) => return None,
            None => "the client's table says nothing of it",
        };
        Some(Outcome::NotApplicable(reason))
    }

    /// Why the right password is not enough, where it isn't.
    fn refused(&self, mechanism: &Mechanism) -> Option<&'static str> {
        match self.client.support(mechanism.name) {
            Some(Support::Refused(reason)) => Some(reason),
            _ => None,
        }
    }

    /// A login, and a message behind it: right or refused.
    fn login(&mut self, mechanism: &Mechanism, implicit: bool, right: bool) -> Outcome {
        let transport = if implicit { "tls" } else { "starttls" };
        let outcome = if right { "right" } else { "wrong" };
        let id = format!("{}-{}-{transport}-{outcome}", self.client.name, mechanism.name);
        let message = work::message(&id);
        let port = if implicit { self.server.implicit } else { self.server.starttls };
        let run = Run { implicit, right, port, ..self.first(id, mechanism, vec![message.clone()]) };
        let refused = self.refused(mechanism).filter(|_| right);
        let mut printed = String::new();
        let outcome = self.check(&run, |bench, ended| {
            printed.clone_from(&ended.said);
            if bench.refused(mechanism).is_some() {
                // By what code is not fixed: a message may be one that nothing can be made of.
                ended.expect(REFUSED).or_else(|_| ended.expect(OTHERWISE))?;
                return bench.nothing_stored(&run.id);
            }
            if !right {
                ended.expect(REFUSED)?;
                return bench.nothing_stored(&run.id);
            }
            ended.expect(0)?;
            if bench.client.no_mail.is_some() {
                return bench.nothing_stored(&run.id);
            }
            bench.stored(&run.id, &message)
        });
        if right {
            self.printed = printed;
        }
        refused.filter(|_| outcome == Outcome::Ok).map_or(outcome, Outcome::Refused)
    }

    /// Two recipients, the first of them refused.
    fn partial(&mut self, plain: &Mechanism) -> Outcome {
        if let Some(reason) = self.client.no_mail {
            return Outcome::NotApplicable(reason);
        }
        let id = format!("{}-partial", self.client.name);
        let message = work::message(&id);
        let recipients = format!("{REJECTED},{OTHER_USER}");
        let run = Run { recipients: &recipients, ..self.first(id, plain, vec![message.clone()]) };
        self.check(&run, |bench, ended| {
            let partial = bench.client.partial;
            ended.expect(if partial == Partial::Succeeds { 0 } else { OTHERWISE })?;
            if partial == Partial::GivesUp {
                return bench.nothing_stored(&run.id);
            }
            bench.stored(&run.id, &message)?;
            for stored in bench.find(&run.id)? {
                if maildir::contains(&stored.trace, REJECTED.as_bytes()) {
                    return Err(anyhow!("delivered to the refused recipient too"));
                }
            }
            Ok(())
        })
    }

    /// A message over the server's limit.
    fn too_large(&mut self, plain: &Mechanism) -> Outcome {
        if let Some(reason) = self.client.no_mail {
            return Outcome::NotApplicable(reason);
        }
        let id = format!("{}-large", self.client.name);
        let message = work::large(&id, MAX_SIZE);
        let run = self.first(id, plain, vec![message]);
        self.check(&run, |bench, ended| {
            ended.expect(OTHERWISE)?;
            bench.nothing_stored(&run.id)
        })
    }

    /// Three messages in one connection: all that is difficult, a dot at the end, a small one.
    fn several(&mut self, plain: &Mechanism) -> Outcome {
        if let Some(reason) = self.client.no_mail.or(self.client.no_second_message) {
            return Outcome::NotApplicable(reason);
        }
        let id = format!("{}-several", self.client.name);
        let ids = [format!("{id}-1"), format!("{id}-2"), format!("{id}-3")];
        let [first, second, third] = &ids;
        let messages =
            vec![work::message(first), work::dot_at_the_end(second), work::large(third, 500)];
        let relay = match Relay::to(self.server.starttls) {
            Ok(relay) => relay,
            Err(error) => return Outcome::of(&error),
        };
        let run = Run { port: relay.port(), ..self.first(id, plain, messages) };
        self.check(&run, |bench, ended| {
            ended.expect(0)?;
            if relay.connections() != 1 {
                return Err(anyhow!("{} connections, not one", relay.connections()));
            }
            for (id, message) in ids.iter().zip(&run.messages) {
                bench.stored(id, message)?;
            }
            Ok(())
        })
    }

    /// A client that trusts another authority: the check of the check that TLS is verified.
    fn unknown_ca(&mut self, plain: &Mechanism) -> Outcome {
        if let Some(reason) = self.client.trusts_anybody {
            return Outcome::NotApplicable(reason);
        }
        let id = format!("{}-unknown-ca", self.client.name);
        let message = work::message(&id);
        let ca = self.work.path("other-ca.pem");
        let run = Run { ca, ..self.first(id, plain, vec![message]) };
        self.check(&run, |bench, ended| {
            ended.expect(OTHERWISE)?;
            bench.nothing_stored(&run.id)
        })
    }

    /// A run over STARTTLS with the right credentials and one recipient.
    fn first<'m>(&self, id: String, mechanism: &'m Mechanism, messages: Vec<Vec<u8>>) -> Run<'m> {
        Run {
            id,
            implicit: false,
            mechanism,
            right: true,
            recipients: OTHER_USER,
            messages,
            ca: self.server.ca.clone(),
            port: self.server.starttls,
            is_deceived: false,
        }
    }

    /// Runs the client and judges the outcome.
    fn check(&mut self, run: &Run<'_>, judge: impl FnOnce(&Self, &Ended) -> Result<()>) -> Outcome {
        self.judge(&run.id, |bench, said| {
            let ended = bench.start(run)?;
            said.push_str(&ended.said);
            judge(bench, &ended)
        })
    }

    /// Makes an outcome of what was tried; what was said is put into the text it is given.
    fn judge(
        &mut self,
        id: &str,
        attempt: impl FnOnce(&Self, &mut String) -> Result<()>,
    ) -> Outcome {
        let log = self.server.log_length();
        let mut said = String::new();
        let judged = match attempt(self, &mut said) {
            Ok(()) if shows_secret(&self.server.log_from(log)) => {
                Err(anyhow!("the server's log shows a credential"))
            }
            Ok(()) if !self.server.is_alive() => Err(anyhow!("the server has died")),
            judged => judged,
        };
        let Err(error) = judged else { return Outcome::Ok };
        eprintln!("FAILED {id}: {error:#}");
        let server = self.server.log_from(log);
        let dialogue = format!("{}\n\n--- server ---\n{}", cut(&said), cut(&server));
        Outcome::Failed(Failure { reason: format!("{error:#}"), dialogue })
    }

    /// Runs the client program.
    fn start(&self, run: &Run<'_>) -> Result<Ended> {
        let user = match (run.mechanism.credential, run.right) {
            (Credential::Certificate, false) => STRANGER,
            _ => USER,
        };
        let secret = match (run.mechanism.credential, run.right) {
            (Credential::Password, true) => PASSWORD.to_owned(),
            (Credential::Token, true) => token(),
            _ => WRONG_SECRET.to_owned(),
        };
        let certificate = |extension: &str| match run.mechanism.credential {
            Credential::Certificate => self.work.path("client").with_extension(extension),
            _ => PathBuf::new(),
        };

        // `timeout` also ends what a script has started.
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=1", &SECONDS.to_string()])
            .args(self.tools.command_line(self.client))
            .args(["localhost", &run.port.to_string()])
            .arg(if run.implicit { "implicit" } else { "starttls" })
            .args([run.mechanism.name, user])
            .arg(&run.ca)
            .args([USER, run.recipients]);
        for (number, message) in run.messages.iter().enumerate() {
            command.arg(self.work.write(&format!("{}.{number}.eml", run.id), message)?);
        }
        command
            .env("INTEROP_CLIENT", self.client.name)
            .env("INTEROP_SECRET", secret)
            .env("INTEROP_CERT", certificate("pem"))
            .env("INTEROP_KEY", certificate("key"))
            .env("INTEROP_WORK", self.work.folder())
            .env("INTEROP_TOOLS", self.tools.folder())
            .env("INTEROP_DECEIVED", if run.is_deceived { "1" } else { "" })
            .env("NODE_PATH", self.tools.node_modules())
            .env("SWAKS_HOME", self.work.folder())
            .env("LC_ALL", "C.UTF-8");
        for proxy in ["ALL_PROXY", "all_proxy", "SMTP_PROXY", "smtp_proxy"] {
            command.env_remove(proxy);
        }
        let output = process::output(command.stdin(std::process::Stdio::null()))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        self.work.write(&format!("{}.client.log", run.id), said.as_bytes())?;
        Ok(Ended { code: output.status.code(), said })
    }

    /// The stored messages of a case; none where the Maildir can't be read.
    fn find(&self, id: &str) -> Result<Vec<Stored>> {
        let maildir = self.server.maildir.as_deref();
        maildir.map_or_else(|| Ok(Vec::new()), |maildir: &Path| maildir::find(maildir, id))
    }

    /// Checks that a message has arrived as it was sent.
    fn stored(&self, id: &str, submitted: &[u8]) -> Result<()> {
        if self.server.maildir.is_none() {
            return Ok(());
        }
        let found = self.find(id)?;
        if found.len() != 1 {
            return Err(anyhow!("stored {} times, not once", found.len()));
        }
        self.expected.set(self.expected.get() + 1);
        let adds = self.client.adds_line_end;
        for stored in found {
            if let Some(difference) = maildir::difference(submitted, &stored.message, adds) {
                return Err(anyhow!("{difference}"));
            }
            if self.server.is_own() && !maildir::contains(&stored.trace, b"SMTPSA") {
                let trace = stored.trace.escape_ascii();
                return Err(anyhow!(
                    "the trace fields say neither ESMTPSA nor UTF8SMTPSA: {trace}"
                ));
            }
        }
        Ok(())
    }

    /// Checks that nothing has been stored.
    fn nothing_stored(&self, id: &str) -> Result<()> {
        match self.find(id).context("the Maildir")?.len() {
            0 => Ok(()),
            some => Err(anyhow!("{some} messages stored, none expected")),
        }
    }
}

impl Ended {
    /// Checks the exit code.
    fn expect(&self, code: i32) -> Result<()> {
        match self.code {
            Some(ended) if ended == code => Ok(()),
            Some(124) => Err(anyhow!("timed out after {SECONDS} s")),
            Some(ended) => Err(anyhow!("the driver ended with {ended}, not {code}")),
            None => Err(anyhow!("the driver was killed")),
        }
    }
}

/// Whether a text has one of the credentials, as it is or as LOGIN sends it.
fn shows_secret(text: &str) -> bool {
    let token = token();
    let secrets = [PASSWORD, PASSWORD_IN_BASE64, WRONG_SECRET, &token];
    secrets.iter().any(|secret| text.contains(secret))
}

/// The end of a text, and no line of it longer than a terminal can bear.
fn cut(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| line.chars().take(300).collect()).collect();
    let skipped = lines.len().saturating_sub(80);
    lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
}
