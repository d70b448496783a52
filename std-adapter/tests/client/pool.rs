//! Connections that are used again.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::io::Cursor;

use ehlo::limits::Limits;
use ehlo_std::client::{Client, Credentials, Error, Message, Security};
use tokio::time::sleep;

use crate::script::{Script, Scripted};
use crate::server::{Running, config, envelope};

const MESSAGE: &str = "Subject: x\r\n\r\nhello\r\n";

#[tokio::test]
async fn a_connection_takes_many_messages_and_ends_with_quit() {
    let server = Running::with_tls().await;
    let client = server.client().pool(4);
    for _ in 0..10 {
        client.send(envelope(), MESSAGE).await.unwrap();
    }
    assert_eq!((server.connections(), server.mail().len()), (1, 10));
    client.close().await;
    let ended = async {
        while server.record.closed.load(Ordering::Relaxed) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
}

#[tokio::test]
async fn without_a_pool_each_message_has_its_own() {
    let server = Running::start(config()).await;
    let client = server.client();
    for _ in 0..3 {
        client.send(envelope(), MESSAGE).await.unwrap();
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_connections_than_the_pool_has() {
    let server = Running::start(config()).await;
    let client = server.client().pool(3);
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let client = client.clone();
        sending.spawn(async move { client.send(envelope(), MESSAGE).await.map(drop) });
    }
    for end in sending.join_all().await {
        end.unwrap();
    }
    assert!((1..=3).contains(&server.connections()), "{}", server.connections());
    assert_eq!(server.mail().len(), 60);
    client.close().await;
}

#[tokio::test]
async fn a_connection_the_server_has_closed_meanwhile_is_replaced() {
    let mut limits = Limits::new();
    limits.command_timeout = Duration::from_millis(200);
    let server = Running::start(config().limits(limits)).await;
    let client = server.client().pool(1);
    client.send(envelope(), MESSAGE).await.unwrap();
    for sent in 2..4 {
        sleep(Duration::from_millis(600)).await;
        client.send(envelope(), MESSAGE).await.unwrap();
        assert_eq!((server.connections(), server.mail().len()), (sent, sent));
    }
    // A stream that was not read yet goes over another connection as well.
    sleep(Duration::from_millis(600)).await;
    let stream = Message::stream(Cursor::new(MESSAGE), Some(MESSAGE.len() as u64));
    client.send(envelope(), stream).await.unwrap();
    assert_eq!((server.connections(), server.mail().len()), (4, 4));
    client.close().await;
}

#[tokio::test]
async fn a_server_that_takes_so_many_messages_a_connection_gets_no_more() {
    let mut limits = Limits::new();
    limits.transactions = 3;
    let server = Running::start(config().limits(limits)).await;
    let client = server.client().pool(1);
    for _ in 0..10 {
        client.send(envelope(), MESSAGE).await.unwrap();
    }
    assert_eq!((server.connections(), server.mail().len()), (4, 10));
    client.close().await;
}

#[tokio::test]
async fn a_refused_message_leaves_the_connection_as_it_was() {
    let server = Running::start(config()).await;
    let client = server.client().pool(1);
    let error = client.send(envelope(), "Subject: refuse me\r\n\r\n").await.unwrap_err();
    assert!(matches!(&error, Error::Message(reply) if reply.code().value() == 554), "{error}");
    let nobody = ehlo_std::client::Envelope::new("", ["no@example.org"]).unwrap();
    let error = client.send(nobody, MESSAGE).await.unwrap_err();
    assert!(matches!(&error, Error::Recipients(to) if to.len() == 1), "{error}");
    client.send(envelope(), MESSAGE).await.unwrap();
    assert_eq!((server.connections(), server.mail().len()), (1, 1));
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_fails_costs_the_next_message_nothing() {
    let server = Running::with_tls().await;
    let client = server.client().login(Credentials::password("tim", "wrong")).pool(1);
    for _ in 0..5 {
        let error = client.send(envelope(), MESSAGE).await.unwrap_err();
        // Not that a connection is over, which was that of the message before.
        assert!(matches!(error, Error::Failed { .. }), "{error}");
    }
    client.close().await;
}

#[tokio::test]
async fn a_send_that_is_dropped_holds_nothing_up() {
    let server = Running::start(config()).await;
    let client = server.client().pool(1);
    client.send(envelope(), MESSAGE).await.unwrap();
    let (never, writer) = tokio::io::simplex(64);
    let stalled = client.send(envelope(), Message::stream(never, None));
    tokio::time::timeout(Duration::from_millis(100), stalled).await.unwrap_err();
    client.send(envelope(), MESSAGE).await.unwrap();
    assert_eq!(server.mail().len(), 2);
    drop(writer);
    client.close().await;
}

#[tokio::test]
async fn one_that_is_dropped_without_a_pool_ends_its_connection() {
    let server = Running::start(config()).await;
    let (never, _writer) = tokio::io::simplex(64);
    let client = server.client();
    let stalled = client.send(envelope(), Message::stream(never, None));
    tokio::time::timeout(Duration::from_millis(300), stalled).await.unwrap_err();
    let ended = async {
        while server.record.closed.load(Ordering::Relaxed) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    assert!(server.mail().is_empty());
}

#[tokio::test]
async fn what_may_have_been_taken_is_not_sent_again() {
    // The second message is lost behind its end.
    const SCRIPT: Script = &[&[
        "220 a",
        "250 a",
        "250 ok",
        "250 ok",
        "354 go",
        "250 taken",
        "250 ok",
        "250 ok",
        "354 go",
    ]];
    let server = Scripted::start(SCRIPT).await;
    let client = Client::new(server.address.to_string()).security(Security::Cleartext).pool(1);
    client.send(envelope(), MESSAGE).await.unwrap();
    let error = client.send(envelope(), MESSAGE).await.unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
    let heard = server.heard().await;
    let count = |verb: &str| heard.iter().filter(|line| line.starts_with(verb)).count();
    assert_eq!((count("EHLO"), count("MAIL")), (1, 2), "{heard:?}");
}

#[tokio::test]
async fn a_421_to_the_next_message_sends_it_over_another_connection() {
    const SCRIPT: Script = &[
        &["220 a", "250 a", "250 ok", "250 ok", "354 go", "250 taken", "421 4.4.2 too late"],
        &["220 a", "250 a", "250 ok", "250 ok", "354 go", "250 again", "221 bye"],
    ];
    let server = Scripted::start(SCRIPT).await;
    let client = Client::new(server.address.to_string()).security(Security::Cleartext).pool(1);
    client.send(envelope(), MESSAGE).await.unwrap();
    let receipt = client.send(envelope(), MESSAGE).await.unwrap();
    assert_eq!(receipt.reply().to_string(), "250 again");
    client.close().await;
    assert_eq!(server.heard().await.last().unwrap(), "QUIT");
}
