//! base64, xtext, the empty challenge and dots at the beginning of lines.

use ehlo::parameter::Xtext;
use ehlo::reply::Refusal;
use ehlo::server::Event;
use ehlo_tests::dialogue::Dialogue;
use ehlo_tests::text::{base64, unescape};
use serde_json::Value;

use crate::{NOT_BASE64, OPEN, auth, text, under_tls};

pub(crate) fn base64_is_decoded(vector: &Value) {
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

pub(crate) fn base64_is_refused(vector: &Value) {
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

pub(crate) fn mail_auth_parameter(vector: &Value) {
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

pub(crate) fn xtext_is_refused(vector: &Value) {
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

pub(crate) fn empty_challenge(vector: &Value) {
    let wire = String::from_utf8(unescape(text(vector, "wire")).unwrap()).unwrap();
    let mut dialogue = under_tls();
    dialogue.client("AUTH PLAIN\r\n");
    assert_eq!(dialogue.server_says(), wire);
}

pub(crate) fn dot_stuffing(vector: &Value) {
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
