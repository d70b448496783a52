//! Any octets in any pieces to the client machine, alone and under a submission, its events answered by
//! what the input says.
//!
//! The first two octets choose the configuration and the credentials, the third seeds the answers, the
//! fourth the pieces, the fifth chooses the buffers; the rest is what the server sends. It is run three
//! times: a line at each read; in pieces of lines, where the server must be told the same; and in pieces
//! that now and then are of more than one line, with time-outs and lost connections in between.

#![no_main]

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::guard::{Content, Ready, Reply, Upgrade};
use ehlo::client::submission::{self, Security, Submission};
use ehlo::client::{Config, Connection, Event, Newlines, NotSent, To};
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Channel, Credentials, Exchange, Rules};
use libfuzzer_sys::fuzz_target;

/// More steps than this for an octet of input is a loop.
const STEPS_PER_OCTET: usize = 200;

/// Steps for what the client says of its own accord.
const STEPS_AT_LEAST: usize = 200_000;

/// Times a command may be said; then QUIT.
const COMMANDS: usize = 40;

/// Part of each password and token, and of nothing else.
const SECRET: &str = "Sesame-open";

const HOST: &str = "mail.example.org";

/// Pseudo-random octets; the same seed gives the same ones.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u8 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.roll()) % all.len()]
    }
}

fn config(choice: u8, more: u8) -> Config<'static> {
    let config = Config::new("fuzz.example", if more & 128 != 0 { "localhost" } else { HOST });
    let config = if choice & 1 != 0 { config.lmtp() } else { config };
    let config = if choice & 2 != 0 { config.strict_prompts() } else { config };
    let config = if choice & 4 != 0 { config.legacy_auth() } else { config };
    let config = if choice & 8 != 0 { config.next_mechanism_after_refusal() } else { config };
    let config = if choice & 16 != 0 { config.newlines(Newlines::Refuse) } else { config };
    let config = if choice & 32 != 0 { config.max_reply(200) } else { config };
    let rules = Rules::new();
    let rules = if choice & 64 != 0 { rules.prefer(Mechanism::KNOWN) } else { rules };
    let dangerous = rules.dangerous_cleartext().dangerous_unverified();
    config.auth(if choice & 128 != 0 { dangerous } else { rules }).port(587)
}

fn credentials(more: u8) -> Option<Credentials<'static>> {
    let password = Credentials::password("tim", "Sesame-open-1");
    match more % 9 {
        0 => None,
        1 | 2 => Some(password),
        3 => Some(password.authorization_identity("tom")),
        4 => Some(Credentials::token("tim", "Sesame-open-2")),
        5 => Some(password.or_token("Sesame-open-2").or_certificate()),
        8 => Some(password.or_application()),
        6 => Some(Credentials::certificate().authorization_identity("tim")),
        _ => Some(Credentials::anonymous("tim@example.org")),
    }
}

/// What one run showed.
#[derive(Default, Debug, PartialEq)]
struct Shown {
    written: Vec<u8>,
    told: Vec<(To, u16, u16)>,
    /// Mail data was refused: how much of it went out before depends on the pieces.
    refused: bool,
}

/// The application, and what has to hold of all it sees.
struct App {
    credentials: Option<Credentials<'static>>,
    exchange: Option<Exchange<'static>>,
    dice: Dice,
    /// For the pieces of mail data, which must not disturb the answers.
    pieces: Option<Dice>,
    shown: Shown,
    commands: usize,
    /// A recipient can't be said.
    skip: bool,
    /// The message that is being written, how far it has come, and whether it is flushed.
    message: Option<(Vec<u8>, usize, bool)>,
    /// The chunk that is the message: what was written when it was said, and its size.
    chunk: Option<(usize, u64)>,
    /// Positive reply lines that were read, and positive replies that were told.
    positive_lines: usize,
    positive: usize,
}

impl App {
    fn piece(&mut self, most: usize) -> usize {
        match &mut self.pieces {
            Some(dice) => (usize::from(dice.roll() % 16) + 1).min(most),
            None => most,
        }
    }

    fn on_reply(&mut self, reply: Reply<'_>) {
        let received = reply.received();
        let code = received.code();
        assert!(!received.to_string().contains(char::is_control));
        let _ = received.enhanced();
        self.shown.told.push((reply.to(), code.value(), reply.index()));
        if code.is_positive() {
            self.positive += 1;
            assert!(self.positive <= self.positive_lines, "a reply that nobody gave");
        }
        if reply.to() == To::Message && code.is_positive() {
            match self.chunk {
                Some((from, size)) => {
                    let behind = &self.shown.written[from..];
                    let at = behind.windows(5).position(|five| five == b"BDAT ").unwrap();
                    let line = behind[at..].iter().position(|octet| *octet == b'\n').unwrap();
                    let written = (behind.len() - at - line - 1) as u64;
                    assert_eq!(written, size, "a chunk that is not whole was accepted");
                }
                None => assert!(
                    self.shown.written.ends_with(b"\r\n.\r\n"),
                    "a message without its end was accepted"
                ),
            }
        }
        reply.done();
    }

    fn on_upgrade(&mut self, upgrade: Upgrade<'_>) {
        match self.dice.roll() % 8 {
            0 => upgrade.failed(),
            1 => upgrade.done(Some("example.com")),
            2 => upgrade.done(None),
            _ => upgrade.done(Some(HOST)),
        }
    }

    fn parameters(&mut self) -> MailParameters<'static> {
        let all = [
            "",
            "SIZE=300",
            "BODY=8BITMIME SMTPUTF8",
            "BODY=BINARYMIME",
            "SIZE=300 BODY=BINARYMIME RET=HDRS ENVID=a",
            "SIZE=99999999 AUTH=<> MT-PRIORITY=3 XA=b",
            "HOLDFOR=3 BY=120;NT REQUIRETLS",
        ];
        MailParameters::parse(self.dice.one_of(&all)).unwrap()
    }

    fn from(&mut self) -> ReversePath<'static> {
        ReversePath::parse(self.dice.one_of(&["<>", "<tim@example.org>", "<t\u{ef}m@example.org>"]))
            .unwrap()
    }

    fn to(&mut self) -> (ForwardPath<'static>, RcptParameters<'static>) {
        let path = self.dice.one_of(&["<tom@example.org>", "<postmaster>", "<t\u{f6}m@x.example>"]);
        let parameters = self.dice.one_of(&["", "", "NOTIFY=NEVER ORCPT=rfc822;a@b"]);
        (ForwardPath::parse(path).unwrap(), RcptParameters::parse(parameters).unwrap())
    }

    /// Says some commands.
    fn say(&mut self, mut ready: Ready<'_>) {
        self.commands += 1;
        self.chunk = None;
        self.message = None;
        if self.commands > COMMANDS {
            assert_eq!(ready.quit(), Ok(()));
            return;
        }
        if let Some(credentials) = self.credentials.filter(|_| self.dice.roll() % 4 == 0) {
            let mechanism = self.dice.one_of(Mechanism::KNOWN);
            let exchange = Exchange::new(mechanism, credentials).ok();
            self.exchange = exchange.map(|exchange| exchange.host(HOST, 25));
            if let Some(exchange) = &mut self.exchange {
                let _ = match self.dice.roll() % 4 {
                    0 => ready.auth_in_two_steps(exchange),
                    _ => ready.auth(exchange),
                };
                return;
            }
        }
        for _ in 0..self.dice.roll() % 5 {
            let _ = match self.dice.roll() % 8 {
                0..3 => ready.mail(self.from(), &self.parameters()),
                3..7 => {
                    let (path, parameters) = self.to();
                    ready.rcpt(path, &parameters)
                }
                _ => ready.rset(),
            };
        }
        let text = self.dice.one_of(&["tim", "", "a\r\nRSET", "\u{e4}"]);
        let is_text = text == "tim";
        let said = match self.dice.roll() % 16 {
            0..6 => ready.data(),
            6..9 => {
                let size = u64::from(self.dice.roll());
                let said = ready.bdat(size, self.dice.roll() % 4 > 0);
                if said.is_ok() {
                    self.chunk = Some((self.shown.written.len(), size));
                }
                said
            }
            9 => ready.starttls(),
            10 => ready.noop(),
            11 => ready.vrfy(text),
            12 => ready.expn(text),
            13 => ready.help(),
            14 => ready.quit(),
            // The group ends without such a command.
            _ => Ok(()),
        };
        if said == Err(NotSent::Text) {
            assert!(!is_text, "a text that is one");
        }
    }

    /// Writes a part of the message, the same one whatever the pieces.
    fn on_content(&mut self, mut content: Content<'_>) {
        if self.message.is_none() {
            let flushed = self.dice.roll() % 4 == 0;
            let text: &[u8] = self.dice.one_of(&[
                &b"Subject: hi\r\n\r\n.\r\n..\r\n"[..],
                b"",
                b".",
                b"a\r\n.\r\nQUIT\r\nb",
                b"a\n.\nb\rc\r",
                b"\xc3\xa4\r\n",
                b"\0",
            ]);
            let text = match content.remaining() {
                // The second half of a CRLF may be all that is left.
                Some(size) if self.dice.roll() % 8 > 0 => {
                    b"as it is\r\n".iter().copied().cycle().take(size as usize).collect()
                }
                _ => text.repeat(usize::from(self.dice.roll()) % 40 + 1),
            };
            self.message = Some((text, 0, flushed));
        }
        let Some((text, at, flushed)) = self.message.take() else { return };
        if at == text.len() {
            self.message = None;
            if let Err(_) = content.finish() {
                // The guard is gone; the next one is told the same, and given up.
                self.message = Some((vec![b'x'; 100_000], 0, false));
                self.shown.refused = true;
            }
            return;
        }
        if self.shown.refused {
            return content.abort();
        }
        let end = at + self.piece(text.len() - at);
        match content.write(&text[at..end]) {
            Ok(n) => {
                assert!(n <= end - at);
                if flushed {
                    content.flush();
                }
                self.message = Some((text, at + n, flushed));
            }
            Err(_) => {
                self.shown.refused = true;
                content.abort();
            }
        }
    }

    /// Answers an event of the bare connection.
    fn on_event(&mut self, event: Event<'_>) {
        match event {
            Event::Reply(reply) => self.on_reply(reply),
            Event::Ready(ready) => self.say(ready),
            Event::Challenge(challenge) => {
                let _ = challenge.text();
                match (self.dice.roll() % 16, &mut self.exchange) {
                    (0, _) => challenge.cancel(),
                    (1, _) => {
                        let _ = challenge.respond_with(b"whatever");
                    }
                    (_, Some(exchange)) => {
                        if challenge.respond(exchange) == Err(NotSent::Later) {
                            // As far as a fuzzer has time to count; what is wrong then is the proof.
                            if let Some(derivation) = exchange.derivation() {
                                derivation.run(u32::MAX);
                            }
                        }
                    }
                    (_, None) => challenge.cancel(),
                }
            }
            Event::Content(content) => self.on_content(content),
            Event::Upgrade(upgrade) => self.on_upgrade(upgrade),
            other => other.pass_or_quit(),
        }
    }

    /// Answers an event of a submission.
    fn on_step(&mut self, event: submission::Event<'_>) {
        use submission::Event;
        match event {
            Event::Reply(reply) => self.on_reply(reply),
            Event::Upgrade(upgrade) => self.on_upgrade(upgrade),
            Event::Content(content) => self.on_content(content),
            Event::Next(next) => {
                self.commands += 1;
                (self.chunk, self.message, self.skip) = (None, None, false);
                let parameters = self.parameters();
                let from = self.from();
                match self.dice.roll() % 8 {
                    _ if self.commands > COMMANDS => next.quit(),
                    0 => next.quit(),
                    1 => {
                        let size = u64::from(self.dice.roll());
                        if next.begin_chunk(from, &parameters, size).is_ok() {
                            self.chunk = Some((self.shown.written.len(), size));
                        }
                    }
                    _ => {
                        if next.begin(from, &parameters).is_ok() {
                            let binary = "BINARYMIME";
                            let is_chunk = parameters.to_string().contains(binary);
                            self.chunk = parameters
                                .size
                                .filter(|_| is_chunk)
                                .map(|size| (self.shown.written.len(), size));
                        }
                    }
                }
            }
            Event::Recipient(recipient) => {
                let wanted = u16::from(self.dice.roll() % 4);
                let (path, parameters) = self.to();
                match self.dice.roll() % 16 {
                    0 => recipient.cancel(),
                    1 => recipient.quit(),
                    _ if self.skip || recipient.index() >= wanted => recipient.no_more(),
                    _ => {
                        let said = recipient.add(path, &parameters);
                        self.skip = !matches!(said, Ok(()) | Err(NotSent::Later));
                    }
                }
            }
            Event::Exchange(exchange) => {
                let message = [b'x'; 1020];
                let length = 4 * usize::from(self.dice.roll());
                // What can't be said is told as the journey's failure.
                let _ = match self.dice.roll() % 8 {
                    0 => exchange.wait(),
                    1 => exchange.complete(&message[..length]),
                    2 => {
                        exchange.cancel();
                        Ok(())
                    }
                    _ => exchange.respond(&message[..length]),
                };
            }
            Event::TokenRefused(refused) => {
                let _ = refused.reason();
                refused.done();
            }
            Event::Failed(failed) => {
                assert!(!failed.reason().to_string().is_empty());
                failed.done();
            }
            other => other.give_up(),
        }
    }
}

/// How the octets come.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Lines,
    Pieces(u8),
    /// With a connection that is lost, and time that runs out.
    Storm(u8),
}

/// The last event of each.
macro_rules! closed {
    (on_event) => {
        Event::Closed(_)
    };
    (on_step) => {
        submission::Event::Closed(_)
    };
}

/// The two of them are driven in the same way.
macro_rules! drive {
    ($machine:ident, $app:ident, $input:ident, $mode:ident, $dangerous:ident, $answer:ident) => {{
        let mut rest: &[u8] = $input;
        let mut storm = match $mode {
            Mode::Storm(seed) => Some(Dice(seed.into())),
            _ => None,
        };
        for _ in 0..$input.len() * STEPS_PER_OCTET + STEPS_AT_LEAST {
            if let Some(dice) = &mut storm {
                match (dice.roll(), dice.roll()) {
                    (0, 0..20) => $machine.handle_timeout(),
                    (0, 20..40) => $machine.handle_lost(),
                    (0, 40..) => $machine.handle_write_lost(),
                    // A guard that is dropped has lost nothing.
                    (1..10, _) => {
                        let _ = $machine.event();
                        let _ = $machine.poll_io();
                    }
                    _ => {}
                }
            }
            let channel = $machine.channel();
            let open =
                matches!(channel, Channel::Clear | Channel::UnverifiedTls | Channel::WrongHost);
            match $machine.poll_io() {
                Some(Io::Read(mut read)) => {
                    let space = read.space();
                    assert!(!space.is_empty(), "no room to read, and nothing else to do");
                    let line = rest.iter().position(|octet| *octet == b'\n');
                    let most = match $mode {
                        Mode::Storm(_) if $app.piece(16) == 1 => rest.len(),
                        _ => line.map_or(rest.len(), |at| at + 1),
                    };
                    let n = $app.piece(most.min(space.len()));
                    let before = $input.len() - rest.len();
                    space[..n].copy_from_slice(&rest[..n]);
                    rest = &rest[n..];
                    $app.positive_lines +=
                        positive(&$input[..before + n]) - positive(&$input[..before]);
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    let octets = write.bytes();
                    assert!(!octets.is_empty(), "nothing to write");
                    if open && !$dangerous {
                        assert!(!shows(octets), "a credential for whoever reads along");
                    }
                    let n = $app.piece(octets.len());
                    $app.shown.written.extend(&octets[..n]);
                    write.sent(n);
                }
                Some(Io::Wait(_)) => panic!("a client has nothing to wait for"),
                None => match $machine.event() {
                    Some(closed!($answer)) => return $app.shown,
                    Some(event) => $app.$answer(event),
                    None => {}
                },
            }
        }
        panic!("the connection never ends");
    }};
}

/// Lines that begin like a positive reply.
fn positive(octets: &[u8]) -> usize {
    let lines = octets.split(|octet| *octet == b'\n');
    lines.filter(|line| line.len() > 2 && line[0] == b'2').count()
}

/// Whether a credential is in it, as it is or in base64.
fn shows(octets: &[u8]) -> bool {
    let has = |octets: &[u8]| octets.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
    has(octets) || octets.split(|octet| octet.is_ascii_whitespace()).any(|word| has(&decoded(word)))
}

/// base64, as far as it is some.
fn decoded(word: &[u8]) -> Vec<u8> {
    let (mut octets, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for octet in word {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
        }
    }
    octets
}

fn run(head: [u8; 3], buffers: (usize, usize), input: &[u8], mode: Mode) -> Shown {
    let [choice, more, seed] = head;
    let config = config(choice, more);
    let credentials = credentials(more);
    let dangerous = choice & 128 != 0;
    let (mut rx, mut tx) = (vec![0; buffers.0], vec![0; buffers.1]);
    let mut app = App {
        credentials,
        exchange: None,
        dice: Dice(seed.into()),
        pieces: match mode {
            Mode::Lines => None,
            Mode::Pieces(seed) | Mode::Storm(seed) => Some(Dice(seed.into())),
        },
        shown: Shown::default(),
        commands: 0,
        skip: false,
        message: None,
        chunk: None,
        positive_lines: 0,
        positive: 0,
    };
    let implicit = more & 16 != 0;
    if more & 8 == 0 {
        let mut connection = Connection::new(&config, &mut rx[..], &mut tx[..]);
        if implicit {
            connection = connection.implicit_tls(Some(HOST));
        }
        drive!(connection, app, input, mode, dangerous, on_event)
    } else {
        let security = match more >> 5 & 3 {
            0 => Security::StartTls,
            1 => Security::Implicit,
            _ => Security::Cleartext,
        };
        let mut submission =
            Submission::new(&config, security, credentials, &mut rx[..], &mut tx[..]);
        if implicit {
            submission = submission.implicit_tls(Some(HOST));
        }
        drive!(submission, app, input, mode, dangerous, on_step)
    }
}

fuzz_target!(|input: &[u8]| {
    let [choice, more, seed, pieces, buffers, server @ ..] = input else { return };
    let head = [*choice, *more, *seed];
    let buffers = match buffers % 4 {
        0 => (4096, 4096),
        1 => (512, 512),
        2 => (64, 512),
        _ => (512, 64),
    };
    let whole = run(head, buffers, server, Mode::Lines);
    let in_pieces = run(head, buffers, server, Mode::Pieces(*pieces));
    if !whole.refused && !in_pieces.refused {
        assert_eq!(
            String::from_utf8_lossy(&whole.written),
            String::from_utf8_lossy(&in_pieces.written),
            "what is said depends on the pieces"
        );
        assert_eq!(whole.told, in_pieces.told, "what is told depends on the pieces");
    }
    run(head, buffers, server, Mode::Storm(*pieces));
});
