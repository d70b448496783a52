//! What arrives.

use std::io::Cursor;
use std::sync::Arc;

use ehlo_std::client::{Credentials, Envelope, Message, blocking};

use crate::server::{Running, config, envelope};

/// A header and lines with dots wherever a dot can be, of so many octets or a few more.
fn dots(octets: usize) -> Vec<u8> {
    let lines = b".\r\n..\r\n.a\r\n\r\na.\r\n";
    [b"Subject: x\r\n\r\n".as_slice(), &lines.repeat(octets / lines.len() + 1)].concat()
}

#[tokio::test]
async fn over_tls_and_authenticated() {
    let server = Running::with_tls().await;
    let receipt = server.client().send(envelope(), "Subject: x\n\nhello\n").await.unwrap();
    assert_eq!(receipt.reply().code().value(), 250);
    assert_eq!(receipt.accepted().count(), 1);
    let mail = server.mail().remove(0);
    assert_eq!((mail.user.as_str(), mail.tls), ("tim", true));
    assert_eq!(mail.from, "me@example.com");
    assert_eq!(mail.to, ["you@example.org"]);
    assert_eq!(mail.octets, b"Subject: x\r\n\r\nhello\r\n");
    assert!(mail.parameters.contains("SIZE=21"), "{}", mail.parameters);
}

#[tokio::test]
async fn dots_arrive_octet_for_octet_from_octets_and_from_a_stream() {
    let server = Running::start(config()).await;
    let client = server.client().pool(1);
    for octets in [0, 1000, 65_500, 65_536, 70_000, 1_000_000] {
        // Each length meets the ends of buffers in another way.
        for more in 0..8 {
            let message = [vec![b'x'; more], dots(octets)].concat();
            client.send(envelope(), message.as_slice()).await.unwrap();
            assert!(server.mail().pop().unwrap().octets == message, "{octets} and {more}");
        }
    }
    let message = dots(3_000_000);
    let stream = Message::stream(Cursor::new(message.clone()), Some(message.len() as u64));
    client.send(envelope(), stream).await.unwrap();
    let mail = server.mail().pop().unwrap();
    assert!(mail.octets == message);
    assert!(mail.parameters.contains(&format!("SIZE={}", message.len())), "{}", mail.parameters);
    let stream = Message::stream(Cursor::new(message.clone()), None);
    client.send(envelope(), stream).await.unwrap();
    let mail = server.mail().pop().unwrap();
    assert!(mail.octets == message);
    assert!(!mail.parameters.contains("SIZE"), "{}", mail.parameters);
    client.close().await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn eight_bit_text_is_said_to_be_that() {
    let server = Running::start(config()).await;
    let message = "Subject: x\r\n\r\nGr\u{fc}\u{df}e\r\n";
    server.client().send(envelope(), message).await.unwrap();
    server.client().send(envelope(), "Subject: x\r\n\r\nascii\r\n").await.unwrap();
    let mail = server.mail();
    assert_eq!(mail[0].octets, message.as_bytes());
    assert!(mail[0].parameters.contains("BODY=8BITMIME"), "{}", mail[0].parameters);
    assert!(!mail[1].parameters.contains("BODY"), "{}", mail[1].parameters);
}

#[tokio::test]
async fn addresses_outside_ascii_are_said_to_be_that() {
    let server = Running::start(config()).await;
    let envelope = Envelope::new("gr\u{fc}n@example.com", ["b\u{f6}se@example.org"]).unwrap();
    server.client().send(envelope, "Subject: x\r\n\r\n").await.unwrap();
    let mail = server.mail().remove(0);
    assert!(mail.parameters.contains("SMTPUTF8"), "{}", mail.parameters);
    assert_eq!(mail.from, "gr\u{fc}n@example.com");
    assert_eq!(mail.to, ["b\u{f6}se@example.org"]);
}

#[tokio::test]
async fn octets_that_are_shared_are_sent_to_many() {
    let server = Running::start(config()).await;
    let message: Arc<[u8]> = Arc::from(dots(100).as_slice());
    let client = server.client().pool(2);
    for to in ["a@example.org", "b@example.org"] {
        let envelope = Envelope::new("", [to]).unwrap();
        client.send(envelope, Arc::clone(&message)).await.unwrap();
    }
    client.close().await;
    let mail = server.mail();
    assert_eq!((mail[0].from.as_str(), mail[1].from.as_str()), ("", ""));
    assert_eq!(mail[0].octets, mail[1].octets);
}

#[tokio::test]
async fn what_mail_builder_builds_arrives_as_it_is() {
    let server = Running::start(config()).await;
    let built = mail_builder::MessageBuilder::new()
        .from("me@example.com")
        .to("you@example.org")
        .subject("Gr\u{fc}\u{df}e")
        .text_body(".\n..\n.a\n")
        .attachment("application/octet-stream", "a.bin", vec![0, 255, 46, 13, 10, 46])
        .write_to_vec()
        .unwrap();
    server.client().send(envelope(), built.clone()).await.unwrap();
    let octets = server.mail().remove(0).octets;
    let with_end = [built.as_slice(), b"\r\n"].concat();
    assert!(octets == built || octets == with_end, "{}", String::from_utf8_lossy(&octets));
}

#[test]
fn without_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Running::with_tls());
    let client = blocking::Client::new(server.client().pool(1)).unwrap();
    for _ in 0..3 {
        let receipt = client.send(envelope(), "Subject: x\n\nhello\n").unwrap();
        assert_eq!(receipt.recipients().len(), 1);
    }
    client.send(Envelope::new("me@example.com", ["no@example.org"]).unwrap(), "x").unwrap_err();
    drop(client);
    assert_eq!((server.connections(), server.mail().len()), (1, 3));
    let wrong = server.client().login(Credentials::password("tim", "wrong"));
    let error = blocking::Client::new(wrong).unwrap().send(envelope(), "x").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("wrong"), "{error:?}");
}
