//! Runs a scenario, step by step.

use ehlo::sasl::Mechanism;

use super::dialogue::{Dialogue, Reply, Trouble, came};
use super::expect::{self, Fit};
use super::facts::Facts;
use super::ground::Ground;
use super::report::{Outcome, Round};
use super::scenario::{Scenario, Start, Step};
use super::template::{self, Filling};
use crate::probe::options::TlsStart;

/// Why a scenario ends before its last step.
enum Stop {
    /// It has come as far as it can.
    Done,
    Skipped(String),
    Failed(String),
}

/// Runs it.
pub(crate) async fn run(ground: &Ground<'_>, scenario: &'static Scenario) -> Outcome {
    let mut outcome = Outcome::new(scenario);
    if let Some(why) = ground.lacks(scenario) {
        outcome.skip(why);
        return outcome;
    }
    let start = std::time::Instant::now();
    let mut runner = Runner::new(ground, scenario, &mut outcome);
    match runner.all().await {
        Ok(()) | Err(Stop::Done) => {}
        Err(Stop::Skipped(why)) => outcome.skip(why),
        Err(Stop::Failed(why)) => outcome.fail(why),
    }
    outcome.milliseconds = crate::probe::seen::milliseconds(start.elapsed());
    outcome
}

/// What is offered to a client that has authenticated.
pub(crate) async fn offer_after_login(
    ground: &Ground<'_>,
    scenario: &'static Scenario,
) -> Vec<String> {
    if ground.lacks(scenario).is_some() {
        return Vec::new();
    }
    let mut outcome = Outcome::new(scenario);
    let mut runner = Runner::new(ground, scenario, &mut outcome);
    let end = runner.all().await;
    if end.is_ok() { runner.facts.offer } else { Vec::new() }
}

struct Runner<'a> {
    ground: &'a Ground<'a>,
    scenario: &'static Scenario,
    facts: Facts,
    outcome: &'a mut Outcome,
    /// The hello with our name.
    hello: String,
}

impl<'a> Runner<'a> {
    fn new(ground: &'a Ground<'a>, scenario: &'static Scenario, outcome: &'a mut Outcome) -> Self {
        Self { ground, scenario, facts: Facts::default(), outcome, hello: String::new() }
    }

    async fn all(&mut self) -> Result<(), Stop> {
        let mut dialogue = self.begin().await?;
        for step in self.scenario.steps {
            dialogue = self.step(dialogue, step).await?;
        }
        // What was to be seen was seen; how the server takes the farewell is another matter.
        let _ = dialogue.send(b"QUIT\r\n").await;
        let _ = dialogue.reply().await;
        Ok(())
    }

    /// A connection, as far as the scenario wants it.
    async fn begin(&mut self) -> Result<Dialogue, Stop> {
        let (way, start) = (self.ground.way, self.scenario.start);
        let unreachable =
            |error: &dyn core::fmt::Display| Stop::Skipped(format!("no connection: {error}"));
        let reached = way.reach().await.map_err(|error| unreachable(&error))?;
        let verb = if way.lmtp { "LHLO" } else { "EHLO" };
        self.hello = format!("{verb} {}", reached.name);
        let wire = way.wire(self.scenario.id, &self.ground.login.secrets());
        let mut dialogue = Dialogue::new(reached.transport, wire, way.patience);
        if way.tls == TlsStart::Implicit {
            dialogue = dialogue.secure(way).await.map_err(|error| unreachable(&error))?;
        }
        let greeting = dialogue.reply().await;
        if !matches!(&greeting, Ok(reply) if reply.code == 220) {
            return Err(Stop::Skipped(format!("no greeting: {}", came(&greeting))));
        }
        if start == Start::Greeted {
            return Ok(dialogue);
        }
        self.say_hello(&mut dialogue).await?;
        if start == Start::Secure && self.ground.starttls {
            let _ = dialogue.send(b"STARTTLS\r\n").await;
            let reply = dialogue.reply().await;
            if !matches!(&reply, Ok(reply) if reply.code == 220) {
                return Err(Stop::Skipped(format!("no STARTTLS: {}", came(&reply))));
            }
            dialogue = dialogue.secure(way).await.map_err(|error| unreachable(&error))?;
            self.say_hello(&mut dialogue).await?;
        }
        Ok(dialogue)
    }

    async fn say_hello(&mut self, dialogue: &mut Dialogue) -> Result<(), Stop> {
        let _ = dialogue.send(format!("{}\r\n", self.hello).as_bytes()).await;
        let reply = dialogue.reply().await;
        match reply {
            Ok(reply) if reply.code == 250 => {
                self.heard(&reply);
                Ok(())
            }
            other => Err(Stop::Skipped(format!("no hello: {}", came(&other)))),
        }
    }

    async fn step(&mut self, mut dialogue: Dialogue, step: &Step) -> Result<Dialogue, Stop> {
        match *step {
            Step::Say(line, expected) => {
                self.send(&mut dialogue, line, true).await?;
                self.read(&mut dialogue, line, expected).await?;
            }
            Step::Send(octets) => {
                self.send(&mut dialogue, octets, false).await?;
                self.outcome.rounds.push(Round::sent(template::shown(octets)));
            }
            Step::Read(expected) => self.read(&mut dialogue, "", expected).await?,
            Step::Login => self.login(&mut dialogue).await?,
            Step::Tls => match dialogue.secure(self.ground.way).await {
                Ok(secured) => return Ok(secured),
                Err(why) => {
                    self.outcome.rounds.push(Round::noted("TLS handshake", &why));
                    return Err(Stop::Done);
                }
            },
            Step::Again => {
                drop(dialogue);
                return self.begin().await;
            }
            Step::Quiet => {
                if !dialogue.is_quiet().await {
                    let reply = came(&dialogue.reply().await);
                    self.outcome.rounds.push(Round::noted("nothing", &reply));
                    return Err(Stop::Failed(format!(
                        "nothing was to come, and there was {reply}"
                    )));
                }
            }
            Step::Unless(code) => {
                if !self.last_is(code) {
                    return Err(Stop::Done);
                }
            }
            Step::SkipUnless(code, why) => {
                if !self.last_is(code) {
                    let said = self.facts.last.as_ref().map(Reply::text).unwrap_or_default();
                    return Err(Stop::Skipped(format!("{why}: {said}")));
                }
            }
            Step::Keep => self.facts.kept = self.facts.challenge.clone(),
            Step::Check(what, must, test) => match test(&self.facts) {
                Ok(()) => self.outcome.rounds.push(Round::noted(what, "so it is")),
                Err(why) => {
                    let why = dialogue.redact(&why);
                    self.outcome.rounds.push(Round::noted(what, &why));
                    let text = format!("expected: {what}; {why}");
                    if must {
                        return Err(Stop::Failed(text));
                    }
                    self.outcome.note(text);
                }
            },
            Step::Guess(line, most) => self.guess(&mut dialogue, line, most).await?,
        }
        Ok(dialogue)
    }

    async fn send(&self, dialogue: &mut Dialogue, octets: &str, line: bool) -> Result<(), Stop> {
        // Each connection has its own certificate, and some scenarios have no TLS.
        if template::has_secret(octets) {
            let channel = dialogue.channel(&self.ground.way.host);
            let safe = self.ground.login.rules.check(Mechanism::Plain, channel);
            safe.map_err(|why| Stop::Skipped(why.to_string()))?;
        }
        let secrets = &self.ground.login.secrets;
        let expose = |secret: &Option<ehlo_std::users::Secret>| {
            secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default()
        };
        let user = secrets.user.as_deref().unwrap_or("ehlo-probe");
        let sender = if user.contains('@') {
            user.to_owned()
        } else {
            format!("{user}@{}", self.ground.way.domain())
        };
        let (password, token) = (expose(&secrets.password), expose(&secrets.token));
        let filling = Filling {
            user,
            password: &password,
            token: &token,
            hello: &self.hello,
            sender: &sender,
            challenge: self.facts.challenge.as_deref(),
            first_challenge: self.facts.kept.as_deref(),
        };
        let mut octets = template::filled(octets, &filling);
        if line {
            octets.extend_from_slice(b"\r\n");
        }
        // Where it can't be sent, no reply will come; and one may be there that says why.
        let _ = dialogue.send(&octets).await;
        Ok(())
    }

    /// Reads a reply to `sent`, and sees how well it fits.
    async fn read(
        &mut self,
        dialogue: &mut Dialogue,
        sent: &str,
        expected: &str,
    ) -> Result<(), Stop> {
        let reply = dialogue.reply().await;
        if let Ok(reply) = &reply {
            self.heard(reply);
        }
        let text = came(&reply);
        self.outcome.rounds.push(Round {
            sent: template::shown(sent),
            expected: expect::shown(expected),
            came: text.clone(),
        });
        match expect::fit(&reply, expected, self.ground.statuses) {
            Fit::Right => {}
            Fit::Allowed(why) => self.outcome.note(format!("{text}: {why}")),
            Fit::Wrong => {
                let busy = matches!(&reply, Ok(reply) if matches!(reply.code, 421 | 450..=454));
                let what = format!("expected {}, came {text}", expect::shown(expected));
                return Err(if busy {
                    Stop::Skipped(format!(
                        "the server would not go on, it may limit attempts: {text}"
                    ))
                } else {
                    Stop::Failed(what)
                });
            }
        }
        if reply.is_err() { Err(Stop::Done) } else { Ok(()) }
    }

    fn heard(&mut self, reply: &Reply) {
        if reply.code == 334 {
            self.facts.challenge = reply.challenge();
        }
        if reply.code == 250 && reply.lines.len() > 1 {
            self.facts.offer = reply.lines.iter().skip(1).cloned().collect();
        }
        self.facts.last = Some(reply.clone());
    }

    fn last_is(&self, code: &str) -> bool {
        let last = self.facts.last.clone().ok_or(Trouble::Closed);
        expect::fit(&last, code, false) == Fit::Right
    }

    async fn login(&mut self, dialogue: &mut Dialogue) -> Result<(), Stop> {
        let steps: &[&str] = if self.ground.offers("PLAIN") {
            &["AUTH PLAIN <<\0{user}\0{password}>>"]
        } else if self.ground.offers("LOGIN") {
            &["AUTH LOGIN", "<<{user}>>", "<<{password}>>"]
        } else {
            &["AUTH CRAM-MD5", "<<{cram}>>"]
        };
        for line in steps {
            self.send(dialogue, line, true).await?;
            let reply = dialogue.reply().await;
            let text = came(&reply);
            match reply {
                Ok(reply) if matches!(reply.code, 235 | 334) => self.heard(&reply),
                _ => return Err(Stop::Skipped(format!("can't log in: {text}"))),
            }
        }
        self.outcome.rounds.push(Round::noted("logged in", "235"));
        Ok(())
    }

    async fn guess(&mut self, dialogue: &mut Dialogue, line: &str, most: u32) -> Result<(), Stop> {
        for count in 1..=most {
            self.send(dialogue, line, true).await?;
            let reply = dialogue.reply().await;
            self.outcome.rounds.push(Round {
                sent: template::shown(line),
                expected: "any".into(),
                came: came(&reply),
            });
            if !matches!(&reply, Ok(reply) if reply.code != 421) {
                self.outcome.remark = Some(format!("closed at failure {count}"));
                return Ok(());
            }
        }
        self.outcome.remark = Some(format!("still open after {most} failures"));
        Ok(())
    }
}
