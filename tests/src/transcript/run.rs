//! Running a transcript: whole, octet by octet, and at every cut.

use core::time::Duration;

use ehlo::io::Io;
use ehlo::limits::BUFFER_MIN;
use ehlo::server::{Connection, Event};

use super::config::Begin;
use super::describe::facts;
use super::{Answer, Input, Setting, Step, Transcript, accept, describe};
use crate::text::escape;

/// How the client's octets arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// As much at once as fits.
    Whole,
    /// One at a time; replies leave one octet at a time, each guard is dropped once before it is
    /// answered, and mail data is taken by halves.
    Octets,
    /// In two parts, the first of so many octets, counted over the whole dialogue.
    Cut(usize),
}

/// Challenges are made from this.
const SEED: [u8; 16] = [7; 16];
/// A large buffer.
const LARGE: usize = 64 * 1024;
/// Cuts are tried everywhere in a dialogue up to this length; in a longer one near each line end
/// and in some places between.
const EVERY_CUT: usize = 1200;

/// Runs a transcript in every way there is.
///
/// # Errors
/// The first thing that went otherwise than the transcript says.
pub fn run_every_way(transcript: &Transcript) -> Result<(), String> {
    let smallest = smallest_buffer(transcript);
    let mut ways = vec![(Split::Whole, LARGE, LARGE), (Split::Whole, smallest, BUFFER_MIN)];
    if transcript.setting.whole_only.is_none() {
        ways.push((Split::Octets, LARGE, LARGE));
        ways.push((Split::Octets, smallest, BUFFER_MIN));
        ways.extend(cuts(transcript).into_iter().map(|cut| (Split::Cut(cut), smallest, 1024)));
    }
    for (split, receive, send) in ways {
        run(transcript, split, receive, send).map_err(|error| {
            format!("{} ({split:?}, buffers of {receive} and {send}): {error}", transcript.name)
        })?;
    }
    Ok(())
}

/// The smallest receive buffer that every line fits which is to be read.
fn smallest_buffer(transcript: &Transcript) -> usize {
    let limits = transcript.setting.limits();
    let most = limits.command_line.max(limits.auth_line);
    let mut longest = 0;
    for step in &transcript.steps {
        if let Input::Octets(octets) = &step.input {
            let lines = octets.split_inclusive(|octet| *octet == b'\n').map(<[u8]>::len);
            longest = lines.filter(|length| *length <= most).fold(longest, usize::max);
        }
    }
    longest.max(BUFFER_MIN)
}

fn cuts(transcript: &Transcript) -> Vec<usize> {
    let input = transcript.input();
    let near_line_end = |cut: &usize| {
        let around = &input[cut.saturating_sub(3)..(cut + 3).min(input.len())];
        around.contains(&b'\n') || around.contains(&b'\r')
    };
    let all = 1..input.len();
    if input.len() <= EVERY_CUT {
        all.collect()
    } else {
        let step = input.len() / 100;
        all.filter(|cut| cut.is_multiple_of(step) || near_line_end(cut)).take(EVERY_CUT).collect()
    }
}

/// Runs a transcript in one way.
///
/// # Errors
/// What went otherwise than the transcript says.
pub fn run(
    transcript: &Transcript,
    split: Split,
    receive: usize,
    send: usize,
) -> Result<(), String> {
    let setting = &transcript.setting;
    let mut connection = Connection::new(&setting.config, vec![0; receive], vec![0; send], SEED);
    if setting.tls {
        connection = connection.implicit_tls();
    }
    prepare(&mut connection, setting)?;
    let mut driver = Driver { connection, split, closed: false, last_cut: split };
    let mut before = 0;
    for step in &transcript.steps {
        driver.step(step, before).map_err(|error| format!("line {}: {error}", step.line))?;
        if let Input::Octets(octets) = &step.input {
            before += octets.len();
        }
    }
    Ok(())
}

/// Says what is said before the transcript begins.
fn prepare(connection: &mut Connection<'_, Vec<u8>>, setting: &Setting) -> Result<(), String> {
    let hello = if connection.facts().lmtp { "LHLO" } else { "EHLO" };
    let hello = format!("{hello} client.example.org\r\n");
    let authenticates = setting.has_auth() && setting.begin >= Begin::Authenticated;
    let lines = [
        (Begin::Greeted, ""),
        (Begin::Hello, &hello),
        (
            Begin::Authenticated,
            if authenticates { "AUTH PLAIN AHRpbQB0YW5zdGFhZg==\r\n" } else { "" },
        ),
        (Begin::Mail, "MAIL FROM:<a@example.org>\r\n"),
        (Begin::Rcpt, "RCPT TO:<b@example.org>\r\n"),
        (Begin::Data, "DATA\r\n"),
    ];
    for (_, line) in lines.iter().filter(|(begin, _)| *begin <= setting.begin) {
        let mut unread = line.as_bytes();
        let mut said = Vec::new();
        loop {
            match connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let space = read.space();
                    let n = space.len().min(unread.len());
                    if n == 0 {
                        break;
                    }
                    space[..n].copy_from_slice(&unread[..n]);
                    unread = &unread[n..];
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    said.extend_from_slice(write.bytes());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => connection.handle_timeout(),
                None => match connection.event() {
                    Some(Event::Login(login)) => login.accept_as(ehlo::server::Identity(7)),
                    Some(Event::Closed(why)) => return Err(format!("closed too early: {why:?}")),
                    Some(event) => accept(event),
                    None => {}
                },
            }
        }
        if !line.is_empty() && !said.starts_with(b"2") && !said.starts_with(b"354") {
            return Err(format!("refused too early: {}", escape(&said)));
        }
    }
    Ok(())
}

struct Driver<'c> {
    connection: Connection<'c, Vec<u8>>,
    split: Split,
    closed: bool,
    last_cut: Split,
}

/// What happened in a step.
#[derive(Default)]
struct Seen {
    /// How many events are complete; the next one may be a body that is not.
    events: usize,
    /// What of the body has come.
    body: Option<Vec<u8>>,
    waits: Vec<Duration>,
    output: Vec<u8>,
}

impl Driver<'_> {
    fn step(&mut self, step: &Step, before: usize) -> Result<(), String> {
        let mut parts: Vec<&[u8]> = Vec::new();
        match &step.input {
            Input::Octets(octets) => parts = self.parts(octets, before),
            Input::EndOfFile => match self.connection.poll_io() {
                Some(Io::Read(read)) => read.filled(0),
                other => return Err(format!("nothing is read now, but {other:?}")),
            },
            Input::Timeout(expected) => {
                let deadline = match self.connection.poll_io() {
                    Some(Io::Read(read)) => read.deadline(),
                    other => return Err(format!("nothing is read now, but {other:?}")),
                };
                if deadline.after != *expected {
                    return Err(format!("the deadline is {:?}", deadline.after));
                }
                self.connection.handle_timeout();
            }
            Input::Shutdown => self.connection.handle_shutdown(),
            Input::ShutdownNow => self.connection.handle_shutdown_now(),
            Input::Lost => self.connection.handle_lost(),
        }
        let mut seen = Seen::default();
        self.drive(step, &parts, &mut seen)?;
        end_of_body(step, &mut seen)?;
        if let Some(missing) = step.events.get(seen.events) {
            let description = escape(&missing.description);
            return Err(format!("line {}: no such event: {description}", missing.line));
        }
        if seen.output != step.output {
            let (seen, expected) = (escape(&seen.output), escape(&step.output));
            return Err(format!("the server said\n  {seen}\ninstead of\n  {expected}"));
        }
        if seen.waits != step.waits {
            return Err(format!("waits {:?} instead of {:?}", seen.waits, step.waits));
        }
        let known = facts(&self.connection.facts());
        match &step.facts {
            Some(expected) if *expected != known => Err(format!("F: {known}, not {expected}")),
            _ => Ok(()),
        }
    }

    /// The parts in which the octets of a step arrive.
    fn parts<'a>(&self, octets: &'a [u8], before: usize) -> Vec<&'a [u8]> {
        match self.last_cut {
            Split::Whole => vec![octets],
            Split::Octets => octets.chunks(1).collect(),
            Split::Cut(cut) => {
                match cut.checked_sub(before).and_then(|at| octets.split_at_checked(at)) {
                    Some((first, second)) => vec![first, second],
                    None => vec![octets],
                }
            }
        }
    }

    fn drive(&mut self, step: &Step, parts: &[&[u8]], seen: &mut Seen) -> Result<(), String> {
        let mut parts = parts.iter().copied().filter(|part| !part.is_empty());
        let mut unread: &[u8] = &[];
        for _ in 0..1_000_000 {
            match self.connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    if unread.is_empty() {
                        let Some(next) = parts.next() else { return Ok(()) };
                        unread = next;
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
                    let n = if self.split == Split::Octets { 1 } else { octets.len() };
                    seen.output.extend_from_slice(&octets[..n]);
                    write.sent(n);
                }
                Some(Io::Wait(deadline)) => {
                    seen.waits.push(deadline.after);
                    self.connection.handle_timeout();
                }
                None => {
                    if self.closed {
                        return Ok(());
                    }
                    self.event(step, seen)?;
                }
            }
        }
        Err("this goes on for ever".into())
    }

    fn event(&mut self, step: &Step, seen: &mut Seen) -> Result<(), String> {
        if self.split == Split::Octets {
            // Dropped unanswered: the same is offered again, and nothing else can be done.
            let first = self.connection.event().map(|event| describe(&event));
            let io = self.connection.poll_io().map(|io| format!("{io:?}"));
            let second = self.connection.event().map(|event| describe(&event));
            if first != second || io.is_some() {
                return Err(format!("{first:?} was dropped, then came {io:?} and {second:?}"));
            }
        }
        let Some(event) = self.connection.event() else { return Err("nothing at all".into()) };
        if let Event::Body(body) = event {
            let octets = body.bytes();
            let so_far = seen.body.get_or_insert_default();
            let at = so_far.len();
            let expected = step
                .events
                .get(seen.events)
                .ok_or_else(|| unexpected(&describe(&Event::Body(body))))?;
            let rest = expected.description.strip_prefix(b"Body ").and_then(|b| b.get(at..));
            if !rest.is_some_and(|rest| rest.starts_with(octets)) {
                let (expected, seen) = (escape(&expected.description), escape(octets));
                return Err(format!("line {}: {expected}: came {seen} at {at}", expected.len()));
            }
            return match &expected.answer {
                Answer::Accept
                    if self.split == Split::Octets && octets.len() > 1 && at.is_multiple_of(2) =>
                {
                    let half = octets.len() / 2;
                    self.take_half(half, so_far)
                }
                Answer::Accept => {
                    so_far.extend_from_slice(octets);
                    self.answer(&Answer::Accept)
                }
                // The body that has come so far is all there will be.
                answer => {
                    seen.body = None;
                    seen.events += 1;
                    let answer = answer.clone();
                    self.answer(&answer)
                }
            };
        }
        let description = describe(&event);
        end_of_body(step, seen)?;
        let Some(expected) = step.events.get(seen.events) else {
            return Err(unexpected(&description));
        };
        if description != expected.description {
            let (seen, expected_text) = (escape(&description), escape(&expected.description));
            return Err(format!(
                "line {}: event\n  {seen}\ninstead of\n  {expected_text}",
                expected.line
            ));
        }
        seen.events += 1;
        self.closed = matches!(event, Event::Closed(_));
        expected.answer.give(event);
        Ok(())
    }

    fn answer(&mut self, answer: &Answer) -> Result<(), String> {
        answer.give(self.connection.event().ok_or("the event is gone")?);
        Ok(())
    }

    /// Takes the first half of what is offered; what can't be taken in part is taken whole.
    fn take_half(&mut self, half: usize, so_far: &mut Vec<u8>) -> Result<(), String> {
        let Some(Event::Body(body)) = self.connection.event() else {
            return Err("the body is gone".into());
        };
        let all = body.bytes().to_vec();
        body.consume(half);
        let rest = match self.connection.poll_io() {
            None => match self.connection.event() {
                Some(Event::Body(body)) => body.bytes().to_vec(),
                _ => Vec::new(),
            },
            Some(_) => Vec::new(),
        };
        if rest == all {
            return match self.connection.event() {
                Some(Event::Body(body)) => {
                    so_far.extend_from_slice(&all);
                    body.done();
                    Ok(())
                }
                _ => Err("the body is gone".into()),
            };
        }
        so_far.extend_from_slice(&all[..half]);
        Ok(())
    }
}

/// A body is over when something else comes.
fn end_of_body(step: &Step, seen: &mut Seen) -> Result<(), String> {
    let Some(body) = seen.body.take() else { return Ok(()) };
    let expected = step.events.get(seen.events).and_then(|e| e.description.strip_prefix(b"Body "));
    if expected != Some(body.as_slice()) {
        return Err(format!("the body ends too early: {}", escape(&body)));
    }
    seen.events += 1;
    Ok(())
}

fn unexpected(description: &[u8]) -> String {
    format!("no event is expected, but there is\n  {}", escape(description))
}
