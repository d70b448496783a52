//! One client after the other, over sockets of this machine, by `edge-nal` and by a closure.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use core::cell::Cell;
use core::net::{Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use common::store::Store;
use common::wire::{Clock, End, poll, run, wire};
use edge_nal::TcpBind as _;
use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::{Config, Event};
use ehlo_embedded::{EdgeNal, EmbassyTime, Intake, serve};

static CONFIG: Config = {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    Config::new("board.example").policy(policy).auth(&[Mechanism::Plain])
};

/// What a client hears in one session.
fn dialogue(address: SocketAddr, said: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let mut heard = String::new();
    BufReader::new(socket.try_clone().unwrap()).read_line(&mut heard).unwrap();
    socket.write_all(said.as_bytes()).unwrap();
    socket.read_to_string(&mut heard).unwrap();
    heard
}

const RIGHT: &str = "EHLO me\r\nAUTH PLAIN AHRpbQBzZWNyZXQ=\r\nMAIL FROM:<a@b.example>\r\n\
                     RCPT TO:<c@d.example>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n";
const WRONG: &str = "EHLO me\r\nAUTH PLAIN AHRpbQB3cm9uZw==\r\nQUIT\r\n";

#[tokio::test]
async fn clients_of_an_edge_nal_stack_are_served_one_after_the_other() {
    let probe = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = probe.local_addr().unwrap();
    drop(probe);
    let mut port = EdgeNal(edge_nal_std::Stack::new().bind(address).await.unwrap());
    let clients = tokio::task::spawn_blocking(move || {
        let first = dialogue(address, RIGHT);
        let began = Instant::now();
        let second = dialogue(address, WRONG);
        let held_back = began.elapsed();
        (first, second, held_back, dialogue(address, RIGHT))
    });
    let (mut rx, mut tx) = ([0; 1024], [0; 1024]);
    let (mut store, mut intake, closed) = (Store::default(), Intake::new(), Cell::new(0));
    let handler = |event: Event<'_>| match intake.on(&mut store, event) {
        Some(Event::Login(login)) if login.password().matches(b"secret") => login.accept(),
        Some(Event::Closed(_)) => closed.set(closed.get() + 1),
        Some(other) => other.decline(),
        None => {}
    };
    let buffers = (&mut rx[..], &mut tx[..]);
    let mut timer = EmbassyTime;
    let serving = serve(&mut port, &CONFIG, buffers, || [7; 16], &mut timer, handler);
    let (first, second, held_back, third) = tokio::select! {
        error = serving => panic!("{error}"),
        said = clients => said.unwrap(),
    };
    assert!(first.ends_with("\r\n250 2.0.0 stored as 1\r\n221 2.0.0 bye\r\n"), "{first}");
    assert!(second.contains("\r\n535 5.7.8 ") && second.ends_with("221 2.0.0 bye\r\n"), "{second}");
    assert!(held_back >= Duration::from_secs(1), "{held_back:?}");
    assert!(third.ends_with("\r\n250 2.0.0 stored as 2\r\n221 2.0.0 bye\r\n"), "{third}");
    assert!(closed.get() >= 2);
    assert_eq!((store.messages.len(), store.open), (2, 0));
}

#[test]
fn a_closure_accepts_and_the_end_of_clients_is_the_end() {
    // The first goes away half-way, the second has all.
    let (mut ours, theirs): (Vec<End>, Vec<End>) = [wire(), wire()].into_iter().unzip();
    theirs[0].say(b"EHLO me\r\nAUTH PLAIN AHRpbQBzZWNyZXQ=\r\nMAIL FROM:<a@b.example>\r\n");
    theirs[0].close();
    theirs[1].say(RIGHT.as_bytes());
    ours.reverse();
    let mut accept = || core::future::ready(ours.pop().ok_or("no more"));
    let (mut rx, mut tx) = ([0; 1024], [0; 1024]);
    let (mut store, mut intake) = (Store::default(), Intake::new());
    let (mut kinds, mut unanswered) = (Vec::new(), 0);
    let buffers = (&mut rx[..], &mut tx[..]);
    let ended = run(serve(
        &mut accept,
        &CONFIG,
        buffers,
        || [7; 16],
        &mut Clock::default(),
        |event| {
            if matches!(event, Event::Rcpt(_)) && unanswered < 3 {
                // It can't answer yet.
                unanswered += 1;
                return;
            }
            match intake.on(&mut store, event) {
                Some(Event::Login(login)) => login.accept(),
                Some(Event::Closed(closed)) => kinds.push(format!("{closed:?}")),
                Some(other) => other.decline(),
                None => {}
            }
        },
    ));
    assert_eq!((ended, unanswered), ("no more", 3));
    assert_eq!(kinds, ["EndOfFile", "Quit"]);
    assert_eq!((store.messages.len(), store.aborted), (1, 1));
    assert!(theirs[1].heard().ends_with("221 2.0.0 bye\r\n"));
}

#[test]
fn a_handler_that_never_answers_leaves_other_tasks_their_turn() {
    let (ours, _theirs) = wire();
    let mut ours = Some(ours);
    let mut accept = || core::future::ready(ours.take().ok_or("no more"));
    let (mut rx, mut tx, mut timer) = ([0; 1024], [0; 1024], Clock::default());
    let asked = Cell::new(0);
    let handler = |_: Event<'_>| {
        asked.set(asked.get() + 1);
        assert!(asked.get() < 100, "no other task has a turn");
    };
    let buffers = (&mut rx[..], &mut tx[..]);
    let mut serving = pin!(serve(&mut accept, &CONFIG, buffers, || [7; 16], &mut timer, handler));
    for turn in 1..10 {
        assert!(poll(serving.as_mut()).is_pending());
        assert_eq!(asked.get(), turn, "it is asked once in each turn");
    }
}

#[test]
fn a_server_that_is_dropped_ends_its_connection_and_takes_no_message() {
    let (ours, theirs) = wire();
    theirs.say(RIGHT.strip_suffix(".\r\nQUIT\r\n").unwrap().as_bytes());
    let mut ours = Some(ours);
    let mut accept = || core::future::ready(ours.take().ok_or("no more"));
    let (mut rx, mut tx) = ([0; 1024], [0; 1024]);
    let (mut store, mut intake) = (Store::default(), Intake::new());
    {
        let (buffers, mut timer) = ((&mut rx[..], &mut tx[..]), Clock::default());
        let handler = |event: Event<'_>| match intake.on(&mut store, event) {
            Some(Event::Login(login)) => login.accept(),
            Some(other) => other.decline(),
            None => {}
        };
        let serving = serve(&mut accept, &CONFIG, buffers, || [7; 16], &mut timer, handler);
        let mut serving = pin!(serving);
        for _ in 0..100 {
            assert!(poll(serving.as_mut()).is_pending());
        }
    }
    assert_eq!((store.open, store.messages.len()), (1, 0), "the draft is the application's");
    intake.reset(&mut store);
    assert_eq!((store.open, store.aborted), (0, 1));
    assert!(theirs.heard().lines().last().unwrap().starts_with("354 "));
    assert!(theirs.is_over());
}
