//! What is said of a message.

use core::time::Duration;

use ehlo::client::NotSent;
use ehlo_std::client::{Client, Envelope, Error, Message, Remedy, Security};

use crate::script::{Script, Scripted};
use crate::server::{Running, config, envelope};

const MESSAGE: &str = "Subject: x\r\n\r\nhello\r\n";

fn three() -> Envelope {
    Envelope::new("me@example.com", ["a@example.org", "no@example.org", "b@example.org"]).unwrap()
}

#[tokio::test]
async fn recipients_are_in_the_order_of_the_envelope() {
    let server = Running::start(config()).await;
    let receipt = server.client().send(three(), MESSAGE).await.unwrap();
    let told: Vec<_> =
        receipt.recipients().iter().map(|to| (to.address(), to.is_accepted())).collect();
    assert_eq!(told, [("a@example.org", true), ("no@example.org", false), ("b@example.org", true)]);
    assert_eq!(receipt.rejected().next().unwrap().reply().code().value(), 550);
    assert_eq!(server.mail().remove(0).to, ["a@example.org", "b@example.org"]);
}

#[tokio::test]
async fn lmtp_has_a_reply_for_each() {
    let server = Running::start(config().lmtp()).await;
    let receipt = server.client().lmtp().send(three(), MESSAGE).await.unwrap();
    let accepted: Vec<_> = receipt.accepted().map(|to| to.address()).collect();
    assert_eq!(accepted, ["a@example.org", "b@example.org"]);

    const SCRIPT: Script = &[&[
        "220 a",
        "250-a\n250 PIPELINING",
        "250 ok",
        "250 ok",
        "550 5.1.1 no",
        "250 ok",
        "354 go",
        "250 stored\n452 4.2.2 full",
        "221 bye",
    ]];
    let server = Scripted::start(SCRIPT).await;
    let client = Client::new(server.address.to_string()).security(Security::Cleartext).lmtp();
    let receipt = client.send(three(), MESSAGE).await.unwrap();
    let codes: Vec<_> = receipt.recipients().iter().map(|to| to.reply().code().value()).collect();
    assert_eq!(codes, [250, 550, 452]);
    assert_eq!(server.heard().await.last().unwrap(), "QUIT");
}

#[tokio::test]
async fn lmtp_says_of_each_why_nobody_got_it() {
    const SCRIPT: Script = &[&[
        "220 a",
        "250 a",
        "250 ok",
        "250 ok",
        "550 5.1.1 no",
        "250 ok",
        "354 go",
        "452 4.2.2 full\n550 5.7.1 not you",
        "221 bye",
    ]];
    let server = Scripted::start(SCRIPT).await;
    let client = Client::new(server.address.to_string()).security(Security::Cleartext).lmtp();
    let error = client.send(three(), MESSAGE).await.unwrap_err();
    let Error::Recipients(recipients) = &error else { panic!("{error}") };
    let codes: Vec<_> = recipients.iter().map(|to| to.reply().code().value()).collect();
    assert_eq!(codes, [452, 550, 550]);
    assert_eq!(error.remedy(), Remedy::Later);
    assert_eq!(server.heard().await.last().unwrap(), "QUIT");
}

#[tokio::test]
async fn too_big_a_message_is_not_sent() {
    let server = Running::start(config().max_message(1000)).await;
    let big = vec![b'x'; 2000];
    let error = server.client().send(envelope(), big.as_slice()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(NotSent::TooBig(1000))), "{error}");
    assert_eq!(error.remedy(), Remedy::Mend);
    // Nobody knows how long a stream is: the server says so.
    let stream = Message::stream(std::io::Cursor::new(big), None);
    let error = server.client().send(envelope(), stream).await.unwrap_err();
    assert!(matches!(&error, Error::Message(reply) if reply.code().value() == 552), "{error}");
    assert_eq!(error.remedy(), Remedy::Mend);
}

#[tokio::test]
async fn a_stream_that_fails_is_told_and_the_server_takes_nothing() {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: core::pin::Pin<&mut Self>,
            _: &mut core::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> core::task::Poll<std::io::Result<()>> {
            core::task::Poll::Ready(Err(std::io::Error::other("the disk is broken")))
        }
    }
    let server = Running::start(config()).await;
    let stream = Message::stream(Broken, None);
    let error = server.client().send(envelope(), stream).await.unwrap_err();
    assert!(matches!(&error, Error::Read(why) if why.to_string() == "the disk is broken"));
    assert!(server.mail().is_empty());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(silent.local_addr().unwrap().to_string());
    let client = client.timeout(Duration::from_millis(200));
    let error = client.send(envelope(), MESSAGE).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut), "{error}");
    assert_eq!(error.remedy(), Remedy::Later);
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    const SCRIPT: Script = &[&["220 a", "250-a\n250 AUTH PLAIN", "221 bye"]];
    let server = Scripted::start(SCRIPT).await;
    let client = Client::new(server.address.to_string());
    let client = client.login(ehlo_std::client::Credentials::password("tim", "secret"));
    let error = client.send(envelope(), MESSAGE).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Permission, "{error}");
    let heard = server.heard().await;
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[1], "QUIT");
}
