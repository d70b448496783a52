//! A session from its input alone: any octets, any split, any answers.

use ehlo::io::Io;
use ehlo::reply::Refusal;
use ehlo::server::{Config, Connection, Event};

use crate::transcript::{accept, describe};

/// What happened in a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The events; chunks of mail data that follow each other are one.
    pub events: Vec<Vec<u8>>,
    /// What the server said.
    pub output: Vec<u8>,
}

/// How the octets of a session arrive, and into what.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where the input is cut.
    pub cuts: Vec<usize>,
    /// Octets of the receive buffer.
    pub receive: usize,
    /// Octets of the send buffer.
    pub send: usize,
    /// Mail data is taken by halves.
    pub halves: bool,
}

impl Delivery {
    /// As much at once as fits.
    #[must_use]
    pub const fn whole() -> Self {
        Self { cuts: Vec::new(), receive: 16 * 1024, send: 4096, halves: false }
    }
}

/// Runs a session under TLS up to the end of the input. The application answers the event number `n`
/// as `answers[n]` says, over and over.
///
/// # Panics
/// When the machine goes on for ever, or offers nothing at all.
#[must_use]
pub fn simulate(config: &Config<'_>, input: &[u8], answers: &[u8], how: &Delivery) -> Trace {
    let (receive, send) = (vec![0; how.receive], vec![0; how.send]);
    let mut connection = Connection::new(config, receive, send, [5; 16]).implicit_tls();
    let mut trace = Trace::default();
    let (mut at, mut in_body, mut ended) = (0, false, false);
    for _ in 0..40 * (input.len() + 100) {
        match connection.poll_io() {
            Some(Io::Read(mut read)) => {
                let next = how.cuts.iter().copied().find(|cut| *cut > at).unwrap_or(input.len());
                let next = next.min(input.len());
                if next == at {
                    assert!(!ended, "nothing is read behind the end");
                    ended = true;
                    read.filled(0);
                    continue;
                }
                let space = read.space();
                assert!(!space.is_empty(), "there is no room to read");
                let n = space.len().min(next - at);
                space[..n].copy_from_slice(&input[at..at + n]);
                read.filled(n);
                at += n;
            }
            Some(Io::Write(write)) => {
                trace.output.extend_from_slice(write.bytes());
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => connection.handle_timeout(),
            None => match connection.event().expect("there is something to do") {
                Event::Body(body) => {
                    let octets = body.bytes();
                    let half = octets.len().div_ceil(2);
                    let taken = if how.halves && octets.len() > 2 { half } else { octets.len() };
                    match trace.events.last_mut() {
                        Some(last) if in_body => last.extend_from_slice(&octets[..taken]),
                        _ => trace.events.push([b"Body ", &octets[..taken]].concat()),
                    }
                    in_body = true;
                    body.consume(taken);
                }
                event => {
                    in_body = false;
                    trace.events.push(describe(&event));
                    if matches!(event, Event::Closed(_)) {
                        return trace;
                    }
                    let index = trace.events.len() - 1;
                    let choice = answers.get(index % answers.len().max(1)).copied().unwrap_or(0);
                    answer(event, choice);
                }
            },
        }
    }
    panic!("this goes on for ever: {:?}", input.escape_ascii().to_string());
}

fn answer(event: Event<'_>, choice: u8) {
    let later = Refusal::transient("4.3.0 later");
    match (choice % 8, event) {
        (_, Event::Connected(connected)) => connected.allow_xclient().accept(),
        (0, Event::Exchange(exchange)) => exchange.challenge(b"more").expect("it fits"),
        (5, event) => event.decline(),
        (6, Event::Mail(mail)) => mail.refuse(&later),
        (6, Event::Rcpt(rcpt)) => rcpt.refuse(&later),
        (6, Event::Data(data)) => data.refuse(&later),
        (6, Event::EndOfData(end)) => end.refuse(&later),
        (6, Event::Login(login)) => login.unavailable(),
        (6, Event::CramMd5(login)) => login.refuse(&later),
        (6, Event::Token(login)) => login.unavailable(),
        (_, event) => accept(event),
    }
}
