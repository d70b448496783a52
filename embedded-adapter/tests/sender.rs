//! A client that is polled, against an endpoint that is polled by the same stack.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::OnceLock;
use std::time::Instant;

use common::stack::{Stack, free_port};
use common::store::Store;
use ehlo::client::{Closed, Config as ClientConfig};
use ehlo::policy::Policy;
use ehlo::sasl::client::Credentials;
use ehlo::sasl::{Mechanism, ScramHash, ScramKeys};
use ehlo::server::{Config, Event};
use ehlo_embedded::Intake;
use ehlo_embedded::client::{
    Chunks, Envelope, Fate, NotDelivered, Recipient, Reply, SendError, Source,
};
use ehlo_embedded::polled::{Endpoint, Sender, Unsent};
use embedded_nal::nb;

static SERVER: Config = Config::new("board.example").max_message(100_000);
static CLIENT: ClientConfig = ClientConfig::new("sensor.local", "localhost");

static WITH_AUTH: Config = {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    Config::new("board.example").auth(&[Mechanism::ScramSha256]).policy(policy)
};

fn keys() -> &'static ScramKeys {
    static KEYS: OnceLock<ScramKeys> = OnceLock::new();
    KEYS.get_or_init(|| {
        ScramKeys::derive(ScramHash::Sha256, b"secret", b"a salt of some octets", 4096).unwrap()
    })
}

/// Sends a message to an endpoint of our own; gives what came of it, and what is in the store.
fn send(
    config: &'static Config<'static>,
    window: Option<usize>,
    credentials: Option<Credentials<'static>>,
    to: &str,
    mut message: impl Source,
) -> (Result<Reply, Unsent<common::stack::Error>>, Fate, Store) {
    let mut stack = Stack { window, ..Stack::default() };
    let port = free_port();
    let mut endpoint = Endpoint::<_, 1>::listen(&mut stack, port, config, || [1; 16]).unwrap();
    let mut recipients = [Recipient::new(to).unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut sender = Sender::new(&mut stack, server, &CLIENT, envelope, 0).unwrap();
    if let Some(credentials) = credentials {
        sender = sender.login(credentials);
    }
    let (mut store, mut intake) = (Store::default(), Intake::new());
    let began = Instant::now();
    let sent = loop {
        assert!(began.elapsed() < Duration::from_secs(60), "it goes nowhere");
        let now = began.elapsed().as_millis() as u32;
        let poll = endpoint.poll(&mut stack, now, |_, event| match event {
            Event::Rcpt(rcpt) if rcpt.forward_path().as_str().starts_with("nobody") => {
                rcpt.refuse(&ehlo::reply::Refusal::permanent("5.1.1 no such user"));
            }
            Event::ScramKeys(query) => drop(query.keys(keys())),
            event => {
                if let Some(other) = intake.on(&mut store, event) {
                    other.decline();
                }
            }
        });
        poll.unwrap();
        match sender.poll(&mut stack, now, &mut message) {
            Ok(reply) => break Ok(reply),
            Err(nb::Error::Other(why)) => break Err(why),
            Err(nb::Error::WouldBlock) => {}
        }
    };
    drop(sender);
    let fate = recipients[0].fate();
    while endpoint.connections() > 0 {
        let poll = endpoint.poll(&mut stack, 0, |_, event| {
            if let Some(other) = intake.on(&mut store, event) {
                other.decline();
            }
        });
        poll.unwrap();
    }
    endpoint.close(&mut stack).unwrap();
    assert_eq!(stack.open, 0, "all sockets are closed");
    (sent, fate, store)
}

#[test]
fn a_message_arrives_as_it_was() {
    let message = "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nlast";
    for window in [None, Some(1)] {
        let (sent, fate, store) = send(&SERVER, window, None, "c@d.example", message.as_bytes());
        assert_eq!((sent.unwrap().code.value(), fate), (250, Fate::Accepted));
        assert_eq!(store.messages[0].octets, format!("{message}\r\n").as_bytes());
    }
}

#[test]
fn it_authenticates_by_scram_a_few_hashes_with_each_poll() {
    let credentials = Credentials::password("tim", "secret").nonce([3; 16]);
    let (sent, _, store) = send(&WITH_AUTH, None, Some(credentials), "c@d.example", &b"hi"[..]);
    assert!(sent.is_ok() && store.messages.len() == 1, "{sent:?}");

    let credentials = Credentials::password("tim", "guess").nonce([3; 16]);
    let (sent, ..) = send(&WITH_AUTH, None, Some(credentials), "c@d.example", &b"hi"[..]);
    let failed = matches!(
        sent,
        Err(SendError::NotDelivered(NotDelivered::Failed(_, Some(reply)))) if reply.code.value() == 535
    );
    assert!(failed, "{sent:?}");
}

#[test]
fn a_recipient_that_is_refused_says_so() {
    let (sent, fate, store) = send(&SERVER, None, None, "nobody@d.example", &b"hi"[..]);
    assert!(matches!(sent, Err(SendError::NotDelivered(NotDelivered::Recipients))), "{sent:?}");
    assert!(matches!(fate, Fate::Refused(reply) if reply.code.value() == 550));
    assert!(store.messages.is_empty());
}

/// A message that comes when it comes.
struct Slow<S> {
    source: S,
    asked: u32,
}

impl<S: Source> Source for Slow<S> {
    fn rest(&mut self) -> Option<&[u8]> {
        self.asked += 1;
        if self.asked.is_multiple_of(3) { self.source.rest() } else { None }
    }

    fn consume(&mut self, n: usize) {
        self.source.consume(n);
    }
}

#[test]
fn a_message_that_is_not_there_yet_is_waited_for() {
    let mut lines = 0..200;
    let source = Chunks::<_, 12>::new(move |space| {
        let Some(line) = lines.next() else { return 0 };
        let text = format!("line {line}\r\n");
        space[..text.len()].copy_from_slice(text.as_bytes());
        text.len()
    });
    let slow = Slow { source, asked: 0 };
    let (sent, _, store) = send(&SERVER, None, None, "c@d.example", slow);
    sent.unwrap();
    let lines: Vec<String> = (0..200).map(|line| format!("line {line}\r\n")).collect();
    assert_eq!(store.messages[0].octets, lines.concat().as_bytes());
}

#[test]
fn who_does_not_answer_is_given_up_in_time() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut stack = Stack::default();
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let server = listener.local_addr().unwrap();
    let mut sender = Sender::new(&mut stack, server, &CLIENT, envelope, 0).unwrap();
    let mut message = &b"hi"[..];
    // Under way, connected, and five minutes later.
    for now in [0, 10, 5 * 60_000 + 9] {
        let sent = sender.poll(&mut stack, now, &mut message);
        assert!(matches!(sent, Err(nb::Error::WouldBlock)), "{sent:?}");
    }
    let sent = sender.poll(&mut stack, 5 * 60_000 + 10, &mut message);
    let Err(nb::Error::Other(SendError::NotDelivered(NotDelivered::Closed(closed)))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!((closed, stack.open), (Closed::TimedOut, 0));
    let again = sender.poll(&mut stack, 5 * 60_000 + 10, &mut message);
    assert!(matches!(again, Err(nb::Error::Other(_))), "it is over");
}

#[test]
fn where_nobody_listens_there_is_no_connection() {
    let mut stack = Stack::default();
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let mut sender = Sender::new(&mut stack, server, &CLIENT, envelope, 0).unwrap();
    let sent = sender.poll(&mut stack, 0, &mut &b"hi"[..]);
    assert!(matches!(sent, Err(nb::Error::Other(SendError::Connect(_)))), "{sent:?}");
    assert_eq!(stack.open, 0);
}

#[test]
fn once_the_message_is_taken_a_missing_goodbye_does_not_matter() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let script = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        let replies = [
            ("220 x\r\n", "EHLO sensor.local\r\n"),
            ("250 x\r\n", "MAIL FROM:<a@b.example>\r\n"),
            ("250 ok\r\n", "RCPT TO:<c@d.example>\r\n"),
            ("250 ok\r\n", "DATA\r\n"),
            ("354 go\r\n", "hi\r\n.\r\n"),
            ("250 mine\r\n", "QUIT\r\n"),
        ];
        for (reply, next) in replies {
            socket.write_all(reply.as_bytes()).unwrap();
            while !heard.ends_with(next.as_bytes()) {
                let mut octet = [0];
                socket.read_exact(&mut octet).unwrap();
                heard.push(octet[0]);
            }
        }
        socket
    });
    let mut stack = Stack::default();
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let mut sender = Sender::new(&mut stack, server, &CLIENT, envelope, 0).unwrap();
    let (mut message, began) = (&b"hi"[..], Instant::now());
    while !script.is_finished() {
        assert!(began.elapsed() < Duration::from_secs(20));
        let sent = sender.poll(&mut stack, 0, &mut message);
        assert!(matches!(sent, Err(nb::Error::WouldBlock)), "{sent:?}");
    }
    let sent = sender.poll(&mut stack, 1999, &mut message);
    assert!(matches!(sent, Err(nb::Error::WouldBlock)), "{sent:?}");
    let sent = sender.poll(&mut stack, 2000, &mut message);
    assert_eq!(sent.unwrap().code.value(), 250);
    drop(script.join());
}
