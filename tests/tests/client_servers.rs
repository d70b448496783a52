//! Whatever a server says: a client never panics, comes to an end, keeps its secrets, and takes no
//! message for accepted that nobody accepted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::submission::{Event as Journey, Security, Submission};
use ehlo::client::{Config, Connection, Event, NotSent, To};
use ehlo::io::Io;
use ehlo::parameter::{BodyType, MailParameters, RcptParameters};
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, Exchange, Rules};
use ehlo_tests::text::shows;
use proptest::collection::vec;
use proptest::prelude::*;

static CONFIG: Config<'static> = Config::new("client.example.org", "mail.example.org");

const PASSWORD: &str = "tanstaaf-tanstaaf";

/// What happened in a session with a server that says anything.
#[derive(Debug, Default)]
struct Trace {
    said: Vec<u8>,
    in_the_open: Vec<u8>,
    accepted: usize,
    closed: bool,
}

/// What a server says: mostly lines that mean something, in an order that gets somewhere.
fn server() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "220 hello\r\n",
        "250-x\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-CHUNKING\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n",
        "250-x\r\n250 AUTH PLAIN LOGIN OAUTHBEARER\r\n",
        "250 ok\r\n",
        "250 ok\r\n",
        "250 ok\r\n",
        "235 in\r\n",
        "334 \r\n",
        "334\r\n",
        "334 VXNlcm5hbWU6\r\n",
        "334 !\r\n",
        "354 go\r\n",
        "354 go\r\n",
        "250 ok\r\n250 ok\r\n354 go\r\n",
        "250 ok\r\n550 no\r\n354 go\r\n",
        "421 out\r\n",
        "450 later\r\n",
        "501 what\r\n",
        "504 not this\r\n",
        "535 no\r\n",
        "550-no\r\n550 no\r\n",
        "554 no\r\n",
        "250-a\r\n251 b\r\n",
        "250 ok\n",
        "100 ok\r\n",
        "2",
        "\r\n",
    ])
    .prop_map(|line: &str| line.as_bytes().to_vec());
    let start = prop::sample::select(vec![
        "",
        "220 hello\r\n",
        "220 hello\r\n250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n",
        "220 hello\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n250-x\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n235 ok\r\n",
        "220 hello\r\n250-x\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        "220 hello\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n",
    ]);
    let any_octets = vec(any::<u8>(), 0..30);
    let long = (400..900_usize).prop_map(|n| [b"250-".to_vec(), vec![b'x'; n]].concat());
    let part = prop_oneof![30 => line, 1 => any_octets, 1 => long];
    (start, vec(part, 0..14))
        .prop_map(|(start, parts)| [start.as_bytes(), &parts.concat()].concat())
}

/// How often a reply line of success, the last one of its reply, stands in these octets.
fn successes(octets: &[u8]) -> usize {
    let lines = octets.split(|octet| *octet == b'\n');
    lines.filter(|line| line.first() == Some(&b'2') && line.get(3) != Some(&b'-')).count()
}

/// What the application chooses; never the same for ever, so that nothing but the client can be what
/// goes round in circles.
fn choose(choices: &[u8], turn: usize) -> u8 {
    choices[turn % choices.len()].wrapping_add((turn % 251) as u8)
}

/// Where the reply at this place ends: most servers say no more than they are asked for, and whoever
/// says more is cut off soon.
fn end_of_reply(input: &[u8], at: usize) -> usize {
    let mut end = at;
    for line in input[at..].split_inclusive(|octet| *octet == b'\n') {
        end += line.len();
        if line.get(3) != Some(&b'-') {
            break;
        }
    }
    end
}

/// Runs a journey against what a server says; it closes the connection behind it.
fn journey(
    security: Security,
    credentials: Credentials<'_>,
    input: &[u8],
    cuts: &[usize],
    choices: &[u8],
    size: usize,
) -> Trace {
    let preference = Mechanism::PREFERENCE;
    let config = Config::new("client.example.org", "mail.example.org")
        .auth(Rules::new().prefer(preference))
        .max_reply(1500)
        .next_mechanism_after_refusal();
    let (receive, send) = (vec![0; size], vec![0; size]);
    let mut client = Submission::new(&config, security, Some(credentials), receive, send);
    let mut trace = Trace::default();
    let (mut at, mut turn) = (0, 0_usize);
    for _ in 0..20 * (input.len() + 200) {
        turn += 1;
        let choice = choose(choices, turn);
        match client.poll_io() {
            Some(Io::Read(mut read)) => {
                let end = if choice == 255 { input.len() } else { end_of_reply(input, at) };
                let most = cuts[turn % cuts.len()].min(end - at);
                let space = read.space();
                assert!(!space.is_empty());
                let n = space.len().min(most);
                space[..n].copy_from_slice(&input[at..at + n]);
                at += n;
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                let n = write.bytes().len().min(usize::from(choice) + 1);
                let octets = write.bytes()[..n].to_vec();
                write.sent(n);
                trace.said.extend_from_slice(&octets);
                if client.channel() != ehlo::sasl::client::Channel::Tls {
                    trace.in_the_open.extend(octets);
                }
            }
            Some(Io::Wait(_)) => panic!("a client does not wait"),
            None => match client.event().expect("there is something to do") {
                Journey::Reply(reply) => {
                    if reply.to() == To::Message && reply.is_positive() {
                        trace.accepted += 1;
                        assert!(reply.received().code().is_positive());
                        assert!(trace.accepted <= successes(&input[..at]), "accepted by nobody");
                    }
                    reply.done();
                }
                Journey::Upgrade(upgrade) => upgrade.done(match choice % 4 {
                    0 => None,
                    1 => Some("evil.example"),
                    _ => Some("mail.example.org"),
                }),
                Journey::Next(next) if choice.is_multiple_of(8) => next.quit(),
                Journey::Next(next) => {
                    let (path, parameters) = (ReversePath::Null, MailParameters::default());
                    let said = match choice % 3 {
                        0 => next.begin_chunk(path, &parameters, 5),
                        _ => next.begin(path, &parameters),
                    };
                    assert!(matches!(said, Ok(()) | Err(NotSent::NotOffered(_))), "{said:?}");
                }
                Journey::Recipient(recipient) if recipient.index() > u16::from(choice % 4) => {
                    recipient.no_more();
                }
                Journey::Recipient(recipient) => {
                    let path = ForwardPath::parse("<b@example.org>").unwrap();
                    let said = recipient.add(path, &RcptParameters::default());
                    assert!(matches!(said, Ok(()) | Err(NotSent::Later)), "{said:?}");
                }
                Journey::Content(mut content) => match content.remaining() {
                    Some(0) => content.finish().unwrap(),
                    Some(_) => {
                        content.write(b"x").unwrap();
                    }
                    None if choice.is_multiple_of(5) => content.finish().unwrap(),
                    None => {
                        content.write(b".\n").unwrap();
                    }
                },
                Journey::Closed(_) => {
                    trace.closed = true;
                    return trace;
                }
                other => other.give_up(),
            },
        }
    }
    panic!("this goes on for ever: {}", input.escape_ascii());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_journey_ends_whatever_the_server_says_and_no_secret_goes_out_in_the_open(
        input in prop_oneof![8 => server(), 1 => vec(any::<u8>(), 0..400)],
        security in prop::sample::select(vec![
            Security::Cleartext, Security::StartTls, Security::Implicit,
        ]),
        token: bool,
        cuts in vec(1..300_usize, 1..6),
        choices in vec(any::<u8>(), 1..20),
        size in 512..700_usize,
    ) {
        let password = Credentials::password("tim", PASSWORD);
        let credentials = if token { password.or_token(PASSWORD) } else { password };
        let trace = journey(security, credentials, &input, &cuts, &choices, size);
        prop_assert!(trace.closed);
        prop_assert!(!shows(&trace.in_the_open, PASSWORD), "{}", trace.in_the_open.escape_ascii());
    }
}

#[test]
fn a_connection_alone_ends_whatever_the_server_says_as_well() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..Default::default()
    });
    let strategy = (server(), vec(1..300_usize, 1..6), vec(any::<u8>(), 1..20));
    let result = runner.run(&strategy, |(input, cuts, choices)| {
        let mut connection = Connection::new(&CONFIG, vec![0; 600], vec![0; 600]);
        let (mut at, mut turn, mut accepted) = (0, 0_usize, 0);
        let mut in_the_open = Vec::new();
        let credentials = Credentials::password("tim", PASSWORD);
        let mut exchange = Exchange::new(Mechanism::Plain, credentials).unwrap();
        for _ in 0..20 * (input.len() + 200) {
            turn += 1;
            let choice = choose(&choices, turn);
            match connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let end = if choice == 255 { input.len() } else { end_of_reply(&input, at) };
                    let most = cuts[turn % cuts.len()].min(end - at);
                    let n = read.space().len().min(most);
                    read.space()[..n].copy_from_slice(&input[at..at + n]);
                    at += n;
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    in_the_open.extend_from_slice(write.bytes());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => panic!("a client does not wait"),
                None => match connection.event().expect("there is something to do") {
                    Event::Reply(reply) => {
                        if reply.to() == To::Message && reply.is_positive() {
                            accepted += 1;
                            assert!(accepted <= successes(&input[..at]));
                        }
                        reply.done();
                    }
                    Event::Ready(mut ready) => {
                        let path = ForwardPath::parse("<b@example.org>").unwrap();
                        let (mut mail, rcpt) =
                            (MailParameters::default(), RcptParameters::default());
                        mail.body = (choice % 32 == 1).then_some(BodyType::EightBitMime);
                        let mut said = 0;
                        // Of these none may stand behind MAIL.
                        if !matches!(choice % 9, 1..=4) {
                            said += usize::from(ready.mail(ReversePath::Null, &mail).is_ok());
                            said += usize::from(ready.rcpt(path, &rcpt).is_ok());
                        }
                        let last = match choice % 9 {
                            0 => ready.quit(),
                            1 => ready.noop(),
                            2 => ready.starttls(),
                            3 => Exchange::new(Mechanism::CramMd5, credentials)
                                .map_err(NotSent::Credentials)
                                .and_then(|mut exchange| ready.auth(&mut exchange)),
                            4 => ready.auth(&mut exchange),
                            5 => ready.bdat(3, choice > 99),
                            6 => ready.rset(),
                            _ => ready.data(),
                        };
                        if said == 0
                            && last.is_err()
                            && let Some(Event::Ready(ready)) = connection.event()
                        {
                            ready.quit().unwrap();
                        }
                    }
                    // By another mechanism than AUTH was said for, which the channel forbids.
                    Event::Challenge(challenge) => {
                        let _ = challenge.respond(&mut exchange);
                    }
                    Event::Content(mut content) => match content.remaining() {
                        Some(0) => content.finish().unwrap(),
                        Some(_) => {
                            content.write(b"x").unwrap();
                        }
                        None if choice.is_multiple_of(5) => content.finish().unwrap(),
                        None => {
                            content.write(b".\n").unwrap();
                        }
                    },
                    Event::Upgrade(upgrade) => upgrade.done(None),
                    Event::Closed(_) => {
                        prop_assert!(!shows(&in_the_open, PASSWORD));
                        return Ok(());
                    }
                    other => panic!("{other:?}"),
                },
            }
        }
        panic!("this goes on for ever: {}", input.escape_ascii());
    });
    result.unwrap();
}

#[test]
fn the_driver_of_journeys_gets_messages_accepted() {
    let credentials = Credentials::password("tim", PASSWORD);
    let mut accepted = 0;
    for (recipients, choice) in (1..6).flat_map(|n| (0..40).map(move |choice| (n, choice))) {
        let input = format!(
            "220 a\r\n250-b\r\n250 AUTH CRAM-MD5\r\n334 PDFAeD4=\r\n235 ok\r\n250 ok\r\n{}354 go\r\n\
             250 queued\r\n",
            "250 ok\r\n".repeat(recipients)
        );
        let (security, cuts) = (Security::Cleartext, [3, 50, 200]);
        let trace = journey(security, credentials, input.as_bytes(), &cuts, &[choice], 512);
        accepted += trace.accepted;
        assert!(trace.closed && trace.in_the_open == trace.said);
        assert!(!shows(&trace.said, PASSWORD));
    }
    assert!(accepted >= 20, "only {accepted}");
}
