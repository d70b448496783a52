//! SCRAM over sockets: this crate's client logs in at this crate's server, under TLS and without.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ehlo::client::submission::{Failure, Security};
use ehlo::policy::Policy;
use ehlo::reply::ReplyCode;
use ehlo::sasl::{Mechanism, ScramKeys};
use ehlo::server::Config;
use ehlo::server::guard::{self, Rcpt};
use ehlo_std::client::{Client, Credentials, Envelope, Error, blocking};
use ehlo_std::server::{
    Body, Receipt, Refuse, Server, Service, SessionInfo, Verdict, accept, refuse,
};
use ehlo_std::tls::{ClientTls, Tls};
use ehlo_std::users::{Scheme, UsersFile, add_user};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Takes mail of the users in a file, and remembers who they were.
struct Keeper {
    users: UsersFile,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Service for Keeper {
    type Identity = String;

    async fn scram_keys(
        &self,
        _: &SessionInfo<String>,
        query: &guard::ScramKeys<'_>,
    ) -> Verdict<Option<(ScramKeys, String)>> {
        let name = query.username().to_string();
        let keys = self.users.scram_keys(&name, query.hash()).await;
        let keys = keys.map_err(|_| Refuse::unavailable())?;
        Ok(keys.map(|keys| (keys, format!("user {name}"))))
    }

    async fn rcpt(&self, session: &SessionInfo<String>, _: &Rcpt<'_>) -> Verdict {
        if session.identity().is_some() { accept() } else { refuse(550, "5.7.1", "log in first") }
    }

    async fn message(&self, session: &SessionInfo<String>, mut body: Body<'_>) -> Verdict<Receipt> {
        while let Some(chunk) = body.next().await {
            chunk.map_err(|_| Refuse::transient("4.3.0 incomplete"))?;
        }
        let mechanism = session.facts().mechanism.map_or("", Mechanism::name);
        let identity = session.identity().unwrap();
        let seen = format!("{identity} {} {mechanism}", session.username());
        self.seen.lock().unwrap().push(seen);
        Ok(Receipt::default())
    }
}

/// A server, what it has seen, and what a client has to trust.
struct Running {
    starttls: u16,
    implicit: u16,
    clear: u16,
    seen: Arc<Mutex<Vec<String>>>,
    trusted: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

const MECHANISMS: &[Mechanism] = &[
    Mechanism::ScramSha512Plus,
    Mechanism::ScramSha512,
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha256,
];

async fn server() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    add_user(&path, "tim", "tanstaaf", Scheme::Argon2id).unwrap();
    add_user(&path, "plain,=", "a pass phrase", Scheme::Plain).unwrap();
    let users = UsersFile::open(&path).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (tls, files) = Tls::self_signed(folder.path(), &["localhost"]).unwrap();
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    let mut limits = ehlo::limits::Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    let config = Config::new("localhost").auth(MECHANISMS).limits(limits);
    let builder = || {
        let keeper = Keeper { users: users.clone(), seen: Arc::clone(&seen) };
        Server::builder(keeper).config(config)
    };
    let bound = builder().tls(tls).listen("127.0.0.1:0").listen_tls("127.0.0.1:0");
    let bound = bound.bind().await.unwrap();
    let port = |tls: bool| bound.addresses().find(|(_, is)| *is == tls).unwrap().0.port();
    let (starttls, implicit) = (port(false), port(true));
    tokio::spawn(bound.serve_until(core::future::pending()));
    let bound = builder().config(config.policy(policy)).listen("127.0.0.1:0").no_starttls();
    let bound = bound.bind().await.unwrap();
    let clear = bound.addresses().next().unwrap().0.port();
    tokio::spawn(bound.serve_until(core::future::pending()));
    Running { starttls, implicit, clear, seen, trusted: files.certificate, _folder: folder }
}

fn client(port: u16, security: Security, trusted: &Path) -> Client {
    let tls = ClientTls::roots_file(trusted).unwrap();
    Client::new(format!("localhost:{port}")).security(security).tls(tls)
}

fn envelope() -> Envelope {
    Envelope::new("me@example.org", ["you@example.org"]).unwrap()
}

#[tokio::test]
async fn a_client_logs_in_by_the_strongest_mechanism_there_is() {
    let server = server().await;
    let login = || Credentials::password("tim", "tanstaaf");
    for (port, security) in [
        (server.starttls, Security::StartTls),
        (server.implicit, Security::Implicit),
        (server.clear, Security::Cleartext),
    ] {
        let client = client(port, security, &server.trusted).login(login());
        client.send(envelope(), "Subject: x\n\nx\n").await.unwrap();
        client.close().await;
    }
    let seen = server.seen.lock().unwrap().clone();
    let by = |mechanism: &str| format!("user tim tim {mechanism}");
    let expected = [by("SCRAM-SHA-512-PLUS"), by("SCRAM-SHA-512-PLUS"), by("SCRAM-SHA-512")];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn every_mechanism_on_offer_works_and_so_does_a_password_that_is_kept_as_it_is() {
    let server = server().await;
    for mechanism in MECHANISMS {
        let login = Credentials::password("plain,=", "a pass phrase");
        let client = client(server.starttls, Security::StartTls, &server.trusted);
        let client = client.login(login).mechanisms(vec![*mechanism]);
        client.send(envelope(), "Subject: x\n\nx\n").await.unwrap();
        client.close().await;
        let seen = server.seen.lock().unwrap().pop();
        assert_eq!(seen, Some(format!("user plain,= plain,= {}", mechanism.name())));
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_refused_alike() {
    let server = server().await;
    for (name, password) in [("tim", "tanstaa"), ("nobody", "tanstaaf")] {
        let client = client(server.implicit, Security::Implicit, &server.trusted)
            .login(Credentials::password(name, password));
        let error = client.send(envelope(), "Subject: x\n\nx\n").await.unwrap_err();
        let Error::Failed { failure, .. } = &error else { panic!("{error}") };
        let refused = Failure::AuthRefused(Mechanism::ScramSha512Plus, ReplyCode::AUTH_FAILED);
        assert_eq!(*failure, refused);
    }
    assert!(server.seen.lock().unwrap().is_empty());
}

/// The salts that a server has for these names, on one connection: until it ends, those of unknown users stay.
async fn salts(port: u16, names: &[&str]) -> Vec<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut salts = Vec::new();
    write.write_all(b"EHLO me\r\n").await.unwrap();
    while !lines.next_line().await.unwrap().unwrap().starts_with("250 ") {}
    for name in names {
        let first = STANDARD.encode(format!("n,,n={name},r=abc"));
        write.write_all(format!("AUTH SCRAM-SHA-256 {first}\r\n").as_bytes()).await.unwrap();
        let challenge = lines.next_line().await.unwrap().unwrap();
        let challenge = STANDARD.decode(challenge.strip_prefix("334 ").unwrap()).unwrap();
        let challenge = String::from_utf8(challenge).unwrap();
        salts.push(challenge.split_once(",s=").unwrap().1.to_owned());
        write.write_all(b"*\r\n").await.unwrap();
        assert!(lines.next_line().await.unwrap().unwrap().starts_with("501 "));
    }
    salts
}

#[tokio::test]
async fn how_a_name_is_spelt_does_not_tell_whether_there_is_such_a_user() {
    let server = server().await;
    // SASLprep maps a soft hyphen to nothing, and a ligature to its letters.
    let names = ["tim", "t\u{ad}im", "finn", "\u{fb01}nn", "nobody"];
    let salts = salts(server.clear, &names).await;
    let [tim, tim_again, finn, finn_again, nobody] = salts.as_slice() else { panic!("{salts:?}") };
    assert!(tim == tim_again && finn == finn_again, "{salts:?}");
    assert!(tim != finn && finn != nobody && tim != nobody, "{salts:?}");
}

#[tokio::test]
async fn no_async_thread_waits_for_a_derivation() {
    let server = server().await;
    let trusted = server.trusted.clone();
    let login = client(server.implicit, Security::Implicit, &trusted)
        .login(Credentials::password("tim", "tanstaaf"));
    let sending = tokio::spawn(async move { login.send(envelope(), "Subject: x\n\nx\n").await });
    // On the one thread there is: whatever blocked it would show as a long pause.
    let mut longest = core::time::Duration::ZERO;
    while !sending.is_finished() {
        let before = std::time::Instant::now();
        tokio::time::sleep(core::time::Duration::from_millis(1)).await;
        longest = longest.max(before.elapsed());
    }
    sending.await.unwrap().unwrap();
    assert!(longest < core::time::Duration::from_millis(500), "{longest:?}");
}

#[test]
fn the_blocking_twin_logs_in_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(server());
    let client = client(server.implicit, Security::Implicit, &server.trusted)
        .login(Credentials::password("tim", "tanstaaf"));
    let client = blocking::Client::new(client).unwrap();
    client.send(envelope(), "Subject: x\n\nx\n").unwrap();
}
