//! A server's session over a socket in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::rc::Rc;

use common::store::Store;
use common::wire::{Clock, End, Outside, poll, run, wire};
use ehlo::limits::Limits;
use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::{Aborted, Closed, Config, Connection, Event};
use ehlo_embedded::{Error, Intake, NoTimer, Session, StoreError, Timer};
use embedded_io_async::ErrorKind;

const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login, Mechanism::CramMd5];

fn config() -> Config<'static> {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    let mut limits = Limits::new();
    limits.auth_failure_delay = Duration::from_millis(1500);
    Config::new("board.example").auth(MECHANISMS).policy(policy).limits(limits)
}

type Server<'c, K> = Session<Connection<'c, [u8; 1024], [u8; 512]>, End, K>;

fn session<'c, K: Timer>(config: &'c Config<'c>, socket: End, timer: K) -> Server<'c, K> {
    Session::new(socket, Connection::new(config, [0; 1024], [0; 512], [7; 16])).timer(timer)
}

/// Answers an event, and says what it was.
fn answer(event: Event<'_>) -> String {
    match event {
        Event::Login(login) => {
            let right = login.username() == "tim" && login.password().matches(b"secret");
            let said = format!("login {} {right}", login.username());
            if right {
                login.accept()
            } else {
                login.reject()
            }
            said
        }
        Event::Mail(mail) => {
            let said = format!("mail {}", mail.reverse_path().as_str());
            mail.accept();
            said
        }
        Event::Rcpt(rcpt) => {
            let said = format!("rcpt {}", rcpt.forward_path().as_str());
            rcpt.accept();
            said
        }
        Event::Body(body) => {
            let said = format!("body {}", String::from_utf8_lossy(body.bytes()));
            body.done();
            said
        }
        Event::EndOfData(end) => {
            let said = format!("end {}", end.size());
            end.accept();
            said
        }
        other => {
            let said = format!("{other:?}");
            other.accept_or_decline();
            said
        }
    }
}

/// How a session is driven.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Whole,
    /// Octet by octet.
    Slow,
    /// Octet by octet; each future is dropped after one poll, and each event is offered once for
    /// nothing.
    Dropping,
}

/// Says all of a dialogue, and gives the events and what was replied. Octets of mail data that come
/// in parts are one event.
fn drive(dialogue: &str, way: Way) -> (Vec<String>, String) {
    let config = config();
    let (ours, theirs) = wire();
    let (clock, ours) = (Clock::default(), if way == Way::Whole { ours } else { ours.slow() });
    theirs.say(dialogue.as_bytes());
    theirs.close();
    let mut session = session(&config, ours, clock.clone());
    let mut events: Vec<String> = Vec::new();
    loop {
        for polls in 0.. {
            assert!(polls < 100_000, "it goes nowhere behind {events:?}");
            clock.pass(1);
            let mut next = pin!(session.next());
            let done = match way {
                Way::Dropping => poll(next).map(drop),
                Way::Whole | Way::Slow => loop {
                    clock.pass(1);
                    if poll(next.as_mut()).is_ready() {
                        break Poll::Ready(());
                    }
                },
            };
            if done.is_ready() {
                break;
            }
        }
        // It was dropped, and comes again at once.
        let mut next = pin!(session.next());
        let Poll::Ready(event) = poll(next.as_mut()) else { panic!("the event is gone") };
        let event = event.unwrap();
        let closed = matches!(event, Event::Closed(_));
        let said = answer(event);
        match (said.strip_prefix("body "), events.last_mut()) {
            (Some(more), Some(last)) if last.starts_with("body ") => last.push_str(more),
            _ => events.push(said),
        }
        if closed {
            return (events, theirs.heard());
        }
    }
}

const DIALOGUES: [&str; 5] = [
    "EHLO me\r\nAUTH PLAIN AHRpbQBzZWNyZXQ=\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n\
     RCPT TO:<e@f.example>\r\nDATA\r\nSubject: hi\r\n\r\n..\r\n.x\r\n.\r\nQUIT\r\n",
    "EHLO me\r\nAUTH LOGIN\r\ndGlt\r\nc2VjcmV0\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\n\
     BDAT 5\r\n12345BDAT 3 LAST\r\n678RSET\r\nNOOP\r\nnonsense\r\nQUIT\r\n",
    "EHLO me\r\nAUTH PLAIN AHRpbQB3cm9uZw==\r\nAUTH PLAIN AHRpbQBzZWNyZXQ=\r\nNOOP\r\n",
    "EHLO me\r\nAUTH CRAM-MD5\r\n*\r\nAUTH PLAIN AHRpbQBzZWNyZXQ=\r\nMAIL FROM:<a@b.example>\r\n\
     RCPT TO:<c@d.example>\r\nDATA\r\nhalf of it\r\n",
    "HELO me\r\nVRFY tim\r\nHELP\r\nMAIL FROM:<a@b.example>\r\nEHLO \u{ff}\r\nQUIT\r\n",
];

#[test]
fn however_slow_and_however_often_dropped_it_is_the_same_dialogue() {
    for dialogue in DIALOGUES {
        let whole = drive(dialogue, Way::Whole);
        assert!(whole.1.starts_with("220 ") && whole.0.len() > 2, "{whole:?}");
        assert_eq!(drive(dialogue, Way::Slow), whole);
        assert_eq!(drive(dialogue, Way::Dropping), whole);
    }
}

#[test]
fn the_replies_to_a_group_are_one_write_and_one_flush() {
    let config = Config::new("board.example");
    let (ours, theirs) = wire();
    let outside = Rc::clone(&ours.outside);
    let connection = Connection::new(&config, [0; 1024], [0; 2048], [7; 16]);
    let mut session = Session::new(ours, connection);
    theirs.say(b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\nDATA\r\n");
    for polls in 0.. {
        assert!(polls < 100);
        let mut next = pin!(session.next());
        let Poll::Ready(event) = poll(next.as_mut()) else { break };
        answer(event.unwrap());
    }
    let heard = theirs.heard();
    assert!(heard.lines().last().unwrap().starts_with("354 "), "{heard}");
    // The greeting, behind which something is read; the reply to EHLO and the rest.
    assert_eq!((outside.writes.get(), outside.flushes.get()), (3, 2));
}

#[test]
fn the_reply_to_a_failed_authentication_is_held_back_by_the_timer() {
    let config = config();
    let (ours, theirs) = wire();
    let clock = Clock::default();
    let mut session = session(&config, ours, clock.clone());
    theirs.say(b"EHLO me\r\nAUTH PLAIN AHRpbQB3cm9uZw==\r\n");
    loop {
        let mut next = pin!(session.next());
        let Poll::Ready(event) = poll(next.as_mut()) else { break };
        answer(event.unwrap());
    }
    assert!(theirs.heard().ends_with("250 HELP\r\n"));
    clock.pass(1499);
    // Dropped and begun anew, it doesn't wait any longer.
    assert!(poll(pin!(session.next())).is_pending());
    assert_eq!(theirs.heard(), "");
    clock.pass(1);
    assert!(poll(pin!(session.next())).is_pending());
    assert!(theirs.heard().starts_with("535 5.7.8 "));
}

#[test]
fn without_a_timer_no_reply_is_held_back() {
    let config = config();
    let (ours, theirs) = wire();
    let mut session = session(&config, ours, NoTimer);
    theirs.say(b"EHLO me\r\nAUTH PLAIN AHRpbQB3cm9uZw==\r\nQUIT\r\n");
    loop {
        match run(session.next()).unwrap() {
            Event::Closed(closed) => break assert_eq!(closed, Closed::Quit),
            other => drop(answer(other)),
        }
    }
    assert!(theirs.heard().contains("\r\n535 5.7.8 "));
}

#[test]
fn octets_that_drip_do_not_put_the_deadline_off() {
    let config = config();
    let (ours, theirs) = wire();
    let clock = Clock::default();
    let mut session = session(&config, ours, clock.clone());
    answer(run(session.next()).unwrap());
    let mut seconds = 0;
    let closed = loop {
        if let Poll::Ready(event) = poll(pin!(session.next())) {
            break matches!(event.unwrap(), Event::Closed(Closed::Ended(_)));
        }
        theirs.say(b"x");
        clock.pass(1000);
        seconds += 1;
    };
    assert!(closed);
    assert_eq!(seconds, 5 * 60);
    let heard = theirs.heard();
    assert!(heard.lines().nth(1).unwrap().starts_with("421 4.4.2 "), "{heard}");
}

#[test]
fn a_connection_lasts_no_longer_than_it_may() {
    let mut limits = Limits::new();
    limits.connection_timeout = Duration::from_secs(60);
    let config = Config::new("board.example").limits(limits);
    let (ours, theirs) = wire();
    let clock = Clock::default();
    let mut session = session(&config, ours, clock.clone());
    answer(run(session.next()).unwrap());
    for _ in 0..59 {
        theirs.say(b"NOOP\r\n");
        clock.pass(1000);
        assert!(poll(pin!(session.next())).is_pending());
    }
    clock.pass(1000);
    assert!(matches!(run(session.next()).unwrap(), Event::Closed(Closed::Ended(_))));
    assert!(theirs.heard().ends_with("\r\n"));
}

#[test]
fn what_is_said_at_the_end_of_a_connection_has_a_little_time_to_leave() {
    let mut limits = Limits::new();
    limits.connection_timeout = Duration::from_secs(60);
    let config = Config::new("board.example").limits(limits);
    for arrives in [true, false] {
        let (ours, theirs) = wire();
        let (outside, clock) = (Rc::clone(&ours.outside), Clock::default());
        let mut session = session(&config, ours, clock.clone());
        answer(run(session.next()).unwrap());
        assert!(poll(pin!(session.next())).is_pending());
        clock.pass(60_000);
        // As with embassy-net, where a flush waits for the client's acknowledgement.
        outside.stuck.set(true);
        assert!(poll(pin!(session.next())).is_pending());
        assert!(theirs.heard().contains("\r\n421 4.4.2 "));
        clock.pass(1999);
        assert!(poll(pin!(session.next())).is_pending());
        if arrives {
            outside.stuck.set(false);
            assert!(matches!(run(session.next()).unwrap(), Event::Closed(Closed::Ended(_))));
        } else {
            clock.pass(1);
            assert_eq!(run(session.next()).unwrap_err(), Error::Socket(ErrorKind::TimedOut));
        }
    }
}

/// Goes on until the client is in the middle of a message.
fn into_a_message<K: Timer>(session: &mut Server<'_, K>, client: &End) {
    client.say(b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
    client.say(b"half\r\n");
    while !answer(run(session.next()).unwrap()).starts_with("body half") {}
}

#[test]
fn when_the_socket_fails_the_message_is_aborted_first_and_the_error_comes_for_ever() {
    let config = Config::new("board.example");
    let reset = ErrorKind::ConnectionReset;
    let ways: [fn(&Outside, ErrorKind); 3] = [
        |outside, error| outside.read_error.set(Some(error)),
        |outside, error| outside.write_error.set(Some(error)),
        |outside, error| outside.flush_error.set(Some(error)),
    ];
    for fail in ways {
        let (ours, theirs) = wire();
        let outside = Rc::clone(&ours.outside);
        let mut session = session(&config, ours, NoTimer);
        into_a_message(&mut session, &theirs);
        fail(&outside, reset);
        // Something is to be said, so that it is seen.
        theirs.say(b"nonsense\r\n.\r\nRSET\r\nMAIL FROM:<a@b.example>\r\n");
        loop {
            match run(session.next()) {
                Ok(Event::Closed(closed)) => panic!("{closed:?}"),
                Ok(event) => drop(answer(event)),
                Err(error) => break assert_eq!(error, Error::Socket(reset)),
            }
        }
        assert_eq!(run(session.next()).unwrap_err(), Error::Socket(reset));
    }
}

#[test]
fn a_transaction_that_the_socket_ends_is_told_as_aborted() {
    let config = Config::new("board.example");
    let (ours, theirs) = wire();
    let outside = Rc::clone(&ours.outside);
    let mut session = session(&config, ours, NoTimer);
    into_a_message(&mut session, &theirs);
    outside.read_error.set(Some(ErrorKind::TimedOut));
    let Ok(Event::Aborted(aborted)) = run(session.next()) else { panic!() };
    assert_eq!(aborted.why(), Aborted::Closed);
    aborted.done();
    assert_eq!(run(session.next()).unwrap_err(), Error::Socket(ErrorKind::TimedOut));
}

#[test]
fn a_flush_that_takes_too_long_ends_the_connection() {
    let config = Config::new("board.example");
    let (ours, _theirs) = wire();
    ours.outside.stuck.set(true);
    let clock = Clock::default();
    let mut session = session(&config, ours, clock.clone());
    answer(run(session.next()).unwrap());
    assert!(poll(pin!(session.next())).is_pending());
    clock.pass(5 * 60 * 1000);
    assert_eq!(run(session.next()).unwrap_err(), Error::Socket(ErrorKind::TimedOut));
}

#[test]
fn what_was_said_last_has_left_before_closed_is_told() {
    let config = Config::new("board.example");
    let (ours, theirs) = wire();
    let outside = Rc::clone(&ours.outside);
    let mut session = session(&config, ours, NoTimer);
    theirs.say(b"QUIT\r\n");
    while !matches!(run(session.next()).unwrap(), Event::Closed(Closed::Quit)) {
        answer(run(session.next()).unwrap());
    }
    assert!(theirs.heard().ends_with("221 2.0.0 bye\r\n"));
    assert_eq!(outside.flushes.get(), 2);
    drop(session.into_socket());
}

#[test]
fn a_stopping_server_says_so() {
    let config = Config::new("board.example");
    let (ours, theirs) = wire();
    let mut session = session(&config, ours, NoTimer);
    answer(run(session.next()).unwrap());
    assert!(poll(pin!(session.next())).is_pending());
    session.machine_mut().handle_shutdown();
    assert!(matches!(run(session.next()).unwrap(), Event::Closed(_)));
    assert!(theirs.heard().contains("\r\n421 "));
}

/// Brings all of a dialogue to a store, and gives what was replied to its last part.
fn store(config: &Config<'_>, store: &mut Store, before: &str, last: &str) -> String {
    let (ours, theirs) = wire();
    let connection = Connection::new(config, [0; 1024], [0; 512], [7; 16]);
    let mut session = Session::new(ours, connection);
    let mut intake = Intake::new();
    let mut heard = String::new();
    for part in [before, last] {
        theirs.say(part.as_bytes());
        loop {
            let mut next = pin!(session.next());
            let Poll::Ready(event) = poll(next.as_mut()) else { break };
            match intake.on(store, event.unwrap()) {
                Some(Event::Closed(_)) => break,
                Some(other) => other.decline(),
                None => {}
            }
        }
        heard = theirs.heard();
    }
    heard
}

const BEGIN: &str = "EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";

#[test]
fn a_message_is_accepted_when_it_is_committed() {
    let config = Config::new("board.example");
    let mut kept = Store::default();
    let said = store(&config, &mut kept, BEGIN, "DATA\r\n.. and .\r\n..\r\n.\r\n");
    assert!(said.starts_with("354 ") && said.ends_with("\r\n250 2.0.0 stored as 1\r\n"), "{said}");
    let message = &kept.messages[0];
    assert_eq!((&*message.from, &*message.to[0]), ("a@b.example", "c@d.example"));
    assert_eq!(message.octets, b". and .\r\n.\r\n");
    assert_eq!((kept.open, kept.aborted), (0, 0));

    let said = store(&config, &mut kept, BEGIN, "BDAT 3\r\nabcBDAT 2 LAST\r\nde");
    assert!(said.ends_with("250 2.0.0 stored as 2\r\n"), "{said}");
    assert_eq!(kept.messages[1].octets, b"abcde");
}

#[test]
fn a_message_that_the_store_does_not_take_is_refused() {
    let config = Config::new("board.example");
    let message = "DATA\r\nhello\r\n.\r\n";
    for (why, code) in [
        (StoreError::Full, "451 4.3.1 "),
        (StoreError::TooLarge, "554 5.3.4 "),
        (StoreError::Broken, "451 4.3.0 "),
    ] {
        let mut kept = Store { no_commit: Some(why), ..Store::default() };
        let said = store(&config, &mut kept, BEGIN, message);
        assert!(said.contains(&format!("\r\n{code}")), "{said}");
        assert!(kept.messages.is_empty() && kept.open == 0);
    }
    let mut kept = Store { no_begin: Some(StoreError::Full), ..Store::default() };
    let said = store(&config, &mut kept, "EHLO me\r\n", "MAIL FROM:<a@b.example>\r\n");
    assert!(said.starts_with("451 4.3.1 "), "{said}");

    let mut kept = Store { recipients: Some(1), ..Store::default() };
    let said = store(&config, &mut kept, BEGIN, "RCPT TO:<e@f.example>\r\nDATA\r\nx\r\n.\r\n");
    assert!(said.starts_with("450 4.3.1 ") && said.ends_with("stored as 1\r\n"), "{said}");
    assert_eq!(kept.messages[0].to, ["c@d.example"]);
}

#[test]
fn a_message_that_grows_too_large_is_aborted_and_the_session_goes_on() {
    let config = Config::new("board.example");
    let mut kept = Store { room: Some(10), ..Store::default() };
    let message = "DATA\r\nhello, hello, hello\r\n.\r\n";
    let again = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhi\r\n.\r\n";
    let said = store(&config, &mut kept, BEGIN, &format!("{message}{again}"));
    assert!(said.contains("\r\n554 5.3.4 ") && said.ends_with("stored as 1\r\n"), "{said}");
    assert_eq!((kept.messages.len(), kept.open, kept.aborted), (1, 0, 1));
}

#[test]
fn what_ends_a_transaction_aborts_its_draft() {
    let config = Config::new("board.example");
    for last in ["RSET\r\n", "EHLO me\r\n", "QUIT\r\n", "DATA\r\nbare \n newline\r\n.\r\n"] {
        let mut kept = Store::default();
        let said = store(&config, &mut kept, BEGIN, last);
        assert!(!said.is_empty());
        assert_eq!((kept.messages.len(), kept.open, kept.aborted), (0, 0, 1), "{last}");
    }
}

#[test]
fn in_lmtp_each_recipient_hears_of_the_one_commit() {
    let config = Config::new("board.example").lmtp();
    let begin = "LHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    let last = "RCPT TO:<e@f.example>\r\nDATA\r\nx\r\n.\r\n";
    let mut kept = Store::default();
    let said = store(&config, &mut kept, begin, last);
    assert_eq!(said.matches("250 2.0.0 stored as 1\r\n").count(), 2, "{said}");
    assert_eq!(kept.messages.len(), 1);
    let mut kept = Store { no_commit: Some(StoreError::Full), ..Store::default() };
    let said = store(&config, &mut kept, begin, last);
    assert_eq!(said.matches("451 4.3.1 ").count(), 2, "{said}");
}

#[test]
fn a_session_that_is_given_up_leaves_no_draft() {
    let config = Config::new("board.example");
    let (ours, theirs) = wire();
    let mut session = session(&config, ours, NoTimer);
    let (mut kept, mut intake) = (Store::default(), Intake::new());
    theirs.say(BEGIN.as_bytes());
    while kept.open == 0 {
        if let Some(other) = intake.on(&mut kept, run(session.next()).unwrap()) {
            other.decline();
        }
    }
    drop(session);
    intake.reset(&mut kept);
    intake.reset(&mut kept);
    assert_eq!((kept.open, kept.aborted), (0, 1));
}
