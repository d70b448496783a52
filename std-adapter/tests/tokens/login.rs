//! Tokens by SMTP: this crate's client at this crate's server.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use ehlo::client::submission::{Failure, Security};
use ehlo::reply::ReplyCode;
use ehlo::sasl::Mechanism;
use ehlo::server::Config;
use ehlo::server::guard::Rcpt;
use ehlo_std::client::{self, Client, Envelope, Error, TokenWanted};
use ehlo_std::server::{
    Body, Credentials, Receipt, Refuse, Server, Service, SessionInfo, Verdict, accept, refuse,
};
use ehlo_std::tls::{ClientTls, Tls};
use ehlo_std::tokens::{self, FirstOf, Introspection, Jwks, Jwt, Presented};
use serde_json::{Value, json};

use crate::issuer::{Issuer, Say};
use crate::sign::{ISSUER, Signer};

/// Takes mail of whoever a token says.
struct Keeper(FirstOf);

impl Service for Keeper {
    type Identity = String;

    async fn login(&self, _: &SessionInfo<String>, login: Credentials<'_>) -> Verdict<String> {
        let Credentials::Token(login) = login else { return Err(Refuse::credentials()) };
        let grant = tokens::authenticate(&self.0, &Presented::of(login)).await?;
        Ok(grant.username().to_owned())
    }

    fn username<'a>(&self, identity: &'a String) -> Option<&'a str> {
        Some(identity)
    }

    async fn rcpt(&self, session: &SessionInfo<String>, _: &Rcpt<'_>) -> Verdict {
        if session.identity().is_some() { accept() } else { refuse(550, "5.7.1", "log in first") }
    }

    async fn message(&self, session: &SessionInfo<String>, mut body: Body<'_>) -> Verdict<Receipt> {
        while let Some(chunk) = body.next().await {
            chunk.map_err(|_| Refuse::transient("4.3.0 incomplete"))?;
        }
        Ok(Receipt::from(format!("from {}", session.username())))
    }
}

struct Running {
    port: u16,
    tls: ClientTls,
}

async fn server(verifier: FirstOf) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let (tls, files) = Tls::self_signed(folder.path(), &["localhost"]).unwrap();
    let mut limits = ehlo::limits::Limits::new();
    limits.auth_failure_delay = Duration::ZERO;
    let mechanisms = &[Mechanism::OauthBearer, Mechanism::Xoauth2];
    let config = Config::new("localhost").auth(mechanisms).limits(limits);
    let bound = Server::builder(Keeper(verifier)).config(config).tls(tls).listen_tls("127.0.0.1:0");
    let bound = bound.bind().await.unwrap();
    let port = bound.addresses().next().unwrap().0.port();
    tokio::spawn(bound.serve_until(core::future::pending()));
    Running { port, tls: ClientTls::roots_file(files.certificate).unwrap() }
}

impl Running {
    /// The server's reply to the message, or why there was none.
    async fn send(&self, mechanism: Mechanism, user: &str, token: &str) -> Result<String, Error> {
        let client = self.client(client::Credentials::token(user, token)).mechanisms([mechanism]);
        send(&client).await
    }

    fn client(&self, credentials: client::Credentials) -> Client {
        Client::new(format!("localhost:{}", self.port))
            .security(Security::Implicit)
            .tls(self.tls.clone())
            .login(credentials)
    }
}

async fn send(client: &Client) -> Result<String, Error> {
    let envelope = Envelope::new("me@example.org", ["you@example.org"]).unwrap();
    let receipt = client.send(envelope, "Subject: hi\r\n\r\nHello.\r\n").await?;
    Ok(receipt.reply().to_string())
}

/// Why the token was refused, as the client has it.
#[track_caller]
fn told(outcome: Result<String, Error>) -> Value {
    match outcome {
        Err(Error::Failed { failure: Failure::AuthRefused(_, code), token, .. }) => {
            assert_eq!(code, ReplyCode::new(535).unwrap());
            serde_json::from_str(&token.unwrap()).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

const BOTH: [Mechanism; 2] = [Mechanism::OauthBearer, Mechanism::Xoauth2];

#[tokio::test]
async fn a_jwt_logs_in_who_it_is_for_and_the_client_hears_why_another_does_not() {
    let signer = Signer::new("one");
    let issuer = Issuer::with_tls(Say::Json(signer.set())).await;
    let keys = Jwks::url(&issuer.url()).unwrap().tls(issuer.trusted());
    let verifier = Jwt::new(keys, ISSUER, "smtp").scope("mail.send");
    let server = server(FirstOf::new().or(verifier)).await;
    let good = signer.token("tim@example.org", json!({}));
    let expired = signer.token("tim@example.org", json!({"exp": 1000}));
    let reading = signer.token("tim@example.org", json!({"scope": "mail.read"}));
    for mechanism in BOTH {
        let (invalid, scope) = match mechanism {
            Mechanism::Xoauth2 => ("401", "403"),
            _ => ("invalid_token", "insufficient_scope"),
        };
        let reply = server.send(mechanism, "tim@example.org", &good).await.unwrap();
        assert!(reply.contains("from tim@example.org"), "{reply}");
        // The name is the token's, also where the client has written it another way.
        let reply = server.send(mechanism, "tim@EXAMPLE.org", &good).await.unwrap();
        assert!(reply.contains("from tim@example.org"), "{reply}");

        let bad = json!({"status": invalid, "schemes": "bearer", "scope": ""});
        for (user, token) in
            [("anna@example.org", &good), ("tim", &good), ("tim@example.org", &expired)]
        {
            assert_eq!(told(server.send(mechanism, user, token).await), bad, "{user}");
        }
        let lacking = json!({"status": scope, "schemes": "bearer", "scope": "mail.send"});
        assert_eq!(told(server.send(mechanism, "tim@example.org", &reading).await), lacking);
    }
}

#[tokio::test]
async fn introspection_logs_in_and_an_issuer_that_is_down_is_no_failure_of_the_client() {
    let issuer = Issuer::start(Say::Json(json!({"active": true, "username": "tim"}))).await;
    let verifier = Introspection::new(&issuer.url()).unwrap().cache(0, Duration::ZERO);
    let server = server(FirstOf::new().or(verifier)).await;
    for mechanism in BOTH {
        issuer.says(Say::Json(json!({"active": true, "username": "tim"})));
        assert!(server.send(mechanism, "tim", "t0ken").await.unwrap().contains("from tim"));
        told(server.send(mechanism, "anna", "t0ken").await);
        issuer.says(Say::Json(json!({"active": false})));
        told(server.send(mechanism, "tim", "t0ken").await);
        issuer.says(Say::status("500 Oh"));
        // More often than one may fail.
        for _ in 0..30 {
            match server.send(mechanism, "tim", "t0ken").await {
                Err(Error::Failed {
                    failure: Failure::AuthRefused(_, code),
                    token: None,
                    reply,
                    ..
                }) => {
                    assert_eq!(code, ReplyCode::new(454).unwrap());
                    assert!(reply.unwrap().to_string().contains("4.7.0"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A source that gives these, one after the other, and what it was asked for.
fn source(tokens: &[Result<String, &'static str>]) -> (client::Credentials, Asked) {
    let asked = Asked::default();
    let (left, noted) = (Arc::new(Mutex::new(VecDeque::from(tokens.to_vec()))), Arc::clone(&asked));
    let credentials = client::Credentials::token_from("tim", move |wanted| {
        let (left, noted) = (Arc::clone(&left), Arc::clone(&noted));
        async move {
            tokio::task::yield_now().await;
            noted.lock().unwrap().push(wanted);
            left.lock().unwrap().pop_front().unwrap()
        }
    });
    (credentials, asked)
}

type Asked = Arc<Mutex<Vec<TokenWanted>>>;

#[tokio::test]
async fn a_source_is_asked_again_when_its_token_is_refused() {
    let signer = Signer::new("one");
    let issuer = Issuer::start(Say::Json(signer.set())).await;
    let keys = Jwks::url(&issuer.url()).unwrap();
    let server = server(FirstOf::new().or(Jwt::new(keys, ISSUER, "smtp"))).await;
    let good = || Ok(signer.token("tim", json!({})));
    let old = || Ok(signer.token("tim", json!({"exp": 1000})));
    let both = [TokenWanted::Good, TokenWanted::New];

    // One that is good is asked for once for each login.
    let (credentials, asked) = source(&[good(), good()]);
    let client = server.client(credentials);
    assert!(send(&client).await.unwrap().contains("from tim"));
    assert!(send(&client).await.unwrap().contains("from tim"));
    assert_eq!(*asked.lock().unwrap(), [TokenWanted::Good; 2]);

    // One that is refused is renewed, and the message goes its way; also over a pool, where its connection stays.
    for pooled in [false, true] {
        let (credentials, asked) = source(&[old(), good()]);
        let client = server.client(credentials);
        let client = if pooled { client.pool(2) } else { client };
        assert!(send(&client).await.unwrap().contains("from tim"));
        if pooled {
            assert!(send(&client).await.unwrap().contains("from tim"));
        }
        assert_eq!(*asked.lock().unwrap(), both);
        client.close().await;
    }

    // A second one that is refused is the end of it.
    let other = Ok(signer.token("tim", json!({"exp": 1001})));
    let (credentials, asked) = source(&[old(), other]);
    told(send(&server.client(credentials)).await);
    assert_eq!(*asked.lock().unwrap(), both);

    // The same again is not even tried, and a source that has none says why.
    let (credentials, _) = source(&[old(), old()]);
    told(send(&server.client(credentials)).await);
    for tokens in [&[Err("the account is locked")][..], &[old(), Err("the account is locked")]] {
        let (credentials, _) = source(tokens);
        match send(&server.client(credentials)).await {
            Err(Error::TokenSource(why)) => assert_eq!(why, "the account is locked"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_source_is_not_asked_again_where_the_server_can_not_tell() {
    let issuer = Issuer::start(Say::status("500 Oh")).await;
    let verifier = Introspection::new(&issuer.url()).unwrap();
    let server = server(FirstOf::new().or(verifier)).await;
    let (credentials, asked) = source(&[Ok("t0ken".to_owned())]);
    let outcome = send(&server.client(credentials)).await;
    assert!(matches!(outcome, Err(Error::Failed { .. })), "{outcome:?}");
    assert_eq!(*asked.lock().unwrap(), [TokenWanted::Good]);
}

#[tokio::test]
async fn a_source_prints_without_its_token() {
    let (credentials, asked) = source(&[Ok("t0ken".to_owned())]);
    let resolved = credentials.resolve(TokenWanted::Good).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
    for credentials in [credentials, resolved] {
        assert!(!format!("{credentials:?}").contains("t0ken"), "{credentials:?}");
    }
}
