//! No credential of a client's is in `Debug` or `Display`, or left behind in its send buffer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ehlo::client::submission::{Event as Journey, Security, Submission};
use ehlo::client::{Config, Connection, Event};
use ehlo::io::Io;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, Exchange, Rules};
use ehlo_tests::text::shows;

const SECRET: &str = "h0ch-geheim-und-lang";

fn shows_secret(octets: &[u8]) -> bool {
    shows(octets, SECRET)
}

fn is_clean(what: &str, octets: &[u8]) {
    assert!(!shows_secret(octets), "{what}: {}", String::from_utf8_lossy(octets));
}

/// The octets that are not zero, to be shown.
fn used(buffer: &[u8]) -> String {
    let end = buffer.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    buffer[..end].escape_ascii().to_string()
}

/// What a client has, by mechanism.
fn client_credentials(mechanism: Mechanism, secret: &str) -> Credentials<'_> {
    match mechanism {
        Mechanism::Xoauth2 | Mechanism::OauthBearer => Credentials::token("tim", secret),
        _ => Credentials::password("tim", secret),
    }
}

const WITH_SECRETS: [Mechanism; 5] = [
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::CramMd5,
    Mechanism::Xoauth2,
    Mechanism::OauthBearer,
];

/// Runs a journey through these replies; hands everything that shows to `see`, and what is written to
/// `write`. The connection is dropped at the end.
fn client_journey(
    mechanism: Mechanism,
    secret: &str,
    replies: &[&str],
    send: &mut [u8],
    see: &mut dyn FnMut(&str, &[u8]),
    write: &mut dyn FnMut(&[u8]),
) {
    let preference = [mechanism];
    let config = Config::new("client.example.org", "mail.example.org")
        .auth(Rules::new().prefer(&preference));
    let credentials = client_credentials(mechanism, secret);
    see("credentials", format!("{credentials:?}").as_bytes());
    let exchange = Exchange::new(mechanism, credentials).unwrap();
    see("an exchange", format!("{exchange:?}").as_bytes());
    let (mut receive, security) = ([0; 1024], Security::Implicit);
    let with = Some(credentials);
    let mut client = Submission::new(&config, security, with, &mut receive[..], send)
        .implicit_tls(Some("mail.example.org"));
    let mut replies = replies.iter();
    loop {
        see("the client", format!("{client:?}").as_bytes());
        match client.poll_io() {
            Some(Io::Read(mut read)) => {
                let Some(reply) = replies.next() else { return };
                read.space()[..reply.len()].copy_from_slice(reply.as_bytes());
                read.filled(reply.len());
            }
            Some(Io::Write(octets)) => {
                see("a write", format!("{octets:?}").as_bytes());
                write(octets.bytes());
                let n = octets.bytes().len();
                octets.sent(n);
            }
            Some(Io::Wait(_)) => panic!("a client does not wait"),
            None => {
                let event = client.event().expect("there is something to do");
                see("an event", format!("{event:?}").as_bytes());
                if let Journey::Failed(failed) = &event {
                    see("a failure", format!("{:?} {0}", failed.reason()).as_bytes());
                }
                if let Journey::Closed(_) = event {
                    return;
                }
                event.give_up();
            }
        }
    }
}

const WELCOME: [&str; 2] =
    ["220 hello\r\n", "250-x\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER\r\n"];

/// What a server may say to AUTH.
const ENDS: [&[&str]; 7] = [
    &["235 ok\r\n", "221 bye\r\n"],
    &["334 PDFAeD4=\r\n", "334 PDFAeD4=\r\n", "235 ok\r\n"],
    &["334 PDFAeD4=\r\n", "334 PDFAeD4=\r\n", "535 no\r\n"],
    &["501 what\r\n", "334 \r\n", "334 \r\n", "334 \r\n", "501 cancelled\r\n"],
    &["334 !\r\n", "501 no\r\n"],
    &["421 out\r\n"],
    &["250 ok\r\n"],
];

#[test]
fn nothing_of_a_client_that_prints_shows_a_credential() {
    let mut written = 0;
    for mechanism in WITH_SECRETS {
        for end in ENDS {
            let replies = [&WELCOME[..], end].concat();
            let mut send = vec![0; 1024];
            let mut write = |octets: &[u8]| written += usize::from(shows_secret(octets));
            client_journey(mechanism, SECRET, &replies, &mut send, &mut is_clean, &mut write);
        }
    }
    // They were there to be shown.
    assert!(written >= 10, "only {written}");
}

#[test]
fn the_send_buffer_of_a_client_is_overwritten_wherever_it_ends() {
    for mechanism in WITH_SECRETS {
        for end in ENDS {
            let replies = [&WELCOME[..], end].concat();
            for known in 0..=replies.len() {
                let mut send = vec![0; 1024];
                let (mut see, mut write) = (|_: &str, _: &[u8]| {}, |_: &[u8]| {});
                let replies = &replies[..known];
                client_journey(mechanism, SECRET, replies, &mut send, &mut see, &mut write);
                assert!(!shows_secret(&send), "{mechanism:?} {replies:?}: {}", used(&send));
            }
        }
    }
}

#[test]
fn a_response_that_does_not_fit_leaves_no_part_of_a_credential() {
    // One doesn't fit at all, the other not in base64.
    for (mechanism, times) in [Mechanism::Plain, Mechanism::Login, Mechanism::Xoauth2]
        .into_iter()
        .flat_map(|mechanism| [(mechanism, 20), (mechanism, 30)])
    {
        let long = SECRET.repeat(times);
        for end in [&["334 \r\n", "334 \r\n"][..], &["334 \r\n", "334 \r\n", "501 no\r\n"]] {
            let replies = [&WELCOME[..], end].concat();
            let mut send = vec![0; 512];
            let mut cancelled = false;
            let mut write = |octets: &[u8]| {
                assert!(!shows_secret(octets));
                cancelled |= octets == b"*\r\n";
            };
            client_journey(mechanism, &long, &replies, &mut send, &mut is_clean, &mut write);
            assert!(cancelled, "{mechanism:?}");
            assert!(!shows_secret(&send), "{mechanism:?}: {}", used(&send));
        }
    }
}

#[test]
fn a_client_that_is_dropped_before_it_has_written_leaves_no_credential() {
    static CONFIG: Config<'static> = Config::new("client.example.org", "mail.example.org");
    for mechanism in WITH_SECRETS {
        for octets in [0, 20] {
            let (mut receive, mut send) = ([0; 1024], [0; 1024]);
            let mut client = Connection::new(&CONFIG, &mut receive[..], &mut send[..])
                .implicit_tls(Some("mail.example.org"));
            let credentials = client_credentials(mechanism, SECRET);
            let mut exchange = Exchange::new(mechanism, credentials).unwrap();
            let mut replies = WELCOME.iter().chain(&["334 PDFAeD4=\r\n", "334 PDFAeD4=\r\n"]);
            loop {
                match client.poll_io() {
                    Some(Io::Read(mut read)) => {
                        let reply = replies.next().unwrap();
                        read.space()[..reply.len()].copy_from_slice(reply.as_bytes());
                        read.filled(reply.len());
                    }
                    Some(Io::Write(write)) if shows_secret(write.bytes()) => {
                        write.sent(octets);
                        break;
                    }
                    // CRAM-MD5 shows none in the end.
                    Some(Io::Write(write)) if write.bytes().starts_with(b"dGlt") => {
                        if mechanism == Mechanism::CramMd5 {
                            break;
                        }
                        let n = write.bytes().len();
                        write.sent(n);
                    }
                    Some(Io::Write(write)) => {
                        let n = write.bytes().len();
                        write.sent(n);
                    }
                    Some(Io::Wait(_)) => panic!("a client does not wait"),
                    None => match client.event().unwrap() {
                        Event::Ready(ready) => ready.auth(&mut exchange).unwrap(),
                        Event::Challenge(challenge) => {
                            challenge.respond(&mut exchange).unwrap();
                        }
                        event => event.pass_or_quit(),
                    },
                }
            }
            drop(client);
            assert!(!shows_secret(&send), "{mechanism:?}: {}", used(&send));
            assert!(send.iter().all(|octet| *octet == 0), "{mechanism:?}: {}", used(&send));
        }
    }
}
