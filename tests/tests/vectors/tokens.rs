//! XOAUTH2 and OAUTHBEARER.

use ehlo::sasl::TokenError;
use ehlo::server::Event;
use ehlo_tests::text::base64;
use serde_json::Value;

use crate::{AUTHENTICATED, FAILED, auth, decode, text, under_tls};

pub(crate) fn xoauth2(vector: &Value) {
    let (user, token) = (text(vector, "user"), text(vector, "token"));
    let mut dialogue = under_tls();
    auth(&mut dialogue, "XOAUTH2", text(vector, "message_b64")).event(|e| {
        matches!(e, Event::Token(login) if login.username() == Some(user)
            && login.token().matches(token.as_bytes()))
    });
    dialogue.accept();
    assert_eq!(dialogue.server_says(), AUTHENTICATED);
}

pub(crate) fn xoauth2_error(vector: &Value) {
    let json = decode(text(vector, "challenge_b64"));
    let error: Value = serde_json::from_str(&json).unwrap();
    let said = failed_token("XOAUTH2", "user=tim\x01auth=Bearer bad\x01\x01", &error, "");
    // The page has a newline at its end; the octets are the same otherwise.
    assert_eq!(said, json.trim_end());
}

pub(crate) fn oauthbearer(vector: &Value) {
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

pub(crate) fn oauthbearer_error(vector: &Value) {
    let error: Value = serde_json::from_str(text(vector, "json")).unwrap();
    let answer = text(vector, "client_answer_b64");
    let said = failed_token("OAUTHBEARER", "n,,\x01auth=Bearer bad\x01\x01", &error, answer);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["status"], error["status"]);
    assert_eq!(said["scope"], error["scope"]);
}

/// The JSON of a token refused with this error; the client's answer to it is answered 535.
pub(crate) fn failed_token(mechanism: &str, message: &str, error: &Value, answer: &str) -> String {
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
