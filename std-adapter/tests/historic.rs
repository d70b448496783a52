//! DIGEST-MD5 and NTLM over sockets: this crate's client logs in at this crate's server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, Mutex};

use ehlo::client::submission::{Failure, Security};
use ehlo::reply::ReplyCode;
use ehlo::sasl::{DigestMd5Key, Mechanism, NtHash};
use ehlo::server::Config;
use ehlo::server::guard::{self, Rcpt};
use ehlo_std::client::{Client, Credentials, Envelope, Error};
use ehlo_std::server::{
    Body, Receipt, Refuse, Server, Service, SessionInfo, Verdict, accept, refuse,
};
use ehlo_std::throttle::ThrottleLimits;
use ehlo_std::tls::{ClientTls, Tls};
use ehlo_std::users::MemoryUsers;

const BOTH: &[Mechanism] = &[Mechanism::DigestMd5, Mechanism::Ntlm];

/// Takes mail of users whose keys it has, and remembers who they were.
struct Keeper {
    users: MemoryUsers,
    seen: Arc<Mutex<Vec<String>>>,
}

/// What becomes of some names.
fn fate(name: &str) -> Verdict {
    match name {
        "later" => Err(Refuse::unavailable()),
        "gone" => Err(Refuse::credentials()),
        "locked" => refuse(535, "5.7.13", "the account is disabled"),
        _ => Ok(()),
    }
}

impl Service for Keeper {
    type Identity = String;

    async fn digest_md5_key(
        &self,
        session: &SessionInfo<String>,
        query: &guard::DigestMd5<'_>,
    ) -> Verdict<Option<(DigestMd5Key, String)>> {
        assert!(session.identity().is_none() && query.realm() == "localhost");
        fate(query.username())?;
        let key = self.users.digest_md5_key(query.username(), query.realm());
        Ok(key.map(|key| (key, format!("user {}", query.username()))))
    }

    async fn nt_hash(
        &self,
        session: &SessionInfo<String>,
        query: &guard::Ntlm<'_>,
    ) -> Verdict<Option<(NtHash, String)>> {
        assert!(session.identity().is_none());
        let name = query.username().to_string();
        fate(&name)?;
        let domain = query.domain().to_string();
        let domain = if domain.is_empty() { domain } else { format!(" of {domain}") };
        Ok(self.users.nt_hash(&name).map(|hash| (hash, format!("user {name}{domain}"))))
    }

    async fn rcpt(&self, session: &SessionInfo<String>, _: &Rcpt<'_>) -> Verdict {
        if session.identity().is_some() { accept() } else { refuse(550, "5.7.1", "log in first") }
    }

    async fn message(&self, session: &SessionInfo<String>, mut body: Body<'_>) -> Verdict<Receipt> {
        while let Some(chunk) = body.next().await {
            chunk.map_err(|_| Refuse::transient("4.3.0 incomplete"))?;
        }
        let mechanism = session.facts().mechanism.map_or("", Mechanism::name);
        let seen = format!("{} {} {mechanism}", session.identity().unwrap(), session.username());
        self.seen.lock().unwrap().push(seen);
        Ok(Receipt::default())
    }
}

struct Running {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    trusted: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

async fn server(attempts: u32) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let mut users = MemoryUsers::new();
    assert!(users.add_password("tim", "p\u{e4}ss w\u{f6}rd"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (tls, files) = Tls::self_signed(folder.path(), &["localhost"]).unwrap();
    let mut limits = ehlo::limits::Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    let throttle = ThrottleLimits { burst: attempts, ..ThrottleLimits::default() };
    let keeper = Keeper { users, seen: Arc::clone(&seen) };
    let bound = Server::builder(keeper)
        .config(Config::new("localhost").auth(BOTH).limits(limits))
        .auth_throttle(throttle)
        .tls(tls)
        .listen("127.0.0.1:0");
    let bound = bound.bind().await.unwrap();
    let port = bound.addresses().next().unwrap().0.port();
    tokio::spawn(bound.serve_until(core::future::pending()));
    Running { port, seen, trusted: files.certificate, _folder: folder }
}

impl Running {
    async fn send(&self, mechanism: Mechanism, name: &str, password: &str) -> Result<(), Error> {
        let client = Client::new(format!("localhost:{}", self.port))
            .security(Security::StartTls)
            .tls(ClientTls::roots_file(&self.trusted).unwrap())
            .login(Credentials::password(name, password))
            .mechanisms(vec![mechanism]);
        let envelope = Envelope::new("me@example.org", ["you@example.org"]).unwrap();
        client.send(envelope, "Subject: x\n\nx\n").await.map(|_| ())
    }

    async fn refused(
        &self,
        mechanism: Mechanism,
        name: &str,
        password: &str,
    ) -> (ReplyCode, String) {
        let error = self.send(mechanism, name, password).await.unwrap_err();
        let text = error.to_string();
        let Error::Failed { failure: Failure::AuthRefused(by, code), .. } = error else {
            panic!("{error}")
        };
        assert_eq!(by, mechanism);
        (code, text)
    }
}

#[tokio::test]
async fn who_has_the_password_is_known_from_then_on() {
    let server = server(20).await;
    for (mechanism, name, seen) in [
        (Mechanism::DigestMd5, "tim", "user tim tim DIGEST-MD5"),
        (Mechanism::Ntlm, "tim", "user tim tim NTLM"),
        (Mechanism::Ntlm, "OFFICE\\tim", "user tim of OFFICE tim NTLM"),
    ] {
        server.send(mechanism, name, "p\u{e4}ss w\u{f6}rd").await.unwrap();
        assert_eq!(server.seen.lock().unwrap().pop().as_deref(), Some(seen));
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_refused_alike() {
    let server = server(20).await;
    for mechanism in BOTH {
        let (code, text) = server.refused(*mechanism, "tim", "wrong").await;
        assert_eq!(code, ReplyCode::AUTH_FAILED);
        for name in ["nobody", "gone"] {
            assert_eq!(server.refused(*mechanism, name, "wrong").await, (code, text.clone()));
        }
    }
    assert!(server.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_service_may_refuse_in_its_own_words_or_for_now() {
    let server = server(20).await;
    for mechanism in BOTH {
        let (code, text) = server.refused(*mechanism, "locked", "x").await;
        assert!(code == ReplyCode::AUTH_FAILED && text.contains("5.7.13"), "{text}");
        let (code, _) = server.refused(*mechanism, "later", "x").await;
        assert_eq!(code, ReplyCode::TEMPORARY_AUTH_FAILURE);
    }
}

#[tokio::test]
async fn failures_count_against_the_address_and_successes_do_not() {
    let server = server(2).await;
    for mechanism in BOTH {
        for _ in 0..3 {
            server.send(*mechanism, "tim", "p\u{e4}ss w\u{f6}rd").await.unwrap();
            assert_eq!(server.refused(*mechanism, "later", "x").await.0.value(), 454);
        }
        assert_eq!(server.refused(*mechanism, "tim", "wrong").await.0.value(), 535);
    }
    for mechanism in BOTH {
        let (code, text) = server.refused(*mechanism, "tim", "p\u{e4}ss w\u{f6}rd").await;
        assert!(code.value() == 454 && text.contains("454"), "{text}");
    }
}
