//! Connections that end where they should not, and waits that have no end.

use core::time::Duration;
use std::io::Cursor;

use ehlo::client::Timeouts;
use ehlo_std::client::{Client, Envelope, Error, Message, Security};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::script::{Script, Scripted};
use crate::server::{Running, config, envelope};

const MESSAGE: &str = "Subject: x\r\n\r\nhello\r\n";

fn in_clear(address: impl ToString) -> Client {
    Client::new(address.to_string()).security(Security::Cleartext)
}

#[tokio::test]
async fn who_has_no_reply_of_his_own_by_lmtp_did_not_get_the_message() {
    const LOST: Script =
        &[&["220 a", "250 a", "250 ok", "250 ok", "250 ok", "250 ok", "354 go", "250 stored"]];
    const CLOSING: Script = &[&[
        "220 a",
        "250 a",
        "250 ok",
        "250 ok",
        "250 ok",
        "250 ok",
        "354 go",
        "250 stored\n421 4.3.2 going down",
    ]];
    for (script, said) in [(LOST, "4.4.2"), (CLOSING, "4.3.2 going down")] {
        let server = Scripted::start(script).await;
        let to = ["a@example.org", "b@example.org", "c@example.org"];
        let envelope = Envelope::new("me@example.com", to).unwrap();
        let receipt = in_clear(server.address).lmtp().send(envelope, MESSAGE).await.unwrap();
        let accepted: Vec<_> = receipt.accepted().map(|to| to.address()).collect();
        assert_eq!(accepted, ["a@example.org"]);
        for rejected in receipt.rejected() {
            assert!(rejected.reply().code().is_transient());
            assert!(rejected.reply().lines()[0].starts_with(said), "{}", rejected.reply());
        }
    }
}

#[tokio::test]
async fn a_message_that_was_taken_counts_though_quit_is_not_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = in_clear(listener.local_addr().unwrap()).timeout(Duration::from_millis(500));
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        for answer in ["220 a", "250 a", "250 ok", "250 ok", "354 go"] {
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            stream.read_line(&mut String::new()).await.unwrap();
        }
        let mut line = String::new();
        while line != ".\r\n" {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
        stream.write_all(b"250 taken\r\n").await.unwrap();
        core::future::pending::<()>().await;
    };
    tokio::select! {
        end = client.send(envelope(), MESSAGE) => {
            assert_eq!(end.unwrap().reply().to_string(), "250 taken");
        }
        () = server => {}
    }
}

#[tokio::test]
async fn a_chunk_that_has_gone_out_is_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = in_clear(listener.local_addr().unwrap()).pool(1);
    let server = tokio::spawn(async move {
        let mut chunks = 0;
        // The second message has gone out in full when the connection is lost.
        for messages in [2, 1] {
            let Ok(accepted) = timeout(Duration::from_secs(1), listener.accept()).await else {
                break;
            };
            let mut stream = BufReader::new(accepted.unwrap().0);
            stream.write_all(b"220 a\r\n").await.unwrap();
            stream.read_line(&mut String::new()).await.unwrap();
            let offer = b"250-a\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME\r\n";
            stream.write_all(offer).await.unwrap();
            for message in 0..messages {
                for _ in 0..3 {
                    stream.read_line(&mut String::new()).await.unwrap();
                }
                stream.read_exact(&mut [0; MESSAGE.len()]).await.unwrap();
                chunks += 1;
                if message == 0 {
                    stream.write_all(b"250 ok\r\n250 ok\r\n250 taken\r\n").await.unwrap();
                }
            }
        }
        chunks
    });
    client.send(envelope(), Message::from(MESSAGE).binary()).await.unwrap();
    let error = client.send(envelope(), Message::from(MESSAGE).binary()).await.unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
    drop(client);
    assert_eq!(server.await.unwrap(), 2);
}

#[tokio::test]
async fn a_time_that_no_clock_can_hold_is_none() {
    let server = Running::start(config()).await;
    let client = server.client().timeouts(Timeouts::all(Duration::MAX));
    client.connect_timeout(Duration::MAX).send(envelope(), MESSAGE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_at_work_ends_with_its_message_when_the_pool_is_closed() {
    let server = Running::start(config()).await;
    let client = server.client().pool(1);
    let (reader, mut writer) = tokio::io::simplex(64);
    let sending = tokio::spawn({
        let client = client.clone();
        async move { client.send(envelope(), Message::stream(reader, None)).await }
    });
    writer.write_all(b"Subject: x\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(100)).await;
    // Given up, it does no harm to the message.
    timeout(Duration::from_millis(50), client.close()).await.unwrap_err();
    let closing = tokio::spawn({
        let client = client.clone();
        async move { client.close().await }
    });
    writer.write_all(b"hello\r\n").await.unwrap();
    writer.shutdown().await.unwrap();
    sending.await.unwrap().unwrap();
    timeout(Duration::from_secs(10), closing).await.unwrap().unwrap();
    // It can be used again.
    client.send(envelope(), Message::stream(Cursor::new(MESSAGE), None)).await.unwrap();
    assert_eq!((server.connections(), server.mail().len()), (2, 2));
}
