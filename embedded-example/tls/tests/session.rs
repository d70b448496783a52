//! Mail from a device to a device: STARTTLS and implicit TLS, and SCRAM that is tied to the connection.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    FromTokio, certificates, device_client, device_server, now, other_client, other_provider,
};
use device_tls::{ServerTls, TlsError, TlsStream, UnbufferedServerConnection};
use ehlo::client::Config as ClientConfig;
use ehlo::sasl::client::Credentials;
use ehlo::sasl::{Derivation, Mechanism, ScramHash, ScramKeys};
use ehlo::server::{Closed, Config, Connection, Event, Identity};
use ehlo_embedded::Session;
use ehlo_embedded::client::{Client, Envelope, NotDelivered, Recipient, Reply, SendError};
use ehlo_embedded::tls::{MaybeTls, Secured};
use tokio::io::{AsyncWriteExt, DuplexStream, copy_bidirectional, duplex};

static SERVER: Config = Config::new("sensor.local")
    .starttls()
    .auth(&[Mechanism::ScramSha256Plus, Mechanism::ScramSha256])
    .max_message(64 * 1024);
static CLIENT: ClientConfig = ClientConfig::new("me.example", "sensor.local");

const MESSAGE: &[u8] = b"Subject: hi\r\n\r\n.\r\n..\r\nbye\r\n";

type Socket = FromTokio<DuplexStream>;
type Served = Session<Connection<'static, [u8; 1024], [u8; 512]>, MaybeTls<Socket, Encrypted>>;
type Encrypted = TlsStream<Socket, UnbufferedServerConnection>;

fn keys() -> ScramKeys {
    let mut derivation = Derivation::new(ScramHash::Sha256, b"pencil", b"sixteen of salt!", 4096);
    while !derivation.run(4096) {}
    ScramKeys::finish(&derivation, b"sixteen of salt!", 4096).unwrap()
}

fn connection() -> Connection<'static, [u8; 1024], [u8; 512]> {
    Connection::new(&SERVER, [0; 1024], [0; 512], [7; 16])
}

/// What a server has seen of a session.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    mechanism: String,
    message: Vec<u8>,
    authenticated: bool,
}

async fn serve(mut session: Served, tls: &ServerTls) -> Seen {
    let (mut seen, keys) = (Seen::default(), keys());
    loop {
        match session.next().await {
            Ok(Event::Upgrade(_)) => session.start_tls(tls).await.unwrap(),
            Ok(Event::ScramKeys(query)) => {
                query.mechanism().clone_into(&mut seen.mechanism);
                seen.authenticated = query.identity(Identity(1)).keys(&keys);
            }
            Ok(Event::Body(body)) => {
                seen.message.extend(body.bytes());
                body.done();
            }
            Ok(Event::EndOfData(end)) => end.accept(),
            Ok(Event::Closed(Closed::Quit)) => break,
            Ok(Event::Closed(how)) => panic!("{how:?}"),
            Ok(other) => other.accept_or_decline(),
            Err(error) => panic!("{error}"),
        }
    }
    if let MaybeTls::Tls(stream) = session.into_socket() {
        // A client that has said QUIT may be gone.
        let _ = stream.close().await;
    }
    seen
}

type Sent = Result<Reply, SendError<core::convert::Infallible, TlsError>>;

async fn send(socket: DuplexStream, implicit: bool) -> Sent {
    let tls = device_client(now);
    let mut recipients = [Recipient::new("you@example.org").unwrap()];
    let envelope = Envelope::new("me@example.com", &mut recipients).unwrap();
    let client = match implicit {
        true => Client::implicit_tls(&CLIENT, &tls, [0; 1024], [0; 512]),
        false => Client::starttls(&CLIENT, &tls, [0; 1024], [0; 512]),
    };
    let credentials = Credentials::password("user", "pencil").nonce([9; 16]);
    client.login(credentials).send_over(FromTokio::new(socket), envelope, MESSAGE).await
}

fn by_plus() -> Seen {
    let mechanism = "SCRAM-SHA-256-PLUS".to_owned();
    Seen { mechanism, message: MESSAGE.to_vec(), authenticated: true }
}

#[tokio::test]
async fn by_starttls() {
    let (ours, theirs) = duplex(4096);
    let server = device_server();
    let session = Session::new(MaybeTls::Plain(FromTokio::new(theirs)), connection());
    let (seen, sent) = tokio::join!(serve(session, &server), send(ours, false));
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(seen, by_plus());
}

async fn accepted(server: &ServerTls, socket: DuplexStream) -> Served {
    let (stream, binding) = server.accept(FromTokio::new(socket)).await.unwrap();
    let secured = Secured::new(MaybeTls::Tls(stream)).binding(binding.unwrap());
    Session::implicit_tls(secured, connection())
}

#[tokio::test]
async fn with_tls_from_the_beginning() {
    let (ours, theirs) = duplex(4096);
    let server = device_server();
    let served = async { serve(accepted(&server, theirs).await, &server).await };
    let (seen, sent) = tokio::join!(served, send(ours, true));
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(seen, by_plus());
}

/// Somebody in the middle has a certificate for the server's name from an authority that is trusted: TLS alone
/// doesn't help.
#[tokio::test]
async fn somebody_in_the_middle_can_not_pass_on_a_login() {
    let (ours, middle) = duplex(4096);
    let (beyond, theirs) = duplex(4096);
    let server = device_server();
    let acceptor = common::other_server(other_provider(), certificates());
    let in_the_middle = async {
        let mut near = acceptor.accept(middle).await.unwrap();
        let name = "sensor.local".try_into().unwrap();
        let mut far = other_client(other_provider()).connect(name, beyond).await.unwrap();
        let _ = copy_bidirectional(&mut near, &mut far).await;
        let _ = far.shutdown().await;
    };
    let served = async { serve(accepted(&server, theirs).await, &server).await };
    let (sent, seen, ()) = tokio::join!(send(ours, true), served, in_the_middle);
    let Err(SendError::NotDelivered(NotDelivered::Failed(_, Some(reply)))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(reply.code.value(), 535);
    assert_eq!(seen, Seen { mechanism: "SCRAM-SHA-256-PLUS".to_owned(), ..Seen::default() });
}
