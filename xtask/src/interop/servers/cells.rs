//! The checks of one server.

use core::time::Duration;
use std::fs;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};

use super::super::maildir::{self, Stored};
use super::super::report::{Failure, Outcome};
use super::super::table::{Credential, Mechanism};
use super::super::{OTHER_USER, PASSWORD, USER, work};
use super::client::{self, Ended, Errand, Login, Tls};
use super::kind::{Kind, LineEnds, Running};
use super::report::{COLUMNS, Check, OTHERS};
use super::site::{SPECIAL_PASSWORD, SPECIAL_USER, Site};

/// A password or a token that is none.
const WRONG: &str = "wrong-secret";
/// Who the user of the certificate wrongly says it is.
const STRANGER: &str = "mallory@example.org";
/// How long a message may be on its way to the Maildir.
const DELIVERY: Duration = Duration::from_secs(10);

/// A server under its checks.
#[derive(Debug)]
pub(crate) struct Cells<'a> {
    kind: &'static Kind,
    site: &'a Site<'a>,
    running: Running,
    /// How many messages it has stored.
    stored: usize,
}

/// What is shown to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// What the first user has.
    Right,
    /// The password that is difficult to pass on.
    Special,
    /// What nobody has.
    Wrong,
}

/// A run of the client.
#[derive(Debug)]
struct Case {
    id: String,
    tls: Tls,
    login: Option<Login>,
    /// Whose certificates the client trusts: the name of a file.
    ca: &'static str,
    /// Judges how the client has ended.
    is_right: fn(Ended) -> bool,
    /// Whether the message has to arrive.
    arrives: bool,
}

impl<'a> Cells<'a> {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// Fails when it does not start.
    pub(crate) fn start(kind: &'static Kind, site: &'a Site<'a>) -> Result<Self> {
        let running = (kind.start)(site)?;
        Ok(Self { kind, site, running, stored: 0 })
    }

    /// Runs every check.
    pub(crate) fn run(mut self, mechanisms: &[&'static Mechanism]) -> Vec<Check> {
        let mut checks = Vec::new();
        let offered = mechanisms.iter().filter(|m| self.kind.mechanisms.contains(&m.name));
        let rows = offered.map(|mechanism| Some(*mechanism));
        let rows = rows.chain(self.kind.mechanisms.is_empty().then_some(None));
        for mechanism in rows {
            for (column, tls, shown) in COLUMNS.iter().zip(TRIED).map(|(c, (t, s))| (*c, t, s)) {
                let name = mechanism.map_or("none", |mechanism| mechanism.name);
                let outcome = self.login(mechanism, tls, shown);
                checks.extend(outcome.map(|outcome| self.checked(name, column, outcome)));
            }
        }
        for (tls, column) in [(Tls::StartTls, OTHERS[0]), (Tls::Implicit, OTHERS[1])] {
            let outcome = self.unknown_ca(tls);
            checks.push(self.checked("", column, outcome));
        }
        let outcome = self.nothing_else();
        checks.push(self.checked("", OTHERS[2], outcome));
        checks
    }

    /// A check of this server.
    fn checked(&self, mechanism: &'static str, column: &'static str, outcome: Outcome) -> Check {
        Check { server: self.kind.name, mechanism, column, outcome }
    }

    /// A login and a message behind it; nothing where there is nothing to show.
    fn login(&mut self, mechanism: Option<&Mechanism>, tls: Tls, shown: Shown) -> Option<Outcome> {
        let login = match mechanism {
            Some(mechanism) => Some(self.credentials(mechanism, shown)?),
            None if shown == Shown::Right => None,
            None => return None,
        };
        if mechanism.is_some_and(|mechanism| !client::HAS.contains(&mechanism.name)) {
            return Some(Outcome::NotApplicable("the client has no such mechanism"));
        }
        let name = mechanism.map_or("none", |mechanism| mechanism.name);
        let id = format!("{}-{name}-{tls:?}-{shown:?}", self.kind.name);
        let (is_right, arrives): (fn(Ended) -> bool, bool) = match shown {
            Shown::Right | Shown::Special => (|ended| ended == Ended::Sent, true),
            Shown::Wrong => (|ended| ended == Ended::Refused, false),
        };
        Some(self.check(&Case { id, tls, login, ca: "ca.pem", is_right, arrives }))
    }

    /// What is shown for a mechanism, if it has anything of the kind.
    fn credentials(&self, mechanism: &Mechanism, shown: Shown) -> Option<Login> {
        let mut login = Login::of(mechanism.name, USER);
        match (mechanism.credential, shown) {
            (Credential::Password, Shown::Right) => login.password = Some(PASSWORD.to_owned()),
            (Credential::Password, Shown::Wrong) => login.password = Some(WRONG.to_owned()),
            (Credential::Password, Shown::Special) => {
                login.user = SPECIAL_USER;
                login.password = Some(SPECIAL_PASSWORD.to_owned());
            }
            (Credential::Token, Shown::Right) => login.token = Some(self.site.token.clone()),
            (Credential::Token, Shown::Wrong) => login.token = Some(WRONG.to_owned()),
            (Credential::Certificate, Shown::Right | Shown::Wrong) => {
                let work = self.site.work;
                login.certificate = Some((work.path("client.pem"), work.path("client.key")));
                if shown == Shown::Wrong {
                    login.user = STRANGER;
                }
            }
            (Credential::Nothing, Shown::Right) => {}
            (Credential::Token | Credential::Certificate, Shown::Special)
            | (Credential::Nothing, _) => return None,
        }
        Some(login)
    }

    /// A client that trusts another authority: the check of the check that TLS is verified.
    fn unknown_ca(&mut self, tls: Tls) -> Outcome {
        let id = format!("{}-unknown-ca-{tls:?}", self.kind.name);
        let login = self.kind.mechanisms.first().map(|mechanism| {
            let password = Some(PASSWORD.to_owned());
            Login { password, ..Login::of(mechanism, USER) }
        });
        let is_right =
            |ended| matches!(ended, Ended::Otherwise(Some(code)) if code != client::TIMED_OUT);
        self.check(&Case { id, tls, login, ca: "other-ca.pem", is_right, arrives: false })
    }

    /// Whether those messages are stored that should be, and no other.
    fn nothing_else(&mut self) -> Outcome {
        let reason = match maildir::read(&self.running.mail) {
            Ok(stored) if stored.len() == self.stored => return Outcome::Ok,
            Ok(stored) => format!("{} messages stored, {} expected", stored.len(), self.stored),
            Err(error) => format!("{error:#}"),
        };
        Outcome::Failed(Failure { reason, dialogue: self.running.log() })
    }

    /// Runs the client once and judges what has come of it.
    fn check(&mut self, case: &Case) -> Outcome {
        let log = self.running.log().len();
        let mut said = String::new();
        let Err(error) = self.attempt(case, &mut said) else { return Outcome::Ok };
        let reason = format!("{error:#}");
        eprintln!("FAILED {}: {reason}", case.id);
        let server = self.running.log();
        let server = server.get(log..).unwrap_or(&server);
        let dialogue = format!("{said}\n--- server ---\n{server}");
        Outcome::Failed(Failure { reason, dialogue })
    }

    /// Runs the client; what it says is put into `said`.
    fn attempt(&mut self, case: &Case, said: &mut String) -> Result<()> {
        let message = work::message(&case.id);
        let file = self.site.work.write(&format!("{}.eml", case.id), &message)?;
        let errand = Errand {
            port: if case.tls == Tls::Implicit {
                self.running.implicit
            } else {
                self.running.starttls
            },
            tls: case.tls,
            ca: &self.site.work.path(case.ca),
            login: case.login.as_ref(),
            from: USER,
            to: OTHER_USER,
            message: &file,
            is_lmtp: self.kind.is_lmtp,
        };
        let ended = client::send(&errand, said)?;
        self.site.work.write(&format!("{}.client.log", case.id), said.as_bytes())?;
        if !self.running.is_alive() {
            bail!("the server has died");
        }
        if !(case.is_right)(ended) {
            bail!("the client ended with {ended:?}");
        }
        if case.arrives {
            self.wait_for(&case.id, &message)?;
            self.stored += 1;
        }
        Ok(fs::remove_file(file)?)
    }

    /// Waits until a message is stored, and compares it with what was sent.
    fn wait_for(&self, id: &str, submitted: &[u8]) -> Result<()> {
        let begun = Instant::now();
        let found = loop {
            // A message that is on its way fails this, as a folder does in which there is nothing yet.
            let found = self.find(id).unwrap_or_default();
            if !found.is_empty() || begun.elapsed() > DELIVERY {
                break found;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        match found.as_slice() {
            [one] => match maildir::difference(submitted, &one.message, false) {
                Some(difference) => Err(anyhow!(difference)),
                None => Ok(()),
            },
            other => Err(anyhow!("stored {} times, not once", other.len())),
        }
    }

    /// The stored messages of a case.
    fn find(&self, id: &str) -> Result<Vec<Stored>> {
        let stored = maildir::read(&self.running.mail)?.into_iter();
        let stored = stored.map(|stored| match self.kind.line_ends {
            LineEnds::Kept => stored,
            LineEnds::LineFeed => stored.with_line_ends(),
        });
        Ok(stored.filter(|stored| stored.is_of(id)).collect())
    }
}

/// What stands in the columns.
const TRIED: [(Tls, Shown); 6] = [
    (Tls::StartTls, Shown::Right),
    (Tls::StartTls, Shown::Special),
    (Tls::StartTls, Shown::Wrong),
    (Tls::Implicit, Shown::Right),
    (Tls::Implicit, Shown::Special),
    (Tls::Implicit, Shown::Wrong),
];
