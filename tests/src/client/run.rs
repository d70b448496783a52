//! Running a dialogue of the client: in every split, with the connection closed at every place.

use ehlo::client::Event;
use ehlo::client::submission::Event as Journey;
use ehlo::io::Io;
use ehlo::limits::BUFFER_MIN;
use ehlo::sasl::client::{Channel, Exchange};

use super::act::{self, compare, same};
use super::describe::facts;
use super::{Act, Expected, Input, Party, Script, Step, Told};
use crate::text::{escape, shows};

/// How the server's octets arrive, and how the client's leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// As much at once as fits.
    Whole,
    /// One at a time; the client's leave one at a time too, each guard is dropped once before it is
    /// answered, and the message is given octet by octet.
    Octets,
    /// In two parts, the first of so many octets, counted over the whole dialogue.
    Cut(usize),
    /// So many octets, and then the end of file.
    End(usize),
}

/// One of the ways in which a dialogue is run.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// How the octets come and go.
    pub split: Split,
    /// Octets of the receive buffer.
    pub receive: usize,
    /// Octets of the send buffer.
    pub send: usize,
    /// The message is given in pieces of at most so many octets.
    pub piece: usize,
}

/// A large buffer.
const LARGE: usize = 64 * 1024;
/// Cuts are tried everywhere in a dialogue up to this length; in a longer one near each line end
/// and in some places between.
const EVERY_CUT: usize = 1500;
/// So many cuts in such a longer one.
const CUTS: usize = 250;

/// Runs a dialogue in every way there is.
///
/// # Errors
/// The first thing that went otherwise than the dialogue says.
pub fn run_every_way(script: &Script) -> Result<(), String> {
    let (receive, send) = (smallest_receive(script), script.setting.least_send);
    let whole = usize::MAX;
    let mut ways = vec![
        Way { split: Split::Whole, receive: LARGE, send: LARGE, piece: whole },
        Way { split: Split::Whole, receive, send, piece: whole },
    ];
    if script.setting.whole_only.is_none() {
        ways.push(Way { split: Split::Octets, receive: LARGE, send: LARGE, piece: 1 });
        ways.push(Way { split: Split::Octets, receive, send, piece: 1 });
        let pieces = 1..=script.longest_write().min(64);
        ways.extend(pieces.map(|piece| Way { split: Split::Whole, receive, send, piece }));
        let splits = cuts(script).into_iter().flat_map(|cut| [Split::Cut(cut), Split::End(cut)]);
        ways.extend(splits.map(|split| Way { split, receive, send, piece: whole }));
        ways.push(Way { split: Split::End(0), receive, send, piece: whole });
        let end = Split::End(script.input().len());
        ways.push(Way { split: end, receive, send, piece: whole });
    }
    for way in ways {
        run(script, way).map_err(|error| format!("{} ({way:?}): {error}", script.name))?;
    }
    Ok(())
}

/// The smallest receive buffer that each whole reply fits.
fn smallest_receive(script: &Script) -> usize {
    if let Some(octets) = script.setting.least_receive {
        return octets;
    }
    let (mut longest, mut reply) = (0, 0);
    for line in script.input().split_inclusive(|octet| *octet == b'\n') {
        reply += line.len();
        longest = longest.max(reply);
        if line.get(3) != Some(&b'-') {
            reply = 0;
        }
    }
    longest.clamp(BUFFER_MIN, LARGE)
}

fn cuts(script: &Script) -> Vec<usize> {
    let input = script.input();
    let near_line_end = |cut: &usize| {
        let around = &input[cut.saturating_sub(3)..(cut + 3).min(input.len())];
        around.contains(&b'\n') || around.contains(&b'\r')
    };
    let all = 1..input.len();
    if input.len() <= EVERY_CUT {
        all.collect()
    } else {
        let step = input.len() / 100;
        all.filter(|cut| cut.is_multiple_of(step) || near_line_end(cut)).take(CUTS).collect()
    }
}

/// Runs a dialogue in one way.
///
/// # Errors
/// What went otherwise than the dialogue says.
pub fn run(script: &Script, way: Way) -> Result<(), String> {
    let mut driver = Driver {
        party: Party::new(&script.setting, way.receive, way.send),
        script,
        way,
        exchange: None,
        message: None,
        ended: false,
        closed: false,
        given_up: false,
        in_the_open: Vec::new(),
    };
    if script.setting.greeted {
        driver.greet()?;
    }
    let mut before = 0;
    for step in &script.steps {
        if driver.given_up {
            break;
        }
        driver.step(step, before).map_err(|error| format!("line {}: {error}", step.line))?;
        if let Input::Octets(octets) = &step.input {
            before += octets.len();
        }
    }
    if !script.setting.dangerous
        && let Some(secret) = script.setting.secrets.iter().find(|s| shows(&driver.in_the_open, s))
    {
        return Err(format!("{secret} went out in the open"));
    }
    Ok(())
}

struct Driver<'s> {
    party: Party<'s>,
    script: &'s Script,
    way: Way,
    exchange: Option<Exchange<'static>>,
    /// What of the message comes next: which act, and how many of its octets are written.
    message: Option<(usize, usize)>,
    /// The end of file was given.
    ended: bool,
    closed: bool,
    /// The end of file came before the dialogue's own end.
    given_up: bool,
    /// What left without TLS, or towards nobody knows whom.
    in_the_open: Vec<u8>,
}

/// What happened in a step.
#[derive(Default)]
struct Seen {
    events: usize,
    output: Vec<u8>,
    /// The application waits.
    idle: bool,
}

impl Driver<'_> {
    /// Says what is said before the dialogue begins.
    fn greet(&mut self) -> Result<(), String> {
        let mut said = String::from("220 mail.example.org ESMTP\r\n");
        let lines: Vec<&str> = ["mail.example.org"].into_iter().chain(self.offers()).collect();
        for (index, line) in lines.iter().enumerate() {
            let separator = if index + 1 == lines.len() { ' ' } else { '-' };
            said.push_str(&format!("250{separator}{line}\r\n"));
        }
        let greeting = said.find('\n').unwrap_or(0) + 1;
        for part in [&said[..greeting], &said[greeting..]] {
            let mut unread = part.as_bytes();
            loop {
                match self.party.poll_io() {
                    Some(Io::Read(_)) if unread.is_empty() => break,
                    Some(Io::Read(mut read)) => {
                        let space = read.space();
                        let n = space.len().min(unread.len());
                        space[..n].copy_from_slice(&unread[..n]);
                        unread = &unread[n..];
                        read.filled(n);
                    }
                    Some(Io::Write(write)) if unread.is_empty() => {
                        // The reply to EHLO is next; what follows it belongs to the dialogue.
                        if part.starts_with("250") {
                            return Ok(());
                        }
                        let n = write.bytes().len();
                        write.sent(n);
                    }
                    Some(other) => return Err(format!("not yet: {other:?}")),
                    None => match self.party.event() {
                        Some(
                            Told::Connection(Event::Reply(reply))
                            | Told::Submission(Journey::Reply(reply)),
                        ) => reply.done(),
                        _ if part.starts_with("250") => return Ok(()),
                        other => return Err(format!("before the beginning: {other:?}")),
                    },
                }
            }
        }
        Err("the reply to EHLO was not read".into())
    }

    fn offers(&self) -> impl Iterator<Item = &'static str> + use<> {
        let offers = self.script.setting.offers.clone();
        offers.into_iter().map(|line| -> &'static str { line.leak() })
    }

    fn step(&mut self, step: &Step, before: usize) -> Result<(), String> {
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut end_of_file = false;
        match &step.input {
            Input::Octets(octets) => (parts, end_of_file) = self.parts(octets, before),
            Input::EndOfFile | Input::Timeout(_) if matches!(self.way.split, Split::End(at) if at <= before) =>
            {
                end_of_file = true;
            }
            Input::EndOfFile => match self.party.poll_io() {
                Some(Io::Read(read)) => read.filled(0),
                other => return Err(format!("nothing is read now, but {other:?}")),
            },
            Input::Timeout(expected) => {
                let deadline = match self.party.poll_io() {
                    Some(Io::Read(read)) => read.deadline(),
                    other => return Err(format!("nothing is read now, but {other:?}")),
                };
                if deadline.after != *expected {
                    return Err(format!("the deadline is {:?}", deadline.after));
                }
                self.party.handle_timeout();
            }
            Input::Lost => self.party.handle_lost(),
            Input::WriteLost => self.party.handle_write_lost(),
        }
        let mut seen = Seen::default();
        self.drive(step, &parts, end_of_file, &mut seen)?;
        if self.given_up {
            return Ok(());
        }
        if let Some(missing) = step.events.get(seen.events) {
            return Err(format!("line {}: no such event: {}", missing.line, missing.description));
        }
        if seen.output != step.output {
            let (seen, expected) = (escape(&seen.output), escape(&step.output));
            return Err(format!("the client said\n  {seen}\ninstead of\n  {expected}"));
        }
        let known = facts(&self.party);
        match &step.facts {
            Some(expected) if *expected != known => Err(format!("F: {known}, not {expected}")),
            _ => Ok(()),
        }
    }

    /// The parts in which the octets of a step arrive, and whether the end of file follows.
    fn parts<'a>(&self, octets: &'a [u8], before: usize) -> (Vec<&'a [u8]>, bool) {
        match self.way.split {
            Split::Whole => (vec![octets], false),
            Split::Octets => (octets.chunks(1).collect(), false),
            Split::Cut(at) => {
                match at.checked_sub(before).and_then(|at| octets.split_at_checked(at)) {
                    Some((first, second)) => (vec![first, second], false),
                    None => (vec![octets], false),
                }
            }
            Split::End(at) => {
                let at = at.saturating_sub(before);
                // At the end of the step it is for the next one.
                if at < octets.len() { (vec![&octets[..at]], true) } else { (vec![octets], false) }
            }
        }
    }

    fn drive(
        &mut self,
        step: &Step,
        parts: &[&[u8]],
        end_of_file: bool,
        seen: &mut Seen,
    ) -> Result<(), String> {
        let mut parts = parts.iter().copied().filter(|part| !part.is_empty());
        let mut unread: &[u8] = &[];
        for _ in 0..1_000_000 {
            match self.party.poll_io() {
                Some(Io::Read(mut read)) => {
                    if unread.is_empty() {
                        match parts.next() {
                            Some(next) => unread = next,
                            None if end_of_file && !self.ended => {
                                self.ended = true;
                                read.filled(0);
                                continue;
                            }
                            None => return Ok(()),
                        }
                    }
                    let space = read.space();
                    if space.is_empty() {
                        return Err("there is no room to read".into());
                    }
                    let n = space.len().min(unread.len());
                    space[..n].copy_from_slice(&unread[..n]);
                    unread = &unread[n..];
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    let octets = write.bytes();
                    let n = if self.way.split == Split::Octets { 1 } else { octets.len() };
                    let octets = octets[..n].to_vec();
                    write.sent(n);
                    if !matches!(self.party.channel(), Channel::Tls | Channel::Local) {
                        self.in_the_open.extend_from_slice(&octets);
                    }
                    seen.output.extend(octets);
                }
                Some(Io::Wait(_)) => return Err("a client does not wait".into()),
                None if self.closed || seen.idle || self.given_up => {
                    let left = unread.len() + parts.map(<[u8]>::len).sum::<usize>();
                    // What the server says behind the end is never read.
                    if left > 0 && !self.closed && !self.given_up {
                        return Err(format!("{left} octets are not read"));
                    }
                    return Ok(());
                }
                None => self.event(step, seen)?,
            }
        }
        Err("this goes on for ever".into())
    }

    fn event(&mut self, step: &Step, seen: &mut Seen) -> Result<(), String> {
        if self.way.split == Split::Octets {
            // Dropped unanswered: the same is offered again, and nothing else can be done.
            let first = self.party.event().map(|event| event.describe());
            let io = self.party.poll_io().map(|io| format!("{io:?}"));
            let second = self.party.event().map(|event| event.describe());
            if first != second || io.is_some() {
                return Err(format!("{first:?} was dropped, then came {io:?} and {second:?}"));
            }
        }
        let event = self.party.event().ok_or("nothing at all")?;
        let description = event.describe();
        if self.message.is_some() && description.starts_with("Content") {
            let expected = step.events.get(seen.events).ok_or("a message that is not expected")?;
            return self.message(expected, seen);
        }
        let expected = step.events.get(seen.events);
        let expected = expected.filter(|expected| expected.description == description);
        let Some(expected) = expected else {
            if self.ended && description.starts_with("Closed ") {
                self.given_up = true;
                return self.ends_early(&description, seen);
            }
            return Err(match step.events.get(seen.events) {
                None => format!("no event is expected, but there is\n  {description}"),
                Some(other) => {
                    let (line, other) = (other.line, &other.description);
                    format!("line {line}: event\n  {description}\ninstead of\n  {other}")
                }
            });
        };
        self.answer(expected, seen)
    }

    /// The end of file came early: nothing is told but that.
    fn ends_early(&self, description: &str, seen: &Seen) -> Result<(), String> {
        let quit = seen.output.ends_with(b"QUIT\r\n") || self.script.steps.iter().any(said_quit);
        match description {
            "Closed EndOfFile" => Ok(()),
            "Closed Quit" if quit => Ok(()),
            _ => Err(format!("the end of file is told as {description}")),
        }
    }

    fn answer(&mut self, expected: &Expected, seen: &mut Seen) -> Result<(), String> {
        let acts = &expected.acts;
        let event = self.party.event().ok_or("the event is gone")?;
        match (event, acts.as_slice()) {
            (
                Told::Connection(Event::Ready(_))
                | Told::Submission(Journey::Next(_) | Journey::Recipient(_))
                | Told::Connection(Event::Content(_))
                | Told::Submission(Journey::Content(_)),
                [],
            ) => seen.idle = true,
            (Told::Connection(Event::Closed(_)) | Told::Submission(Journey::Closed(_)), []) => {
                self.closed = true;
            }
            (
                Told::Connection(Event::Reply(reply)) | Told::Submission(Journey::Reply(reply)),
                [],
            ) => reply.done(),
            (
                Told::Connection(Event::Upgrade(upgrade))
                | Told::Submission(Journey::Upgrade(upgrade)),
                [],
            ) => upgrade.done(Some(self.script.setting.config.host())),
            (
                Told::Connection(Event::Upgrade(upgrade))
                | Told::Submission(Journey::Upgrade(upgrade)),
                [one],
            ) => match &one.act {
                Act::Tls(verified) => upgrade.done(verified.as_deref()),
                Act::Failed => upgrade.failed(),
                other => return Err(format!("this is no handshake: {other:?}")),
            },
            (Told::Submission(Journey::TokenRefused(refused)), []) => refused.done(),
            (Told::Submission(Journey::Failed(failed)), []) => failed.done(),
            (Told::Submission(Journey::Exchange(exchange)), [one]) => {
                same(one, act::exchange(&one.act, exchange)?.err())?;
            }
            (Told::Connection(Event::Challenge(challenge)), []) => {
                let exchange = self.exchange.as_mut().ok_or("there is no exchange")?;
                let said = challenge.respond(exchange);
                said.map_err(|error| format!("the challenge ends with {error:?}"))?;
            }
            (Told::Connection(Event::Challenge(challenge)), [one]) => match &one.act {
                Act::Cancel => challenge.cancel(),
                Act::Respond(octets) if octets.is_empty() && one.error.is_some() => {
                    let exchange = self.exchange.as_mut().ok_or("there is no exchange")?;
                    compare(one, challenge.respond(exchange))?;
                }
                Act::Respond(octets) => compare(one, challenge.respond_with(octets))?,
                other => return Err(format!("this is no response: {other:?}")),
            },
            (
                Told::Connection(Event::Content(_)) | Told::Submission(Journey::Content(_)),
                [_, ..],
            ) => {
                self.message = Some((0, 0));
                return self.message(expected, seen);
            }
            (
                Told::Connection(Event::Ready(_))
                | Told::Submission(Journey::Next(_) | Journey::Recipient(_)),
                _,
            ) => self.commands(expected)?,
            (event, _) => return Err(format!("not to be answered like this: {event:?}")),
        }
        seen.events += 1;
        Ok(())
    }

    /// Says commands, one after the other, with as few guards as it takes.
    fn commands(&mut self, expected: &Expected) -> Result<(), String> {
        let mut at = 0;
        while let Some(doing) = expected.acts.get(at) {
            let line = doing.line;
            match self.party.event() {
                Some(Told::Connection(Event::Ready(ready))) => {
                    let mut guard = Some(ready);
                    while let (Some(ready), Some(doing)) = (guard.take(), expected.acts.get(at)) {
                        let setting = &self.script.setting;
                        let said = act::say(&doing.act, ready, setting, &mut self.exchange)?;
                        same(doing, said.1.err())?;
                        guard = said.0;
                        at += 1;
                    }
                }
                Some(Told::Submission(Journey::Next(next))) => {
                    same(doing, act::next(&doing.act, next)?.err())?;
                    at += 1;
                }
                Some(Told::Submission(Journey::Recipient(recipient))) => {
                    same(doing, act::recipient(&doing.act, recipient)?.err())?;
                    at += 1;
                }
                other => return Err(format!("line {line}: it is not the time, but {other:?}")),
            }
        }
        Ok(())
    }

    /// Goes on with the message, as far as there is room.
    fn message(&mut self, expected: &Expected, seen: &mut Seen) -> Result<(), String> {
        let (mut at, mut written) = self.message.ok_or("there is no message")?;
        let Some(
            Told::Connection(Event::Content(mut content))
            | Told::Submission(Journey::Content(mut content)),
        ) = self.party.event()
        else {
            return Err("the message can't go on".into());
        };
        while let Some(doing) = expected.acts.get(at) {
            match &doing.act {
                Act::Write(octets) => {
                    let rest = &octets[written..];
                    match content.write(&rest[..rest.len().min(self.way.piece)]) {
                        Ok(0) if !rest.is_empty() => {
                            self.message = Some((at, written));
                            return Ok(());
                        }
                        Ok(n) if n < rest.len() => written += n,
                        outcome => {
                            compare(doing, outcome.map(|_| ()))?;
                            (at, written) = (at + 1, 0);
                        }
                    }
                    continue;
                }
                Act::Flush => content.flush(),
                Act::Abort => {
                    content.abort();
                    self.message = None;
                    seen.events += 1;
                    return Ok(());
                }
                Act::Finish => {
                    let outcome = content.finish();
                    let over = outcome.is_ok();
                    compare(doing, outcome)?;
                    if over {
                        self.message = None;
                        seen.events += 1;
                        return Ok(());
                    }
                }
                other => return Err(format!("this is no part of a message: {other:?}")),
            }
            self.message = Some((at + 1, 0));
            return Ok(());
        }
        Err("the message does not end".into())
    }
}

fn said_quit(step: &Step) -> bool {
    step.output.ends_with(b"QUIT\r\n")
}
