//! PLAIN, LOGIN, CRAM-MD5 and the hash it is made of; and ANONYMOUS, which has none.

use ehlo::sasl::Mechanism;
use ehlo::sasl::server::{Exchange, Verify};
use ehlo::server::Event;
use ehlo_tests::text::base64;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use serde_json::Value;

use crate::{AUTHENTICATED, FAILED, auth, decode, hex, text, under_tls};

pub(crate) fn plain(vector: &Value) {
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

pub(crate) fn plain_is_refused(vector: &Value) {
    let mut dialogue = under_tls();
    auth(&mut dialogue, "PLAIN", text(vector, "message_b64"));
    assert!(dialogue.server_says().starts_with("501 5.5.2 malformed PLAIN message"), "{vector}");
}

pub(crate) fn login(vector: &Value) {
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

pub(crate) fn hmac_md5(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Md5>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    hex(&mac.finalize().into_bytes())
}

pub(crate) fn md5_of_the_reference(vector: &Value) {
    assert_eq!(hex(&Md5::digest(text(vector, "message"))), text(vector, "digest"));
}

pub(crate) fn hmac_of_the_reference(vector: &Value) {
    assert_eq!(hmac_md5(text(vector, "key"), text(vector, "message")), text(vector, "digest"));
}

pub(crate) fn cram_md5(vector: &Value) {
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

pub(crate) fn anonymous(vector: &Value) {
    let trace = text(vector, "trace");
    let mut dialogue = under_tls();
    auth(&mut dialogue, "ANONYMOUS", text(vector, "message_b64"))
        .event(|e| matches!(e, Event::Anonymous(login) if login.trace() == trace))
        .accept();
    assert_eq!(dialogue.server_says(), AUTHENTICATED);
}
