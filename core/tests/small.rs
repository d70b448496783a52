//! The server as a small device has it: without the feature `extensions`.
#![cfg(all(not(feature = "extensions"), feature = "plain"))]
#![allow(clippy::unwrap_used, reason = "a test")]

use ehlo::io::Io;
use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::{Config, Connection, Event};

/// All that the server says to a client that says this, with the messages it took.
fn dialogue(client: &str, chunk: usize) -> (String, Vec<u8>) {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    let config = Config::new("sensor.local").auth(&[Mechanism::Plain]).policy(policy);
    let mut connection = Connection::new(&config, [0; 512], [0; 512], [7; 16]);
    let (mut rest, mut said, mut taken) = (client.as_bytes(), String::new(), Vec::new());
    loop {
        while let Some(io) = connection.poll_io() {
            match io {
                Io::Read(mut read) => {
                    let n = read.space().len().min(chunk).min(rest.len());
                    let (now, later) = rest.split_at(n);
                    read.space()[..n].copy_from_slice(now);
                    rest = later;
                    read.filled(n);
                }
                Io::Write(write) => {
                    said.push_str(core::str::from_utf8(write.bytes()).unwrap());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Io::Wait(_) => connection.handle_timeout(),
            }
        }
        match connection.event() {
            Some(Event::Login(login)) if login.password().matches(b"secret") => login.accept(),
            Some(Event::Body(body)) => {
                taken.extend_from_slice(body.bytes());
                body.done();
            }
            Some(Event::EndOfData(end)) => end.accept(),
            Some(Event::Closed(_)) => return (said, taken),
            Some(other) => other.accept_or_decline(),
            None => {}
        }
    }
}

/// The codes of the replies, those of several lines once.
fn codes(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect()
}

const LOGIN: &str = "EHLO [IPv6:2001:db8::1]\r\nAUTH PLAIN AHRpbQBzZWNyZXQ=\r\n";

#[test]
fn a_message_is_taken_whole_at_every_split() {
    let mail = "MAIL FROM:<tim@example.org> SIZE=10 BODY=8BITMIME AUTH=<>\r\nRCPT TO:<\"a b\"@example.org>\r\n\
                DATA\r\nSubject: hi\r\n\r\n..\r\nend\r\n.\r\nQUIT\r\n";
    let input = format!("{LOGIN}{mail}");
    for chunk in 1..input.len() {
        let (said, taken) = dialogue(&input, chunk);
        assert_eq!(codes(&said), ["220", "250", "235", "250", "250", "354", "250", "221"]);
        assert_eq!(taken, b"Subject: hi\r\n\r\n.\r\nend\r\n");
    }
}

#[test]
fn only_what_is_there_is_offered() {
    let (said, _) = dialogue("EHLO me\r\nQUIT\r\n", 512);
    let offered: Vec<&str> = said.lines().skip(1).map(|line| &line[4..]).collect();
    let expected =
        ["sensor.local", "PIPELINING", "SIZE 67108864", "8BITMIME", "ENHANCEDSTATUSCODES"];
    assert_eq!(offered[..5], expected);
    assert_eq!(offered[5..7], ["AUTH PLAIN", "HELP"]);
}

#[test]
fn what_is_not_there_is_refused() {
    for (line, code) in [
        ("LHLO me", "500"),
        ("EXPN list", "500"),
        ("XCLIENT ADDR=192.0.2.1", "500"),
        ("VRFY tim", "252"),
        ("MAIL FROM:<tim@example.org> RET=FULL", "555"),
        ("MAIL FROM:<tim@example.org> BODY=BINARYMIME", "555"),
        ("MAIL FROM:<tim@example.org> SMTPUTF8", "555"),
        ("MAIL FROM:<t\u{ef}m@example.org>", "553"),
        ("MAIL FROM:<tim@[192.0.2.256]>", "501"),
        ("MAIL FROM:<tim@example..org>", "501"),
    ] {
        let (said, _) = dialogue(&format!("{LOGIN}{line}\r\nQUIT\r\n"), 512);
        assert_eq!(codes(&said), ["220", "250", "235", code, "221"], "{line}\n{said}");
    }
}

#[test]
fn the_octets_of_a_chunk_do_not_become_commands() {
    let (said, _) = dialogue(&format!("{LOGIN}BDAT 6 LAST\r\nRSET\r\nNOOP\r\n"), 512);
    assert_eq!(codes(&said), ["220", "250", "235", "502"]);
}
