//! GSSAPI, our client against our server, in memory: with a library of tokens that are authenticated as
//! those of Kerberos are, an empty response in the middle among them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;

use ehlo::client::Config as ClientConfig;
use ehlo::client::submission::{Event as Journey, Failure, Security, Submission};
use ehlo::io::Io;
use ehlo::limits::Limits;
use ehlo::reply::ReplyCode;
use ehlo::sasl::client::{Credentials, ExchangeError};
use ehlo::sasl::gssapi::{self, IDENTITY_MAX, Next};
use ehlo::sasl::{Mechanism, gssapi::Error};
use ehlo::server::{Config, Connection, Event};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;

const LIMITS: Limits = {
    let mut limits = Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    limits
};
static SERVER: Config<'static> =
    Config::new("mail.example.org").auth(&[Mechanism::Gssapi]).limits(LIMITS);
static CLIENT: ClientConfig<'static> = ClientConfig::new("client.example.org", "mail.example.org");

/// What the server and whoever gives tickets for it know.
const KEYTAB: &[u8] = b"the key of smtp/mail.example.org";

fn seal(key: &[u8], octets: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(octets);
    [&mac.finalize().into_bytes()[..], octets].concat()
}

fn open<'a>(key: &[u8], sealed: &'a [u8]) -> Option<&'a [u8]> {
    let (_, octets) = sealed.split_at_checked(32)?;
    (seal(key, octets) == sealed).then_some(octets)
}

/// One side's context of a library as Kerberos's is.
#[derive(Clone, Debug)]
struct Context {
    key: &'static [u8],
    /// The client wants a token of the server's.
    mutual: bool,
    /// The client's token.
    asked: Vec<u8>,
}

impl Context {
    const fn new(key: &'static [u8], mutual: bool) -> Self {
        Self { key, mutual, asked: Vec::new() }
    }

    fn init(&mut self, token: Option<&[u8]>) -> Option<(bool, Vec<u8>)> {
        match token {
            None => {
                let mut ticket = vec![u8::from(self.mutual)];
                ticket.extend(b"tim@EXAMPLE.ORG");
                // As long as those of Kerberos.
                ticket.extend((0..600_u16).map(|n| (n % 251) as u8));
                self.asked = seal(self.key, &ticket);
                Some((!self.mutual, self.asked.clone()))
            }
            Some(reply) => (open(self.key, reply)? == self.asked).then_some((true, Vec::new())),
        }
    }

    fn accept(&mut self, token: &[u8]) -> Option<(bool, Vec<u8>)> {
        let mutual = *open(self.key, token)?.first()? == 1;
        self.asked = token.to_vec();
        Some((true, if mutual { seal(self.key, token) } else { Vec::new() }))
    }

    /// Wrapped messages know their context and their direction.
    fn wrap(&self, by_client: bool, octets: &[u8]) -> Vec<u8> {
        seal(&[self.key, &self.asked, &[u8::from(by_client)]].concat(), octets)
    }

    fn unwrap<'a>(&self, by_client: bool, octets: &'a [u8]) -> Option<&'a [u8]> {
        open(&[self.key, &self.asked, &[u8::from(by_client)]].concat(), octets)
    }
}

/// What somebody on the way does to a message, counted from zero over both sides.
#[derive(Clone, Debug)]
struct Meddling {
    message: usize,
    at: usize,
    flip: u8,
}

impl Meddling {
    fn meddle(&self, message: usize, octets: &[u8]) -> Vec<u8> {
        let mut octets = octets.to_vec();
        if message == self.message {
            match octets.len() {
                0 => octets.push(self.flip),
                n => octets[self.at % n] ^= self.flip,
            }
        }
        octets
    }
}

/// How a pair is run.
#[derive(Clone, Debug)]
struct Run {
    mutual: bool,
    /// Who the client wants to act as.
    act_as: Option<String>,
    client_key: &'static [u8],
    /// What the server offers.
    offer: [u8; 4],
    meddling: Option<Meddling>,
    /// So many octets at once, over and over.
    sizes: Vec<usize>,
    /// The connection stands still after so many octets, and goes on with the next.
    cut: usize,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            mutual: true,
            act_as: None,
            client_key: KEYTAB,
            offer: [1, 0, 0, 0],
            meddling: None,
            sizes: vec![usize::MAX],
            cut: usize::MAX,
        }
    }
}

/// How it ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct End {
    /// Whom the server let in, to act as whom.
    accepted: Option<Option<String>>,
    /// The client may send mail.
    next: bool,
    failed: Option<Failure>,
    /// Messages of the exchange.
    messages: usize,
    /// Octets from client to server.
    octets: usize,
}

fn run(run: &Run) -> End {
    let buffer = || vec![0; 4096];
    let credentials = Some(Credentials::application());
    let mut client = Submission::new(&CLIENT, Security::Implicit, credentials, buffer(), buffer())
        .implicit_tls(Some("mail.example.org"));
    let mut server = Connection::new(&SERVER, buffer(), buffer(), [7; 16]).implicit_tls();
    let mut pipes = [VecDeque::new(), VecDeque::new()];
    let mut theirs = (gssapi::Client::new(), Context::new(run.client_key, run.mutual));
    let mut ours = (gssapi::Server::new(), Context::new(KEYTAB, false));
    let mut end = End::default();
    let mut turn = 0;
    for _ in 0..100_000 {
        turn += 1;
        let size = run.sizes[turn % run.sizes.len()].max(1);
        match client.poll_io() {
            Some(Io::Write(write)) => {
                let mut n = write.bytes().len().min(size);
                if end.octets < run.cut {
                    n = n.min(run.cut - end.octets);
                }
                end.octets += n;
                pipes[0].extend(&write.bytes()[..n]);
                write.sent(n);
            }
            Some(Io::Read(mut read)) => {
                let n = read.space().len().min(pipes[1].len()).min(size);
                if n > 0 {
                    read.space()[..n].iter_mut().zip(pipes[1].drain(..n)).for_each(|(a, b)| *a = b);
                    read.filled(n);
                }
            }
            Some(Io::Wait(_)) => unreachable!(),
            None => match client.event().unwrap() {
                Journey::Exchange(exchange) => {
                    if exchange.index() == 0 {
                        // Asked for once more, it begins anew.
                        theirs = (gssapi::Client::new(), Context::new(run.client_key, run.mutual));
                    }
                    let said = exchange.challenge().map(|said| {
                        let meddling = run.meddling.as_ref().filter(|_| !said.is_empty());
                        meddling.map_or(said.to_vec(), |one| one.meddle(end.messages, said))
                    });
                    end.messages += usize::from(said.as_ref().is_some_and(|said| !said.is_empty()));
                    match client_says(run, &mut theirs, said.as_deref()) {
                        Some((octets, true)) => exchange.complete(&octets).unwrap(),
                        Some((octets, false)) => exchange.respond(&octets).unwrap(),
                        None => exchange.cancel(),
                    }
                }
                Journey::Next(next) => {
                    end.next = true;
                    next.quit();
                }
                Journey::Failed(failed) => {
                    end.failed = Some(failed.reason());
                    failed.done();
                }
                Journey::Closed(_) => return end,
                other => other.give_up(),
            },
        }
        match server.poll_io() {
            Some(Io::Write(write)) => {
                let n = write.bytes().len().min(size);
                pipes[1].extend(&write.bytes()[..n]);
                write.sent(n);
            }
            Some(Io::Read(mut read)) => {
                let n = read.space().len().min(pipes[0].len()).min(size);
                if n > 0 {
                    read.space()[..n].iter_mut().zip(pipes[0].drain(..n)).for_each(|(a, b)| *a = b);
                    read.filled(n);
                }
            }
            Some(Io::Wait(_)) => server.handle_timeout(),
            None => match server.event() {
                Some(Event::Exchange(exchange)) => {
                    let response = exchange.response().unwrap();
                    let response = match &run.meddling {
                        Some(meddling) => meddling.meddle(end.messages, response),
                        None => response.to_vec(),
                    };
                    if exchange.is_first() {
                        ours = (gssapi::Server::new(), Context::new(KEYTAB, false));
                    }
                    end.messages += 1;
                    match server_says(run, &mut ours, &response) {
                        Some(Ok(octets)) => exchange.challenge(&octets).unwrap(),
                        Some(Err(identity)) => {
                            end.accepted = Some(identity);
                            exchange.accept();
                        }
                        None => exchange.reject(),
                    }
                }
                Some(Event::Closed(_)) | None => {}
                Some(other) => other.accept_or_decline(),
            },
        }
    }
    panic!("this goes on for ever: {end:?}");
}

/// The client's application: its next message, and whether it is the last.
fn client_says(
    run: &Run,
    (client, context): &mut (gssapi::Client, Context),
    said: Option<&[u8]>,
) -> Option<(Vec<u8>, bool)> {
    match client.challenge(said).ok()? {
        Next::Context(token) => {
            let (established, token) = context.init(token)?;
            match client.context(established, &token).ok()? {
                Next::Send(octets) => Some((octets.to_vec(), false)),
                other => panic!("{other:?}"),
            }
        }
        Next::Unwrap(wrapped) => {
            let mut out = [0; 4 + IDENTITY_MAX];
            let offer = context.unwrap(false, wrapped)?;
            let choice = client.choose(offer, run.act_as.as_deref(), &mut out).ok()?;
            let last = context.wrap(true, choice);
            assert!(client.is_complete());
            Some((last, true))
        }
        other => panic!("{other:?}"),
    }
}

/// The server's: its next challenge, or whom it lets in.
fn server_says(
    run: &Run,
    (server, context): &mut (gssapi::Server, Context),
    response: &[u8],
) -> Option<Result<Vec<u8>, Option<String>>> {
    let next = match server.response(response).ok()? {
        Next::Context(Some(token)) => {
            let (established, token) = context.accept(token)?;
            match server.context(established, &token).ok()? {
                Next::Send(octets) => return Some(Ok(octets.to_vec())),
                next => next_is_offer(next),
            }
        }
        Next::Unwrap(wrapped) => {
            let choice = context.unwrap(true, wrapped)?;
            let identity = server.chosen(choice).ok()?.map(str::to_owned);
            assert!(server.is_complete());
            return Some(Err(identity));
        }
        next => next_is_offer(next),
    };
    assert_eq!(next, [1, 0, 0, 0]);
    // The machine has one offer; another server may have another.
    Some(Ok(context.wrap(false, &run.offer)))
}

fn next_is_offer(next: Next<'_>) -> Vec<u8> {
    match next {
        Next::Wrap(offer) => offer.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_sides_agree_in_two_legs_and_in_three() {
    for (mutual, messages) in [(true, 5), (false, 3)] {
        for act_as in [None, Some("anna".to_owned())] {
            let ended = run(&Run { mutual, act_as: act_as.clone(), ..Run::default() });
            assert_eq!((ended.next, ended.accepted), (true, Some(act_as)));
            assert_eq!((ended.failed, ended.messages), (None, messages));
        }
    }
}

#[test]
fn every_cut_gives_the_same() {
    let whole = run(&Run::default());
    for cut in 0..whole.octets {
        assert_eq!(run(&Run { cut, ..Run::default() }), whole, "{cut}");
    }
    for size in 1..24 {
        assert_eq!(run(&Run { sizes: vec![size], ..Run::default() }), whole, "{size}");
    }
}

#[test]
fn a_ticket_for_another_service_lets_nobody_in() {
    let ended = run(&Run { client_key: b"another service", ..Run::default() });
    assert_eq!((ended.accepted, ended.next), (None, false));
    let why = Failure::AuthRefused(Mechanism::Gssapi, ReplyCode::AUTH_FAILED);
    assert_eq!(ended.failed, Some(why));
}

#[test]
fn a_server_that_insists_on_a_layer_gets_no_answer() {
    for offer in [[2, 0, 16, 0], [6, 0, 16, 0], [4, 1, 0, 0], [0, 0, 0, 0]] {
        let ended = run(&Run { offer, ..Run::default() });
        assert_eq!((ended.accepted, ended.next), (None, false));
        let why = Failure::Exchange(Mechanism::Gssapi, ExchangeError::Abandoned);
        assert_eq!(ended.failed, Some(why), "{offer:?}");
    }
}

#[test]
fn the_size_of_messages_in_a_layer_that_is_not_there_is_ignored() {
    // As Dovecot offers no layer.
    let ended = run(&Run { offer: [1, 0xff, 0xff, 0xff], ..Run::default() });
    assert_eq!((ended.accepted, ended.next), (Some(None), true));
}

#[test]
fn the_first_round_of_each_exchange_is_told() {
    let mut server = Connection::new(&SERVER, vec![0; 4096], vec![0; 4096], [7; 16]).implicit_tls();
    let mut firsts = Vec::new();
    // With an initial response or without, cancelled or answered: the next one begins anew.
    let said = "EHLO me\r\nAUTH GSSAPI\r\nYQ==\r\n\r\n*\r\nAUTH GSSAPI YQ==\r\nYg==\r\n*\r\n\
                AUTH GSSAPI YQ==\r\n";
    let mut lines = said.split_inclusive('\n');
    for _ in 0..200 {
        match server.poll_io() {
            Some(Io::Write(write)) => {
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Read(mut read)) => {
                let line = lines.next().unwrap_or_default();
                read.space()[..line.len()].copy_from_slice(line.as_bytes());
                read.filled(line.len());
            }
            Some(Io::Wait(_)) => server.handle_timeout(),
            None => match server.event().unwrap() {
                Event::Exchange(exchange) => {
                    firsts.push(exchange.is_first());
                    exchange.challenge(b"go on").unwrap();
                }
                other => other.accept_or_decline(),
            },
        }
    }
    assert_eq!(firsts, [true, false, true, false, true]);
}

#[test]
fn an_octet_behind_an_empty_message_is_found() {
    // The third message is the empty one.
    let meddling = Some(Meddling { message: 2, at: 0, flip: 1 });
    let ended = run(&Run { meddling, ..Run::default() });
    assert_eq!((ended.accepted, ended.next), (None, false));
}

#[test]
fn what_a_message_is_for_is_known() {
    // The choice, sent in place of a token, is none; nor is the offer, sent back, a choice.
    let mut server = gssapi::Server::new();
    let mut context = Context::new(KEYTAB, false);
    let (_, ticket) = Context::new(KEYTAB, false).init(None).unwrap();
    assert!(matches!(server.response(&ticket), Ok(Next::Context(_))));
    let (established, token) = context.accept(&ticket).unwrap();
    assert_eq!(server.context(established, &token), Ok(Next::Wrap(&[1, 0, 0, 0])));
    let offer = context.wrap(false, &[1, 0, 0, 0]);
    assert!(matches!(server.response(&offer), Ok(Next::Unwrap(_))));
    assert!(context.unwrap(true, &offer).is_none());
    assert_eq!(server.response(&offer), Err(Error::Order));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_octet_never_ends_in_success(
        mutual: bool,
        message in 0..5_usize,
        at in 0..800_usize,
        flip in 1..=255_u8,
        act_as in proptest::option::of("[a-z]{1,12}"),
        sizes in proptest::collection::vec(1..400_usize, 1..5),
    ) {
        let messages = if mutual { 5 } else { 3 };
        let meddling = Some(Meddling { message: message % messages, at, flip });
        let ended = run(&Run { mutual, act_as, meddling, sizes, ..Run::default() });
        prop_assert_eq!((ended.accepted, ended.next), (None, false));
    }

    #[test]
    fn sizes_make_no_difference(sizes in proptest::collection::vec(1..700_usize, 1..6)) {
        prop_assert_eq!(run(&Run { sizes, ..Run::default() }), run(&Run::default()));
    }
}
