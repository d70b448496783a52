//! Any octets in any pieces to the server machine, its events answered by what the input says.
//!
//! The first octet chooses the configuration, the second seeds the answers, the third seeds the pieces, the
//! fourth chooses the buffers; the rest is what the client sends. Everything is run twice with the same
//! answers, once in pieces and once whole: the client must be told the same.

#![no_main]

use ehlo::capability::Extensions;
use ehlo::io::Io;
use ehlo::limits::Limits;
use ehlo::policy::{BareNewline, Policy};
use ehlo::reply::Refusal;
use ehlo::sasl::Mechanism;
use ehlo::server::{Config, Connection, Event};
use libfuzzer_sys::fuzz_target;

/// More steps than this for an octet of input is a loop.
const STEPS_PER_OCTET: usize = 200;

/// Pseudo-random octets; the same seed gives the same ones.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u8 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }
}

fn config(choice: u8) -> Config<'static> {
    let all = Extensions::DEFAULT
        .with(Extensions::REQUIRETLS)
        .with(Extensions::DELIVERBY)
        .with(Extensions::FUTURERELEASE)
        .with(Extensions::MT_PRIORITY)
        .with(Extensions::ETRN);
    let mut limits = Limits::new();
    if choice & 1 != 0 {
        limits.message = 100;
        limits.recipients = 3;
        limits.command_line = 512;
        limits.errors = 0;
        limits.unauthenticated_commands = 0;
    }
    let mut policy = Policy::new();
    policy.cleartext_auth = choice & 2 != 0;
    policy.auth_optional = choice & 4 != 0;
    policy.bare_newline = match choice >> 3 & 3 {
        0 => BareNewline::Accept,
        1 => BareNewline::Convert,
        _ => BareNewline::Refuse,
    };
    let config = Config::new("fuzz.example").extensions(all).limits(limits).policy(policy);
    let config = if choice & 32 != 0 { config.auth(Mechanism::KNOWN) } else { config };
    let config = if choice & 64 != 0 { config.lmtp() } else { config };
    if choice & 128 != 0 { config.starttls() } else { config }
}

/// What one run showed: all that was written, and all mail data.
#[derive(Debug, PartialEq)]
struct Shown {
    written: Vec<u8>,
    body: Vec<u8>,
}

fn run(
    config: &Config<'_>,
    input: &[u8],
    buffers: (usize, usize),
    seed: u8,
    pieces: Option<u8>,
) -> Shown {
    let (mut rx, mut tx) = (vec![0; buffers.0], vec![0; buffers.1]);
    let mut connection = Connection::new(config, &mut rx[..], &mut tx[..], [7; 16]);
    let (mut answers, mut pieces) = (Dice(seed.into()), pieces.map(|seed| Dice(seed.into())));
    let mut piece = |most: usize| match &mut pieces {
        Some(dice) => (usize::from(dice.roll() % 16) + 1).min(most),
        None => most,
    };
    let mut shown = Shown { written: Vec::new(), body: Vec::new() };
    let mut rest = input;
    for _ in 0..(input.len() + 10) * STEPS_PER_OCTET {
        match connection.poll_io() {
            Some(Io::Read(mut read)) => {
                let space = read.space();
                assert!(!space.is_empty(), "no room to read, and nothing else to do");
                let n = piece(space.len().min(rest.len()));
                space[..n].copy_from_slice(&rest[..n]);
                rest = &rest[n..];
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                assert!(!write.bytes().is_empty(), "nothing to write");
                let n = piece(write.bytes().len());
                shown.written.extend(&write.bytes()[..n]);
                write.sent(n);
            }
            Some(Io::Wait(_)) => connection.handle_timeout(),
            None => match connection.event() {
                Some(Event::Closed(_)) => return shown,
                Some(Event::Body(body)) => {
                    let n = piece(body.bytes().len());
                    // An inserted CRLF can't be taken in part.
                    let n = if body.bytes().len() <= 2 { body.bytes().len() } else { n };
                    shown.body.extend(&body.bytes()[..n]);
                    body.consume(n);
                }
                Some(event) => answer(event, answers.roll()),
                None => {}
            },
        }
    }
    panic!("the connection never ends");
}

fn answer(event: Event<'_>, dice: u8) {
    let no = Refusal::permanent("5.7.1 no");
    let later = Refusal::transient("4.3.0 later");
    match (event, dice % 8) {
        (Event::Connected(connected), 0) => connected.trust().allow_xclient().accept(),
        (Event::Hello(hello), 7) => hello.refuse(&later),
        (Event::Upgrade(upgrade), 0..7) => upgrade.done(),
        (Event::Login(login), 0..4) => login.accept(),
        (Event::Login(login), 4) => login.unavailable(),
        (Event::CramMd5(login), 0..4) => login.accept(),
        (Event::CramMd5(login), _) if login.verify(b"secret") => login.accept(),
        (Event::Token(login), 0..4) => login.accept(),
        (Event::External(login), 0..4) => login.accept(),
        (Event::Anonymous(login), 0..4) => login.accept(),
        (Event::Mail(mail), 0) => mail.refuse(&no),
        (Event::Mail(mail), _) => mail.accept(),
        (Event::Rcpt(rcpt), 0) => rcpt.refuse(&later),
        (Event::Rcpt(rcpt), _) => rcpt.accept(),
        (Event::Data(data), 0) => data.refuse(&no),
        (Event::Data(data), _) => data.accept(),
        (Event::EndOfData(end), 0) => end.refuse(&later),
        (Event::EndOfData(end), 1) => end.accept_with("as 7\r\n250 forged"),
        (Event::EndOfData(end), _) => end.accept(),
        (Event::Verify(verify), 0) => verify.accept("<a@b>"),
        (Event::Expand(expand), 0) => expand.accept(&["<a@b>", "<c@d>"]),
        (Event::Etrn(etrn), 0) => etrn.accept(),
        (Event::Xclient(xclient), 0) => xclient.accept_login(None),
        (Event::Xclient(xclient), 1..4) => xclient.accept(),
        (Event::Xforward(xforward), 0..4) => xforward.accept(),
        (event, _) => event.decline(),
    }
}

/// Every line is a reply: a code, a space or hyphen, at most 512 octets, and no stray CR or LF.
fn assert_well_formed(written: &[u8]) {
    assert!(written.is_empty() || written.ends_with(b"\r\n"), "half a line");
    let text = written.strip_suffix(b"\r\n").unwrap_or(written);
    if text.is_empty() {
        return;
    }
    let mut start = 0;
    loop {
        let end = text[start..].windows(2).position(|pair| pair == b"\r\n").map(|at| start + at);
        let line = &text[start..end.unwrap_or(text.len())];
        let shown = String::from_utf8_lossy(line);
        assert!(line.len() + 2 <= 512, "{} octets: {shown}", line.len() + 2);
        assert!(!line.contains(&b'\r') && !line.contains(&b'\n'), "{shown}");
        assert!(line.len() >= 3 && line[..3].iter().all(u8::is_ascii_digit), "{shown}");
        assert!(matches!(line.get(3), None | Some(b' ' | b'-')), "{shown}");
        match end {
            Some(end) => start = end + 2,
            None => return,
        }
    }
}

/// Whether STARTTLS was accepted, or refused for what came with it.
fn mentions_starttls(written: &[u8]) -> bool {
    let text = String::from_utf8_lossy(written);
    text.contains("ready to start TLS") || text.contains("plaintext behind STARTTLS")
}

fuzz_target!(|input: &[u8]| {
    let [choice, seed, pieces, buffers, client @ ..] = input else { return };
    let config = config(*choice);
    let buffers = if buffers & 1 == 0 { (4096, 4096) } else { (512, 512) };
    let whole = run(&config, client, buffers, *seed, None);
    assert_well_formed(&whole.written);
    let in_pieces = run(&config, client, buffers, *seed, Some(*pieces));
    assert_well_formed(&in_pieces.written);
    // Whether octets stand behind STARTTLS is the one thing that pieces may and must change.
    if [&whole, &in_pieces].iter().any(|shown| mentions_starttls(&shown.written)) {
        return;
    }
    assert_eq!(
        String::from_utf8_lossy(&whole.written),
        String::from_utf8_lossy(&in_pieces.written),
        "the replies depend on the pieces"
    );
    assert_eq!(whole.body, in_pieces.body, "the mail data depends on the pieces");
});
