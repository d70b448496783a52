//! What a client does: replies read, a message submitted, mail data made transparent.

use core::hint::black_box;

use ehlo::client::Connection;
use ehlo::reply::ReplyLine;
use ehlo_benches::{client, input};
use memchr::memchr;
use smtp_proto::EhloResponse;
use smtp_proto::response::parser::ResponseReceiver;

/// A name, and a function that returns what it counted.
pub(crate) type Case = (&'static str, fn(&mut Buffers) -> usize);

/// What is allocated once and used again.
pub(crate) struct Buffers {
    rx: Vec<u8>,
    tx: Vec<u8>,
    out: Vec<u8>,
    small: Vec<u8>,
    large: Vec<u8>,
    /// A connection that has said EHLO.
    ready: client::Lent<'static>,
    /// One that waits for the message.
    at_content: client::Lent<'static>,
}

impl Buffers {
    /// With a message of so many octets, and one of 2 KB.
    pub(crate) fn new(size: usize) -> Self {
        let buffer = || vec![0; 8192].leak();
        Self {
            rx: vec![0; 2048],
            tx: vec![0; 1024],
            out: Vec::with_capacity(8192),
            small: input::message(2048),
            large: input::message(size),
            ready: client::ready([input::GREETING, input::HELLO], buffer(), buffer()),
            at_content: client::at_content(input::UP_TO_CONTENT, buffer(), buffer()),
        }
    }
}

/// A reply of one line. The machine says NOOP before.
pub(crate) const REPLY: [Case; 3] = [
    ("ehlo, NOOP and its reply", |b| client::noop(&mut b.ready, black_box(input::REPLY))),
    ("ehlo, line alone", |_| lines(black_box(input::REPLY.as_bytes()))),
    ("smtp-proto", |_| {
        let mut octets = black_box(input::REPLY).as_bytes().iter();
        usize::from(black_box(ResponseReceiver::default().parse(&mut octets)).is_ok())
    }),
];

/// A greeting, and a reply to EHLO of ten lines. The machine says EHLO between.
pub(crate) const HELLO: [Case; 3] = [
    ("ehlo, new connection", |b| {
        let mut connection = Connection::new(&client::CONFIG, &mut b.rx[..], &mut b.tx[..]);
        let told = client::feed(&mut connection, black_box([input::GREETING, input::HELLO]));
        black_box(connection.capabilities());
        told
    }),
    ("ehlo, lines alone", |_| {
        lines(black_box(input::GREETING.as_bytes())) + lines(black_box(input::HELLO.as_bytes()))
    }),
    ("smtp-proto", |_| {
        let mut greeting = black_box(input::GREETING).as_bytes().iter();
        let mut hello = black_box(input::HELLO).as_bytes().iter();
        usize::from(black_box(ResponseReceiver::default().parse(&mut greeting)).is_ok())
            + usize::from(black_box(EhloResponse::parse(&mut hello)).is_ok())
    }),
];

/// A submission of 2 KB, from the greeting to the reply to QUIT.
pub(crate) const DIALOGUE: [Case; 1] = [("ehlo", |b| {
    client::submit(black_box(input::DIALOGUE), black_box(&b.small), &mut b.rx, &mut b.tx)
})];

/// Mail data with dots stuffed, through a buffer of 8 KB.
pub(crate) const STUFFING: [Case; 3] = [
    ("ehlo", |b| client::write(&mut b.at_content, black_box(&b.large))),
    ("byte loop", |b| {
        let (mut before, mut total) = ([b'\r', b'\n'], 0);
        for &octet in black_box(&b.large) {
            if octet == b'.' && before == *b"\r\n" {
                b.out.push(b'.');
            }
            b.out.push(octet);
            before = [before[1], octet];
            if b.out.len() >= 8190 {
                total += black_box(&b.out).len();
                b.out.clear();
            }
        }
        total
    }),
    ("memcpy", |b| {
        let mut total = 0;
        for part in black_box(&b.large).chunks(8192) {
            b.out.clear();
            b.out.extend_from_slice(part);
            total += black_box(&b.out).len();
        }
        total
    }),
];

/// Finds and parses the lines of a reply.
fn lines(reply: &[u8]) -> usize {
    let (mut rest, mut known) = (reply, 0);
    while let Some(at) = memchr(b'\n', rest) {
        let (line, behind) = rest.split_at(at + 1);
        let line = line.strip_suffix(b"\r\n").map(ReplyLine::parse);
        known += usize::from(black_box(line).is_some_and(|line| line.is_ok()));
        rest = behind;
    }
    known
}
