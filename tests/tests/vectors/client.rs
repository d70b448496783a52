//! What our client says, message by message.

use ehlo::client::{Config as ClientConfig, Connection as Client, Event as ClientEvent};
use ehlo::io::Io;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, Exchange as ClientExchange};
use ehlo_tests::text::base64;

use crate::{text, vectors};

/// What our client says in an exchange with these challenges, line by line.
fn client_says(
    mechanism: Mechanism,
    credentials: Credentials<'_>,
    host: (&str, u16),
    initial: bool,
    challenges: &[String],
) -> Vec<String> {
    static CONFIG: ClientConfig<'static> = ClientConfig::new("client.example.org", "h.example");
    let mut exchange = ClientExchange::new(mechanism, credentials).unwrap().host(host.0, host.1);
    let mut client =
        Client::new(&CONFIG, vec![0; 4096], vec![0; 4096]).implicit_tls(Some("h.example"));
    let hello = format!("250-x\r\n250 AUTH {}\r\n", mechanism.name());
    let challenges = challenges.iter().map(|challenge| format!("334 {challenge}\r\n"));
    let mut replies = ["220 x\r\n".to_owned(), hello].into_iter().chain(challenges);
    let mut said = Vec::new();
    loop {
        match client.poll_io() {
            Some(Io::Read(mut read)) => {
                let Some(reply) = replies.next() else { break };
                read.space()[..reply.len()].copy_from_slice(reply.as_bytes());
                read.filled(reply.len());
            }
            Some(Io::Write(write)) => {
                said.extend_from_slice(write.bytes());
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => panic!("a client does not wait"),
            None => match client.event().unwrap() {
                ClientEvent::Ready(ready) if initial => ready.auth(&mut exchange).unwrap(),
                ClientEvent::Ready(ready) => ready.auth_in_two_steps(&mut exchange).unwrap(),
                ClientEvent::Challenge(challenge) => challenge.respond(&mut exchange).unwrap(),
                event => event.pass_or_quit(),
            },
        }
    }
    let said = String::from_utf8(said).unwrap();
    said.lines().skip(1).map(str::to_owned).collect()
}

/// The mechanism has one message, which goes with AUTH or behind an empty challenge.
fn client_says_once(
    mechanism: Mechanism,
    credentials: Credentials<'_>,
    host: (&str, u16),
    message: &str,
) {
    let name = mechanism.name();
    let initial = if message.is_empty() { "=" } else { message };
    let said = client_says(mechanism, credentials, host, true, &[]);
    assert_eq!(said, [format!("AUTH {name} {initial}")]);
    let said = client_says(mechanism, credentials, host, false, &[String::new()]);
    assert_eq!(said, [format!("AUTH {name}"), message.to_owned()]);
}

#[test]
fn our_client_says_every_vector_as_it_is_published() {
    let mut said = 0;
    for vector in &vectors() {
        let text = |key| text(vector, key);
        let none = ("h.example", 0);
        match text("kind") {
            "plain" => {
                let credentials = Credentials::password(text("authcid"), text("password"));
                let credentials = match text("authzid") {
                    "" => credentials,
                    identity => credentials.authorization_identity(identity),
                };
                client_says_once(Mechanism::Plain, credentials, none, text("message_b64"));
            }
            "login" => {
                let prompts: Vec<String> =
                    (0..2).map(|n| vector["prompts_b64"][n].as_str().unwrap().to_owned()).collect();
                let credentials = Credentials::password(text("user"), text("password"));
                let lines = client_says(Mechanism::Login, credentials, none, true, &prompts);
                assert_eq!(lines[0], "AUTH LOGIN");
                for round in 0..2 {
                    assert_eq!(lines[round + 1], vector["responses_b64"][round].as_str().unwrap());
                }
            }
            "cram-md5" => {
                let credentials = Credentials::password(text("user"), text("password"));
                let challenge = [text("challenge_b64").to_owned()];
                let lines = client_says(Mechanism::CramMd5, credentials, none, true, &challenge);
                assert_eq!(lines, ["AUTH CRAM-MD5", text("response_b64")]);
            }
            "xoauth2" => {
                let credentials = Credentials::token(text("user"), text("token"));
                client_says_once(Mechanism::Xoauth2, credentials, none, text("message_b64"));
            }
            "xoauth2-error" => {
                let credentials = Credentials::token("tim", "bad");
                let challenge = [text("challenge_b64").to_owned()];
                let lines = client_says(Mechanism::Xoauth2, credentials, none, true, &challenge);
                assert_eq!(lines[1], "");
            }
            "oauthbearer" => {
                let credentials = Credentials::token(text("authzid"), text("token"));
                let port = u16::try_from(vector["port"].as_u64().unwrap()).unwrap();
                let host = (text("host"), port);
                client_says_once(Mechanism::OauthBearer, credentials, host, text("message_b64"));
            }
            "oauthbearer-error" => {
                let credentials = Credentials::token("tim", "bad");
                let challenge = [text("challenge_b64").to_owned()];
                let lines =
                    client_says(Mechanism::OauthBearer, credentials, none, true, &challenge);
                assert_eq!(lines[1], text("client_answer_b64"));
            }
            "anonymous" => {
                let credentials = Credentials::anonymous(text("trace"));
                client_says_once(Mechanism::Anonymous, credentials, none, text("message_b64"));
            }
            _ => continue,
        }
        said += 1;
    }
    // RFC 4422 appendix A.2 has an empty message, and one with an identity.
    let certificate = Credentials::certificate();
    client_says_once(Mechanism::External, certificate, ("h", 0), "");
    let certificate = certificate.authorization_identity("fred@example.com");
    client_says_once(Mechanism::External, certificate, ("h", 0), &base64(b"fred@example.com"));
    assert!(said >= 10, "only {said} vectors are a client's");
}
