//! A server that is polled, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use common::stack::{Stack, free_port};
use common::store::Store;
use ehlo::reply::Refusal;
use ehlo::server::{Config, Event};
use ehlo_embedded::Intake;
use ehlo_embedded::polled::{Endpoint, Peer};

static CONFIG: Config = Config::new("board.example").max_message(100_000);

fn random() -> [u8; 16] {
    [7; 16]
}

/// An endpoint with its store, and its own time.
struct Board {
    stack: Stack,
    endpoint: Endpoint<'static, Stack, 2, 512, 1024>,
    port: u16,
    intakes: [Intake<Store>; 2],
    store: Store,
    now: u32,
    closed: Vec<Peer>,
}

impl Board {
    fn new() -> Self {
        let (mut stack, port) = (Stack::default(), free_port());
        let endpoint =
            Endpoint::listen_with_buffers(&mut stack, port, &CONFIG, random as fn() -> _);
        Self {
            stack,
            endpoint: endpoint.unwrap(),
            port,
            intakes: [Intake::new(), Intake::new()],
            store: Store::default(),
            now: u32::MAX - 1000,
            closed: Vec::new(),
        }
    }

    fn poll(&mut self) -> bool {
        let Self { stack, endpoint, intakes, store, now, closed, .. } = self;
        let moved =
            endpoint.poll(stack, *now, |peer, event| match intakes[peer.slot].on(store, event) {
                Some(Event::Closed(_)) => closed.push(peer),
                Some(other) => other.decline(),
                None => {}
            });
        moved.unwrap()
    }

    fn client(&mut self) -> TcpStream {
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    }

    /// What a client hears while polls go on, until `enough` has enough of it or the connection is over.
    fn hear_while(&mut self, client: &mut TcpStream, enough: impl Fn(&str) -> bool) -> String {
        let (mut heard, began) = (String::new(), Instant::now());
        while !enough(&heard) {
            assert!(began.elapsed() < Duration::from_secs(20), "nothing more came after {heard:?}");
            self.poll();
            let mut buffer = [0; 4096];
            match client.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => heard.push_str(core::str::from_utf8(&buffer[..n]).unwrap()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("{error}"),
            }
        }
        heard
    }

    /// Everything until the connection is over.
    fn hear_all(&mut self, client: &mut TcpStream) -> String {
        self.hear_while(client, |_| false)
    }

    /// Everything up to a last line that begins so.
    fn hear(&mut self, client: &mut TcpStream, last: &str) -> String {
        self.hear_while(client, |heard| {
            heard.ends_with("\r\n") && heard.lines().last().is_some_and(|l| l.starts_with(last))
        })
    }

    fn say(&mut self, client: &mut TcpStream, what: &str, last: &str) -> String {
        client.write_all(what.as_bytes()).unwrap();
        self.hear(client, last)
    }

    /// Polls until this is so.
    fn until(&mut self, so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !so(self) {
            assert!(began.elapsed() < Duration::from_secs(20), "it never was");
            self.poll();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Polls for a while in which nothing should happen.
    fn nothing_for(&mut self, client: &mut TcpStream) {
        for _ in 0..30 {
            self.poll();
            std::thread::sleep(Duration::from_millis(1));
        }
        let nothing = client.read(&mut [0; 10]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    }
}

const MESSAGE: &str = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
const GREETING: &str = "220 board.example ESMTP\r\n";

#[test]
fn two_clients_are_served_at_once_and_a_third_one_waits() {
    let mut board = Board::new();
    let (mut first, mut second) = (board.client(), board.client());
    assert_eq!(board.hear(&mut first, "220 "), GREETING);
    assert_eq!(board.hear(&mut second, "220 "), GREETING);
    let mut third = board.client();
    board.nothing_for(&mut third);
    assert_eq!(board.endpoint.connections(), 2);

    for client in [&mut first, &mut second] {
        board.say(client, "EHLO me\r\n", "250 ");
        board.say(client, MESSAGE, "354 ");
    }
    assert_eq!(board.store.open, 2, "each has a draft of its own");
    let said = board.say(&mut second, "second\r\n..\r\n.\r\n", "250 ");
    assert_eq!(said, "250 2.0.0 stored as 1\r\n");
    let said = board.say(&mut first, "first\r\n.\r\nQUIT\r\n", "221 ");
    assert_eq!(said, "250 2.0.0 stored as 2\r\n221 2.0.0 bye\r\n");
    let octets: Vec<&[u8]> = board.store.messages.iter().map(|m| &m.octets[..]).collect();
    assert_eq!(octets, [&b"second\r\n.\r\n"[..], b"first\r\n"]);
    assert_eq!(board.store.messages[0].to, ["c@d.example"]);

    assert_eq!(board.hear(&mut third, "220 "), GREETING, "now there is room");
    let closed: Vec<_> = board.closed.iter().map(|peer| (peer.slot, peer.number)).collect();
    assert_eq!(closed, [(0, 1)]);
    assert_eq!(board.stack.open, 3, "two clients and the listener");
}

#[test]
fn replies_to_a_group_leave_in_one_write() {
    let mut board = Board::new();
    let mut client = board.client();
    board.hear(&mut client, "220 ");
    board.say(&mut client, "EHLO me\r\n", "250 ");
    let before = board.stack.writes;
    let said = board.say(&mut client, MESSAGE, "354 ");
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(board.stack.writes - before, 1);
}

#[test]
fn a_stack_that_moves_one_octet_at_a_time_loses_none() {
    let mut board = Board::new();
    board.stack.window = Some(1);
    let mut client = board.client();
    assert_eq!(board.hear(&mut client, "220 "), GREETING);
    for octet in "NOOP\r\n".bytes() {
        client.write_all(&[octet]).unwrap();
        board.poll();
    }
    assert_eq!(board.hear(&mut client, "250 "), "250 2.0.0 OK\r\n");
}

#[test]
fn a_client_that_does_nothing_is_sent_away_by_the_time_that_is_told() {
    let mut board = Board::new();
    let mut client = board.client();
    board.hear(&mut client, "220 ");
    // Over the end of `u32`.
    board.now = board.now.wrapping_add(5 * 60 * 1000 - 1);
    board.nothing_for(&mut client);
    board.now = board.now.wrapping_add(1);
    let said = board.hear_all(&mut client);
    assert!(said.starts_with("421 4.4.2 "), "{said}");
    assert_eq!(board.endpoint.connections(), 0);
}

#[test]
fn a_client_that_goes_away_half_way_leaves_no_draft() {
    let mut board = Board::new();
    let mut client = board.client();
    board.hear(&mut client, "220 ");
    board.say(&mut client, "EHLO me\r\n", "250 ");
    board.say(&mut client, MESSAGE, "354 ");
    client.write_all(b"half a mess").unwrap();
    assert_eq!(board.store.open, 1);
    drop(client);
    board.until(|board| !board.closed.is_empty());
    assert_eq!((board.store.open, board.store.aborted), (0, 1));
    assert!(board.store.messages.is_empty());
    for _ in 0..10 {
        board.poll();
    }
    assert_eq!(board.closed.len(), 1, "it is told once");
    assert_eq!(board.stack.open, 1);
}

#[test]
fn an_event_that_is_dropped_is_offered_again_and_nothing_is_read_meanwhile() {
    let mut stack = Stack::default();
    let port = free_port();
    let mut endpoint = Endpoint::<_, 1>::listen(&mut stack, port, &CONFIG, || [1; 16]).unwrap();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.write_all(b"HELO me\r\nNOOP\r\nQUIT\r\n").unwrap();
    let (mut asked, mut over, began) = (0, false, Instant::now());
    while !over {
        assert!(began.elapsed() < Duration::from_secs(20));
        let before = (asked, stack.writes);
        let poll = endpoint.poll(&mut stack, 0, |_, event| match event {
            Event::Hello(_) if asked < 5 => asked += 1,
            Event::Closed(_) => over = true,
            other => other.accept_or_decline(),
        });
        let moved = poll.unwrap();
        if asked > before.0 {
            assert_eq!(asked, before.0 + 1, "once with each poll");
            assert!(before.0 == 0 || (!moved && stack.writes == before.1));
        }
    }
    assert_eq!(asked, 5);
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    let replies = "250 board.example\r\n250 2.0.0 OK\r\n221 2.0.0 bye\r\n";
    assert_eq!(said, format!("{GREETING}{replies}"));
}

#[test]
fn mail_data_that_is_refused_later_moves_the_connection_on() {
    // In LMTP nothing is written before the data has ended.
    static LMTP: Config = CONFIG.lmtp();
    let mut stack = Stack::default();
    let port = free_port();
    let mut endpoint = Endpoint::<_, 1>::listen(&mut stack, port, &LMTP, || [1; 16]).unwrap();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let transaction = b"LHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
    client.write_all(transaction).unwrap();
    client.write_all(b"hi\r\n.\r\nQUIT\r\n").unwrap();
    let (mut asked, mut over, began) = (0, false, Instant::now());
    while !over {
        assert!(began.elapsed() < Duration::from_secs(20));
        let before = asked;
        let poll = endpoint.poll(&mut stack, 0, |_, event| match event {
            Event::Body(body) => {
                asked += 1;
                if asked > 20 {
                    body.refuse(&Refusal::transient("4.3.1 full"));
                }
            }
            Event::Closed(_) => over = true,
            other => other.accept_or_decline(),
        });
        let moved = poll.unwrap();
        assert!(asked <= before + 1, "once with each poll");
        // All is there by then; what was refused leads on, and what was not does not.
        assert!(asked < 11 || asked == before || moved == (asked > 20));
    }
    assert_eq!(asked, 21);
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    assert!(said.contains("\r\n451 "), "{said}");
    assert!(said.ends_with("221 2.0.0 bye\r\n"), "{said}");
}

#[test]
fn a_client_that_never_stops_leaves_the_others_their_turn() {
    let mut board = Board::new();
    let (mut loud, mut other) = (board.client(), board.client());
    board.hear(&mut loud, "220 ");
    board.hear(&mut other, "220 ");
    // More than one poll reads, all of it there at once.
    loud.write_all("NOOP\r\n".repeat(2000).as_bytes()).unwrap();
    let (before, began) = (board.stack.read, Instant::now());
    let mut polls = 0;
    while board.stack.read - before < 12_000 {
        assert!(began.elapsed() < Duration::from_secs(20));
        let before = board.stack.read;
        board.poll();
        assert!(board.stack.read - before <= 8 * 512);
        polls += 1;
        let _ = loud.read(&mut [0; 65_536]);
    }
    assert!(polls >= 3);
    assert_eq!(board.say(&mut other, "NOOP\r\n", "250 "), "250 2.0.0 OK\r\n");
}

#[test]
fn starttls_is_not_for_a_connection_that_is_polled() {
    static STARTTLS: Config = CONFIG.starttls();
    let (mut stack, port) = (Stack::default(), free_port());
    let mut endpoint = Endpoint::<_, 1>::listen(&mut stack, port, &STARTTLS, random).unwrap();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.write_all(b"EHLO me\r\nSTARTTLS\r\n").unwrap();
    let (mut closed, began) = (None, Instant::now());
    while closed.is_none() {
        assert!(began.elapsed() < Duration::from_secs(20));
        let poll = endpoint.poll(&mut stack, 0, |_, event| match event {
            Event::Closed(why) => closed = Some(why),
            other => other.accept_or_decline(),
        });
        poll.unwrap();
    }
    assert_eq!(closed, Some(ehlo::server::Closed::Tls));
}

#[test]
fn a_stopping_endpoint_lets_a_message_end_and_then_has_no_connections() {
    let mut board = Board::new();
    let (mut busy, mut idle) = (board.client(), board.client());
    board.hear(&mut busy, "220 ");
    board.hear(&mut idle, "220 ");
    board.say(&mut busy, "EHLO me\r\n", "250 ");
    board.say(&mut busy, MESSAGE, "354 ");
    board.endpoint.shutdown();
    assert!(board.hear_all(&mut idle).starts_with("421 "));
    // A place is free, and nobody is let in.
    let late = board.client();
    std::thread::sleep(Duration::from_millis(20));
    board.poll();
    assert_eq!(board.endpoint.connections(), 1);
    drop(late);
    busy.write_all(b"whole\r\n.\r\n").unwrap();
    let said = board.hear_all(&mut busy);
    assert!(said.starts_with("250 2.0.0 stored as 1\r\n421 "), "{said}");
    assert_eq!(board.endpoint.connections(), 0);
    board.endpoint.close(&mut board.stack).unwrap();
    assert_eq!(board.stack.open, 0);
}
