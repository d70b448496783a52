//! The core allocates nothing: whole sessions are run under an allocator that counts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::time::Duration;
use std::alloc::System;

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::submission::{Event as Journey, Security, Submission};
use ehlo::client::{Config as ClientConfig, To};
use ehlo::io::Io;
use ehlo::limits::Limits;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::reply::Refusal;
use ehlo::sasl::client::{Credentials, Rules};
use ehlo::sasl::{BindingKind, ChannelBinding, Mechanism, ScramHash, ScramKeys};
use ehlo::server::{Config, Connection, Event};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

/// The system's allocator, counting for each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator as it comes; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const LIMITS: Limits = {
    let mut limits = Limits::new();
    limits.auth_failure_delay = Duration::from_millis(1);
    limits
};

static CONFIG: Config<'static> = Config::new("mail.example.org")
    .auth(&[Mechanism::CramMd5, Mechanism::Plain, Mechanism::Xoauth2])
    .limits(LIMITS)
    .notices()
    .starttls();

/// A connection and what has been said, without a heap.
struct Session {
    connection: Connection<'static, [u8; 2048]>,
    said: [u8; 2048],
    length: usize,
    messages: usize,
}

impl Session {
    fn new() -> Self {
        let connection = Connection::new(&CONFIG, [0; 2048], [0; 2048], [3; 16]);
        Self { connection, said: [0; 2048], length: 0, messages: 0 }
    }

    /// The client says this; an application without a heap answers.
    fn says(&mut self, octets: &[u8]) -> &[u8] {
        let mut unread = octets;
        self.length = 0;
        loop {
            match self.connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let n = read.space().len().min(unread.len());
                    if n == 0 {
                        break;
                    }
                    let (now, later) = unread.split_at(n);
                    read.space()[..n].copy_from_slice(now);
                    unread = later;
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    let n = write.bytes().len();
                    self.said[self.length..self.length + n].copy_from_slice(write.bytes());
                    self.length += n;
                    write.sent(n);
                }
                Some(Io::Wait(_)) => self.connection.handle_timeout(),
                None => match self.connection.event() {
                    Some(Event::Closed(_)) => break,
                    Some(event) => answer(event, &mut self.messages),
                    None => {}
                },
            }
        }
        &self.said[..self.length]
    }
}

fn answer(event: Event<'_>, messages: &mut usize) {
    match event {
        Event::Login(login) if login.password().matches(b"tanstaaf") => login.accept(),
        Event::CramMd5(login) if login.verify(b"tanstaaf") => login.accept(),
        Event::Upgrade(upgrade) => upgrade.done(),
        Event::Rcpt(rcpt) if rcpt.forward_path().as_str().starts_with("nobody@") => {
            rcpt.refuse(&Refusal::permanent("5.1.1 no such user"));
        }
        Event::Body(body) => body.done(),
        Event::EndOfData(end) => {
            *messages += 1;
            end.accept_with("queued");
        }
        other => other.accept_or_decline(),
    }
}

/// The response to `334 …`, by the reference; written to `out`.
fn cram_md5<'o>(challenge: &[u8], out: &'o mut [u8; 256]) -> &'o [u8] {
    use base64::Engine;
    const STANDARD: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;
    let mut decoded = [0; 256];
    let encoded = &challenge[4..challenge.len() - 2];
    let n = STANDARD.decode_slice(encoded, &mut decoded).unwrap();
    let mut mac = Hmac::<Md5>::new_from_slice(b"tanstaaf").unwrap();
    mac.update(&decoded[..n]);
    let mut response = *b"tim ................................";
    for (pair, octet) in response[4..].chunks_exact_mut(2).zip(mac.finalize().into_bytes()) {
        pair[0] = b"0123456789abcdef"[usize::from(octet >> 4)];
        pair[1] = b"0123456789abcdef"[usize::from(octet & 15)];
    }
    let n = STANDARD.encode_slice(response, out).unwrap();
    out[n..n + 2].copy_from_slice(b"\r\n");
    &out[..n + 2]
}

/// How often something was allocated meanwhile.
fn allocations(run: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    run();
    ALLOCATIONS.with(Cell::get) - before
}

fn message(session: &mut Session) {
    let group = b"MAIL FROM:<tim@example.org> SIZE=100 BODY=8BITMIME\r\n\
        RCPT TO:<\"quoted user\"@[IPv6:2001:db8::1]> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c\r\n\
        RCPT TO:<nobody@example.org>\r\nDATA\r\n";
    assert!(session.says(group).ends_with(b"<CRLF>.<CRLF>\r\n"));
    let said = session.says(b"Subject: x\r\n\r\n..dots\r\nand text\r\n.\r\n");
    assert_eq!(said, b"250 2.0.0 queued\r\n");
    session.says(b"MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nBDAT 7\r\nhello\r\nBDAT 0 LAST\r\n");
    assert_eq!(session.messages, 2);
}

#[test]
fn a_session_by_cram_md5_allocates_nothing() {
    let count = allocations(|| {
        let mut session = Session::new();
        session.says(b"EHLO client.example.org\r\nSTARTTLS\r\n");
        session.says(b"EHLO client.example.org\r\n");
        let mut response = [0; 256];
        let wrong = session.says(b"AUTH CRAM-MD5\r\n");
        assert!(wrong.starts_with(b"334 "));
        session.says(b"dGltIDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw\r\n");
        let said = session.says(b"AUTH CRAM-MD5\r\n");
        let response = cram_md5(said, &mut response);
        assert_eq!(session.says(response), b"235 2.7.0 authentication succeeded\r\n");
        message(&mut session);
        assert_eq!(session.says(b"QUIT\r\n"), b"221 2.0.0 bye\r\n");
    });
    assert_eq!(count, 0);
}

#[test]
fn a_session_by_plain_with_every_mistake_allocates_nothing() {
    let count = allocations(|| {
        let mut session = Session::new();
        session.connection = Connection::new(&CONFIG, [0; 2048], [0; 2048], [3; 16]).implicit_tls();
        session.says(b"EHLO [192.0.2.1]\r\nNONSENSE\r\nAUTH PLAIN AHRpbQB3cm9uZw==\r\n");
        session.says(b"AUTH PLAIN not base64\r\nMAIL FROM:<a\r\nNOOP\nNOOP\r\n");
        session.says(b"AUTH XOAUTH2 dXNlcj10aW0BYXV0aD1CZWFyZXIgYmFkAQE=\r\n\r\n");
        let said = session.says(b"AUTH PLAIN AHRpbQB0YW5zdGFhZg==\r\n");
        assert_eq!(said, b"235 2.7.0 authentication succeeded\r\n");
        message(&mut session);
        assert_eq!(session.says(b"QUIT\r\n"), b"221 2.0.0 bye\r\n");
    });
    assert_eq!(count, 0);
}

/// Octets on their way, without a heap.
struct Pipe {
    octets: [u8; 4096],
    written: usize,
    read: usize,
}

impl Pipe {
    const EMPTY: Self = Self { octets: [0; 4096], written: 0, read: 0 };

    fn put(&mut self, octets: &[u8]) -> usize {
        self.octets[self.written..self.written + octets.len()].copy_from_slice(octets);
        self.written += octets.len();
        octets.len()
    }

    fn take(&mut self, space: &mut [u8]) -> usize {
        let n = space.len().min(self.written - self.read);
        space[..n].copy_from_slice(&self.octets[self.read..self.read + n]);
        self.read += n;
        n
    }
}

/// Does what one side wants done with its pipes; `None` when there is an event, and whether anything
/// was done.
fn moved(io: Option<Io<'_>>, from: &mut Pipe, to: &mut Pipe) -> Option<bool> {
    match io? {
        Io::Read(mut read) => {
            let n = from.take(read.space());
            if n > 0 {
                read.filled(n);
            }
            Some(n > 0)
        }
        Io::Write(write) => {
            let n = to.put(write.bytes());
            write.sent(n);
            Some(true)
        }
        Io::Wait(_) => panic!("nothing is held back"),
    }
}

/// A client logs in at a server, and both stay on the stack.
fn logs_in(mechanism: Mechanism, keys: &ScramKeys) {
    let binding = ChannelBinding::new(BindingKind::TlsExporter, &[1; 32]).unwrap();
    let mechanisms = [mechanism];
    let config = Config::new("mail.example.org").auth(&mechanisms);
    let mut server = Connection::new(&config, [0; 1024], [0; 1024], [3; 16]).implicit_tls();
    let config = ehlo::client::Config::new("client.example.org", "mail.example.org")
        .auth(Rules::new().prefer(&mechanisms));
    let credentials = Credentials::password("user", "pencil").nonce([4; 16]);
    let mut client =
        Submission::new(&config, Security::Implicit, Some(credentials), [0; 1024], [0; 1024])
            .implicit_tls(Some("mail.example.org"))
            .channel_binding(binding);
    let (mut to_server, mut to_client) = (Pipe::EMPTY, Pipe::EMPTY);
    loop {
        if moved(client.poll_io(), &mut to_client, &mut to_server).is_none() {
            match client.event() {
                Some(Journey::Next(_)) => break,
                Some(Journey::Failed(failed)) => panic!("{}", failed.reason()),
                Some(other) => other.give_up(),
                None => {}
            }
        }
        if moved(server.poll_io(), &mut to_server, &mut to_client).is_none() {
            match server.event() {
                Some(Event::ScramKeys(query)) => assert!(query.bind(binding).keys(keys)),
                Some(event) => event.decline(),
                None => {}
            }
        }
    }
    assert!(server.facts().authenticated);
}

#[test]
fn a_login_by_scram_allocates_nothing_on_either_side() {
    for (hash, mechanism) in [
        (ScramHash::Sha1, Mechanism::ScramSha1),
        (ScramHash::Sha1, Mechanism::ScramSha1Plus),
        (ScramHash::Sha256, Mechanism::ScramSha256),
        (ScramHash::Sha256, Mechanism::ScramSha256Plus),
        (ScramHash::Sha512, Mechanism::ScramSha512),
        (ScramHash::Sha512, Mechanism::ScramSha512Plus),
    ] {
        let count = allocations(|| {
            let keys = ScramKeys::derive(hash, b"pencil", b"salt", 4096).unwrap();
            logs_in(mechanism, &keys);
        });
        assert_eq!(count, 0, "{mechanism:?}");
    }
}

/// What a server says, reply by reply.
type Replies<'a> = &'a [&'a [u8]];

/// Runs a whole journey against these replies, and says how many recipients and messages were accepted.
fn client_journey(
    credentials: Credentials<'_>,
    replies: Replies<'_>,
    chunk: bool,
) -> (usize, usize) {
    let config = ClientConfig::new("client.example.org", "mail.example.org").port(587);
    let (security, with) = (Security::StartTls, Some(credentials));
    let mut client = Submission::new(&config, security, with, [0; 512], [0; 512]);
    let mut replies = replies.iter();
    let message = b".Subject: x\n\n.\r\nand text without an end";
    let (mut recipients, mut messages, mut written, mut begun) = (0, 0, 0, false);
    loop {
        match client.poll_io() {
            Some(Io::Read(mut read)) => {
                let reply = replies.next().unwrap();
                read.space()[..reply.len()].copy_from_slice(reply);
                read.filled(reply.len());
            }
            Some(Io::Write(write)) => {
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => panic!("a client does not wait"),
            None => match client.event().unwrap() {
                Journey::Reply(reply) => {
                    recipients += usize::from(reply.to() == To::Rcpt && reply.is_positive());
                    messages += usize::from(reply.to() == To::Message && reply.is_positive());
                    assert!(reply.received().lines().count() > 0);
                    reply.done();
                }
                Journey::Upgrade(upgrade) => upgrade.done(Some("mail.example.org")),
                Journey::Next(next) if begun => next.quit(),
                Journey::Next(next) => {
                    begun = true;
                    let path = ReversePath::parse("<tim@example.org>").unwrap();
                    let parameters =
                        MailParameters::parse("SIZE=7 BODY=8BITMIME RET=HDRS").unwrap();
                    if chunk {
                        next.begin_chunk(path, &parameters, 7).unwrap();
                    } else {
                        next.begin(path, &parameters).unwrap();
                    }
                }
                Journey::Recipient(recipient) if recipient.index() == 2 => recipient.no_more(),
                Journey::Recipient(recipient) => {
                    let path = ForwardPath::parse("<\"a b\"@[IPv6:2001:db8::1]>").unwrap();
                    let parameters = RcptParameters::parse("NOTIFY=SUCCESS").unwrap();
                    recipient.add(path, &parameters).unwrap();
                }
                Journey::Content(mut content) if chunk => {
                    if content.write(b"hello\r\n").unwrap() == 7 {
                        content.finish().unwrap();
                    }
                }
                Journey::Content(mut content) => {
                    written += content.write(&message[written..]).unwrap();
                    if written == message.len() {
                        content.finish().unwrap();
                    }
                }
                Journey::Closed(_) => return (recipients, messages),
                other => other.give_up(),
            },
        }
    }
}

#[test]
fn a_client_allocates_nothing_on_its_whole_journey() {
    let password = Credentials::password("tim", "tanstaaf");
    let token = Credentials::token("tim", "vF9dft4qm");
    let exchanges: [(Credentials<'_>, &[u8], Replies<'_>); 5] = [
        (password, b"250 AUTH PLAIN\r\n", &[b"235 ok\r\n"]),
        (password, b"250 AUTH LOGIN\r\n", &[b"334 \r\n", b"334 \r\n", b"235 ok\r\n"]),
        (password, b"250 AUTH CRAM-MD5\r\n", &[b"334 PDFAeD4=\r\n", b"235 ok\r\n"]),
        (token, b"250 AUTH XOAUTH2\r\n", &[b"235 ok\r\n"]),
        (token, b"250 AUTH OAUTHBEARER\r\n", &[b"235 ok\r\n"]),
    ];
    for (credentials, offer, exchange) in exchanges {
        for chunk in [false, true] {
            let mut hello = b"250-x\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250-DSN\r\n\
                250-CHUNKING\r\n"
                .to_vec();
            hello.extend_from_slice(offer);
            let start: [&[u8]; 4] =
                [b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n", &hello];
            let group: &[u8] = if chunk {
                b"250 ok\r\n250 ok\r\n550 no\r\n250 queued\r\n"
            } else {
                b"250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"
            };
            let end: &[&[u8]] = if chunk {
                &[group, b"221 bye\r\n"]
            } else {
                &[group, b"250 ok\r\n", b"221 bye\r\n"]
            };
            let replies = [&start[..], exchange, end].concat();
            let mut accepted = (0, 0);
            let count = allocations(|| accepted = client_journey(credentials, &replies, chunk));
            assert_eq!((count, accepted), (0, (1, 1)));
        }
    }
}

#[test]
fn a_client_allocates_nothing_when_it_fails() {
    let replies: [&[u8]; 5] = [
        b"220 hi\r\n",
        b"250-x\r\n250 STARTTLS\r\n",
        b"220 go\r\n",
        b"250-x\r\n250 AUTH XOAUTH2\r\n",
        b"334 e30=\r\n",
    ];
    let replies = [&replies[..], &[b"535 no\r\n", b"221 bye\r\n"]].concat();
    let token = Credentials::token("tim", "vF9dft4qm");
    assert_eq!(allocations(|| assert_eq!(client_journey(token, &replies, false), (0, 0))), 0);
}

#[test]
fn the_allocator_does_count() {
    assert_eq!(allocations(|| drop(core::hint::black_box(vec![1_u8; 100]))), 1);
}
