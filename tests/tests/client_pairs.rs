//! Our client against our server, in memory: whatever is said arrives as it was meant.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::submission::{Event as Journey, Failure, Security, Submission};
use ehlo::client::{Closed, Config as ClientConfig, To};
use ehlo::io::Io;
use ehlo::limits::Limits;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::policy::Policy;
use ehlo::reply::Refusal;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, NoMechanism, Rules};
use ehlo::server::{Config, Connection, Event, Identity};
use ehlo_tests::text::shows;
use proptest::collection::vec;
use proptest::prelude::*;

/// The mechanisms without a nonce of the client's; the others have pairs of their own.
const MECHANISMS: [Mechanism; 7] = [
    Mechanism::CramMd5,
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::OauthBearer,
    Mechanism::Xoauth2,
    Mechanism::External,
    Mechanism::Anonymous,
];

const USER: &str = "tim@example.org";
const SECRET: &str = "tanstaaf-tanstaaf";

const LIMITS: Limits = {
    let mut limits = Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    limits
};

/// Authentication where it is tried, in clear as well: what goes out in clear is the client's care.
const POLICY: Policy = {
    let mut policy = Policy::new();
    policy.auth_optional = true;
    policy.cleartext_auth = true;
    policy
};

static SERVER: Config<'static> =
    Config::new("mail.example.org").auth(&MECHANISMS).policy(POLICY).limits(LIMITS).starttls();
static LMTP_SERVER: Config<'static> =
    Config::new("mail.example.org").policy(POLICY).limits(LIMITS).lmtp();

/// How the certificate was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// There is no TLS.
    Clear,
    /// By STARTTLS, or from the beginning: for this name.
    StartTls(Option<&'static str>),
    Implicit(Option<&'static str>),
}

/// How the octets go to and fro.
#[derive(Clone, Debug)]
struct Cuts {
    client: (usize, usize),
    server: (usize, usize),
    /// So many octets at once, over and over.
    sizes: Vec<usize>,
    /// The message is given in pieces of so many octets.
    piece: usize,
}

impl Cuts {
    fn whole() -> Self {
        Self { client: (4096, 4096), server: (16_384, 4096), sizes: vec![65_536], piece: 65_536 }
    }
}

/// A message and who gets it.
#[derive(Clone, Debug)]
struct Letter {
    octets: Vec<u8>,
    /// Each recipient, and whether the server takes it.
    recipients: Vec<bool>,
    parameters: &'static str,
    chunk: bool,
}

/// What both sides have seen.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// As the server had it.
    messages: Vec<Vec<u8>>,
    recipients: Vec<String>,
    identity: Option<(String, Identity)>,
    asked: usize,
    /// As the client was told.
    rcpt: Vec<(u16, u16)>,
    message: Vec<u16>,
    auth: Vec<u16>,
    failed: Option<Failure>,
    closed: Option<Closed>,
    /// What went over the way without TLS, or under TLS with nobody knows whom.
    in_the_open: Vec<u8>,
}

/// The client's end of two pipes, and the server's.
struct Pair<'c> {
    client: Submission<'c, Vec<u8>>,
    server: Connection<'c, Vec<u8>>,
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    cuts: &'c Cuts,
    turn: usize,
    way: Way,
    letter: Option<&'c Letter>,
    begun: bool,
    written: usize,
    body: Vec<u8>,
    seen: Seen,
}

impl Pair<'_> {
    fn size(&mut self) -> usize {
        self.turn += 1;
        self.cuts.sizes[self.turn % self.cuts.sizes.len()].max(1)
    }

    fn run(mut self) -> Seen {
        for _ in 0..200_000 {
            let moved = self.client_moves() | self.server_moves();
            if self.seen.closed.is_some() {
                return self.seen;
            }
            assert!(moved, "neither side goes on: {:?}", self.seen);
        }
        panic!("this goes on for ever");
    }

    fn client_moves(&mut self) -> bool {
        let size = self.size();
        match self.client.poll_io() {
            Some(Io::Read(mut read)) => {
                let n = read.space().len().min(self.to_client.len()).min(size);
                if n == 0 {
                    return false;
                }
                read.space()[..n].fill_with(|| self.to_client.pop_front().unwrap());
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                let n = write.bytes().len().min(size);
                let octets = write.bytes()[..n].to_vec();
                write.sent(n);
                if !matches!(
                    self.client.channel(),
                    ehlo::sasl::client::Channel::Tls | ehlo::sasl::client::Channel::Local
                ) {
                    self.seen.in_the_open.extend_from_slice(&octets);
                }
                self.to_server.extend(octets);
            }
            Some(Io::Wait(_)) => panic!("a client does not wait"),
            None => self.client_event(),
        }
        true
    }

    fn client_event(&mut self) {
        let seen = &mut self.seen;
        let Some(event) = self.client.event() else { return };
        match event {
            Journey::Reply(reply) => {
                let code = reply.received().code().value();
                match reply.to() {
                    To::Rcpt => seen.rcpt.push((reply.index(), code)),
                    To::Message => seen.message.push(code),
                    To::Auth => seen.auth.push(code),
                    _ => {}
                }
                reply.done();
            }
            Journey::Upgrade(upgrade) => {
                let Way::StartTls(verified) = self.way else { panic!("TLS nobody asked for") };
                assert!(self.to_client.is_empty() && self.to_server.is_empty());
                upgrade.done(verified);
            }
            Journey::TokenRefused(refused) => {
                assert!(refused.reason().starts_with(b"{\"status\":"), "{:?}", refused.reason());
                refused.done();
            }
            Journey::Next(next) => match self.letter {
                Some(letter) if !self.begun => {
                    self.begun = true;
                    let path = ReversePath::parse("<tim@example.org>").unwrap();
                    let parameters = MailParameters::parse(letter.parameters).unwrap();
                    if letter.chunk {
                        let size = letter.octets.len() as u64;
                        next.begin_chunk(path, &parameters, size).unwrap();
                    } else {
                        next.begin(path, &parameters).unwrap();
                    }
                }
                _ => next.quit(),
            },
            Journey::Recipient(recipient) => {
                let letter = self.letter.unwrap();
                let index = recipient.index();
                let Some(accepted) = letter.recipients.get(usize::from(index)) else {
                    return recipient.no_more();
                };
                let name = if *accepted { "user" } else { "nobody" };
                let path = format!("<{name}-{index}@example.org>");
                let path = ForwardPath::parse(&path).unwrap();
                match recipient.add(path, &RcptParameters::default()) {
                    Ok(()) | Err(ehlo::client::NotSent::Later) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            Journey::Content(mut content) => {
                let letter = self.letter.unwrap();
                let rest = &letter.octets[self.written..];
                if rest.is_empty() {
                    content.finish().unwrap();
                } else {
                    self.written +=
                        content.write(&rest[..rest.len().min(self.cuts.piece)]).unwrap();
                }
            }
            Journey::Failed(failed) => {
                seen.failed = Some(failed.reason());
                failed.done();
            }
            Journey::Closed(why) => seen.closed = Some(why),
            other => panic!("{other:?}"),
        }
    }

    fn server_moves(&mut self) -> bool {
        let size = self.size();
        match self.server.poll_io() {
            Some(Io::Read(mut read)) => {
                let n = read.space().len().min(self.to_server.len()).min(size);
                if n == 0 {
                    return false;
                }
                read.space()[..n].fill_with(|| self.to_server.pop_front().unwrap());
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                let n = write.bytes().len().min(size);
                self.to_client.extend(&write.bytes()[..n]);
                write.sent(n);
            }
            Some(Io::Wait(_)) => self.server.handle_timeout(),
            None => return self.server_event(),
        }
        true
    }

    fn server_event(&mut self) -> bool {
        // The reply to STARTTLS arrives before the handshake begins.
        let waits = !self.to_client.is_empty();
        let seen = &mut self.seen;
        let name = |mechanism: &str, user: &str| Some((format!("{mechanism} {user}"), Identity(7)));
        match self.server.event() {
            None | Some(Event::Closed(_)) => return false,
            Some(Event::Upgrade(_)) if waits => return false,
            Some(Event::Login(login)) => {
                seen.asked += 1;
                if login.username() == USER && login.password().matches(SECRET.as_bytes()) {
                    seen.identity = name(login.mechanism(), login.username());
                    login.accept_as(Identity(7));
                } else {
                    login.reject();
                }
            }
            Some(Event::CramMd5(login)) => {
                seen.asked += 1;
                if login.username() == USER && login.verify(SECRET.as_bytes()) {
                    seen.identity = name(login.mechanism(), login.username());
                    login.accept_as(Identity(7));
                } else {
                    login.reject();
                }
            }
            Some(Event::Token(login)) => {
                seen.asked += 1;
                if login.username() == Some(USER) && login.token().matches(SECRET.as_bytes()) {
                    if login.mechanism() == "OAUTHBEARER" {
                        assert_eq!(login.endpoint().0, Some("mail.example.org"));
                    }
                    seen.identity = name(login.mechanism(), USER);
                    login.accept_as(Identity(7));
                } else {
                    login.reject();
                }
            }
            Some(Event::External(login)) => {
                seen.asked += 1;
                seen.identity = name("EXTERNAL", login.authorization_identity().unwrap_or(""));
                login.accept_as(Identity(7));
            }
            Some(Event::Anonymous(login)) => {
                seen.asked += 1;
                seen.identity = name("ANONYMOUS", login.trace());
                login.accept_as(Identity(7));
            }
            Some(Event::Mail(mail)) => {
                assert_eq!(mail.facts().identity, seen.identity.as_ref().map(|(_, who)| *who));
                mail.accept();
            }
            Some(Event::Rcpt(rcpt)) => {
                let path = rcpt.forward_path().to_string();
                if path.starts_with("<nobody") {
                    rcpt.refuse(&Refusal::permanent("5.1.1 no such user"));
                } else {
                    seen.recipients.push(path);
                    rcpt.accept();
                }
            }
            Some(Event::Body(body)) => {
                self.body.extend_from_slice(body.bytes());
                body.done();
            }
            Some(Event::EndOfData(end)) => {
                // In LMTP once for each recipient.
                if !self.body.is_empty() || end.size() == 0 {
                    seen.messages.push(core::mem::take(&mut self.body));
                }
                end.accept_with("queued");
            }
            Some(event) => ehlo_tests::transcript::accept(event),
        }
        true
    }
}

fn meet(
    config: &ClientConfig<'_>,
    server: &Config<'_>,
    way: Way,
    credentials: Option<Credentials<'_>>,
    letter: Option<&Letter>,
    cuts: &Cuts,
) -> Seen {
    let security = match way {
        Way::Clear => Security::Cleartext,
        Way::StartTls(_) => Security::StartTls,
        Way::Implicit(_) => Security::Implicit,
    };
    let buffers = (vec![0; cuts.client.0], vec![0; cuts.client.1]);
    let mut client = Submission::new(config, security, credentials, buffers.0, buffers.1);
    let buffers = (vec![0; cuts.server.0], vec![0; cuts.server.1]);
    let mut server = Connection::new(server, buffers.0, buffers.1, [9; 16]);
    if let Way::Implicit(verified) = way {
        client = client.implicit_tls(verified);
        server = server.implicit_tls();
    }
    let pair = Pair {
        client,
        server,
        to_server: VecDeque::new(),
        to_client: VecDeque::new(),
        cuts,
        turn: 0,
        way,
        letter,
        begun: false,
        written: 0,
        body: Vec::new(),
        seen: Seen::default(),
    };
    pair.run()
}

fn credentials(mechanism: Mechanism, secret: &str) -> Credentials<'_> {
    match mechanism {
        Mechanism::Plain | Mechanism::Login | Mechanism::CramMd5 => {
            Credentials::password(USER, secret)
        }
        Mechanism::External => Credentials::certificate(),
        Mechanism::Anonymous => Credentials::anonymous("trace@example.org"),
        _ => Credentials::token(USER, secret),
    }
}

const HOST: &str = "mail.example.org";

const WAYS: [Way; 7] = [
    Way::Clear,
    Way::StartTls(Some(HOST)),
    Way::StartTls(None),
    Way::StartTls(Some("evil.example")),
    Way::Implicit(Some(HOST)),
    Way::Implicit(None),
    Way::Implicit(Some("evil.example")),
];

#[test]
fn every_mechanism_works_over_the_ways_it_may_be_used_on_and_over_no_other() {
    let cuts = Cuts::whole();
    let mut authenticated = 0;
    for mechanism in MECHANISMS.iter().copied() {
        let preference = [mechanism];
        let config = ClientConfig::new("client.example.org", HOST)
            .port(587)
            .auth(Rules::new().prefer(&preference));
        for way in WAYS {
            let with = Some(credentials(mechanism, SECRET));
            let seen = meet(&config, &SERVER, way, with, None, &cuts);
            let expected = match way {
                Way::Clear if mechanism.shows_password() => {
                    Some(Failure::NoMechanism(NoMechanism::NeedsTls(mechanism)))
                }
                Way::StartTls(None) | Way::Implicit(None) => Some(Failure::Unverified),
                Way::StartTls(Some(HOST)) | Way::Implicit(Some(HOST)) | Way::Clear => None,
                _ => Some(Failure::WrongHost),
            };
            assert_eq!(seen.closed, Some(Closed::Quit), "{mechanism:?} {way:?}");
            assert!(!shows(&seen.in_the_open, SECRET), "{mechanism:?} {way:?}");
            // EXTERNAL without a certificate is for a server to refuse: it is offered under TLS.
            if mechanism == Mechanism::External && seen.asked == 0 && expected.is_none() {
                assert_eq!(way, Way::Clear, "{seen:?}");
                continue;
            }
            assert_eq!(seen.failed, expected, "{mechanism:?} {way:?}");
            let who = match mechanism {
                Mechanism::External => String::new(),
                Mechanism::Anonymous => "trace@example.org".to_owned(),
                _ => USER.to_owned(),
            };
            if expected.is_none() {
                authenticated += 1;
                let identity = format!("{} {who}", mechanism.name());
                assert_eq!(seen.identity, Some((identity, Identity(7))), "{way:?}");
                assert_eq!(seen.auth, [235]);
            } else {
                assert_eq!((seen.identity, seen.asked), (None, 0), "{mechanism:?} {way:?}");
            }
        }
    }
    // Seven mechanisms by two ways, and those that show no password in clear.
    assert!(authenticated >= 16, "only {authenticated}");
}

#[test]
fn a_wrong_password_or_token_is_535_and_tried_once() {
    for mechanism in MECHANISMS.iter().copied() {
        if matches!(mechanism, Mechanism::External | Mechanism::Anonymous) {
            continue;
        }
        let config = ClientConfig::new("client.example.org", HOST);
        let preference = [mechanism];
        let config = config.auth(Rules::new().prefer(&preference));
        let with = Some(credentials(mechanism, "wrong"));
        let seen = meet(&config, &SERVER, WAYS[1], with, None, &Cuts::whole());
        assert_eq!((seen.auth, seen.asked), (vec![535], 1), "{mechanism:?}");
        let code = ehlo::reply::ReplyCode::AUTH_FAILED;
        assert_eq!(seen.failed, Some(Failure::AuthRefused(mechanism, code)));
        assert_eq!((seen.identity, seen.closed), (None, Some(Closed::Quit)));
    }
}

/// A bare CR or LF made CRLF, and the last line ended, as plain as it can be written.
fn as_lines(octets: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut rest = octets.iter().copied().peekable();
    while let Some(octet) = rest.next() {
        match octet {
            b'\r' => {
                let _ = rest.next_if_eq(&b'\n');
                lines.extend_from_slice(b"\r\n");
            }
            b'\n' => lines.extend_from_slice(b"\r\n"),
            other => lines.push(other),
        }
    }
    if !lines.is_empty() && !lines.ends_with(b"\r\n") {
        lines.extend_from_slice(b"\r\n");
    }
    lines
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => prop::sample::select(vec![
            &b"\r\n"[..], b".", b"..", b"\r", b"\n", b".\r\n", b"\r\n.\r\n", b"\n.\n", b"text",
        ])
        .prop_map(<[u8]>::to_vec),
        1 => vec(1..=255_u8, 0..40),
        1 => (400..600_usize).prop_map(|n| vec![b'x'; n]),
    ];
    vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn cuts() -> impl Strategy<Value = Cuts> {
    let buffer = || prop_oneof![Just(512_usize), 512..700_usize, Just(4096)];
    // The server's receive buffer holds what is a line to it.
    let server = (prop_oneof![Just(1024_usize), Just(16_384)], buffer());
    (buffer(), buffer(), server, vec(1..200_usize, 1..8), 1..700_usize).prop_map(
        |(receive, send, server, sizes, piece)| Cuts {
            client: (receive, send),
            server,
            sizes,
            piece,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_message_arrives_as_it_was_meant_whatever_the_cuts(
        octets in message(),
        recipients in vec(any::<bool>(), 1..12),
        mechanism in prop::sample::select(&MECHANISMS[..]),
        by_starttls: bool,
        binary: bool,
        chunk: bool,
        cuts in cuts(),
    ) {
        let preference = [mechanism];
        let config = ClientConfig::new("client.example.org", HOST)
            .auth(Rules::new().prefer(&preference));
        let chunk = chunk || binary;
        let (octets, parameters) = match (binary, chunk) {
            (true, _) => (octets, "BODY=BINARYMIME"),
            // A chunk goes out as it is, so that it has to be lines.
            (false, true) => (as_lines(&octets), "BODY=8BITMIME"),
            (false, false) => (octets, "BODY=8BITMIME"),
        };
        let expected = if chunk { octets.clone() } else { as_lines(&octets) };
        let letter = Letter { octets, recipients, parameters, chunk };
        let way = if by_starttls { WAYS[1] } else { WAYS[4] };
        let with = Some(credentials(mechanism, SECRET));
        let seen = meet(&config, &SERVER, way, with, Some(&letter), &cuts);
        prop_assert_eq!(seen.failed, None);
        prop_assert_eq!(seen.closed, Some(Closed::Quit));
        prop_assert_eq!(&seen.auth, &[235]);
        let mut replies = Vec::new();
        let mut accepted = Vec::new();
        for (index, yes) in (0_u16..).zip(&letter.recipients) {
            replies.push((index, if *yes { 250 } else { 550 }));
            if *yes {
                let path = ["<user-", &index.to_string(), "@example.org>"].concat();
                accepted.push(path);
            }
        }
        prop_assert_eq!(&seen.rcpt, &replies);
        prop_assert_eq!(&seen.recipients, &accepted);
        if accepted.is_empty() {
            prop_assert!(seen.messages.is_empty());
            prop_assert!(seen.message.iter().all(|code| *code >= 400));
        } else {
            prop_assert_eq!(&seen.messages, &[expected]);
            prop_assert_eq!(&seen.message, &[250]);
        }
    }

    #[test]
    fn in_lmtp_each_recipient_has_a_reply(
        octets in message(),
        recipients in vec(any::<bool>(), 1..12),
        chunk: bool,
        cuts in cuts(),
    ) {
        let config = ClientConfig::new("client.example.org", HOST).lmtp();
        let octets = if chunk { as_lines(&octets) } else { octets };
        let expected = as_lines(&octets);
        let letter = Letter { octets, recipients, parameters: "BODY=8BITMIME", chunk };
        let seen = meet(&config, &LMTP_SERVER, Way::Clear, None, Some(&letter), &cuts);
        prop_assert_eq!(seen.closed, Some(Closed::Quit));
        let accepted = letter.recipients.iter().filter(|yes| **yes).count();
        prop_assert_eq!(&seen.message, &vec![250; accepted]);
        if accepted > 0 {
            prop_assert_eq!(&seen.messages[0], &expected);
        }
    }
}
