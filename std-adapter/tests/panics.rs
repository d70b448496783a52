//! A service that panics: the connection it was asked about ends, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::Config;
use ehlo_std::server::{Body, Credentials, Receipt, Refuse, Server, Service, SessionInfo, Verdict};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

struct Fragile;

impl Service for Fragile {
    type Identity = ();

    async fn login(&self, _: &SessionInfo<()>, login: Credentials<'_>) -> Verdict<()> {
        let Credentials::Password(login) = login else { panic!("nothing else is on offer") };
        assert_ne!(login.username(), "bad", "this is what the test is about");
        Ok(())
    }

    async fn message(&self, _: &SessionInfo<()>, _: Body<'_>) -> Verdict<Receipt> {
        Err(Refuse::unavailable())
    }
}

/// A connection that has said hello.
async fn hello(port: u16) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut stream = BufReader::new(stream);
    assert!(line(&mut stream).await.starts_with("220 "));
    stream.write_all(b"EHLO me\r\n").await.unwrap();
    while !line(&mut stream).await.starts_with("250 ") {}
    stream
}

/// The next line; empty at the end of the connection.
async fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line
}

async fn say(stream: &mut BufReader<TcpStream>, command: &str) -> String {
    stream.write_all(command.as_bytes()).await.unwrap();
    line(stream).await
}

#[tokio::test]
async fn a_service_that_panics_ends_the_connection_it_was_asked_about_and_no_other() {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    let config = Config::new("localhost").auth(&[Mechanism::Plain]).policy(policy);
    let server = Server::builder(Fragile).config(config).no_starttls().max_connections(2);
    let server = server.listen("127.0.0.1:0").bind().await.unwrap();
    let port = server.addresses().next().unwrap().0.port();
    tokio::spawn(server.serve_until(core::future::pending()));

    let mut other = hello(port).await;
    for _ in 0..3 {
        // Its place is free again each time: there are two.
        let mut stream = hello(port).await;
        assert_eq!(say(&mut stream, "AUTH PLAIN AGJhZAB4\r\n").await, "");
    }
    let mut good = hello(port).await;
    assert!(say(&mut good, "AUTH PLAIN AGdvb2QAeA==\r\n").await.starts_with("235 "));
    assert!(say(&mut other, "NOOP\r\n").await.starts_with("250 "));
}
