//! A server that takes every message and forgets it: `cargo run --release --example sink -- ADDRESS`.
//!
//! AUTH is offered in clear, and optional; any user with the password `bench-pass` is right.

use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::Config;
use ehlo::server::guard::Rcpt;
use ehlo_std::server::{
    Body, Credentials, Receipt, Refuse, Server, Service, SessionInfo, Verdict, accept,
};

struct Sink;

impl Service for Sink {
    type Identity = ();

    async fn login(&self, _: &SessionInfo<()>, login: Credentials<'_>) -> Verdict {
        match login {
            Credentials::Password(login) if login.password().matches(b"bench-pass") => accept(),
            _ => Err(Refuse::credentials()),
        }
    }

    async fn rcpt(&self, _: &SessionInfo<()>, _: &Rcpt<'_>) -> Verdict {
        accept()
    }

    async fn message(&self, _: &SessionInfo<()>, mut body: Body<'_>) -> Verdict<Receipt> {
        while let Some(chunk) = body.next().await {
            chunk.map_err(|_| Refuse::transient("4.3.0 incomplete"))?;
        }
        Ok(Receipt::default())
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| String::from("127.0.0.1:2525"));
    let mut policy = Policy::new();
    policy.auth_optional = true;
    policy.cleartext_auth = true;
    let mut limits = ehlo::limits::Limits::new();
    limits.transactions = 0;
    let config =
        Config::new("sink.example").auth(&[Mechanism::Plain]).policy(policy).limits(limits);
    let server = Server::builder(Sink).config(config).listen(address);
    let server = server.max_connections_per_source(100_000).max_connections(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(server.serve())?;
    Ok(())
}
