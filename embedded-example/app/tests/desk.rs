//! The endpoint's desk against the client of `ehlo`, without a board between them.

#![allow(clippy::unwrap_used, clippy::panic)]

use app::config::{RECEIVE, SEND, config};
use app::users::{self, ITERATIONS};
use app::{Desk, Either, Ending, Flow, Mailbox, list, show};
use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::submission::{Event, Security, Submission};
use ehlo::client::{self, To};
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::sasl::client::{Credentials, Rules};
use ehlo::sasl::{CramMd5Keys, Mechanism, ScramHash, ScramKeys};
use ehlo::server::{Config, Connection};
use message_store::{Id, RamStore, WhenFull};

type Ram = RamStore<64, 8>;
type Store = Either<Ram, Ram>;

static SECRET: [u8; 16] = [9; 16];

/// What became of a session.
struct Outcome {
    /// What the serial port was told.
    said: String,
    /// Codes of the server's replies, as the client saw them.
    replies: Vec<u16>,
    /// How often others were let first.
    naps: u32,
}

fn store() -> Store {
    Either::A(RamStore::new(WhenFull::Refuse))
}

/// One session in which a client submits a message, by one mechanism.
fn submit(store: &mut Store, mechanism: Mechanism, login: (&str, &str), message: &[u8]) -> Outcome {
    let config: Config<'static> = config(4096, &SECRET);
    let mut server = Connection::new(&config, [0; RECEIVE], [0; SEND], [7; 16]);
    let preference = [mechanism];
    let rules = Rules::new().prefer(&preference).dangerous_cleartext();
    let client_config = client::Config::new("client.example", "board.example").auth(rules);
    let credentials = Credentials::password(login.0, login.1).nonce([5; 16]);
    let (rx, tx) = ([0_u8; 1024], [0_u8; 512]);
    let mut client =
        Submission::new(&client_config, Security::Cleartext, Some(credentials), rx, tx);
    let mut outcome = Outcome { said: String::new(), replies: Vec::new(), naps: 0 };
    let mut desk = Desk::<Store>::new(1, "10.0.2.2:1", &mut outcome.said);
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let (mut rest, mut begun) = (message, false);
    for _ in 0..100_000 {
        while let Some(io) = client.poll_io() {
            match io {
                Io::Write(write) => {
                    up.extend_from_slice(write.bytes());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Io::Read(_) if down.is_empty() => break,
                Io::Read(mut read) => {
                    let n = read.space().len().min(down.len());
                    read.space()[..n].copy_from_slice(&down[..n]);
                    down.drain(..n);
                    read.filled(n);
                }
                Io::Wait(_) => panic!("a client never waits"),
            }
        }
        match client.event() {
            Some(Event::Next(next)) if !begun => {
                begun = true;
                let path = ReversePath::parse("<tim@example.org>").unwrap();
                next.begin(path, &MailParameters::default()).unwrap();
            }
            Some(Event::Next(next)) => next.quit(),
            Some(Event::Recipient(recipient)) if recipient.index() < 2 => {
                let to = ["<a@example.net>", "<b@example.net>"][usize::from(recipient.index())];
                let path = ForwardPath::parse(to).unwrap();
                let _ = recipient.add(path, &RcptParameters::default());
            }
            Some(Event::Recipient(recipient)) => recipient.no_more(),
            Some(Event::Content(mut content)) => {
                let n = content.write(rest).unwrap();
                rest = &rest[n..];
                if rest.is_empty() {
                    content.finish().unwrap();
                }
            }
            Some(Event::Reply(reply)) => {
                if reply.to() != To::Greeting {
                    outcome.replies.push(reply.received().code().value());
                }
                reply.done();
            }
            Some(Event::Closed(_)) | None => {}
            Some(other) => other.give_up(),
        }
        while let Some(io) = server.poll_io() {
            match io {
                Io::Write(write) => {
                    down.extend_from_slice(write.bytes());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Io::Read(_) if up.is_empty() => break,
                Io::Read(mut read) => {
                    let n = read.space().len().min(up.len());
                    read.space()[..n].copy_from_slice(&up[..n]);
                    up.drain(..n);
                    read.filled(n);
                }
                Io::Wait(_) => server.handle_timeout(),
            }
        }
        let Some(event) = server.event() else { continue };
        match desk.on(store, event, &mut outcome.said) {
            Flow::Next | Flow::Kept(_) => {}
            Flow::Busy => outcome.naps += 1,
            Flow::Over(closed) => {
                desk.over(store, Ending(closed), &mut outcome.said);
                return outcome;
            }
        }
    }
    panic!("the session has no end: {}", outcome.said);
}

fn kept(store: &mut Store, id: Id) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut some = [0; 7];
    loop {
        let n = Mailbox::read(store, id, octets.len(), &mut some).unwrap();
        if n == 0 {
            return octets;
        }
        octets.extend_from_slice(&some[..n]);
    }
}

const MECHANISMS: [Mechanism; 4] =
    [Mechanism::ScramSha256, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];

#[test]
fn the_table_has_the_keys_of_the_passwords_in_the_readme() {
    for (name, password) in [("tim", "tanstaaftanstaaf"), ("sensor", "correct-horse")] {
        let (_, user) = users::find(|user| user == name).unwrap();
        let keys = user.scram().unwrap();
        let made =
            ScramKeys::derive(ScramHash::Sha256, password.as_bytes(), keys.salt(), ITERATIONS);
        let made = made.unwrap();
        assert_eq!(made.stored_key(), keys.stored_key());
        assert_eq!(made.server_key(), keys.server_key());
        let cram_md5 = CramMd5Keys::new(password.as_bytes()).to_bytes();
        assert_eq!(user.cram_md5().unwrap().to_bytes(), cram_md5);
    }
}

#[test]
fn each_mechanism_lets_its_user_in_and_the_message_is_kept_as_it_was() {
    for mechanism in MECHANISMS {
        let mut store = store();
        let message = b"Subject: hi\r\n\r\n.\r\n..\r\n.x\r\nend\r\n";
        let Outcome { said, .. } =
            submit(&mut store, mechanism, ("tim", "tanstaaftanstaaf"), message);
        let lines = [
            "session 1 from 10.0.2.2:1".to_owned(),
            format!("session 1: tim has logged in by {}", mechanism.name()),
            format!("session 1: message 1, {} octets", message.len()),
            format!(
                "session 1 over: QUIT; tim, 1 message, {} octets; failed: 0 logins, 0 messages",
                message.len()
            ),
        ];
        assert_eq!(said.lines().collect::<Vec<_>>(), lines);
        let envelope = b"Return-Path: <tim@example.org>\r\nDelivered-To: <a@example.net>\r\n\
            Delivered-To: <b@example.net>\r\n";
        let expected = [&envelope[..], message].concat();
        assert_eq!(kept(&mut store, Id::from_number(1)), expected);
    }
}

#[test]
fn a_wrong_password_is_refused_by_each_mechanism_and_nothing_is_said_of_it() {
    for mechanism in MECHANISMS {
        for user in ["tim", "nobody"] {
            let mut store = store();
            let Outcome { said, replies, .. } =
                submit(&mut store, mechanism, (user, "hunter2"), b"x\r\n");
            assert!(replies.contains(&535), "{replies:?}");
            let failed = format!("session 1: a login by {} has failed", mechanism.name());
            assert!(said.contains(&failed), "{said}");
            assert!(said.contains("; nobody, 0 messages, 0 octets; failed: 1 login,"), "{said}");
            assert!(!said.contains("hunter2"));
            assert_eq!(store.next(None), None);
        }
    }
}

#[test]
fn a_password_is_checked_in_slices_whether_there_is_such_a_user_or_not() {
    let naps = |login| submit(&mut store(), Mechanism::Plain, login, b"x\r\n").naps;
    let right = naps(("tim", "tanstaaftanstaaf"));
    assert!(right > 20, "{right}");
    assert_eq!(naps(("tim", "wrong")), right);
    assert_eq!(naps(("nobody", "wrong")), right);
}

#[test]
fn a_message_that_does_not_fit_is_refused_and_leaves_no_room_taken() {
    let mut store: Store = Either::B(RamStore::new(WhenFull::Refuse));
    let login = ("tim", "tanstaaftanstaaf");
    for round in 0..3 {
        let large = vec![b'x'; 5000];
        let Outcome { said, replies, .. } = submit(&mut store, Mechanism::CramMd5, login, &large);
        assert!(replies.contains(&552), "{round}: {replies:?}");
        assert!(said.contains("failed: 0 logins, 1 message"), "{said}");
    }
    // The store takes 8 KiB; the third message of 3,000 octets is one too many.
    let some = vec![b'y'; 3000];
    let codes: Vec<bool> = (0..3)
        .map(|_| {
            submit(&mut store, Mechanism::CramMd5, login, &some).said.contains("1 message, 3002")
        })
        .collect();
    assert_eq!(codes, [true, true, false]);
    let mut listed = String::new();
    list(&mut store, false, &mut listed).unwrap();
    assert_eq!(listed, "kept: 2 messages\r\n");
}

#[test]
fn a_message_is_shown_as_it_is_kept() {
    let mut store = store();
    submit(
        &mut store,
        Mechanism::CramMd5,
        ("tim", "tanstaaftanstaaf"),
        b"Subject: hi\r\n\r\n\x7f\r\n",
    );
    let id = Id::from_number(1);
    let mut shown = String::new();
    show(&mut store, id, &mut shown).unwrap();
    let mut lines: Vec<&str> = shown.lines().collect();
    let octets = kept(&mut store, id);
    assert_eq!(lines.remove(0), "message 1");
    assert_eq!(lines.pop(), Some(&*format!("message 1 ends, {} octets", octets.len())));
    let digits: String = lines.iter().map(|line| line.strip_prefix("= ").unwrap()).collect();
    let expected: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(digits, expected);
    shown.clear();
    show(&mut store, Id::from_number(2), &mut shown).unwrap();
    assert_eq!(shown, "message 2\r\nmessage 2 can't be read\r\n");
}
