//! A whole session, a line at a time, with its replies written into a buffer.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};
use std::io;

use ehlo_benches::{input, server};
use mailin::{Handler, SessionBuilder};
use mailrs_smtp_proto::{
    Command, Event, Response, Session, SessionConfig, format_ehlo_response, parse_command,
    unstuff_line,
};

/// A name, and a function that runs the session once and returns how many octets it wrote.
pub(crate) type Case = (&'static str, fn(&mut Buffers) -> usize);

/// What is allocated once and used again.
pub(crate) struct Buffers {
    rx: Vec<u8>,
    tx: Vec<u8>,
    written: Vec<u8>,
    pipelined: [String; 4],
    builder: SessionBuilder,
}

impl Buffers {
    pub(crate) fn new() -> Self {
        Self {
            rx: vec![0; 2048],
            tx: vec![0; 1024],
            written: Vec::with_capacity(1024),
            pipelined: [
                input::SESSION[..1].concat(),
                input::SESSION[1..5].concat(),
                input::SESSION[5..14].concat(),
                input::SESSION[14..].concat(),
            ],
            builder: SessionBuilder::new(server::HOSTNAME),
        }
    }
}

/// Those that take part.
pub(crate) const CASES: [Case; 4] = [
    ("ehlo", |b| server::session(black_box(input::SESSION), &mut b.rx, &mut b.tx)),
    ("ehlo, pipelined", |b| {
        let reads = b.pipelined.iter().map(String::as_str);
        server::session(black_box(reads), &mut b.rx, &mut b.tx)
    }),
    ("mailin", mailin_session),
    ("mailrs-smtp-proto", mailrs_session),
];

struct TakesAll;

impl Handler for TakesAll {
    fn data(&mut self, octets: &[u8]) -> io::Result<()> {
        black_box(octets);
        Ok(())
    }
}

fn mailin_session(b: &mut Buffers) -> usize {
    let mut session = b.builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), TakesAll);
    let mut total = 0;
    let mut send = |response: &mailin::Response, written: &mut Vec<u8>| {
        written.clear();
        let sent = response.write_to(written).is_ok();
        total += if sent { black_box(&*written).len() } else { 0 };
    };
    send(&session.greeting(), &mut b.written);
    for line in black_box(input::SESSION) {
        let response = session.process(line.as_bytes());
        send(&response, &mut b.written);
    }
    total
}

fn mailrs_session(_: &mut Buffers) -> usize {
    let mut session = Session::new(server::HOSTNAME, SessionConfig::default());
    let mut total = 0;
    let mut send = |reply: String| total += black_box(&reply).len();
    send(Response::greeting(&session.hostname).format_greeting());
    let mut data = false;
    for line in black_box(input::SESSION) {
        if data {
            match unstuff_line(line.as_bytes()) {
                Some(line) => {
                    black_box(line);
                }
                None => {
                    data = false;
                    send(Response::data_ok().format());
                }
            }
            continue;
        }
        let Some(line) = line.strip_suffix("\r\n") else { continue };
        let Ok(command) = parse_command(line) else { continue };
        match session.handle_command(&command) {
            Event::Reply(_) if matches!(command, Command::Ehlo(_)) => {
                send(format_ehlo_response(&session.hostname, &session.capabilities()));
            }
            Event::Reply(reply) | Event::Shutdown(reply) => send(reply.format()),
            Event::NeedData { .. } => {
                data = true;
                send(Response::data_start().format());
            }
            _ => {}
        }
    }
    total
}
