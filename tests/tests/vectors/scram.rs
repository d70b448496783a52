//! SCRAM, and the functions it is made of.

use ehlo::sasl::client::{self, Credentials};
use ehlo::sasl::server::{Exchange, Verify};
use ehlo::sasl::{Mechanism, ScramHash, ScramKeys};
use ehlo::server::Event;
use ehlo_tests::scram;
use ehlo_tests::text::base64;
use serde_json::Value;

use crate::{AUTHENTICATED, FAILED, auth, decode, hex, text, under_tls};

pub(crate) fn hash_of(name: &str) -> ScramHash {
    match name {
        "sha1" | "SCRAM-SHA-1" => ScramHash::Sha1,
        "sha256" | "SCRAM-SHA-256" => ScramHash::Sha256,
        other => panic!("{other}"),
    }
}

pub(crate) fn hmac_of_the_scram_reference(vector: &Value) {
    let (key, message) = (text(vector, "key").as_bytes(), text(vector, "message").as_bytes());
    let hash = hash_of(text(vector, "hash"));
    assert_eq!(hex(&scram::hmac(hash, key, message)), text(vector, "digest"));
}

/// Sees that the keys are those of this salted password.
pub(crate) fn are_made_of(keys: &ScramKeys, salted: &[u8]) {
    let hash = keys.hash();
    let client_key = scram::hmac(hash, salted, b"Client Key");
    assert_eq!(keys.stored_key(), scram::digest(hash, &client_key));
    assert_eq!(keys.server_key(), scram::hmac(hash, salted, b"Server Key"));
}

pub(crate) fn pbkdf2(vector: &Value) {
    let hash = hash_of(text(vector, "hash"));
    let (password, salt) = (text(vector, "password").as_bytes(), text(vector, "salt").as_bytes());
    let iterations = u32::try_from(vector["iterations"].as_u64().unwrap()).unwrap();
    let salted = scram::salted_password(hash, password, salt, iterations);
    // SCRAM takes the first block only.
    assert!(text(vector, "derived").starts_with(&hex(&salted)), "{vector}");
    are_made_of(&ScramKeys::derive(hash, password, salt, iterations).unwrap(), &salted);
}

pub(crate) fn scram(vector: &Value) {
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

pub(crate) fn scram_username(vector: &Value) {
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

pub(crate) fn scram_errors(vector: &Value) {
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
