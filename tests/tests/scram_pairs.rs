//! SCRAM with both sides in memory: the client's journey against the server, and either of them
//! against somebody who lies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use ehlo::client::submission::{Event as ClientEvent, Failure, Security, Submission};
use ehlo::io::Io;
use ehlo::limits::Limits;
use ehlo::policy::Policy;
use ehlo::reply::ReplyCode;
use ehlo::sasl::client::{Credentials, ExchangeError, NoMechanism, Rules};
use ehlo::sasl::{BindingKind, ChannelBinding, Derivation, Mechanism, ScramHash};
use ehlo::server::{Connection, Event, Identity};
use ehlo::{client, server};
use ehlo_tests::scram::{Exchange, keys, salt, salted_password};
use ehlo_tests::text::base64;
use ehlo_tests::transcript::accept;
use proptest::prelude::*;

const PLAIN: [Mechanism; 3] =
    [Mechanism::ScramSha1, Mechanism::ScramSha256, Mechanism::ScramSha512];
const PLUS: [Mechanism; 3] =
    [Mechanism::ScramSha1Plus, Mechanism::ScramSha256Plus, Mechanism::ScramSha512Plus];
const HOST: &str = "mail.example.org";
const FAILED: ReplyCode = ReplyCode::AUTH_FAILED;

const NO_DELAY: Limits = {
    let mut limits = Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    limits
};

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// What both sides are like.
#[derive(Clone)]
struct Case {
    mechanism: Mechanism,
    offered: Vec<Mechanism>,
    bindings: [Option<ChannelBinding>; 2],
    username: String,
    identity: Option<String>,
    password: String,
    /// The user's; another one is unknown.
    known: (String, String),
    policy: Policy,
    decoys: bool,
    /// The same password was derived before.
    derived: bool,
    seeds: [[u8; 16]; 2],
}

impl Case {
    fn new(mechanism: Mechanism) -> Self {
        let binding = ChannelBinding::new(BindingKind::TlsExporter, &[0xab; 32]);
        Self {
            mechanism,
            offered: vec![mechanism],
            bindings: if mechanism.has_channel_binding() { [binding; 2] } else { [None; 2] },
            username: "user".into(),
            identity: None,
            password: "pencil".into(),
            known: ("user".into(), "pencil".into()),
            policy: Policy::new(),
            decoys: false,
            derived: false,
            seeds: [[1; 16], [2; 16]],
        }
    }
}

/// How it went.
#[derive(Debug, Default)]
struct Outcome {
    /// The server knows who it is.
    authenticated: Option<Option<Identity>>,
    /// The server said that the proof is right.
    proven: bool,
    /// The client would go on.
    goes_on: bool,
    failure: Option<Failure>,
    /// The application was asked for keys so many times.
    asked: usize,
    said: Vec<(Side, Vec<u8>)>,
}

impl Outcome {
    fn is_success(&self) -> bool {
        self.authenticated.is_some() && self.goes_on && self.failure.is_none()
    }

    /// The messages of SCRAM, decoded.
    fn messages(&self) -> Vec<String> {
        self.said
            .iter()
            .filter_map(|(_, octets)| message(octets))
            .map(|(_, message)| String::from_utf8_lossy(&message).into_owned())
            .collect()
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// The message of SCRAM in a line, and where its base64 begins.
fn message(line: &[u8]) -> Option<(usize, Vec<u8>)> {
    let text = line.strip_suffix(b"\r\n")?;
    let at = text.iter().rposition(|octet| *octet == b' ').map_or(0, |at| at + 1);
    let message = decode(&text[at..])?;
    kind(&message).map(|_| (at, message))
}

/// Which of the four messages it is.
fn kind(message: &[u8]) -> Option<usize> {
    match message {
        [b'n' | b'y' | b'p', ..] => Some(0),
        [b'r', b'=', ..] => Some(1),
        [b'c', b'=', ..] => Some(2),
        [b'v', b'=', ..] => Some(3),
        _ => None,
    }
}

/// How octets get through.
struct Wire<'w> {
    /// Each side reads no further than here before it has to ask again.
    cuts: Vec<usize>,
    tamper: &'w mut dyn FnMut(Side, &mut Vec<u8>),
}

/// Octets on their way to one side.
#[derive(Default)]
struct Pipe {
    octets: Vec<u8>,
    read: usize,
}

impl Pipe {
    fn give(&mut self, space: &mut [u8], cuts: &[usize]) -> usize {
        let next = cuts.iter().copied().find(|cut| *cut > self.read).unwrap_or(usize::MAX);
        let n = space.len().min(self.octets.len() - self.read).min(next - self.read);
        space[..n].copy_from_slice(&self.octets[self.read..self.read + n]);
        self.read += n;
        n
    }
}

/// A derivation that was run before, for the salt that all keys have.
fn derived(derivation: &Derivation, mechanism: Mechanism, password: &str) -> Derivation {
    static ALL: OnceLock<Mutex<HashMap<(String, String), Derivation>>> = OnceLock::new();
    let mut all = ALL.get_or_init(Mutex::default).lock().unwrap();
    let key = (mechanism.name().trim_end_matches("-PLUS").to_owned(), password.to_owned());
    all.entry(key)
        .or_insert_with(|| {
            let mut derivation = derivation.clone();
            while !derivation.run(1000) {}
            derivation
        })
        .clone()
}

/// One step of the client; whether there was anything to do.
fn client_step<'c>(
    client: &mut Submission<'c, Vec<u8>>,
    case: &Case,
    outcome: &mut Outcome,
    to_client: &mut Pipe,
    from_client: &mut Vec<u8>,
    cuts: &[usize],
) -> bool {
    match client.poll_io() {
        Some(Io::Read(mut read)) => match to_client.give(read.space(), cuts) {
            0 => false,
            n => {
                read.filled(n);
                true
            }
        },
        Some(Io::Write(write)) => {
            from_client.extend_from_slice(write.bytes());
            let n = write.bytes().len();
            write.sent(n);
            true
        }
        Some(Io::Wait(_)) => panic!("a client never waits"),
        None => match client.event() {
            Some(ClientEvent::Next(next)) => {
                outcome.goes_on = true;
                next.quit();
                true
            }
            Some(ClientEvent::Derive(derive)) if case.derived => {
                let done = derived(&derive.derivation(), case.mechanism, &case.password);
                derive.done(done);
                true
            }
            Some(ClientEvent::Failed(failed)) => {
                outcome.failure = Some(failed.reason());
                failed.done();
                true
            }
            Some(ClientEvent::Closed(_)) => false,
            Some(other) => {
                other.give_up();
                true
            }
            None => true,
        },
    }
}

fn server_step(
    server: &mut Connection<'_, Vec<u8>>,
    case: &Case,
    outcome: &mut Outcome,
    to_server: &mut Pipe,
    from_server: &mut Vec<u8>,
    cuts: &[usize],
) -> bool {
    match server.poll_io() {
        Some(Io::Read(mut read)) => match to_server.give(read.space(), cuts) {
            0 => false,
            n => {
                read.filled(n);
                true
            }
        },
        Some(Io::Write(write)) => {
            from_server.extend_from_slice(write.bytes());
            let n = write.bytes().len();
            write.sent(n);
            true
        }
        Some(Io::Wait(_)) => {
            server.handle_timeout();
            true
        }
        None => match server.event() {
            Some(Event::ScramKeys(query)) => {
                outcome.asked += 1;
                let query = match case.bindings[1] {
                    Some(binding) => query.bind(binding),
                    None => query,
                };
                if query.username() == *case.known.0.as_str() {
                    let keys = keys(query.hash(), &case.known.1);
                    let has_proof = query.has_proof();
                    let goes_on = query.identity(Identity(7)).keys(&keys);
                    outcome.proven |= has_proof && goes_on;
                    assert!(has_proof || goes_on);
                } else {
                    query.unknown();
                }
                true
            }
            Some(Event::Closed(_)) | None => false,
            Some(other) => {
                accept(other);
                true
            }
        },
    }
}

fn credentials(case: &Case) -> Credentials<'_> {
    let credentials = Credentials::password(&case.username, &case.password).nonce(case.seeds[0]);
    match &case.identity {
        Some(identity) => credentials.authorization_identity(identity),
        None => credentials,
    }
}

fn run_over(case: &Case, wire: &mut Wire<'_>) -> Outcome {
    let preference = [case.mechanism];
    // What has no channel binding is tried where the other one can't be.
    let both = [case.mechanism, without_binding(case.mechanism)];
    let preference = if case.mechanism.has_channel_binding() { &both[..] } else { &preference };
    let rules = Rules::new().prefer(preference);
    let config = client::Config::new("client.example.org", HOST).auth(rules);
    let mut client = Submission::new(
        &config,
        Security::Implicit,
        Some(credentials(case)),
        vec![0; 1024],
        vec![0; 1024],
    )
    .implicit_tls(Some(HOST));
    if let Some(binding) = case.bindings[0] {
        client = client.channel_binding(binding);
    }
    let config = server::Config::new(HOST).auth(&case.offered).limits(NO_DELAY).policy(case.policy);
    let config =
        if case.decoys { config.scram_decoys(b"a secret of the server", 4096) } else { config };
    let mut server =
        Connection::new(&config, vec![0; 1024], vec![0; 1024], case.seeds[1]).implicit_tls();
    let mut outcome = Outcome::default();
    let (mut to_client, mut to_server) = (Pipe::default(), Pipe::default());
    let mut said = [Vec::new(), Vec::new()];
    loop {
        let [by_client, by_server] = &mut said;
        let cuts = &wire.cuts;
        let moved = client_step(&mut client, case, &mut outcome, &mut to_client, by_client, cuts)
            | server_step(&mut server, case, &mut outcome, &mut to_server, by_server, cuts);
        let both = [(Side::Client, &mut to_server), (Side::Server, &mut to_client)];
        for ((side, pipe), said) in both.into_iter().zip(&mut said) {
            let mut octets = core::mem::take(said);
            if !octets.is_empty() {
                (wire.tamper)(side, &mut octets);
                pipe.octets.extend_from_slice(&octets);
                outcome.said.push((side, octets));
            }
        }
        let facts = server.facts();
        if facts.authenticated {
            outcome.authenticated = Some(facts.identity);
        }
        if !moved {
            return outcome;
        }
    }
}

fn without_binding(mechanism: Mechanism) -> Mechanism {
    Mechanism::from_name(mechanism.name().trim_end_matches("-PLUS")).unwrap()
}

fn run(case: &Case) -> Outcome {
    run_over(case, &mut Wire { cuts: Vec::new(), tamper: &mut |_, _| {} })
}

fn refused(mechanism: Mechanism) -> Option<Failure> {
    Some(Failure::AuthRefused(mechanism, FAILED))
}

#[test]
fn both_sides_agree_by_every_hash_with_and_without_channel_binding() {
    for mechanism in PLAIN.into_iter().chain(PLUS) {
        let outcome = run(&Case::new(mechanism));
        assert!(outcome.is_success(), "{mechanism:?}: {outcome:?}");
        assert_eq!(outcome.authenticated, Some(Some(Identity(7))));
        assert!(outcome.asked == 2 && outcome.proven);
        let messages = outcome.messages();
        assert_eq!(messages.len(), 4, "{messages:?}");
        let header = if mechanism.has_channel_binding() { "p=tls-exporter,," } else { "n,," };
        assert!(messages[0].starts_with(&format!("{header}n=user,r=")), "{messages:?}");
        assert!(outcome.said.contains(&(Side::Client, b"\r\n".to_vec())), "the acknowledgement");
    }
}

#[test]
fn both_sides_agree_by_every_kind_of_channel_binding() {
    for kind in [BindingKind::TlsExporter, BindingKind::TlsServerEndPoint, BindingKind::TlsUnique] {
        for length in [1, 12, 32, 64] {
            let binding = ChannelBinding::new(kind, &vec![0xcd; length]);
            let case = Case { bindings: [binding; 2], derived: true, ..Case::new(PLUS[1]) };
            assert!(run(&case).is_success(), "{kind:?}");
        }
    }
}

#[test]
fn every_cut_gives_the_same() {
    for mechanism in PLAIN.into_iter().chain(PLUS) {
        let case = Case { derived: true, ..Case::new(mechanism) };
        let whole = run(&case);
        let length = whole.said.iter().map(|(_, octets)| octets.len()).sum();
        for cut in 1..length {
            let mut wire = Wire { cuts: vec![cut], tamper: &mut |_, _| {} };
            let outcome = run_over(&case, &mut wire);
            assert!(outcome.is_success(), "{mechanism:?} cut at {cut}: {outcome:?}");
            assert_eq!(outcome.messages(), whole.messages());
        }
        let mut wire = Wire { cuts: (1..length).collect(), tamper: &mut |_, _| {} };
        assert!(run_over(&case, &mut wire).is_success(), "{mechanism:?} octet by octet");
    }
}

#[test]
fn the_wrong_password_is_refused() {
    for mechanism in PLAIN.into_iter().chain(PLUS) {
        let outcome = run(&Case { password: "pencils".into(), ..Case::new(mechanism) });
        assert_eq!(outcome.failure, refused(mechanism));
        assert!(outcome.authenticated.is_none() && !outcome.goes_on && !outcome.proven);
        assert_eq!(outcome.messages().len(), 3);
    }
}

/// The salt and the iterations of the server's first message.
fn salt_of(outcome: &Outcome) -> String {
    outcome.messages()[1].split_once(",s=").unwrap().1.to_owned()
}

#[test]
fn an_unknown_user_looks_like_a_known_one_until_the_end() {
    let mut salts = Vec::new();
    for (name, seed) in [("nobody", 3), ("nobody", 4), ("nothing", 3)] {
        let case = Case {
            username: name.into(),
            decoys: true,
            seeds: [[seed; 16], [seed + 10; 16]],
            ..Case::new(Mechanism::ScramSha256)
        };
        let (outcome, known) = (run(&case), run(&Case::new(case.mechanism)));
        assert_eq!(outcome.failure, refused(case.mechanism));
        assert_eq!((outcome.asked, outcome.messages().len()), (2, 3));
        assert_eq!(salt_of(&outcome).len(), salt_of(&known).len());
        salts.push(salt_of(&outcome));
    }
    assert_eq!(salts[0], salts[1], "who asks twice gets the same salt");
    assert_ne!(salts[0], salts[2]);
    // It says the name as it stands in the message, and as it is.
    let outcome = run(&Case { username: "a,b".into(), ..Case::new(Mechanism::ScramSha256) });
    assert_eq!(outcome.failure, refused(Mechanism::ScramSha256));
}

#[test]
fn another_channel_or_none_is_refused() {
    let exporter = |octet| ChannelBinding::new(BindingKind::TlsExporter, &[octet; 32]);
    let end_point = ChannelBinding::new(BindingKind::TlsServerEndPoint, &[1; 32]);
    for mechanism in PLUS {
        for server in [exporter(2), end_point, None] {
            let bindings = [exporter(1), server];
            let outcome = run(&Case { bindings, derived: true, ..Case::new(mechanism) });
            assert_eq!(outcome.failure, refused(mechanism), "{server:?}");
            assert!(outcome.authenticated.is_none());
        }
        let bindings = [None, exporter(1)];
        let outcome = run(&Case { bindings, ..Case::new(mechanism) });
        let nothing = Failure::NoMechanism(NoMechanism::NothingInCommon);
        assert_eq!(outcome.failure, Some(nothing));
    }
}

#[test]
fn a_channel_binding_that_was_taken_out_of_the_offer_is_found_out() {
    for mechanism in PLUS {
        let offered = vec![without_binding(mechanism), mechanism];
        let case = Case { offered, ..Case::new(mechanism) };
        assert!(run(&case).is_success());
        let mut tamper = |side, octets: &mut Vec<u8>| {
            let text = String::from_utf8_lossy(octets).into_owned();
            if side == Side::Server && text.contains("250-AUTH") {
                *octets = text.replace(&format!(" {}", mechanism.name()), "").into_bytes();
            }
        };
        let outcome = run_over(&case, &mut Wire { cuts: Vec::new(), tamper: &mut tamper });
        assert!(outcome.messages()[0].starts_with("y,,"), "{:?}", outcome.messages());
        assert_eq!(outcome.failure, refused(without_binding(mechanism)));
        assert!(outcome.authenticated.is_none());
        // Nothing is wrong with a client that has no channel binding at all.
        let bindings = [None, case.bindings[1]];
        assert!(run(&Case { bindings, ..case }).is_success());
    }
}

#[test]
fn a_client_that_wants_no_channel_binding_has_seen_that_one_is_offered() {
    for mechanism in PLUS {
        let plain = without_binding(mechanism);
        let bindings = Case::new(mechanism).bindings;
        let case = Case { offered: vec![plain, mechanism], bindings, ..Case::new(plain) };
        let outcome = run(&case);
        // `y` would say that none is offered, and the server knows better.
        assert!(outcome.messages()[0].starts_with("n,,"), "{:?}", outcome.messages());
        assert!(outcome.is_success());
    }
}

#[test]
fn somebody_else_is_acted_as_only_where_that_is_allowed() {
    let mechanism = Mechanism::ScramSha256;
    let mut policy = Policy::new();
    policy.authorization_identity = true;
    for (identity, policy, succeeds) in [
        (Some("user"), Policy::new(), true),
        (Some("admin"), Policy::new(), false),
        (Some("use"), Policy::new(), false),
        (Some("user2"), Policy::new(), false),
        (Some("admin"), policy, true),
        (None, policy, true),
    ] {
        let identity = identity.map(str::to_owned);
        let outcome = run(&Case { identity: identity.clone(), policy, ..Case::new(mechanism) });
        assert_eq!(outcome.is_success(), succeeds, "{identity:?}");
    }
}

#[test]
fn names_with_commas_and_equals_signs_arrive_as_they_are() {
    for name in ["a,b=c", ",", "=", "=2C", "=3D", "a=,=b", "\u{fc}ber,all"] {
        let outcome = run(&Case {
            username: name.into(),
            identity: Some(name.into()),
            known: (name.into(), "pencil".into()),
            derived: true,
            ..Case::new(Mechanism::ScramSha256)
        });
        assert!(outcome.is_success(), "{name}: {outcome:?}");
    }
}

#[test]
fn a_proof_holds_for_its_own_exchange_only() {
    let case = Case { derived: true, ..Case::new(Mechanism::ScramSha256) };
    let first = run(&case);
    let (_, proof) = first.said.iter().find(|(_, line)| is_kind(line, 2)).unwrap();
    // The same client again, and a server that has another seed.
    let again = Case { seeds: [case.seeds[0], [9; 16]], ..case.clone() };
    let mut tamper = |_, octets: &mut Vec<u8>| {
        if is_kind(octets, 2) {
            *octets = proof.clone();
        }
    };
    let outcome = run_over(&again, &mut Wire { cuts: Vec::new(), tamper: &mut tamper });
    assert_eq!(outcome.failure, refused(case.mechanism));
    assert!(outcome.authenticated.is_none());
}

fn is_kind(line: &[u8], which: usize) -> bool {
    message(line).is_some_and(|(_, message)| kind(&message) == Some(which))
}

/// A server that is made of nothing but replies: each is what it says to the next line.
fn against(case: &Case, replies: &mut dyn FnMut(&str) -> String) -> Outcome {
    let preference = [case.mechanism];
    let config = client::Config::new("client.example.org", HOST);
    let config = config.auth(Rules::new().prefer(&preference));
    let credentials = Some(credentials(case));
    let mut client =
        Submission::new(&config, Security::Implicit, credentials, vec![0; 1024], vec![0; 1024])
            .implicit_tls(Some(HOST));
    let mut outcome = Outcome::default();
    let (mut pipe, mut said) = (Pipe::default(), Vec::new());
    pipe.octets = b"220 hi\r\n".to_vec();
    loop {
        if client_step(&mut client, case, &mut outcome, &mut pipe, &mut said, &[]) {
            if said.ends_with(b"\r\n") {
                let line = String::from_utf8(core::mem::take(&mut said)).unwrap();
                let reply = match line.as_str() {
                    line if line.starts_with("EHLO") => {
                        format!("250-hi\r\n250 AUTH {}\r\n", case.mechanism.name())
                    }
                    "QUIT\r\n" => "221 bye\r\n".to_owned(),
                    "*\r\n" => "501 cancelled\r\n".to_owned(),
                    line => replies(line),
                };
                pipe.octets.extend_from_slice(reply.as_bytes());
                outcome.said.push((Side::Client, line.into_bytes()));
            }
        } else {
            return outcome;
        }
    }
}

/// A server's part of the exchange, up to its own proof; `salted` is what it has of the password.
struct Impostor {
    exchange: Exchange,
    round: usize,
}

impl Impostor {
    fn new(hash: ScramHash, salted_password: Vec<u8>) -> Self {
        let exchange = Exchange {
            hash,
            salted_password,
            first_bare: String::new(),
            server_first: String::new(),
            binding: b"n,,".to_vec(),
            nonce: String::new(),
        };
        Self { exchange, round: 0 }
    }

    fn says(&mut self, line: &str, iterations: &str) -> String {
        self.round += 1;
        match self.round {
            1 => {
                let (_, first) = message(line.as_bytes()).unwrap();
                let first = String::from_utf8(first).unwrap();
                first[3..].clone_into(&mut self.exchange.first_bare);
                let nonce = first.split_once("r=").unwrap().1;
                self.exchange.nonce = format!("{nonce}theirs");
                let salt = base64(salt(self.exchange.hash));
                self.exchange.server_first =
                    format!("r={},s={salt},i={iterations}", self.exchange.nonce);
                format!("334 {}\r\n", base64(self.exchange.server_first.as_bytes()))
            }
            2 => format!("334 {}\r\n", base64(self.exchange.server_final().as_bytes())),
            _ => "235 welcome\r\n".to_owned(),
        }
    }
}

fn not_proven(mechanism: Mechanism) -> Option<Failure> {
    Some(Failure::Exchange(mechanism, ExchangeError::NotProven))
}

#[test]
fn a_server_that_proves_itself_is_believed_and_one_that_does_not_is_not() {
    for (mechanism, hash) in PLAIN.into_iter().zip(HASHES) {
        let case = Case { derived: true, ..Case::new(mechanism) };
        let right = salted_password(hash, b"pencil", salt(hash), 4096);
        let mut honest = Impostor::new(hash, right.clone());
        let outcome = against(&case, &mut |line| honest.says(line, "4096"));
        assert!(outcome.goes_on && outcome.failure.is_none(), "{outcome:?}");

        let mut guesses = Impostor::new(hash, salted_password(hash, b"?", salt(hash), 1));
        let outcome = against(&case, &mut |line| guesses.says(line, "4096"));
        assert_eq!(outcome.failure, not_proven(mechanism));
        assert!(!outcome.goes_on);
        assert!(outcome.said.contains(&(Side::Client, b"*\r\n".to_vec())));
    }
}

const HASHES: [ScramHash; 3] = [ScramHash::Sha1, ScramHash::Sha256, ScramHash::Sha512];

#[test]
fn a_server_that_says_yes_without_its_proof_is_not_believed() {
    let mechanism = Mechanism::ScramSha256;
    let case = Case { derived: true, ..Case::new(mechanism) };
    for yes_at in 1..=2 {
        let mut impostor = Impostor::new(ScramHash::Sha256, Vec::new());
        let outcome = against(&case, &mut |line| {
            if impostor.round + 1 == yes_at {
                return "235 welcome\r\n".to_owned();
            }
            impostor.says(line, "4096")
        });
        assert_eq!(outcome.failure, not_proven(mechanism), "{yes_at}");
        assert!(!outcome.goes_on);
    }
    // A proof that is none: empty, an error, of another length, with more behind it.
    for proof in ["", "v=", "v=AAAA", "e=invalid-proof", "v=!", "x=AAAA", "v=AAAA,m=1"] {
        let mut impostor = Impostor::new(ScramHash::Sha256, Vec::new());
        let outcome = against(&case, &mut |line| match impostor.round {
            1 => {
                impostor.round = 2;
                format!("334 {}\r\n", base64(proof.as_bytes()))
            }
            _ => impostor.says(line, "4096"),
        });
        assert!(outcome.failure.is_some() && !outcome.goes_on, "{proof}: {outcome:?}");
    }
}

#[test]
fn too_few_iterations_and_too_many_are_refused() {
    let mechanism = Mechanism::ScramSha256;
    for (iterations, expected) in [
        ("1", ExchangeError::Iterations(1)),
        ("4095", ExchangeError::Iterations(4095)),
        ("10000001", ExchangeError::Iterations(10_000_001)),
        ("4294967295", ExchangeError::Iterations(u32::MAX)),
        ("4294967296", ExchangeError::Malformed),
        ("99999999999999999999999999", ExchangeError::Malformed),
        ("0", ExchangeError::Malformed),
        ("04096", ExchangeError::Malformed),
        ("-4096", ExchangeError::Malformed),
        ("", ExchangeError::Malformed),
    ] {
        let mut impostor = Impostor::new(ScramHash::Sha256, Vec::new());
        let case = Case::new(mechanism);
        let outcome = against(&case, &mut |line| impostor.says(line, iterations));
        assert_eq!(outcome.failure, Some(Failure::Exchange(mechanism, expected)), "{iterations}");
        assert!(!outcome.said.iter().any(|(_, line)| is_kind(line, 2)), "no proof was given");
    }
}

#[test]
fn a_nonce_that_is_not_the_clients_continued_is_refused() {
    let mechanism = Mechanism::ScramSha256;
    let change: [fn(String) -> String; 3] = [
        |first| first.replace("theirs", ""),
        |first| first.replacen("r=", "r=x", 1),
        |first| first.replacen(",s=", ",s=,s=", 1),
    ];
    for change in change {
        let mut impostor = Impostor::new(ScramHash::Sha256, Vec::new());
        let outcome = against(&Case::new(mechanism), &mut |line| {
            let said = impostor.says(line, "4096");
            let (_, first) = message(said.as_bytes()).unwrap();
            format!("334 {}\r\n", base64(change(String::from_utf8(first).unwrap()).as_bytes()))
        });
        let malformed = Failure::Exchange(mechanism, ExchangeError::Malformed);
        assert_eq!(outcome.failure, Some(malformed));
    }
}

#[test]
fn without_a_random_number_scram_is_not_used() {
    let preference = [Mechanism::ScramSha256];
    let credentials = Credentials::password("user", "pencil");
    assert!(!credentials.serve(Mechanism::ScramSha256));
    let picked = ehlo::sasl::client::pick(
        "SCRAM-SHA-256",
        &credentials,
        ehlo::sasl::client::Channel::Tls,
        &Rules::new().prefer(&preference),
    );
    assert_eq!(picked, Err(NoMechanism::NothingInCommon));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_cuts_give_the_same(
        which in 0_usize..6,
        cuts in proptest::collection::btree_set(1_usize..1200, 0..20),
        seeds: [[u8; 16]; 2],
    ) {
        let mechanism = PLAIN.into_iter().chain(PLUS).nth(which).unwrap();
        let case = Case { derived: true, seeds, ..Case::new(mechanism) };
        let cuts = cuts.into_iter().collect();
        let outcome = run_over(&case, &mut Wire { cuts, tamper: &mut |_, _| {} });
        prop_assert!(outcome.is_success(), "{:?}", outcome);
    }

    #[test]
    fn any_changed_octet_ends_without_success(
        plus: bool,
        changed in 0_usize..4,
        at: prop::sample::Index,
        with in 1_u8..,
        encoded: bool,
    ) {
        let mechanism = if plus { Mechanism::ScramSha256Plus } else { Mechanism::ScramSha256 };
        let case = Case::new(mechanism);
        let mut times = 0;
        let mut tamper = |_, line: &mut Vec<u8>| {
            let Some((begin, mut message)) = message(line) else { return };
            if kind(&message) != Some(changed) {
                return;
            }
            times += 1;
            if encoded {
                let end = line.len() - 2;
                let at = begin + at.index(end - begin);
                line[at] ^= with;
            } else {
                let at = at.index(message.len());
                message[at] ^= with;
                line.truncate(begin);
                line.extend_from_slice(base64(&message).as_bytes());
                line.extend_from_slice(b"\r\n");
            }
        };
        let outcome = run_over(&case, &mut Wire { cuts: Vec::new(), tamper: &mut tamper });
        prop_assert!(!outcome.goes_on, "{:?}", outcome);
        prop_assert!(outcome.authenticated.is_none(), "{:?}", outcome);
        prop_assert!(times > 0);
    }
}
