//! Replies that are longer than most: always whole, and the same however the commands come.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ehlo::io::Io;
use ehlo::reply::Refusal;
use ehlo::sasl::Mechanism;
use ehlo::server::{Config, Connection, Event};
use ehlo_tests::transcript::accept;

static CONFIG: Config<'static> = Config::new("mail.example.org");
static OWN: Config<'static> =
    Config::new("mail.example.org").auth(&[Mechanism::Application("X-OWN")]);

/// What the server says to these lines, each part of which arrives at once.
fn dialogue(
    config: &Config<'_>,
    send: usize,
    parts: &[&[u8]],
    answer: &dyn Fn(Event<'_>),
) -> String {
    let mut server = Connection::new(config, vec![0; 4096], vec![0; send], [1; 16]).implicit_tls();
    let (mut parts, mut said) = (parts.iter(), Vec::new());
    loop {
        match server.poll_io() {
            Some(Io::Read(mut read)) => {
                let Some(part) = parts.next() else { return String::from_utf8(said).unwrap() };
                read.space()[..part.len()].copy_from_slice(part);
                read.filled(part.len());
            }
            Some(Io::Write(write)) => {
                assert!(write.bytes().ends_with(b"\r\n"), "whole lines are written");
                said.extend_from_slice(write.bytes());
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => server.handle_timeout(),
            None => match server.event().unwrap() {
                event @ (Event::Connected(_) | Event::Hello(_) | Event::Mail(_)) => accept(event),
                event => answer(event),
            },
        }
    }
}

/// Each reply ends with a line without a hyphen, and no line is too long.
fn is_well_formed(said: &str) {
    let lines: Vec<&str> = said.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    for (at, line) in lines.iter().enumerate() {
        assert!(line.len() <= 510, "{} octets and CRLF: {line}", line.len());
        if line.as_bytes()[3] == b'-' {
            let next = lines.get(at + 1).unwrap_or_else(|| panic!("no line behind {line}"));
            assert_eq!(next[..3], line[..3]);
        }
    }
}

const SENDS: [usize; 6] = [512, 600, 1024, 1500, 4096, 65_536];

#[test]
fn a_list_that_does_not_fit_has_a_last_line_all_the_same() {
    let long: Vec<String> = (0..100).map(|n| format!("<member{n}@example.org>")).collect();
    let members: Vec<&str> = long.iter().map(String::as_str).collect();
    let wide = "x".repeat(600);
    for send in SENDS {
        for list in [&members[..], &[&wide, &wide, "last"], &["first", &wide], &[&wide], &[]] {
            let said =
                dialogue(&CONFIG, send, &[b"EHLO x\r\nEXPN list\r\n"], &|event| match event {
                    Event::Expand(expand) => expand.accept(list),
                    other => panic!("{other:?}"),
                });
            is_well_formed(&said);
            let last = list.last().map_or("", |last| &last[..last.len().min(20)]);
            assert!(said.lines().last().unwrap().contains(last), "{send}: {said}");
        }
    }
}

#[test]
fn long_replies_are_the_same_however_the_commands_come() {
    let text = format!("5.7.1 {}", "why not ".repeat(300));
    let lines: [&[u8]; 6] = [
        b"EHLO x\r\n",
        b"MAIL FROM:<>\r\n",
        b"RCPT TO:<a@b>\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"VRFY x\r\n",
        b"EXPN list\r\n",
    ];
    let answer = |event: Event<'_>| match event {
        Event::Rcpt(rcpt) => rcpt.refuse(&Refusal::permanent(&text)),
        Event::Verify(verify) => verify.accept(&text),
        Event::Expand(expand) => expand.accept(&[&text, &text, "and", "more"]),
        other => panic!("{other:?}"),
    };
    for send in SENDS {
        let one_by_one = dialogue(&CONFIG, send, &lines, &answer);
        is_well_formed(&one_by_one);
        let at_once = dialogue(&CONFIG, send, &[&lines.concat()], &answer);
        assert_eq!(at_once, one_by_one, "{send}");
    }
}

#[test]
fn a_challenge_that_fits_the_send_buffer_fits_behind_other_replies() {
    let answer = |event: Event<'_>| match event {
        // 700 octets are 936 in base64.
        Event::Exchange(exchange) => exchange.challenge(&[b'c'; 700]).expect("it fits"),
        other => panic!("{other:?}"),
    };
    let said = dialogue(
        &OWN,
        1024,
        &[b"EHLO x\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nAUTH X-OWN\r\n"],
        &answer,
    );
    assert!(said.ends_with("Y2Nj\r\n") || said.ends_with("Yw==\r\n"), "{said}");
}
