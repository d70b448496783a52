//! A server, and the client run against it: what has come of one run.

use core::time::Duration;
use std::fs;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};

use super::super::USER;
use super::super::maildir::{self, Stored};
use super::super::report::{Failure, Outcome};
use super::client::{Client, Ended, Letter, Login, Tls, Way};
use super::kind::{Kind, LineEnds, Running};
use super::probed;
use super::site::Site;

/// How long a message may be on its way to the Maildir.
const DELIVERY: Duration = Duration::from_secs(10);

/// A server under its checks.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    /// Which one.
    pub(crate) kind: &'static Kind,
    /// What is run against it.
    pub(crate) client: &'a Client,
    /// Where it lives.
    pub(crate) site: &'a Site<'a>,
    /// Its programs.
    pub(crate) running: Running,
    /// How many messages have been found in its Maildir.
    found: usize,
}

/// A run of the client.
#[derive(Debug)]
pub(crate) struct Case {
    /// What the message is found by.
    pub(crate) id: String,
    /// How the connection becomes secret.
    pub(crate) tls: Tls,
    /// The port of somebody in between, or in the server's place.
    pub(crate) instead: Option<u16>,
    /// Who the client is.
    pub(crate) login: Option<Login>,
    /// Whose certificates it trusts: the name of a file.
    pub(crate) ca: &'static str,
    /// The recipients.
    pub(crate) to: &'static [&'static str],
    /// The message.
    pub(crate) message: Vec<u8>,
    /// How the client has to end.
    pub(crate) ends: Ended,
    /// How often the message has to be stored.
    pub(crate) arrives: usize,
}

impl<'a> Bench<'a> {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// Fails when it does not start.
    pub(crate) fn start(
        kind: &'static Kind,
        client: &'a Client,
        site: &'a Site<'a>,
    ) -> Result<Self> {
        let running = (kind.start)(site)?;
        Ok(Self { kind, client, site, running, found: 0 })
    }

    /// Runs the client once and judges what has come of it.
    pub(crate) fn check(&mut self, case: &Case) -> Outcome {
        self.judge(&case.id, |bench, said| bench.attempt(case, said))
    }

    /// What the programs have logged since they had logged so much.
    pub(crate) fn logged_since(&self, before: &[String]) -> String {
        let after = self.running.logs();
        let new = after.iter().zip(before).filter_map(|(after, before)| after.get(before.len()..));
        new.collect()
    }

    /// Makes an outcome of what went wrong, with all that was said.
    pub(crate) fn judge(
        &mut self,
        id: &str,
        attempt: impl FnOnce(&mut Self, &mut String) -> Result<()>,
    ) -> Outcome {
        let before = self.running.logs();
        let mut said = String::new();
        let Err(error) = attempt(self, &mut said) else { return Outcome::Ok };
        let reason = format!("{error:#}");
        eprintln!("FAILED {id}: {reason}");
        let mut dialogue = said;
        for (after, before) in self.running.logs().iter().zip(before) {
            dialogue += "\n--- server ---\n";
            dialogue += after.get(before.len()..).unwrap_or(after);
        }
        Outcome::Failed(Failure { reason, dialogue })
    }

    /// Runs the client and compares what has come of it with what should; what it says is put into `said`.
    fn attempt(&mut self, case: &Case, said: &mut String) -> Result<()> {
        let ended = self.send(case, said)?;
        if !self.running.is_alive() {
            bail!("the server has died");
        }
        if ended != case.ends {
            bail!("the client ended with {ended}, not {}", case.ends);
        }
        for stored in self.wait_for(case)? {
            if let Some(difference) = maildir::difference(&case.message, &stored.message, false) {
                bail!(difference);
            }
        }
        Ok(())
    }

    /// Runs the client; what it says is put into `said`.
    pub(crate) fn send(&self, case: &Case, said: &mut String) -> Result<Ended> {
        let file = self.site.work.write(&format!("{}.eml", case.id), &case.message)?;
        let letter = Letter { from: USER, to: case.to, message: &file };
        let ended = self.client.send(&self.way(case), &letter, said)?;
        self.site.work.write(&format!("{}.client.log", case.id), said.as_bytes())?;
        fs::remove_file(file)?;
        Ok(ended)
    }

    /// The way to the server.
    fn way<'c>(&self, case: &'c Case) -> Way<'c> {
        Way {
            port: case.instead.unwrap_or(match case.tls {
                Tls::StartTls => self.running.starttls,
                Tls::Implicit => self.running.implicit,
            }),
            tls: case.tls,
            ca: self.site.work.path(case.ca),
            login: case.login.as_ref(),
            is_lmtp: self.kind.is_lmtp,
        }
    }

    /// Has the client look at the server, and checks what it has seen.
    pub(crate) fn probe(&mut self, case: &Case) -> Outcome {
        self.judge(&case.id, |bench, said| {
            let told = bench.client.probe(&bench.way(case), said)?;
            bench.site.work.write(&format!("{}.client.log", case.id), said.as_bytes())?;
            probed::check(bench.kind, &told)
        })
    }

    /// Waits until a message is stored as often as it should be.
    fn wait_for(&mut self, case: &Case) -> Result<Vec<Stored>> {
        if case.arrives == 0 {
            return Ok(Vec::new());
        }
        let begun = Instant::now();
        loop {
            // A message that is on its way fails this, as a folder does in which there is nothing yet.
            let stored = self.find(&case.id).unwrap_or_default();
            if stored.len() >= case.arrives {
                self.found += case.arrives;
                return Ok(stored);
            }
            if begun.elapsed() > DELIVERY {
                return Err(anyhow!("stored {} times, not {}", stored.len(), case.arrives));
            }
            std::thread::sleep(Duration::from_millis(20));
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

    /// Whether those messages are stored that should be, and no other.
    pub(crate) fn nothing_else(&mut self) -> Outcome {
        self.judge("nothing else stored", |bench, _| {
            let stored = maildir::read(&bench.running.mail)?.len();
            if stored != bench.found {
                bail!("{stored} messages stored, {} expected", bench.found);
            }
            Ok(())
        })
    }
}
