//! DIGEST-MD5 and NTLM: our client against our server, in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

use ehlo::client;
use ehlo::client::submission::{self, Failure, Security, Submission};
use ehlo::io::Io;
use ehlo::sasl::client::{Credentials, ExchangeError, Rules};
use ehlo::sasl::{Mechanism, NtHash};
use ehlo::server::{self, Connection, Identity};
use proptest::prelude::*;

/// What becomes of the octets on their way: the direction, and a line.
type Wire<'w> = &'w mut dyn FnMut(bool, Vec<u8>) -> Vec<u8>;

/// How it ended.
#[derive(Debug, PartialEq)]
struct End {
    client: bool,
    server: bool,
    failure: Option<Failure>,
    identity: Option<Identity>,
}

/// The client logs in as `username` with `given`, where the server knows `known`.
fn meet(mechanism: Mechanism, username: &str, given: &str, known: &str, wire: Wire<'_>) -> End {
    let mechanisms = [mechanism];
    let mut policy = ehlo::policy::Policy::new();
    policy.cleartext_auth = true;
    let mut limits = ehlo::limits::Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    let server =
        server::Config::new("mail.example.org").auth(&mechanisms).policy(policy).limits(limits);
    let client = client::Config::new("client.example.org", "localhost")
        .auth(Rules::new().prefer(&mechanisms));
    let credentials = Credentials::password(username, given).nonce([3; 16]);
    let security = Security::Cleartext;
    let mut client =
        Submission::new(&client, security, Some(credentials), vec![0; 2048], vec![0; 2048]);
    let mut server = Connection::new(&server, vec![0; 2048], vec![0; 2048], [9; 16]);
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let mut end = End { client: false, server: false, failure: None, identity: None };
    for _ in 0..400 {
        if client_turn(&mut client, &mut to_client, &mut to_server, &mut end, wire) {
            end.server = server.facts().authenticated;
            end.identity = server.facts().identity;
            return end;
        }
        server_turn(&mut server, known, &mut to_server, &mut to_client, wire);
    }
    panic!("it goes on for ever: {end:?}");
}

fn read(read: ehlo::io::Read<'_>, from: &mut Vec<u8>) -> bool {
    let mut read = read;
    let n = read.space().len().min(from.len());
    if n == 0 {
        return false;
    }
    read.space()[..n].copy_from_slice(&from[..n]);
    read.filled(n);
    from.drain(..n);
    true
}

fn client_turn(
    client: &mut Submission<'_, Vec<u8>>,
    from: &mut Vec<u8>,
    to: &mut Vec<u8>,
    end: &mut End,
    wire: Wire<'_>,
) -> bool {
    loop {
        match client.poll_io() {
            Some(Io::Write(write)) => {
                to.extend(wire(true, write.bytes().to_vec()));
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Read(waits)) => {
                if !read(waits, from) {
                    return false;
                }
            }
            Some(Io::Wait(_)) => client.handle_timeout(),
            None => match client.event().unwrap() {
                submission::Event::Next(next) => {
                    end.client = true;
                    next.quit();
                }
                submission::Event::Failed(failed) => {
                    end.failure = Some(failed.reason());
                    failed.done();
                }
                submission::Event::Closed(_) => return true,
                other => other.give_up(),
            },
        }
    }
}

fn server_turn(
    server: &mut Connection<'_, Vec<u8>>,
    known: &str,
    from: &mut Vec<u8>,
    to: &mut Vec<u8>,
    wire: Wire<'_>,
) {
    loop {
        match server.poll_io() {
            Some(Io::Write(write)) => {
                to.extend(wire(false, write.bytes().to_vec()));
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Read(waits)) => {
                if !read(waits, from) {
                    return;
                }
            }
            Some(Io::Wait(_)) => server.handle_timeout(),
            None => match server.event().unwrap() {
                server::Event::DigestMd5(login) if login.username() == "tim" => {
                    let login = login.identity(Identity(7));
                    let given = login.authorization_identity().to_owned();
                    assert_eq!(given, "tim");
                    login.password(known.as_bytes());
                }
                server::Event::DigestMd5(login) => login.unknown(),
                server::Event::Ntlm(login) if *"tim" == *login.username().to_string() => {
                    if login.verify(&NtHash::new(known)) {
                        login.accept_as(Identity(7));
                    } else {
                        login.reject();
                    }
                }
                server::Event::Closed(_) => {
                    // The client hears nothing more.
                    return;
                }
                other => other.decline(),
            },
        }
    }
}

fn straight() -> impl FnMut(bool, Vec<u8>) -> Vec<u8> {
    |_, octets| octets
}

const BOTH: [Mechanism; 2] = [Mechanism::DigestMd5, Mechanism::Ntlm];

#[test]
fn both_sides_agree() {
    for mechanism in BOTH {
        for password in ["tanstaaf", "pässwörd", "a b\"c\\d,e=f", &"x".repeat(200)] {
            let end = meet(mechanism, "tim", password, password, &mut straight());
            let identity = Some(Identity(7));
            let expected = End { client: true, server: true, failure: None, identity };
            assert_eq!(end, expected, "{} {password}", mechanism.name());
        }
    }
}

#[test]
fn ntlm_names_a_domain_before_a_backslash() {
    let end = meet(Mechanism::Ntlm, "EXAMPLE\\tim", "secret", "secret", &mut straight());
    assert!(end.client && end.server);
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_refused() {
    for mechanism in BOTH {
        for (user, given) in [("tim", "Tanstaaf"), ("tom", "tanstaaf")] {
            let end = meet(mechanism, user, given, "tanstaaf", &mut straight());
            assert!(!end.client && !end.server, "{end:?}");
            let refused = |failure: &Failure| matches!(failure, Failure::AuthRefused(of, code) if *of == mechanism && code.value() == 535);
            assert!(end.failure.as_ref().is_some_and(refused), "{end:?}");
        }
    }
}

#[test]
fn a_name_that_cannot_be_quoted_is_not_said() {
    let end = meet(Mechanism::DigestMd5, "t\"im", "secret", "secret", &mut straight());
    let why = ExchangeError::Unsayable;
    assert_eq!(end.failure, Some(Failure::Exchange(Mechanism::DigestMd5, why)));
}

#[test]
fn a_server_without_its_own_proof_is_not_believed() {
    // 235 in place of `334 rspauth=…`.
    let mut challenges = 0;
    let mut wire = |from_client: bool, octets: Vec<u8>| {
        if !from_client && octets.starts_with(b"334") {
            challenges += 1;
            if challenges == 2 {
                return b"235 2.7.0 fine\r\n".to_vec();
            }
        }
        octets
    };
    let end = meet(Mechanism::DigestMd5, "tim", "secret", "secret", &mut wire);
    assert!(!end.client);
    let why = ExchangeError::NotProven;
    assert_eq!(end.failure, Some(Failure::Exchange(Mechanism::DigestMd5, why)));
}

#[test]
fn a_server_that_says_in_words_that_it_supports_ntlm_is_understood() {
    // As Microsoft's do: no initial response, and words in place of the first challenge.
    let (mut told, mut refused) = (0, 0);
    let mut wire = |from_client: bool, octets: Vec<u8>| {
        if from_client && octets.starts_with(b"AUTH NTLM ") {
            refused += 1;
            return b"AUTH NTLM *\r\n".to_vec();
        }
        if !from_client && octets == b"334 \r\n" {
            told += 1;
            return b"334 ntlm supported\r\n".to_vec();
        }
        octets
    };
    let end = meet(Mechanism::Ntlm, "tim", "secret", "secret", &mut wire);
    assert!(end.client && end.server, "{end:?}");
    assert_eq!((refused, told), (1, 1));
}

#[test]
fn an_answer_by_ntlm_that_says_nothing_of_its_names_has_them_in_unicode() {
    let mut wire = |from_client: bool, octets: Vec<u8>| {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let text = octets.strip_suffix(b"\r\n").unwrap_or(&octets);
        let decoded =
            STANDARD.decode(text).ok().filter(|decoded| from_client && decoded.len() > 64);
        let Some(mut decoded) = decoded else { return octets };
        decoded[60..64].fill(0);
        [STANDARD.encode(decoded).into_bytes(), b"\r\n".to_vec()].concat()
    };
    let end = meet(Mechanism::Ntlm, "tim", "secret", "secret", &mut wire);
    assert!(end.server && end.client);
}

#[test]
fn neither_is_picked_unless_it_is_asked_for() {
    let credentials = Credentials::password("tim", "secret").nonce([3; 16]);
    let channel = ehlo::sasl::client::Channel::Tls;
    let picked = ehlo::sasl::client::pick("DIGEST-MD5 NTLM", &credentials, channel, &Rules::new());
    assert_eq!(picked, Err(ehlo::sasl::client::NoMechanism::NothingInCommon));
}

proptest! {
    #[test]
    fn a_changed_octet_of_what_is_proven_never_ends_in_success(which in 0_usize..2, at in 0_usize..400, flip in 1_u8..=255) {
        // The responses of the client, decoded, changed in one octet, and encoded again.
        let mechanism = BOTH[which];
        let mut seen = 0;
        let mut changed = false;
        let mut wire = |from_client: bool, octets: Vec<u8>| {
            use base64::Engine as _;
            use base64::engine::general_purpose::STANDARD;
            let text = octets.strip_suffix(b"\r\n").unwrap_or(&octets);
            let decoded = STANDARD.decode(text).ok().filter(|decoded| from_client && decoded.len() > 40);
            let Some(mut decoded) = decoded else { return octets };
            if at < seen || at >= seen + decoded.len() {
                seen += decoded.len();
                return octets;
            }
            let place = at - seen;
            seen += decoded.len();
            // What both sides do without may change: `charset` and `qop`.
            let text = String::from_utf8_lossy(&decoded).into_owned();
            let counts = |name: &str| text.find(name).is_some_and(|at| place >= at);
            changed = mechanism == Mechanism::DigestMd5 && counts("username") && !counts(",qop=");
            decoded[place] ^= flip;
            [STANDARD.encode(decoded).into_bytes(), b"\r\n".to_vec()].concat()
        };
        let end = meet(mechanism, "tim", "secret", "secret", &mut wire);
        if changed && end.server {
            // Only the case of a letter in a name of a directive is nobody's concern.
            prop_assert_eq!(flip, 0x20);
        }
        prop_assert!(end.server || !end.client);
    }
}
