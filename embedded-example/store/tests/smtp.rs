//! The stores behind a session: two at once, and the envelope with the message.

#![allow(clippy::unwrap_used)]

mod chip;

use chip::Chip;
use ehlo::io::Io;
use ehlo::server::{Config, Connection, Event};
use ehlo_embedded::{Intake, MessageStore};
use message_store::{FlashStore, Id, RamStore, WhenFull};

static CONFIG: Config = Config::new("sensor.local").max_message(32 * 1024);

struct Client {
    connection: Connection<'static, [u8; 1024], [u8; 512]>,
    said: Vec<u8>,
    heard: String,
}

impl Client {
    fn new() -> Self {
        let connection = Connection::new(&CONFIG, [0; 1024], [0; 512], [7; 16]);
        Self { connection, said: Vec::new(), heard: String::new() }
    }

    /// Says something, goes on as far as it goes, and gives what was heard.
    fn say<S: MessageStore>(&mut self, text: &str, store: &mut S, intake: &mut Intake<S>) -> &str {
        self.said.extend(text.as_bytes());
        self.heard.clear();
        loop {
            match self.connection.event() {
                None => {}
                Some(Event::Closed(_)) => break,
                Some(event) => {
                    if let Some(other) = intake.on(store, event) {
                        other.accept_or_decline();
                    }
                    continue;
                }
            }
            match self.connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let n = self.said.len().min(read.space().len());
                    if n == 0 {
                        break;
                    }
                    read.space()[..n].copy_from_slice(&self.said[..n]);
                    read.filled(n);
                    self.said.drain(..n);
                }
                Some(Io::Write(write)) => {
                    self.heard.push_str(str::from_utf8(write.bytes()).unwrap());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => self.connection.handle_timeout(),
                None => break,
            }
        }
        &self.heard
    }
}

fn two_sessions_at_once<S: MessageStore>(store: &mut S, read: impl Fn(&mut S, Id) -> Vec<u8>) {
    let (mut one, mut two) = (Client::new(), Client::new());
    let (mut first, mut second) = (Intake::new(), Intake::new());
    one.say(
        "EHLO one.example\r\nMAIL FROM:<a@one.example>\r\nRCPT TO:<x@sensor.local>\r\nDATA\r\n",
        store,
        &mut first,
    );
    two.say("EHLO two.example\r\nMAIL FROM:<>\r\nRCPT TO:<y@sensor.local>\r\nRCPT TO:<Postmaster>\r\nDATA\r\n", store, &mut second);
    for _ in 0..20 {
        one.say("I am the first.\r\n", store, &mut first);
        two.say("..and I the second\r\n", store, &mut second);
    }
    assert!(two.say(".\r\n", store, &mut second).starts_with("250 "), "{}", two.heard);
    assert!(one.say(".\r\n", store, &mut first).starts_with("250 "), "{}", one.heard);
    let id = |intake: &Intake<S>| Id::from_number(intake.last().unwrap().unwrap().0);
    let kept = read(store, id(&first));
    let wanted = "Return-Path: <a@one.example>\r\nDelivered-To: <x@sensor.local>\r\n".to_owned()
        + &"I am the first.\r\n".repeat(20);
    assert_eq!(String::from_utf8(kept).unwrap(), wanted);
    let kept = read(store, id(&second));
    let wanted =
        "Return-Path: <>\r\nDelivered-To: <y@sensor.local>\r\nDelivered-To: <Postmaster>\r\n"
            .to_owned()
            + &".and I the second\r\n".repeat(20);
    assert_eq!(String::from_utf8(kept).unwrap(), wanted);
}

fn what_does_not_fit_is_refused<S: MessageStore>(store: &mut S, free: impl Fn(&S) -> usize) {
    let mut client = Client::new();
    let mut intake = Intake::new();
    let empty = free(store);
    client.say("EHLO me.example\r\n", store, &mut intake);
    let heard =
        client.say(&format!("MAIL FROM:<a@b.example> SIZE={}\r\n", empty + 1), store, &mut intake);
    assert!(heard.starts_with('5'), "never: {heard}");

    client.say(
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@sensor.local>\r\nDATA\r\n",
        store,
        &mut intake,
    );
    client.say(&"all of it\r\n".repeat(empty / 11 + 1), store, &mut intake);
    let heard = client.say(".\r\n", store, &mut intake);
    assert!(heard.starts_with('4'), "not now: {heard}");
    assert_eq!(free(store), empty);

    client.say(
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@sensor.local>\r\nDATA\r\n",
        store,
        &mut intake,
    );
    let heard = client.say(&("half of it\r\n".repeat(empty / 24) + ".\r\n"), store, &mut intake);
    assert!(heard.starts_with("250 "), "{heard}");
    let heard =
        client.say(&format!("MAIL FROM:<a@b.example> SIZE={}\r\n", empty - 99), store, &mut intake);
    assert!(heard.starts_with('4'), "not now: {heard}");
    client.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<x@sensor.local>\r\n", store, &mut intake);
    assert!(free(store) < empty / 2 + 256);
    intake.reset(store);
}

#[test]
fn two_sessions_store_in_ram_at_the_same_time() {
    two_sessions_at_once(&mut RamStore::<64, 4>::new(WhenFull::Refuse), |store, id| {
        let mut octets = vec![0; store.length(id).unwrap()];
        store.read(id, 0, &mut octets).unwrap();
        octets
    });
}

#[test]
fn two_sessions_store_in_flash_at_the_same_time() {
    let mut flash = FlashStore::<_, 16>::mount(Chip::<8, 256>::new(16, 0).flash()).unwrap();
    two_sessions_at_once(&mut flash, |store, id| {
        let mut octets = vec![0; store.length(id).unwrap()];
        store.read(id, 0, &mut octets).unwrap();
        octets
    });
}

#[test]
fn what_does_not_fit_into_ram_is_refused_and_what_fits_is_not() {
    what_does_not_fit_is_refused(&mut RamStore::<16, 4>::new(WhenFull::Refuse), RamStore::free);
}

#[test]
fn what_does_not_fit_into_flash_is_refused_and_what_fits_is_not() {
    let mut flash = FlashStore::<_, 16>::mount(Chip::<8, 256>::new(16, 0).flash()).unwrap();
    what_does_not_fit_is_refused(&mut flash, FlashStore::free);
}
