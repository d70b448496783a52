//! Replies against a plain reference: the lines, the code, the texts and what is shown of them.
//!
//! The first octet seeds the pieces, the second chooses the receive buffer; the rest is the reply to a NOOP.

#![no_main]

use ehlo::client::{Closed, Config, Connection, Event, Fault};
use ehlo::io::Io;
use ehlo::reply::{Enhanced, ReplyCode, ReplyLine};
use libfuzzer_sys::fuzz_target;

/// What a reply is.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// Its code, and the text of each line.
    Reply(u16, Vec<Vec<u8>>),
    /// What it is not.
    Fault(Fault),
    /// Not whole.
    Cut,
}

/// A reply as RFC 5321 section 4.2 tells it, with any second digit of its code.
fn reference(octets: &[u8]) -> Outcome {
    let mut rest = octets;
    let (mut code, mut texts) = (None, Vec::new());
    loop {
        let Some(at) = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')) else {
            return Outcome::Cut;
        };
        let (line, behind) = rest.split_at(at);
        match behind {
            [b'\r', b'\n', ..] => rest = &behind[2..],
            [b'\r'] => return Outcome::Cut,
            _ => return Outcome::Fault(Fault::BareNewline),
        }
        let (digits, separator) = line.split_at(line.len().min(3));
        let value = match digits {
            [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
            }
            _ => return Outcome::Fault(Fault::Syntax),
        };
        let (last, text) = match separator {
            [] => (true, &[][..]),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return Outcome::Fault(Fault::Syntax),
        };
        let parsed = ReplyLine::parse(line).expect("a line of the grammar");
        assert_eq!((parsed.code().value(), parsed.is_last(), parsed.text()), (value, last, text));
        if code.is_some_and(|code| code != value) {
            return Outcome::Fault(Fault::MixedCodes);
        }
        code = Some(value);
        texts.push(text.to_vec());
        // No reply to NOOP is 3yz, and a challenge is one line whatever it is for.
        if (last && value / 100 == 3) || (!last && value == 334) {
            return Outcome::Fault(Fault::Unexpected(parsed.code()));
        }
        if last {
            return Outcome::Reply(value, texts);
        }
    }
}

/// A reply as the machine reads it, in pieces of up to so many octets; and how the connection ended.
fn read(octets: &[u8], buffer: usize, seed: u8, most: usize) -> Outcome {
    let config = Config::new("fuzz.example", "mail.example.org").max_reply(1 << 20);
    let mut connection = Connection::new(&config, vec![0; buffer], vec![0; 512]);
    let mut dice = u32::from(seed);
    let mut before: &[u8] = b"220 hi\r\n250 hi\r\n";
    let mut rest = octets;
    let (mut asked, mut at_end) = (false, false);
    for _ in 0..octets.len() * 4 + 1000 {
        while let Some(io) = connection.poll_io() {
            match io {
                Io::Read(mut read) => {
                    dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let from = if asked { &mut rest } else { &mut before };
                    let end = from.iter().position(|octet| *octet == b'\n').map(|at| at + 1);
                    let line = end.filter(|_| !asked).unwrap_or(from.len());
                    let space = read.space();
                    assert!(!space.is_empty(), "no room to read");
                    let n = (dice as usize >> 16) % most + 1;
                    let n = n.min(line).min(space.len());
                    space[..n].copy_from_slice(&from[..n]);
                    *from = &from[n..];
                    at_end |= n == 0;
                    read.filled(n);
                }
                Io::Write(write) => {
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Io::Wait(_) => panic!("a client has nothing to wait for"),
            }
        }
        match connection.event() {
            Some(Event::Ready(ready)) => {
                assert_eq!(ready.noop(), Ok(()));
                asked = true;
            }
            Some(Event::Reply(reply)) if asked => {
                let received = reply.received();
                let shown = format!("{received} {received:?}");
                assert!(!shown.contains(char::is_control), "{shown:?}");
                let lines: Vec<_> = received.lines().map(<[u8]>::to_vec).collect();
                assert_enhanced(received.code(), received.enhanced(), &lines);
                return Outcome::Reply(received.code().value(), lines);
            }
            Some(Event::Closed(Closed::Fault(fault))) => return Outcome::Fault(fault),
            Some(Event::Closed(closed)) => {
                assert!(at_end && closed == Closed::EndOfFile, "{closed:?}");
                return Outcome::Cut;
            }
            Some(other) => other.pass_or_quit(),
            None => {}
        }
    }
    panic!("the connection never ends");
}

/// The enhanced status code is the first word, and of the code's class.
fn assert_enhanced(code: ReplyCode, found: Option<Enhanced>, lines: &[Vec<u8>]) {
    let Some(found) = found else { return };
    assert_eq!(found.parts().0, code.class());
    let first = String::from_utf8_lossy(&lines[0]);
    // A number may have zeros in front (RFC 3463 section 2).
    let word = first.split(' ').next().unwrap_or_default();
    let numbers: Vec<u16> = word.split('.').filter_map(|number| number.parse().ok()).collect();
    let (class, subject, detail) = found.parts();
    assert_eq!(numbers, [class.into(), subject, detail], "{word}");
}

fuzz_target!(|input: &[u8]| {
    let [seed, buffer, octets @ ..] = input else { return };
    let expected = reference(octets);
    let room = octets.len() + 64;
    assert_eq!(read(octets, room, *seed, usize::MAX), expected, "as a whole");
    assert_eq!(read(octets, room, *seed, 7), expected, "in pieces");

    // With a small buffer lines may be dropped, but the code is the same.
    let small = read(octets, 32 + usize::from(*buffer), *seed, 40);
    match (&small, &expected) {
        (Outcome::Reply(code, texts), Outcome::Reply(expected, all)) => {
            assert_eq!(code, expected);
            assert!(all.ends_with(texts), "lines that were not there");
        }
        (Outcome::Fault(Fault::TooLong), _) => {}
        _ => assert_eq!(small, expected, "in a small buffer"),
    }
});
