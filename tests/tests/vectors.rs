//! The published test vectors of `vectors.json`, driven through the server machine; those that a client says
//! through the client machine as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ehlo::client::{Config as ClientConfig, Connection as Client, Event as ClientEvent};
use ehlo::io::Io;
use ehlo::parameter::Xtext;
use ehlo::reply::Refusal;
use ehlo::sasl::client::{Credentials, Exchange as ClientExchange};
use ehlo::sasl::server::{Exchange, Verify};
use ehlo::sasl::{Mechanism, ScramHash, ScramKeys, TokenError, client};
use ehlo::server::{Config, Event};
use ehlo_tests::dialogue::Dialogue;
use ehlo_tests::scram;
use ehlo_tests::text::{base64, unescape};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use serde_json::Value;

/// Kinds that wait for their mechanism or are proven elsewhere, with what they wait for.
const NOT_YET: [(&str, &str); 5] = [
    ("md4", "NTLM"),
    ("ntlmv2", "NTLM"),
    ("digest-md5", "DIGEST-MD5"),
    ("tls-exporter", "the adapter, which has the TLS connection"),
    ("saslprep", "the adapter, which has the tables of Unicode"),
];

const NO_DELAY: ehlo::limits::Limits = {
    let mut limits = ehlo::limits::Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    limits
};
const ANY_IDENTITY: ehlo::policy::Policy = {
    let mut policy = ehlo::policy::Policy::new();
    policy.authorization_identity = true;
    policy
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
        Mechanism::Anonymous,
        Mechanism::Application("X-RAW"),
    ])
    .policy(ANY_IDENTITY)
    .limits(NO_DELAY);
static OPEN: Config<'static> = Config::new("mail.example.org");

const AUTHENTICATED: &str = "235 2.7.0 authentication succeeded\r\n";
const FAILED: &str = "535 5.7.8 authentication failed\r\n";
const NOT_BASE64: &str = "501 5.5.2 the response is not valid base64\r\n";

fn vectors() -> Vec<Value> {
    let text = include_str!("../vectors.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_else(|| panic!("{key} in {vector}"))
}

#[test]
fn every_vector_is_kept_or_waits_for_its_mechanism() {
    let mut kept = 0;
    for vector in &vectors() {
        let check: fn(&Value) = match text(vector, "kind") {
            "base64" => base64_is_decoded,
            "base64-invalid" | "base64-noncanonical" => base64_is_refused,
            "plain" => plain,
            "plain-invalid" => plain_is_refused,
            "login" => login,
            "cram-md5" => cram_md5,
            "md5" => md5_of_the_reference,
            "hmac" if text(vector, "hash") == "md5" => hmac_of_the_reference,
            "hmac" => hmac_of_the_scram_reference,
            "pbkdf2" => pbkdf2,
            "scram" => scram,
            "scram-username" => scram_username,
            "scram-errors" => scram_errors,
            "xoauth2" => xoauth2,
            "xoauth2-error" => xoauth2_error,
            "oauthbearer" => oauthbearer,
            "oauthbearer-error" => oauthbearer_error,
            "anonymous" => anonymous,
            "mail-auth-param" => mail_auth_parameter,
            "xtext-invalid" => xtext_is_refused,
            "empty-challenge" => empty_challenge,
            "dot-stuffing" => dot_stuffing,
            other => {
                let waits = NOT_YET.iter().any(|(kind, _)| *kind == other);
                assert!(waits, "nothing is done with the vectors of kind {other}");
                continue;
            }
        };
        check(vector);
        kept += 1;
    }
    assert!(kept >= 47, "only {kept} vectors were looked at");
}

fn under_tls() -> Dialogue<'static> {
    let mut dialogue = Dialogue::server(&CONFIG).tls();
    dialogue.client("EHLO client.example.org\r\n");
    dialogue
}

/// Sends AUTH with an initial response, `=` for an empty one.
fn auth<'d>(
    dialogue: &'d mut Dialogue<'static>,
    mechanism: &str,
    encoded: &str,
) -> &'d mut Dialogue<'static> {
    let encoded = if encoded.is_empty() { "=" } else { encoded };
    dialogue.client(format!("AUTH {mechanism} {encoded}\r\n"))
}

fn base64_is_decoded(vector: &Value) {
    let (plain, encoded) = (text(vector, "plain"), text(vector, "encoded"));
    assert_eq!(base64(plain.as_bytes()), encoded);
    let mut dialogue = under_tls();
    auth(&mut dialogue, "X-RAW", encoded)
        .event(|e| matches!(e, Event::Exchange(x) if x.response() == Some(plain.as_bytes())));
    // And the other way round: as a challenge.
    dialogue.answer(|event| match event {
        Event::Exchange(exchange) => exchange.challenge(plain.as_bytes()).unwrap(),
        other => panic!("{other:?}"),
    });
    assert_eq!(dialogue.server_says(), format!("334 {encoded}\r\n"));
}

fn base64_is_refused(vector: &Value) {
    let encoded = text(vector, "encoded");
    // As an initial response `=` is the empty one.
    if encoded != "=" {
        let mut dialogue = under_tls();
        auth(&mut dialogue, "X-RAW", encoded);
        if encoded.contains('\n') {
            assert!(dialogue.server_says().starts_with("500 5.5.2 bare CR or LF"));
        } else {
            assert_eq!(dialogue.server_says(), NOT_BASE64, "{encoded}");
        }
    }
    let mut dialogue = under_tls();
    dialogue.client("AUTH PLAIN\r\n").client(format!("{encoded}\r\n"));
    if encoded.contains('\n') {
        assert!(dialogue.server_says().starts_with("500 5.5.2 bare CR or LF"));
    } else {
        assert_eq!(dialogue.server_says(), NOT_BASE64, "{encoded}");
    }
}

fn plain(vector: &Value) {
    let (user, password) = (text(vector, "authcid"), text(vector, "password"));
    let identity = Some(text(vector, "authzid")).filter(|who| !who.is_empty()).unwrap_or(user);
    let is = |e: &Event<'_>| {
        matches!(e, Event::Login(login) if login.username() == user
            && login.password().matches(password.as_bytes())
            && login.authorization_identity() == identity)
    };
    let mut dialogue = under_tls();
    auth(&mut dialogue, "PLAIN", text(vector, "message_b64")).event(is).reject();
    assert_eq!(dialogue.server_says(), FAILED);
    let message = format!("{}\r\n", text(vector, "message_b64"));
    dialogue.client("AUTH PLAIN\r\n").client(message).event(is).accept();
    assert_eq!(dialogue.server_says(), AUTHENTICATED);
}

fn plain_is_refused(vector: &Value) {
    let mut dialogue = under_tls();
    auth(&mut dialogue, "PLAIN", text(vector, "message_b64"));
    assert!(dialogue.server_says().starts_with("501 5.5.2 malformed PLAIN message"), "{vector}");
}

fn login(vector: &Value) {
    let mut dialogue = under_tls();
    dialogue.client("AUTH LOGIN\r\n");
    for round in 0..2 {
        let prompt = vector["prompts_b64"][round].as_str().unwrap();
        assert_eq!(dialogue.server_says(), format!("334 {prompt}\r\n"));
        dialogue.client(format!("{}\r\n", vector["responses_b64"][round].as_str().unwrap()));
    }
    let (user, password) = (text(vector, "user"), text(vector, "password"));
    dialogue.event(|e| {
        matches!(e, Event::Login(login) if login.username() == user
            && login.password().matches(password.as_bytes()))
    });
    dialogue.accept();
    assert_eq!(dialogue.server_says(), AUTHENTICATED);
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn hmac_md5(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Md5>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn md5_of_the_reference(vector: &Value) {
    assert_eq!(hex(&Md5::digest(text(vector, "message"))), text(vector, "digest"));
}

fn hmac_of_the_reference(vector: &Value) {
    assert_eq!(hmac_md5(text(vector, "key"), text(vector, "message")), text(vector, "digest"));
}

fn cram_md5(vector: &Value) {
    let (user, password) = (text(vector, "user"), text(vector, "password"));
    let (challenge, response) = (text(vector, "challenge"), text(vector, "response"));
    assert_eq!(base64(challenge.as_bytes()), text(vector, "challenge_b64"));
    assert_eq!(base64(response.as_bytes()), text(vector, "response_b64"));
    assert_eq!(format!("{user} {}", hmac_md5(password, challenge)), response);
    let read = Exchange::new(Mechanism::CramMd5).verify(b"", response.as_bytes()).unwrap();
    let Verify::Digest(digest) = read else { panic!("{read:?}") };
    assert_eq!(digest.username, user);
    assert_eq!(digest.digest.expose(), hmac_md5(password, challenge));

    // The machine's challenge is its own; the reference answers it.
    for (password, right) in [(password, true), ("another", false)] {
        let mut dialogue = under_tls();
        dialogue.client("AUTH CRAM-MD5\r\n");
        let said = dialogue.server_says();
        let challenge = said.strip_prefix("334 ").and_then(|rest| rest.strip_suffix("\r\n"));
        let challenge = decode(challenge.unwrap());
        let response = format!("{user} {}", hmac_md5(password, &challenge));
        dialogue.client(format!("{}\r\n", base64(response.as_bytes())));
        let stored = text(vector, "password").as_bytes();
        dialogue.answer(|event| match event {
            Event::CramMd5(login) => {
                assert_eq!(login.verify(stored), right);
                let keys = ehlo::sasl::CramMd5Keys::new(stored);
                assert_eq!(login.verify_keys(&keys), right);
                if right { login.accept() } else { login.reject() }
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(dialogue.server_says(), if right { AUTHENTICATED } else { FAILED });
    }
}

fn decode(encoded: &str) -> String {
    use ::base64::Engine;
    let octets = ::base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    String::from_utf8(octets).unwrap()
}

fn hash_of(name: &str) -> ScramHash {
    match name {
        "sha1" | "SCRAM-SHA-1" => ScramHash::Sha1,
        "sha256" | "SCRAM-SHA-256" => ScramHash::Sha256,
        other => panic!("{other}"),
    }
}

fn hmac_of_the_scram_reference(vector: &Value) {
    let (key, message) = (text(vector, "key").as_bytes(), text(vector, "message").as_bytes());
    let hash = hash_of(text(vector, "hash"));
    assert_eq!(hex(&scram::hmac(hash, key, message)), text(vector, "digest"));
}

/// Sees that the keys are those of this salted password.
fn are_made_of(keys: &ScramKeys, salted: &[u8]) {
    let hash = keys.hash();
    let client_key = scram::hmac(hash, salted, b"Client Key");
    assert_eq!(keys.stored_key(), scram::digest(hash, &client_key));
    assert_eq!(keys.server_key(), scram::hmac(hash, salted, b"Server Key"));
}

fn pbkdf2(vector: &Value) {
    let hash = hash_of(text(vector, "hash"));
    let (password, salt) = (text(vector, "password").as_bytes(), text(vector, "salt").as_bytes());
    let iterations = u32::try_from(vector["iterations"].as_u64().unwrap()).unwrap();
    let salted = scram::salted_password(hash, password, salt, iterations);
    // SCRAM takes the first block only.
    assert!(text(vector, "derived").starts_with(&hex(&salted)), "{vector}");
    are_made_of(&ScramKeys::derive(hash, password, salt, iterations).unwrap(), &salted);
}

fn scram(vector: &Value) {
    let (first, server_first) = (text(vector, "client_first"), text(vector, "server_first"));
    let (last, hash) = (text(vector, "client_final"), hash_of(text(vector, "mechanism")));
    let part = |text: &str, name: &str| {
        let value = text.split(',').find_map(|attribute| attribute.strip_prefix(name));
        value.unwrap().to_owned()
    };
    let salt = {
        use ::base64::Engine;
        let text = part(server_first, "s=");
        ::base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    };
    let iterations = part(server_first, "i=").parse().unwrap();
    let password = text(vector, "password").as_bytes();
    let keys = ScramKeys::derive(hash, password, &salt, iterations).unwrap();
    assert_eq!(hex(keys.stored_key()), text(vector, "stored_key"));
    assert_eq!(hex(keys.server_key()), text(vector, "server_key"));
    let reference = scram::Exchange {
        hash,
        salted_password: scram::salted_password(hash, password, &salt, iterations),
        first_bare: first[3..].to_owned(),
        server_first: server_first.to_owned(),
        binding: b"n,,".to_vec(),
        nonce: part(server_first, "r="),
    };
    assert_eq!(hex(&reference.salted_password), text(vector, "salted_password"));
    are_made_of(&keys, &reference.salted_password);
    assert_eq!(reference.client_final(), last);
    assert_eq!(reference.server_final(), text(vector, "server_final"));

    let mechanism = Mechanism::from_name(text(vector, "mechanism")).unwrap();
    let mut exchange = Exchange::new(mechanism);
    let user = text(vector, "username");
    for (kept, response, has_proof) in [("", first, false), (first, last, true)] {
        let _ = exchange.step(Some(response.as_bytes()));
        let read = exchange.verify(kept.as_bytes(), response.as_bytes()).unwrap();
        let Verify::Scram(query) = read else { panic!("{read:?}") };
        assert_eq!((query.hash(), query.has_proof()), (hash, has_proof));
        assert!(query.username() == *user && query.authorization_identity().is_none());
    }

    // The machine's nonce is its own; the reference answers it.
    for (password, right) in [(text(vector, "password"), true), ("another", false)] {
        let mut dialogue = under_tls();
        let answer = |event: Event<'_>| match event {
            Event::ScramKeys(query) => {
                query.keys(&keys);
            }
            other => panic!("{other:?}"),
        };
        auth(&mut dialogue, mechanism.name(), &base64(first.as_bytes())).answer(answer);
        let said = decode(dialogue.server_says().strip_prefix("334 ").unwrap().trim_end());
        let salted = scram::salted_password(hash, password.as_bytes(), &salt, iterations);
        let exchange = scram::Exchange {
            nonce: part(&said, "r="),
            server_first: said,
            salted_password: salted,
            ..reference.clone()
        };
        assert_eq!(part(&exchange.server_first, "s="), part(server_first, "s="));
        let last = base64(exchange.client_final().as_bytes());
        dialogue.client(format!("{last}\r\n")).answer(answer);
        if !right {
            assert_eq!(dialogue.server_says(), FAILED);
            continue;
        }
        let verifier = base64(exchange.server_final().as_bytes());
        assert_eq!(dialogue.server_says(), format!("334 {verifier}\r\n"));
        dialogue.client("\r\n");
        assert_eq!(dialogue.server_says(), AUTHENTICATED);
    }
}

fn scram_username(vector: &Value) {
    let (user, encoded) = (text(vector, "username"), text(vector, "encoded"));
    let mut dialogue = under_tls();
    let first = format!("n,a={encoded},n={encoded},r=abc");
    auth(&mut dialogue, "SCRAM-SHA-1", &base64(first.as_bytes())).event(|e| {
        let Event::ScramKeys(query) = e else { return false };
        let name = query.username();
        name == *user && name.to_string() == user && name.as_encoded() == encoded
    });
    let credentials = Credentials::password(user, "pencil").nonce([1; 16]);
    let mut exchange = client::Exchange::new(Mechanism::ScramSha1, credentials).unwrap();
    let mut out = [0; 200];
    let client::Step::Respond(n) = exchange.step(None, &mut out).unwrap() else { panic!() };
    assert!(out[..n].starts_with(format!("n,,n={encoded},r=").as_bytes()));
}

fn scram_errors(vector: &Value) {
    for error in vector["values"].as_array().unwrap() {
        let credentials = Credentials::password("user", "pencil").nonce([1; 16]);
        let mut exchange = client::Exchange::new(Mechanism::ScramSha1, credentials).unwrap();
        let mut out = [0; 300];
        let client::Step::Respond(n) = exchange.step(None, &mut out).unwrap() else { panic!() };
        let first = String::from_utf8(out[..n].to_vec()).unwrap();
        let challenge = format!("{}x,s=c2FsdA==,i=4096", &first["n,,n=user,".len()..]);
        let step = exchange.step(Some(challenge.as_bytes()), &mut out);
        assert_eq!(step, Ok(client::Step::Derive));
        while !exchange.derivation().unwrap().run(1000) {}
        let step = exchange.step(Some(challenge.as_bytes()), &mut out);
        assert!(matches!(step, Ok(client::Step::Respond(_))));
        let error = format!("e={}", error.as_str().unwrap());
        let step = exchange.step(Some(error.as_bytes()), &mut out);
        assert_eq!(step, Err(client::ExchangeError::Refused));
        assert!(!exchange.is_complete());
    }
}

fn xoauth2(vector: &Value) {
    let (user, token) = (text(vector, "user"), text(vector, "token"));
    let mut dialogue = under_tls();
    auth(&mut dialogue, "XOAUTH2", text(vector, "message_b64")).event(|e| {
        matches!(e, Event::Token(login) if login.username() == Some(user)
            && login.token().matches(token.as_bytes()))
    });
    dialogue.accept();
    assert_eq!(dialogue.server_says(), AUTHENTICATED);
}

fn xoauth2_error(vector: &Value) {
    let json = decode(text(vector, "challenge_b64"));
    let error: Value = serde_json::from_str(&json).unwrap();
    let said = failed_token("XOAUTH2", "user=tim\x01auth=Bearer bad\x01\x01", &error, "");
    // The page has a newline at its end; the octets are the same otherwise.
    assert_eq!(said, json.trim_end());
}

fn oauthbearer(vector: &Value) {
    let mut dialogue = under_tls();
    auth(&mut dialogue, "OAUTHBEARER", text(vector, "message_b64")).event(|e| {
        let Event::Token(login) = e else { return false };
        let port = u16::try_from(vector["port"].as_u64().unwrap()).unwrap();
        login.username() == Some(text(vector, "authzid"))
            && login.endpoint() == (Some(text(vector, "host")), Some(port))
            && login.token().matches(text(vector, "token").as_bytes())
    });
    dialogue.accept();
    assert_eq!(dialogue.server_says(), AUTHENTICATED);
}

fn oauthbearer_error(vector: &Value) {
    let error: Value = serde_json::from_str(text(vector, "json")).unwrap();
    let answer = text(vector, "client_answer_b64");
    let said = failed_token("OAUTHBEARER", "n,,\x01auth=Bearer bad\x01\x01", &error, answer);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["status"], error["status"]);
    assert_eq!(said["scope"], error["scope"]);
}

/// The JSON of a token refused with this error; the client's answer to it is answered 535.
fn failed_token(mechanism: &str, message: &str, error: &Value, answer: &str) -> String {
    let part = |key: &str| error[key].as_str().unwrap_or("").to_owned();
    let (status, schemes, scope) = (part("status"), part("schemes"), part("scope"));
    let mut dialogue = under_tls();
    auth(&mut dialogue, mechanism, &base64(message.as_bytes())).answer(|event| match event {
        Event::Token(login) => {
            login.reject_with(&TokenError { status: &status, schemes: &schemes, scope: &scope })
        }
        other => panic!("{other:?}"),
    });
    let said = dialogue.server_says();
    let json = decode(said.strip_prefix("334 ").unwrap().trim_end());
    dialogue.client(format!("{answer}\r\n"));
    assert_eq!(dialogue.server_says(), FAILED);
    json
}

fn anonymous(vector: &Value) {
    let trace = text(vector, "trace");
    let mut dialogue = under_tls();
    auth(&mut dialogue, "ANONYMOUS", text(vector, "message_b64"))
        .event(|e| matches!(e, Event::Anonymous(login) if login.trace() == trace))
        .accept();
    assert_eq!(dialogue.server_says(), AUTHENTICATED);
}

fn mail_auth_parameter(vector: &Value) {
    let (mailbox, encoded) = (text(vector, "mailbox"), text(vector, "xtext"));
    let mut dialogue = under_tls();
    auth(&mut dialogue, "PLAIN", "AHRpbQBwdw==").accept();
    dialogue.client(format!("MAIL FROM:<{mailbox}> AUTH={encoded}\r\n")).event(|e| {
        let Event::Mail(mail) = e else { return false };
        let auth = mail.parameters().auth.unwrap();
        auth.as_str() == encoded && auth.decoded().eq(mailbox.bytes())
    });
    // A refusal of the application's own: the sender is not who has authenticated.
    dialogue.refuse(&Refusal::permanent("5.7.1 not your address"));
    assert_eq!(dialogue.server_says(), "550 5.7.1 not your address\r\n");
}

fn xtext_is_refused(vector: &Value) {
    for value in vector["values"].as_array().unwrap() {
        let value = value.as_str().unwrap();
        assert!(Xtext::parse(value).is_err(), "{value}");
        let mut dialogue = Dialogue::server(&OPEN);
        dialogue.client("EHLO client.example.org\r\n");
        dialogue.client(format!("MAIL FROM:<a@example.org> ENVID={value}\r\n"));
        let said = dialogue.server_says();
        // With a space in it, it is another parameter that is unknown.
        let expected = if value.contains(' ') { "555 5.5.4" } else { "501 5.5.4" };
        assert!(said.starts_with(expected), "{value}: {said}");
    }
}

fn empty_challenge(vector: &Value) {
    let wire = String::from_utf8(unescape(text(vector, "wire")).unwrap()).unwrap();
    let mut dialogue = under_tls();
    dialogue.client("AUTH PLAIN\r\n");
    assert_eq!(dialogue.server_says(), wire);
}

fn dot_stuffing(vector: &Value) {
    let unescaped = |key| unescape(text(vector, key)).unwrap();
    let mut dialogue = Dialogue::server(&OPEN);
    dialogue.client("EHLO client.example.org\r\n");
    dialogue.client("MAIL FROM:<a@example.org>\r\n").accept();
    dialogue.client("RCPT TO:<b@example.org>\r\n").accept();
    dialogue.client("DATA\r\n").accept().client(unescaped("wire"));
    let mut body = Vec::new();
    while let Some(Event::Body(chunk)) = {
        let _ = dialogue.server_says();
        dialogue.connection().event()
    } {
        body.extend_from_slice(chunk.bytes());
        chunk.done();
    }
    assert_eq!(body, unescaped("text"));
    dialogue.event(|e| matches!(e, Event::EndOfData(_))).accept();
    assert_eq!(dialogue.server_says(), "250 2.0.0 message accepted\r\n");
}

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
