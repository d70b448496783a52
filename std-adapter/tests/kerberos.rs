//! GSSAPI as far as it goes without a KDC: keys that are there or not, tokens that are none. What a good
//! ticket does, and a bad one, is `cargo xtask interop --kerberos`'s to try.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ehlo::client::submission::Security;
use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::Config;
use ehlo_std::client::{Client, Credentials, Envelope, Error};
use ehlo_std::kerberos::{Acceptor, Initiator, KerberosError, Round};
use ehlo_std::server::{
    Body, Credentials as Login, Receipt, Refuse, Server, Service, SessionInfo, Verdict,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Lets in whoever has a good ticket.
struct Open;

impl Service for Open {
    type Identity = String;

    async fn login(&self, _: &SessionInfo<String>, login: Login<'_>) -> Verdict<String> {
        match login {
            Login::Kerberos(login) => Ok(login.principal().to_owned()),
            _ => Err(Refuse::credentials()),
        }
    }

    async fn message(&self, _: &SessionInfo<String>, _: Body<'_>) -> Verdict<Receipt> {
        Ok(Receipt::default())
    }
}

/// A keytab with a key of `smtp/localhost@EXAMPLE.ORG`, of the kind aes128-cts-hmac-sha1-96 (17).
fn keytab(folder: &Path) -> PathBuf {
    let counted =
        |octets: &[u8]| [&u16::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat();
    let entry = [
        2_u16.to_be_bytes().to_vec(),
        counted(b"EXAMPLE.ORG"),
        counted(b"smtp"),
        counted(b"localhost"),
        1_u32.to_be_bytes().to_vec(),
        0_u32.to_be_bytes().to_vec(),
        vec![1],
        17_u16.to_be_bytes().to_vec(),
        counted(&[7; 16]),
    ]
    .concat();
    let length = i32::try_from(entry.len()).unwrap().to_be_bytes();
    let path = folder.join("service.keytab");
    std::fs::write(&path, [&[5, 2][..], &length, &entry].concat()).unwrap();
    path
}

async fn server(keys: Acceptor) -> u16 {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    let mut limits = ehlo::limits::Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    let config = Config::new("localhost").auth(&[Mechanism::Gssapi]).policy(policy).limits(limits);
    let bound = Server::builder(Open).config(config).kerberos(keys).no_starttls();
    let bound = bound.listen("127.0.0.1:0").bind().await.unwrap();
    let port = bound.addresses().next().unwrap().0.port();
    tokio::spawn(bound.serve_until(core::future::pending()));
    port
}

#[test]
fn a_keytab_that_is_not_there_is_told() {
    let missing = Acceptor::new("/nowhere/smtp.keytab", None);
    assert!(matches!(missing, Err(KerberosError::Keytab(..))), "{missing:?}");
}

#[test]
fn a_service_without_a_key_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = keytab(folder.path());
    assert!(Acceptor::new(&path, Some("smtp@localhost")).is_ok());
    assert!(Acceptor::new(&path, None).is_ok());
    for service in ["imap@localhost", "smtp@elsewhere.example.org"] {
        let other = Acceptor::new(&path, Some(service));
        assert!(matches!(&other, Err(KerberosError::Library(why)) if !why.is_empty()), "{other:?}");
    }
    std::fs::write(&path, b"no keytab").unwrap();
    let broken = Acceptor::new(&path, Some("smtp@localhost"));
    assert!(matches!(broken, Err(KerberosError::Library(_))), "{broken:?}");
    let nul = Acceptor::new(&path, Some("smtp\0@localhost"));
    assert!(nul.is_err(), "{nul:?}");
}

#[test]
fn a_token_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Acceptor::new(keytab(folder.path()), None).unwrap();
    // Nothing at all, noise, the beginning of a token of Kerberos, and one of SPNEGO (RFC 4178).
    for token in [
        &b""[..],
        b"token",
        b"\x60\x12\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00\x00\x00\x00\x00\x00",
        b"\x60\x0f\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x05\x30\x03\xa0\x01\x00",
        &[0x60; 9000],
    ] {
        let mut exchange = keys.begin();
        let refused = exchange.step(token);
        assert!(refused.is_err(), "{refused:?}");
        // It doesn't go on from there.
        assert!(!matches!(exchange.step(token), Ok(Round::Authenticated(_))));
    }
}

#[tokio::test]
async fn a_server_says_535_to_tokens_that_are_none_and_to_each_anew() {
    let folder = tempfile::tempdir().unwrap();
    let port = server(Acceptor::new(keytab(folder.path()), None).unwrap()).await;
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    let mut said = async |line: &str| {
        if !line.is_empty() {
            stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        }
        loop {
            let mut reply = String::new();
            stream.read_line(&mut reply).await.unwrap();
            if reply.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    };
    assert!(said("").await.starts_with("220 "));
    assert!(said("EHLO me").await.starts_with("250 "));
    let token = STANDARD.encode([b'x'; 2000]);
    for _ in 0..2 {
        assert_eq!(said("AUTH GSSAPI").await, "334 \r\n");
        assert!(said(&token).await.starts_with("535 "));
        assert_eq!(said("AUTH GSSAPI").await, "334 \r\n");
        assert!(said("*").await.starts_with("501 "));
    }
    assert!(said(&format!("AUTH GSSAPI {token}")).await.starts_with("535 "));
    assert!(said("MAIL FROM:<tim@example.org>").await.starts_with("530 "));
}

#[tokio::test]
async fn a_client_without_a_ticket_says_why_and_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let port = server(Acceptor::new(keytab(folder.path()), None).unwrap()).await;
    let client = Client::new(format!("localhost:{port}")).security(Security::Cleartext);
    let cache = folder.path().join("no tickets").display().to_string();
    let tickets = [
        Initiator::new().cache(&cache),
        Initiator::new().cache(format!("FILE:{cache}")).principal("tim@EXAMPLE.ORG"),
        Initiator::new().keytab(folder.path().join("no keytab"), "tim@EXAMPLE.ORG"),
        // It has another principal's key.
        Initiator::new().keytab(keytab(folder.path()), "tim@EXAMPLE.ORG"),
    ];
    for tickets in tickets {
        let envelope = Envelope::new("tim@example.org", ["anna@example.net"]).unwrap();
        let client = client.clone().login(Credentials::kerberos(tickets.clone()));
        let sent = client.send(envelope, "Subject: hi\r\n\r\nhello\r\n").await;
        assert!(matches!(sent, Err(Error::Kerberos(_))), "{tickets:?}: {sent:?}");
    }
}
