//! The greeting, the hello, and the form of replies.

use super::{Findings, Given};
use crate::probe::report::Report;

/// Seconds after which a greeting is slow.
const SLOW: u64 = 5;
/// Octets a reply line may have (RFC 5321 section 4.5.3.1.5).
const LONGEST_LINE: usize = ehlo::limits::REPLY_LINE_MAX;

pub(super) fn look(report: &Report, given: &Given, found: &mut Findings) {
    greeting(report, given, found);
    hello(report, given, found);
    lines(report, found);
    let end = &report.end;
    if end.timed_out {
        found.problem(
            "timeout",
            "the server did not answer in time",
            "wait longer with --timeout, or see what the server is busy with",
        );
    } else if end.fault && !report.injected {
        found.problem(
            "protocol",
            end.reason.clone(),
            "clients end the connection here; --transcript shows the line",
        );
    } else if !end.polite && !end.by_us && end.code.is_none() && report.tls_failure.is_none() {
        found.warning(
            "end",
            format!("the connection did not end with QUIT: {}", end.reason),
            "--transcript shows what came before; the server's log may say why",
        );
    }
    for said in &report.other {
        found.warning("unasked", format!("the server said {} by itself", said.text()), "");
    }
}

fn greeting(report: &Report, given: &Given, found: &mut Findings) {
    let Some(greeting) = &report.greeting else { return };
    match greeting.code {
        220 => {}
        code @ 400..=499 => {
            found.problem(
                "greeting-refused",
                format!("the server turns us away for now with {code}: {}", greeting.text()),
                "try later; it may limit connections, or not be ready",
            );
            return;
        }
        code => {
            found.problem(
                "greeting-refused",
                format!("the server turns us away with {code}: {}", greeting.text()),
                "our address may be blocked, or this host takes no mail (RFC 7504)",
            );
            return;
        }
    }
    let first = greeting.lines.first().map(String::as_str).unwrap_or_default();
    let mut words = first.split_ascii_whitespace();
    let (name, rest) = (words.next().unwrap_or_default(), words);
    if name.is_empty() {
        found.warning(
            "greeting-name",
            "the greeting has no name",
            "the server's own name stands first in it (RFC 5321 section 4.2)",
        );
    } else if !name.contains('.') && !name.starts_with('[') && name != "localhost" {
        found.note(
            "greeting-name",
            format!("the greeting begins with {name:?}, which is no full name"),
            "the server's full name should stand there",
        );
    }
    if !given.lmtp && !rest.clone().any(|word| word.eq_ignore_ascii_case("ESMTP")) {
        found.note(
            "greeting-esmtp",
            "the greeting has no ESMTP in it",
            "some old clients look for it",
        );
    }
    if greeting.lines.len() > 1 {
        found.note(
            "greeting-lines",
            format!("the greeting has {} lines", greeting.lines.len()),
            "it is allowed, and keeps spam programs away; some simple devices fail at it",
        );
    }
    let seconds = greeting.milliseconds / 1000;
    if seconds >= SLOW {
        found.warning(
            "greeting-slow",
            format!("the greeting took {seconds} s"),
            "often the server looks our address up in DNS; impatient clients give up",
        );
    } else {
        found.ok("greeting", format!("greeted in {} ms", greeting.milliseconds));
    }
}

fn hello(report: &Report, given: &Given, found: &mut Findings) {
    let Some(refused) = &report.hello_refused else { return };
    let spoken = report.clear.as_ref().or(report.secure.as_ref()).is_some_and(|offer| offer.helo);
    if spoken {
        found.problem(
            "helo",
            format!("the server knows no EHLO, only HELO: {}", refused.text()),
            "without EHLO there is no TLS and no AUTH; a firewall on the way may have taken it out",
        );
    } else {
        found.problem(
            "hello-refused",
            format!("the hello was refused: {}", refused.text()),
            if given.lmtp {
                "is this LMTP? without --lmtp the server is spoken to as SMTP has it"
            } else {
                "it may dislike our name; --ehlo gives another"
            },
        );
    }
}

fn lines(report: &Report, found: &mut Findings) {
    let wire = &report.wire;
    if wire.longest_line > LONGEST_LINE {
        found.warning(
            "long-line",
            format!("a reply line has {} octets", wire.longest_line),
            "512 is the most (RFC 5321 section 4.5.3.1.5); split it",
        );
    }
    if wire.bare_newlines > 0 {
        found.problem(
            "bare-newline",
            format!("{} lines end with LF alone", wire.bare_newlines),
            "lines end with CRLF (RFC 5321 section 2.3.8); clients may end the connection",
        );
    }
    for code in &wire.bare_codes {
        found.note(
            "bare-code",
            format!("a bare {code}, without the space behind it"),
            "some clients wait for the space (RFC 5321 section 4.2 asks for it)",
        );
    }
    if wire.unreadable_lines > 0 {
        found.warning(
            "not-utf8",
            format!("{} lines are neither ASCII nor UTF-8", wire.unreadable_lines),
            "replies are ASCII (RFC 5321 section 4.2)",
        );
    }
}
