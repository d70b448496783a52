//! Mail data against a plain reference: transparency undone, the end found, whatever the pieces.
//!
//! The first octet chooses what is done about a bare CR or LF and seeds the pieces; the rest stands behind
//! DATA.

#![no_main]

use ehlo::io::Io;
use ehlo::policy::{BareNewline, Policy};
use ehlo::server::{Config, Connection, Event};
use libfuzzer_sys::fuzz_target;

/// How the mail data ends.
#[derive(Debug, PartialEq)]
enum End {
    /// With its own end, which so many octets of the input follow.
    Whole(Vec<u8>, usize),
    /// With the connection.
    Cut(Vec<u8>),
    /// It was refused for what stands in it.
    Refused,
}

/// The mail data, octet by octet as RFC 5321 section 4.5.2 tells it.
fn reference(wire: &[u8], newline: BareNewline) -> End {
    let mut text = Vec::new();
    let mut line_start = true;
    let mut at = 0;
    while let Some(octet) = wire.get(at) {
        let behind = &wire[at..];
        if line_start && behind.starts_with(b".\r\n") {
            return End::Whole(text, at + 3);
        }
        if line_start && *octet == b'.' {
            // The end may be cut off here: a dot that could still be it is not mail data.
            if matches!(behind, b"." | b".\r") {
                return End::Cut(text);
            }
            at += 1;
            line_start = false;
            continue;
        }
        line_start = false;
        if behind.starts_with(b"\r\n") {
            text.extend(b"\r\n");
            line_start = true;
            at += 2;
            continue;
        }
        if matches!(octet, b'\r' | b'\n') {
            if behind == b"\r" {
                // What it is shows only when the next octet comes; that it is passed on is sure.
                text.push(b'\r');
                return End::Cut(text);
            }
            match newline {
                BareNewline::Refuse => return End::Refused,
                BareNewline::Accept => text.push(*octet),
                BareNewline::Convert => text.extend(b"\r\n"),
            }
        } else {
            text.push(*octet);
        }
        at += 1;
    }
    End::Cut(text)
}

/// The mail data as the server machine gives it.
fn decoded(wire: &[u8], newline: BareNewline, seed: Option<u8>) -> End {
    let mut policy = Policy::new();
    policy.bare_newline = newline;
    policy.refuse_nul = false;
    let config = Config::new("fuzz.example").policy(policy);
    let mut connection = Connection::new(&config, [0; 1024], [0; 512], [0; 16]);
    let mut dice = seed.map(u64::from);
    let mut piece = |most: usize| match &mut dice {
        None => most,
        Some(dice) => {
            *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((*dice >> 60) as usize + 1).min(most)
        }
    };
    let mut opening: &[u8] = b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    let (mut rest, mut text) = (wire, Vec::new());
    loop {
        match connection.poll_io() {
            Some(Io::Read(mut read)) => {
                let from = if opening.is_empty() { &mut rest } else { &mut opening };
                let n = piece(read.space().len().min(from.len()));
                read.space()[..n].copy_from_slice(&from[..n]);
                *from = &from[n..];
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => connection.handle_timeout(),
            None => {}
        }
        match connection.event() {
            Some(Event::Body(body)) => {
                text.extend(body.bytes());
                body.done();
            }
            Some(Event::EndOfData(_)) => {
                // What was read ahead is still there, behind the end.
                return End::Whole(text, wire.len() - rest.len());
            }
            Some(Event::Aborted(_)) if !rest.is_empty() => return End::Refused,
            Some(Event::Aborted(aborted)) => {
                use ehlo::server::Aborted;
                return match aborted.why() {
                    Aborted::Closed => End::Cut(text),
                    _ => End::Refused,
                };
            }
            Some(Event::Closed(_)) => return End::Cut(text),
            Some(event) => event.accept_or_decline(),
            None => {}
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let [choice, wire @ ..] = input else { return };
    let newline = match choice & 3 {
        0 => BareNewline::Accept,
        1 => BareNewline::Convert,
        _ => BareNewline::Refuse,
    };
    let expected = reference(wire, newline);
    for seed in [None, Some(choice >> 2)] {
        match (&expected, decoded(wire, newline, seed)) {
            (End::Whole(text, end), End::Whole(found, read)) => {
                assert_eq!(*text, found, "{seed:?}");
                assert!(read >= *end, "the end was seen before it came");
            }
            (expected, found) => assert_eq!(*expected, found, "{seed:?}"),
        }
    }
});
