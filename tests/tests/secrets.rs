//! No credential is in `Debug`, in a notice, in a reply, or left behind in the receive buffer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use ehlo::command::Command;
use ehlo::io::Io;
use ehlo::limits::Limits;
use ehlo::sasl::client::{Credentials, Exchange as ClientExchange, Step};
use ehlo::sasl::{
    BindingKind, ChannelBinding, CramMd5Keys, Derivation, Mechanism, ScramHash, ScramKeys,
};
use ehlo::server::{Config, Connection, Event};
use ehlo_tests::text::base64;

const LIMITS: Limits = {
    let mut limits = Limits::new();
    limits.auth_failure_delay = Duration::ZERO;
    limits
};

static CONFIG: Config<'static> = Config::new("mail.example.org")
    .auth(&[
        Mechanism::Plain,
        Mechanism::Login,
        Mechanism::CramMd5,
        Mechanism::Xoauth2,
        Mechanism::OauthBearer,
        Mechanism::ScramSha1,
        Mechanism::ScramSha256,
        Mechanism::ScramSha512,
        Mechanism::Application("X-OWN"),
    ])
    .limits(LIMITS)
    .notices();

const SECRET: &str = "h0ch-geheim-und-lang";

/// What each mechanism sends, line by line; the first line begins with AUTH.
fn exchanges() -> Vec<Vec<String>> {
    let one = |text: String| vec![text];
    let encoded = |message: &str| base64(message.as_bytes());
    let plain = encoded(&format!("\0tim\0{SECRET}"));
    let token = encoded(&format!("user=tim\x01auth=Bearer {SECRET}\x01\x01"));
    let bearer = encoded(&format!("n,a=tim,\x01auth=Bearer {SECRET}\x01\x01"));
    vec![
        one(format!("AUTH PLAIN {plain}")),
        vec!["AUTH PLAIN".into(), plain.clone()],
        vec!["AUTH LOGIN".into(), encoded("tim"), encoded(SECRET)],
        vec![format!("AUTH LOGIN {}", encoded("tim")), encoded(SECRET)],
        one(format!("AUTH XOAUTH2 {token}")),
        vec!["AUTH XOAUTH2".into(), token],
        one(format!("AUTH OAUTHBEARER {bearer}")),
        one(format!("AUTH X-OWN {}", encoded(SECRET))),
        vec!["AUTH X-OWN".into(), encoded(SECRET)],
        // A proof is no secret as a password is, and is not left lying about all the same.
        vec![
            "AUTH SCRAM-SHA-256".into(),
            encoded("n,,n=tim,r=abc"),
            encoded(&format!("c=biws,r=nonce,p={SECRET}")),
        ],
        vec![
            format!("AUTH SCRAM-SHA-512 {}", encoded("n,,n=tim,r=abc")),
            encoded(&format!("c=biws,r={SECRET},p=AAAA")),
        ],
        one(format!("AUTH SCRAM-SHA-1 {}", encoded(&format!("n,,n=tim,r=a,{SECRET}")))),
        // Refused before anybody is asked: the credential was sent all the same.
        one(format!("AUTH PLAIN {plain} more")),
        one(format!("AUTH NTLM {plain}")),
        one(format!("AUTH CRAM-MD5 {plain}")),
        one(format!("AUTH PLAIN {}", encoded(SECRET))),
        one(format!("AUTH PLAIN {plain}=")),
        one(format!("AUTH PLAIN {}", encoded(&SECRET.repeat(300)))),
        vec!["AUTH PLAIN".into(), encoded(&SECRET.repeat(300))],
        vec!["AUTH CRAM-MD5".into(), encoded(SECRET)],
        vec!["AUTH LOGIN".into(), encoded("tim"), format!("{}=", encoded(SECRET))],
    ]
}

/// Something of the secret, in clear or in base64 at any of the three offsets.
fn shows_secret(octets: &[u8]) -> bool {
    let has = |part: &[u8]| octets.windows(part.len()).any(|window| window == part);
    let inner: Vec<String> = (0..3)
        .map(|offset| {
            let shifted = base64(format!("{}{SECRET}", &"..."[..offset]).as_bytes());
            shifted[4..shifted.len() - 4].to_owned()
        })
        .collect();
    has(&SECRET.as_bytes()[..8]) || inner.iter().any(|part| has(&part.as_bytes()[..12]))
}

/// Runs a dialogue and hands everything that shows to `see`; answers by `answer`.
fn run(
    connection: &mut Connection<'_, Vec<u8>>,
    lines: &[String],
    see: &mut dyn FnMut(&str, &[u8]),
    answer: &mut dyn FnMut(Event<'_>),
) {
    let mut unread: Vec<u8> = lines.iter().flat_map(|l| format!("{l}\r\n").into_bytes()).collect();
    loop {
        see("the connection", format!("{connection:?}").as_bytes());
        match connection.poll_io() {
            Some(Io::Read(mut read)) => {
                let n = read.space().len().min(unread.len());
                if n == 0 {
                    return;
                }
                read.space()[..n].copy_from_slice(&unread[..n]);
                unread.drain(..n);
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                see("a reply", write.bytes());
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => connection.handle_timeout(),
            None => {
                let event = connection.event().expect("there is something to do");
                see("an event", format!("{event:?}").as_bytes());
                match event {
                    Event::Notice(notice) => {
                        if let Some(line) = notice.line() {
                            see("a notice", line.to_string().as_bytes());
                        }
                        notice.done();
                    }
                    Event::Closed(_) => return,
                    event @ (Event::Connected(_) | Event::Hello(_)) => {
                        ehlo_tests::transcript::accept(event);
                    }
                    other => answer(other),
                }
            }
        }
    }
}

/// Yes or no; a mechanism of one's own goes on until there is a response.
fn verdict(event: Event<'_>, accept: bool) {
    match event {
        Event::Exchange(exchange) if exchange.response().is_none() => {
            exchange.challenge(b"").expect("an empty challenge fits");
        }
        event if accept => ehlo_tests::transcript::accept(event),
        event => event.decline(),
    }
}

/// The octets that are not zero, to be shown.
fn used(buffer: &[u8]) -> String {
    let end = buffer.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    buffer[..end].escape_ascii().to_string()
}

fn greeted() -> Connection<'static, Vec<u8>> {
    let mut connection =
        Connection::new(&CONFIG, vec![0; 4096], vec![0; 4096], [9; 16]).implicit_tls();
    let hello = ["EHLO client.example.org".to_owned()];
    run(&mut connection, &hello, &mut |_, _| {}, &mut |event| event.decline());
    connection
}

fn is_clean(what: &str, octets: &[u8]) {
    assert!(!shows_secret(octets), "{what}: {}", String::from_utf8_lossy(octets));
}

#[test]
fn nothing_that_prints_shows_a_credential() {
    for exchange in exchanges() {
        for accept in [true, false] {
            let mut answer = |event: Event<'_>| verdict(event, accept);
            run(&mut greeted(), &exchange, &mut is_clean, &mut answer);
        }
    }
}

#[test]
fn a_mistyped_auth_is_masked_in_notices() {
    let plain = base64(format!("\0tim\0{SECRET}").as_bytes());
    for line in [
        format!("AUTHPLAIN {plain}"),
        format!("AUHT PLAIN {plain}"),
        format!(" AUTH PLAIN {plain}"),
        format!("auth  plain {plain}"),
        format!("AUTH\tPLAIN {plain}"),
        format!("AUTH PLAIN\t{plain}"),
        format!("AUTH  {plain}"),
        format!("AUTH {plain}"),
        format!("AUTH PLAIN  {plain}"),
        plain.clone(),
    ] {
        let mut masked = |what: &str, octets: &[u8]| {
            assert!(!shows_secret(octets), "{line}: {what}: {}", String::from_utf8_lossy(octets));
        };
        let mut decline = |event: Event<'_>| event.decline();
        run(&mut greeted(), core::slice::from_ref(&line), &mut masked, &mut decline);
    }
}

#[test]
fn the_receive_buffer_is_overwritten_after_auth() {
    for exchange in exchanges() {
        for accept in [true, false] {
            let mut connection = greeted();
            let mut answer = |event: Event<'_>| verdict(event, accept);
            run(&mut connection, &exchange, &mut |_, _| {}, &mut answer);
            // A failed token waits for the client's answer.
            run(&mut connection, &[String::new()], &mut |_, _| {}, &mut answer);
            // SCRAM keeps the first message as long as it goes on.
            run(&mut connection, &["*".to_owned()], &mut |_, _| {}, &mut answer);
            let old = connection.replace_receive_buffer(vec![0; 4096]).unwrap();
            assert!(!shows_secret(&old), "{exchange:?}, {accept}: {}", used(&old));
        }
    }
}

#[test]
fn the_receive_buffer_is_overwritten_between_the_rounds() {
    // The password is there; the application is asked no sooner than all of it is read.
    let mut connection = greeted();
    let lines = ["AUTH LOGIN".to_owned(), base64(SECRET.as_bytes())];
    let mut decline = |event: Event<'_>| event.decline();
    run(&mut connection, &lines, &mut |_, _| {}, &mut decline);
    // What looks like a password here is the username, which is kept until the password is there.
    let old = connection.replace_receive_buffer(vec![0; 4096]).unwrap();
    assert!(!shows_secret(&old), "{}", used(&old));
    run(&mut connection, &["*".to_owned()], &mut |_, _| {}, &mut decline);
    let old = connection.replace_receive_buffer(vec![0; 4096]).unwrap();
    assert!(!shows_secret(&old), "{}", used(&old));
}

#[test]
fn a_dropped_connection_leaves_no_credential() {
    let mut receive = vec![0; 4096];
    let mut send = vec![0; 4096];
    for lines in [
        vec!["AUTH LOGIN".to_owned(), base64(SECRET.as_bytes())],
        vec![format!("AUTH PLAIN {}", base64(format!("\0tim\0{SECRET}").as_bytes()))],
    ] {
        let mut connection =
            Connection::new(&CONFIG, &mut receive[..], &mut send[..], [9; 16]).implicit_tls();
        let mut unread: Vec<u8> = b"EHLO client.example.org\r\n".to_vec();
        unread.extend(lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()));
        loop {
            match connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let n = read.space().len().min(unread.len());
                    if n == 0 {
                        break;
                    }
                    read.space()[..n].copy_from_slice(&unread[..n]);
                    unread.drain(..n);
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => connection.handle_timeout(),
                // In the middle of the exchange, unanswered.
                None => match connection.event() {
                    Some(Event::Login(_)) => break,
                    Some(event) => ehlo_tests::transcript::accept(event),
                    None => {}
                },
            }
        }
        drop(connection);
        assert!(!shows_secret(&receive), "{}", used(&receive));
        assert!(!shows_secret(&send));
    }
}

#[test]
fn a_connection_that_ends_early_leaves_no_part_of_a_credential() {
    let password = base64(SECRET.as_bytes());
    let initial = format!("AUTH PLAIN {}", base64(format!("\0tim\0{SECRET}").as_bytes()));
    for said in [
        // The line end is missing.
        initial.clone(),
        format!("AUTH LOGIN\r\n{}\r\n{password}", base64(b"tim")),
        // What stands behind QUIT is never read.
        format!("QUIT\r\n{initial}\r\n"),
    ] {
        let mut receive = vec![0; 4096];
        let mut connection =
            Connection::new(&CONFIG, &mut receive[..], vec![0; 4096], [9; 16]).implicit_tls();
        let mut unread = format!("EHLO client.example.org\r\n{said}").into_bytes();
        loop {
            match connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let n = read.space().len().min(unread.len());
                    read.space()[..n].copy_from_slice(&unread[..n]);
                    unread.drain(..n);
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => connection.handle_timeout(),
                None => match connection.event() {
                    Some(Event::Closed(_)) => break,
                    Some(event) => ehlo_tests::transcript::accept(event),
                    None => {}
                },
            }
        }
        drop(connection);
        assert!(!shows_secret(&receive), "{said}: {}", used(&receive));
    }
}

#[test]
fn a_credential_that_is_moved_in_the_buffer_leaves_no_copy() {
    let auth = format!("AUTH PLAIN {}\r\n", base64(format!("\0tim\0{SECRET}").as_bytes()));
    for before in 1..auth.len() {
        // The buffer is full in the middle of the AUTH command, which then goes to the front.
        let mut receive = vec![0; 512];
        let noop = format!("NOOP {}\r\n", "x".repeat(512 - before - 7));
        let said = format!("{noop}{auth}");
        let mut connection =
            Connection::new(&CONFIG, &mut receive[..], vec![0; 4096], [9; 16]).implicit_tls();
        for said in ["EHLO client.example.org\r\n", &said] {
            let mut unread = said.as_bytes();
            loop {
                match connection.poll_io() {
                    Some(Io::Read(_)) if unread.is_empty() => break,
                    Some(Io::Read(mut read)) => {
                        let n = read.space().len().min(unread.len());
                        read.space()[..n].copy_from_slice(&unread[..n]);
                        unread = &unread[n..];
                        read.filled(n);
                    }
                    Some(Io::Write(write)) => {
                        let n = write.bytes().len();
                        write.sent(n);
                    }
                    Some(Io::Wait(_)) => connection.handle_timeout(),
                    None => ehlo_tests::transcript::accept(connection.event().unwrap()),
                }
            }
        }
        assert!(connection.facts().authenticated);
        drop(connection);
        assert!(!shows_secret(&receive), "{before}: {}", used(&receive));
    }
}

#[test]
fn a_parsed_auth_command_does_not_print_its_initial_response() {
    let plain = base64(format!("\0tim\0{SECRET}").as_bytes());
    let line = format!("AUTH PLAIN {plain}");
    let command = Command::parse(line.as_bytes()).unwrap();
    is_clean("a command", format!("{command:?}").as_bytes());
    assert_eq!(command.to_string(), line);
}

#[test]
fn keys_made_of_a_password_do_not_print() {
    let keys = CramMd5Keys::new(SECRET.as_bytes());
    assert_eq!(format!("{keys:?}"), "CramMd5Keys(..)");
}

#[test]
fn nothing_of_scram_prints_what_was_made_of_a_password() {
    for (hash, mechanism) in [
        (ScramHash::Sha1, Mechanism::ScramSha1Plus),
        (ScramHash::Sha256, Mechanism::ScramSha256),
        (ScramHash::Sha512, Mechanism::ScramSha512),
    ] {
        let keys = ScramKeys::derive(hash, SECRET.as_bytes(), SECRET.as_bytes(), 1).unwrap();
        assert_eq!(format!("{keys:?}"), format!("ScramKeys {{ hash: {hash:?}, .. }}"));
        let derivation = Derivation::new(hash, SECRET.as_bytes(), b"salt", 4096);
        assert_eq!(format!("{derivation:?}"), "Derivation { left: 4095, .. }");
        let binding = ChannelBinding::new(BindingKind::TlsExporter, SECRET.as_bytes()).unwrap();
        assert_eq!(format!("{binding:?}"), "ChannelBinding { kind: TlsExporter, .. }");
        let credentials = Credentials::password("tim", SECRET).channel_binding(binding);
        let credentials = credentials.nonce(*b"the seed of both");
        let mut exchange = ClientExchange::new(mechanism, credentials).unwrap();
        let mut out = [0; 300];
        let Ok(Step::Respond(n)) = exchange.step(None, &mut out) else { panic!() };
        let first = String::from_utf8(out[..n].to_vec()).unwrap();
        let nonce = first.split_once(",r=").unwrap().1;
        let challenge = format!("r={nonce}more,s=c2FsdA==,i=4096");
        for expected in [true, false] {
            let step = exchange.step(Some(challenge.as_bytes()), &mut out).unwrap();
            assert_eq!(step == Step::Derive, expected);
            let shown = format!("{exchange:?}");
            is_clean("a client's exchange", shown.as_bytes());
            assert!(!shown.contains("octets") && !shown.contains("115, "), "{shown}");
            if expected {
                exchange.derivation().unwrap().run(u32::MAX);
            }
        }
    }
}

#[test]
fn a_configuration_does_not_print_what_decoys_are_made_of() {
    let config = CONFIG.scram_decoys(SECRET.as_bytes(), 4096);
    let shown = format!("{config:?}");
    assert!(shown.contains("Decoys { iterations: 4096, .. }"), "{shown}");
}

#[test]
fn the_search_for_the_secret_finds_it() {
    for prefix in ["", "a", "ab", "abc", "\0tim\0"] {
        let text = format!("{prefix}{SECRET} and more");
        assert!(shows_secret(text.as_bytes()));
        assert!(shows_secret(base64(text.as_bytes()).as_bytes()), "{prefix}");
    }
    assert!(!shows_secret(b"nothing of it"));
}
