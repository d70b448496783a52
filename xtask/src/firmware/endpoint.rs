//! What is checked of an endpoint.

use core::time::Duration;
use std::path::Path;
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};

use super::Here;
use super::checks::Checks;
use super::clients::{Client, Outcome, PASSWORD, USER, Way, sessions};
use super::machine::{Machine, Start};
use super::mail::{Letter, shown};
use super::raw::Raw;

/// Sessions in a row.
const MANY: usize = 200;

/// How long a board may take to say that a session is over.
const SOON: u64 = 20;

/// Checks one endpoint: with its messages in RAM, and then in flash.
///
/// # Errors
///
/// Fails when the checks themselves can't be made.
pub(super) fn check(
    start: &Start,
    ways: &[(u16, Way)],
    here: Here<'_>,
    checks: &mut Checks,
) -> Result<Option<u64>> {
    let mut machine = boot(start, &["show"])?;
    if !checks.check("it starts", || listens(&mut machine)) {
        return failed(&machine);
    }
    let failures = checks.failed.len();
    for (port, way) in ways {
        logins(&mut machine, *port, way, here, checks)?;
    }
    let (port, way) = ways.first().context("no way in")?;
    let small = Letter::new(here.work, "one of many", 0)?;
    checks.check(&format!("{MANY} sessions in a row"), || many(&mut machine, *port, way, &small));
    if matches!(way, Way::Clear) {
        checks.check("connections dropped half-way", || dropped(&mut machine, *port, &small));
        checks
            .check("a second client while the first is slow", || slow(&mut machine, *port, &small));
    }
    checks.check("it has not panicked", || sane(&machine));
    let mut stack = high_water(&machine);
    if checks.failed.len() > failures {
        failed(&machine)?;
    }
    machine.cut();
    if matches!(way, Way::Clear) {
        checks.check("the power is cut while a message is stored", || {
            let (seen, used) = power_cut(start, *port, here.work)?;
            stack = stack.max(used);
            Ok(seen)
        });
    }
    Ok(stack)
}

/// Shows the end of what the board has said.
fn failed(machine: &Machine) -> Result<Option<u64>> {
    let lines = machine.all();
    let unread = lines.iter().filter(|line| !line.starts_with("= "));
    let unread: Vec<_> = unread.collect();
    for line in unread.iter().skip(unread.len().saturating_sub(30)) {
        println!("    | {line}");
    }
    Ok(None)
}

fn boot(start: &Start, words: &[&str]) -> Result<Machine> {
    let mut start = start.clone();
    start.words = words.iter().map(|word| (*word).to_owned()).collect();
    for (_, host) in &mut start.ports {
        *host = super::machine::free_port()?;
    }
    Machine::start(start)
}

fn listens(machine: &mut Machine) -> Result<String> {
    let begin = machine.mark_of_start();
    machine.wait(begin, "listening on", 30, |line| {
        line.contains("listening on").then(|| line.to_owned())
    })
}

/// The right and a wrong password, by each client and each mechanism it has.
fn logins(
    machine: &mut Machine,
    port: u16,
    way: &Way,
    here: Here<'_>,
    checks: &mut Checks,
) -> Result<()> {
    for client in [Client::Swaks, Client::Smtplib, Client::Ehlo, Client::Gsasl] {
        for mechanism in client.mechanisms(way) {
            let name = format!("{}{} by {mechanism}", client.name(), way.title());
            let letter = Letter::new(here.work, &name, 3000)?;
            checks.check(&name, || {
                right(machine, (client, here.ehlo), port, way, mechanism, &letter)
            });
            checks.check(&format!("{name}, wrong password"), || {
                wrong(machine, (client, here.ehlo), port, way, mechanism, &letter)
            });
        }
    }
    Ok(())
}

fn right(
    machine: &mut Machine,
    (client, ehlo): (Client, &Path),
    port: u16,
    way: &Way,
    mechanism: &str,
    letter: &Letter,
) -> Result<String> {
    let mark = machine.mark();
    let outcome =
        client.submit(ehlo, way, machine.port(port), mechanism, PASSWORD, &letter.file)?;
    ensure!(outcome == Outcome::Done, "the right password was refused");
    let login = format!("{USER} has logged in by {mechanism}");
    machine.wait(mark, &login, SOON, |line| line.contains(&login).then_some(()))?;
    machine.wait(mark, "over", SOON, |line| line.contains(" over: ").then_some(()))?;
    if !client.submits() {
        return Ok(login);
    }
    machine.wait(mark, "the end of a message", SOON, ends)?;
    let messages = shown(&machine.since(mark))?;
    let (number, kept) = messages.last_key_value().context("no message is shown")?;
    letter.compare(kept)?;
    Ok(format!("message {number} has the {} octets that were sent", letter.octets.len()))
}

fn wrong(
    machine: &mut Machine,
    (client, ehlo): (Client, &Path),
    port: u16,
    way: &Way,
    mechanism: &str,
    letter: &Letter,
) -> Result<String> {
    let mark = machine.mark();
    let outcome =
        client.submit(ehlo, way, machine.port(port), mechanism, "tanstaaf", &letter.file)?;
    ensure!(outcome == Outcome::Refused, "a wrong password was taken");
    let login = format!("a login by {mechanism} has failed");
    machine.wait(mark, &login, SOON, |line| line.contains(&login).then_some(()))?;
    let over = machine.wait(mark, "over", SOON, |line| {
        line.split_once(" over: ").map(|(_, how)| how.to_owned())
    })?;
    ensure!(over.contains("nobody, 0 messages"), "{over}");
    Ok("535 5.7.8, and nobody has logged in".to_owned())
}

/// The number of a message that is shown to its end.
fn ends(line: &str) -> Option<u32> {
    line.strip_prefix("message ")?.split_once(" ends, ")?.0.parse().ok()
}

fn many(machine: &mut Machine, port: u16, way: &Way, letter: &Letter) -> Result<String> {
    let mark = machine.mark();
    sessions(way, machine.port(port), &letter.file, MANY)?;
    let mut left = MANY;
    machine.wait(mark, "the end of the last session", SOON, |line| {
        left -= usize::from(line.contains(" over: QUIT; tim, 1 message,"));
        (left == 0).then_some(())
    })?;
    let messages = shown(&machine.since(mark))?;
    ensure!(messages.len() == MANY, "{} messages are shown", messages.len());
    messages.values().try_for_each(|kept| letter.compare(kept))?;
    Ok(format!("{MANY} messages, each octet by octet what was sent"))
}

/// A client goes away behind each step, and in the middle of a message.
fn dropped(machine: &mut Machine, port: u16, letter: &Letter) -> Result<String> {
    let mut dropped = 0;
    for steps in 0..=Raw::TO_DATA {
        for half in [false, true] {
            let mark = machine.mark();
            let mut raw = Raw::connect(machine.port(port))?;
            raw.advance(steps)?;
            match half {
                true if steps == Raw::TO_DATA => {
                    raw.content(letter.octets.get(..letter.octets.len() / 2).unwrap_or(&[]))?;
                }
                true => raw.write(b"NOO")?,
                false => {}
            }
            drop(raw);
            machine.wait(mark, "over", SOON, |line| line.contains(" over: ").then_some(()))?;
            if steps == Raw::TO_DATA {
                let lines = machine.since(mark);
                ensure!(lines.iter().any(|line| line.contains("no message")), "it was not noticed");
            }
            dropped += 1;
        }
    }
    let mark = machine.mark();
    deliver(machine, port, letter)?;
    machine.wait(mark, "the end of a message", SOON, ends)?;
    let messages = shown(&machine.since(mark))?;
    letter.compare(messages.values().next_back().context("no message is shown")?)?;
    Ok(format!("{dropped} dropped, each noticed; the next one is served"))
}

/// A message by hand.
fn deliver(machine: &Machine, port: u16, letter: &Letter) -> Result<()> {
    let mut raw = Raw::connect(machine.port(port))?;
    raw.advance(Raw::TO_DATA)?;
    raw.content(&letter.octets)?;
    raw.say(".", 250)?;
    raw.say("QUIT", 221)
}

/// One client stops in the middle of a line and of its message; another one is served meanwhile.
fn slow(machine: &mut Machine, port: u16, letter: &Letter) -> Result<String> {
    let mark = machine.mark();
    let half = letter.octets.len() / 2;
    let (first, second) = letter.octets.split_at(half);
    let mut slow = Raw::connect(machine.port(port))?;
    slow.write(b"EHLO slow.ex")?;
    deliver(machine, port, letter).context("while the first is in its EHLO")?;
    slow.say("ample", 250)?;
    slow.say("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm", 235)?;
    slow.say("MAIL FROM:<tim@example.org>", 250)?;
    slow.say("RCPT TO:<box@board.example>", 250)?;
    slow.say("DATA", 354)?;
    slow.content(first)?;
    deliver(machine, port, letter).context("while the first is in its message")?;
    slow.content(second)?;
    slow.say(".", 250)?;
    slow.say("QUIT", 221)?;
    let mut left = 3;
    machine.wait(mark, "three messages", SOON, |line| {
        left -= usize::from(ends(line).is_some());
        (left == 0).then_some(())
    })?;
    let messages = shown(&machine.since(mark))?;
    messages.values().try_for_each(|kept| letter.compare(kept))?;
    Ok(format!("{} messages of two clients at once, each whole", messages.len()))
}

/// The board has not gone down, and has said nothing of it.
fn sane(machine: &Machine) -> Result<String> {
    let lines = machine.all();
    let bad = ["panic at", "hard fault", "can't start", "can't be read"];
    if let Some(line) = lines.iter().find(|line| bad.iter().any(|text| line.contains(text))) {
        bail!("{line}");
    }
    Ok(format!("{} lines on the serial port", lines.len()))
}

/// The most of the stack that was ever in use, as the board says.
pub(super) fn high_water(machine: &Machine) -> Option<u64> {
    let lines = machine.all();
    let used = |line: &String| line.strip_prefix("stack ")?.split(' ').next()?.parse().ok();
    lines.iter().filter_map(used).max()
}

/// Fills a flash with messages, and cuts the power while the last one is on its way: further along each time.
/// What was answered by 250 has to be there afterwards, and nothing may be there in part.
fn power_cut(start: &Start, port: u16, work: &Path) -> Result<(String, Option<u64>)> {
    let flash = work.join(format!("flash-{}", start.board.name));
    let _ = std::fs::remove_file(&flash);
    let flash = format!("flash={}", flash.display());
    let (mut accepted, mut sent, mut stack) = (Vec::new(), Vec::new(), None);
    let (mut whole, mut none) = (0, 0);
    for round in 0..8_u64 {
        let mut machine = boot(start, &["show", &flash])?;
        listens(&mut machine)?;
        let before = shown(&machine.all())?;
        survived(&before, &accepted, &sent).with_context(|| format!("round {round}"))?;
        match before.len() > accepted.len() {
            true => whole += 1,
            false => none += u64::from(round > 0),
        }
        // What was on its way and arrived is there to stay from now on.
        accepted = sent.iter().filter(|letter: &&Letter| is_in(letter, &before)).cloned().collect();
        let letter = Letter::new(work, &format!("kept in round {round}"), 0)?;
        deliver(&machine, port, &letter)?;
        accepted.push(letter.clone());
        sent.push(letter);

        let letter = Letter::new(work, &format!("cut off in round {round}"), 4000)?;
        let mut raw = Raw::connect(machine.port(port))?;
        raw.advance(Raw::TO_DATA)?;
        sent.push(letter.clone());
        if round < 3 {
            let part = letter.octets.len() / 4 * (round as usize + 1);
            raw.content(letter.octets.get(..part).unwrap_or(&[]))?;
        } else {
            raw.content(&letter.octets)?;
            raw.write(b".\r\n")?;
        }
        // From at once to behind the reply.
        thread::sleep(Duration::from_millis(round.saturating_sub(3) * 4));
        if round == 7 {
            raw.expect(250)?;
            accepted.push(letter);
        }
        machine.cut();
        stack = stack.max(high_water(&machine));
    }
    let mut machine = boot(start, &["show", &flash])?;
    listens(&mut machine)?;
    let kept = shown(&machine.all())?;
    survived(&kept, &accepted, &sent)?;
    Ok((
        format!(
            "8 times; {} messages are there, each whole; of those on their way {whole} had arrived, {none} left nothing",
            kept.len()
        ),
        stack,
    ))
}

fn is_in(letter: &Letter, kept: &std::collections::BTreeMap<u32, Vec<u8>>) -> bool {
    kept.values().any(|kept| letter.compare(kept).is_ok())
}

/// Every message that was accepted is there, and every one that is there is one that was sent.
fn survived(
    kept: &std::collections::BTreeMap<u32, Vec<u8>>,
    accepted: &[Letter],
    sent: &[Letter],
) -> Result<()> {
    let lost = accepted.iter().filter(|letter| !is_in(letter, kept)).count();
    ensure!(lost == 0, "{lost} messages are lost that were answered by 250");
    let strange =
        kept.values().filter(|kept| !sent.iter().any(|letter| letter.compare(kept).is_ok()));
    let strange = strange.count();
    ensure!(strange == 0, "{strange} messages are there that nobody has sent, or in part");
    Ok(())
}
