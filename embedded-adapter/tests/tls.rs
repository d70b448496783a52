//! TLS by rustls over sockets of this machine: the hooks of both sides, and what ties SCRAM to them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use core::net::{Ipv4Addr, SocketAddr};
use std::io;
use std::sync::{Arc, OnceLock};

use common::store::Store;
use common::wire::{Clock, End, poll, run, wire};
use ehlo::client;
use ehlo::client::submission::Failure;
use ehlo::sasl::client::Credentials;
use ehlo::sasl::{BindingKind, ChannelBinding, Mechanism, ScramHash, ScramKeys};
use ehlo::server::{Closed, Config, Connection, Event};
use ehlo_embedded::client::{Client, Envelope, NotDelivered, Recipient, Reply, SendError};
use ehlo_embedded::tls::{MaybeTls, NoTls, Secured, TlsAcceptor, TlsConnector};
use ehlo_embedded::{EmbassyTime, Intake, Session, Timer};
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::{ErrorKind, Read, Write};
use embedded_nal_async::TcpConnect;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};

type Machine<'c> = Connection<'c, [u8; 1024], [u8; 1024]>;
type Plain = FromTokio<TcpStream>;
type ServerStream = FromTokio<tokio_rustls::server::TlsStream<TcpStream>>;
type ClientStream = FromTokio<tokio_rustls::client::TlsStream<TcpStream>>;

/// A certificate for `mail.example.org`, which nobody else has.
fn certificate() -> &'static (CertificateDer<'static>, Vec<u8>) {
    static MADE: OnceLock<(CertificateDer<'static>, Vec<u8>)> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed(["mail.example.org".to_owned()]).unwrap();
        (made.cert.der().clone(), made.signing_key.serialize_der())
    })
}

/// The server's hook.
struct Acceptor(tokio_rustls::TlsAcceptor);

impl Acceptor {
    fn new() -> Self {
        let (certificate, key) = certificate();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.clone()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key);
        Self(Arc::new(config.unwrap()).into())
    }
}

impl TlsAcceptor<Plain> for &Acceptor {
    type Stream = ServerStream;
    type Error = io::Error;

    async fn accept(self, socket: Plain) -> io::Result<Secured<ServerStream>> {
        let stream = self.0.accept(socket.into_inner()).await?;
        let (_, connection) = stream.get_ref();
        let exported = connection
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .map_err(io::Error::other)?;
        let binding = ChannelBinding::new(BindingKind::TlsExporter, &exported).unwrap();
        Ok(Secured::new(FromTokio::new(stream)).binding(binding))
    }
}

/// The client's hook; whether it trusts the server's certificate, and binds to the connection.
#[derive(Clone, Copy)]
struct Connector {
    trusts: bool,
    lies: bool,
}

impl TlsConnector<Plain> for Connector {
    type Stream = ClientStream;
    type Error = io::Error;

    async fn connect(self, host: &str, socket: Plain) -> io::Result<Secured<ClientStream>> {
        let mut roots = RootCertStore::empty();
        if self.trusts {
            roots.add(certificate().0.clone()).map_err(io::Error::other)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = connector.connect(name, socket.into_inner()).await?;
        let (_, connection) = stream.get_ref();
        let mut exported = connection
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .map_err(io::Error::other)?;
        if self.lies {
            exported = [7; 32];
        }
        let binding = ChannelBinding::new(BindingKind::TlsExporter, &exported).unwrap();
        Ok(Secured::new(FromTokio::new(stream)).verified().binding(binding))
    }
}

const CONNECTOR: Connector = Connector { trusts: true, lies: false };

/// The network of this machine.
struct Network;

impl TcpConnect for Network {
    type Error = io::Error;
    type Connection<'a> = Plain;

    async fn connect(&self, remote: SocketAddr) -> io::Result<Plain> {
        Ok(FromTokio::new(TcpStream::connect(remote).await?))
    }
}

fn keys() -> &'static ScramKeys {
    static KEYS: OnceLock<ScramKeys> = OnceLock::new();
    KEYS.get_or_init(|| {
        ScramKeys::derive(ScramHash::Sha256, b"secret", b"a salt of some octets", 4096).unwrap()
    })
}

/// Serves one client; gives why its connection ended.
async fn serve<S, T, K, F>(
    mut session: Session<Machine<'_>, MaybeTls<S, T>, K>,
    store: &mut Store,
    tls: impl Fn() -> F,
) -> Option<Closed>
where
    S: Read + Write,
    T: Read + Write,
    K: Timer,
    F: TlsAcceptor<S, Stream = T>,
{
    let mut intake = Intake::new();
    while let Ok(event) = session.next().await {
        match event {
            Event::Upgrade(_) => {
                let _ = session.start_tls(tls()).await;
            }
            Event::ScramKeys(query) => {
                query.keys(keys());
            }
            Event::Login(login) if login.password().matches(b"secret") => login.accept(),
            Event::Closed(closed) => return Some(closed),
            event => {
                if let Some(other) = intake.on(store, event) {
                    other.decline();
                }
            }
        }
    }
    None
}

static SERVER: Config = Config::new("mail.example.org")
    .auth(&[Mechanism::ScramSha256Plus, Mechanism::Plain])
    .max_message(100_000);
static STARTTLS: Config = SERVER.starttls();
static CLIENT: client::Config = client::Config::new("sensor.local", "mail.example.org");
static OTHER_HOST: client::Config = client::Config::new("sensor.local", "mail.example.net");

type Sent = Result<Reply, SendError<io::Error, io::Error>>;

/// Sends a message over sockets of this machine, by STARTTLS or with TLS from the beginning.
async fn send(
    implicit: bool,
    config: &'static client::Config<'static>,
    connector: Connector,
    credentials: Credentials<'static>,
) -> (Sent, Store, Option<Closed>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (mut store, acceptor) = (Store::default(), Acceptor::new());
    let server = async {
        let (socket, _) = listener.accept().await.unwrap();
        let socket = FromTokio::new(socket);
        let connection = |config| Connection::new(config, [0; 1024], [0; 1024], [7; 16]);
        if implicit {
            let Ok(secured) = (&acceptor).accept(socket).await else { return None };
            // The same type as behind STARTTLS; there is nothing to be started.
            let session = Session::implicit_tls(secured.map(MaybeTls::Tls), connection(&SERVER));
            serve(session.timer(EmbassyTime), &mut store, || &acceptor).await
        } else {
            let session = Session::new(MaybeTls::Plain(socket), connection(&STARTTLS));
            serve(session.timer(EmbassyTime), &mut store, || &acceptor).await
        }
    };
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let (rx, tx) = ([0; 512], [0; 512]);
    let client = if implicit {
        Client::implicit_tls(config, connector, rx, tx)
    } else {
        Client::starttls(config, connector, rx, tx)
    };
    let client = client.login(credentials).timer(EmbassyTime);
    let message = &b"Subject: hi\r\n\r\n.\r\n"[..];
    let (closed, sent) = tokio::join!(server, client.send(&Network, address, envelope, message));
    (sent, store, closed)
}

const PASSWORD: Credentials<'static> = Credentials::password("tim", "secret");

#[tokio::test]
async fn a_password_goes_under_tls() {
    for implicit in [false, true] {
        let (sent, store, closed) = send(implicit, &CLIENT, CONNECTOR, PASSWORD).await;
        assert_eq!(sent.unwrap().code.value(), 250);
        assert_eq!(store.messages[0].octets, b"Subject: hi\r\n\r\n.\r\n");
        assert_eq!(closed, Some(Closed::Quit));
    }
}

#[tokio::test]
async fn scram_is_tied_to_the_tls_connection_on_both_sides() {
    let credentials = PASSWORD.nonce([3; 16]);
    for implicit in [false, true] {
        // It is the strongest one there is.
        let (sent, store, _) = send(implicit, &CLIENT, CONNECTOR, credentials).await;
        assert_eq!(sent.unwrap().code.value(), 250);
        assert_eq!(store.messages.len(), 1);

        // Somebody in between has another connection to each side.
        let liar = Connector { lies: true, ..CONNECTOR };
        let (sent, store, _) = send(implicit, &CLIENT, liar, credentials).await;
        let Err(SendError::NotDelivered(NotDelivered::Failed(failure, _))) = sent else {
            panic!("{sent:?}")
        };
        assert!(matches!(failure, Failure::AuthRefused(Mechanism::ScramSha256Plus, _)));
        assert!(store.messages.is_empty());
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_for_another_host_ends_it() {
    let stranger = Connector { trusts: false, ..CONNECTOR };
    for (config, connector) in [(&CLIENT, stranger), (&OTHER_HOST, CONNECTOR)] {
        for implicit in [false, true] {
            let (sent, store, closed) = send(implicit, config, connector, PASSWORD).await;
            assert!(matches!(sent, Err(SendError::Tls(_))), "{sent:?}");
            assert!(store.messages.is_empty());
            if !implicit {
                assert_eq!(closed, Some(Closed::Tls));
            }
        }
    }
}

/// A handshake that encrypts nothing, and says so.
struct Unverified;

impl<S> TlsConnector<S> for Unverified {
    type Stream = S;
    type Error = ErrorKind;

    async fn connect(self, _: &str, socket: S) -> Result<Secured<S>, ErrorKind> {
        Ok(Secured::new(socket))
    }
}

#[test]
fn a_certificate_that_was_not_verified_gets_no_password() {
    let (ours, theirs) = wire();
    let said = "220 x\r\n250-x\r\n250 AUTH PLAIN\r\n221 bye\r\n";
    ours.say(said.as_bytes());
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let client = Client::implicit_tls(&CLIENT, Unverified, [0; 512], [0; 512]).login(PASSWORD);
    let sent = run(client.send_over(theirs.slow(), envelope, &b"hi"[..]));
    let Err(SendError::NotDelivered(NotDelivered::Failed(failure, _))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(failure, Failure::Unverified);
    assert_eq!(ours.heard(), "EHLO sensor.local\r\nQUIT\r\n");
}

/// A session that has been asked for TLS.
fn asked_for_tls(clock: &Clock) -> (Session<Machine<'static>, MaybeTls<End, End>, Clock>, End) {
    let (ours, theirs) = wire();
    theirs.say(b"EHLO me\r\nSTARTTLS\r\n");
    let connection = Connection::new(&STARTTLS, [0; 1024], [0; 1024], [7; 16]);
    let mut session = Session::new(MaybeTls::Plain(ours), connection).timer(clock.clone());
    while !matches!(run(session.next()).unwrap(), Event::Upgrade(_)) {
        run(session.next()).unwrap().accept_or_decline();
    }
    assert!(theirs.heard().lines().last().unwrap().starts_with("220 "));
    (session, theirs)
}

#[test]
fn plaintext_behind_starttls_is_refused() {
    let (ours, theirs) = wire();
    theirs.say(b"EHLO me\r\nSTARTTLS\r\nNOOP\r\n");
    let connection = Connection::new(&STARTTLS, [0; 1024], [0; 1024], [7; 16]);
    let mut session = Session::new(MaybeTls::<End, End>::Plain(ours), connection);
    loop {
        match run(session.next()).unwrap() {
            Event::Upgrade(_) => panic!("nobody begins TLS behind that"),
            Event::Closed(_) => break,
            other => other.accept_or_decline(),
        }
    }
    assert!(theirs.heard().lines().last().unwrap().starts_with("554 "));
}

#[test]
fn what_comes_behind_the_reply_to_starttls_is_for_the_handshake_alone() {
    let clock = Clock::default();
    let (mut session, theirs) = asked_for_tls(&clock);
    theirs.say(b"EHLO injected\r\n");
    // Whoever asks again reads nothing either.
    let Event::Upgrade(_) = run(session.next()).unwrap() else { panic!() };
    let handshake = async |mut socket: End| {
        let mut octets = [0; 64];
        let n = socket.read(&mut octets).await?;
        assert_eq!(&octets[..n], b"EHLO injected\r\n");
        Ok::<_, ErrorKind>(Secured::new(socket))
    };
    assert_eq!(run(session.start_tls(handshake)), Ok(()));
    // Nothing of it, nor of the time before TLS, is known any more.
    theirs.say(b"MAIL FROM:<a@b.example>\r\nQUIT\r\n");
    while !matches!(run(session.next()).unwrap(), Event::Closed(Closed::Quit)) {
        run(session.next()).unwrap().accept_or_decline();
    }
    let heard = theirs.heard();
    assert!(heard.starts_with("503 ") && heard.lines().count() == 2, "{heard}");
}

#[test]
fn a_handshake_that_never_comes_is_given_up_in_time() {
    let clock = Clock::default();
    let (mut session, _theirs) = asked_for_tls(&clock);
    {
        let silent = |_: End| core::future::pending::<Result<Secured<End>, ErrorKind>>();
        let mut handshake = core::pin::pin!(session.start_tls(silent));
        assert!(poll(handshake.as_mut()).is_pending());
        clock.pass(60_000);
        assert_eq!(run(handshake), Err(NoTls::TimedOut));
    }
    assert!(matches!(run(session.next()).unwrap(), Event::Closed(Closed::Tls)));
}

#[test]
fn a_handshake_that_is_dropped_ends_the_connection() {
    let clock = Clock::default();
    let (mut session, _theirs) = asked_for_tls(&clock);
    {
        let silent = |_: End| core::future::pending::<Result<Secured<End>, ErrorKind>>();
        let mut handshake = core::pin::pin!(session.start_tls(silent));
        assert!(poll(handshake.as_mut()).is_pending());
    }
    // It is still what comes next, and there is no socket for it.
    let Event::Upgrade(_) = run(session.next()).unwrap() else { panic!() };
    let ready = |socket: End| core::future::ready(Ok::<_, ErrorKind>(Secured::new(socket)));
    assert_eq!(run(session.start_tls(ready)), Err(NoTls::Broken));
    assert!(matches!(run(session.next()).unwrap(), Event::Closed(Closed::Tls)));
}

#[test]
fn tls_that_nobody_asked_for_is_not_started() {
    let (ours, theirs) = wire();
    let connection = Connection::new(&STARTTLS, [0; 1024], [0; 1024], [7; 16]);
    let mut session = Session::new(MaybeTls::Plain(ours), connection);
    let ready = |socket: End| core::future::ready(Ok::<_, ErrorKind>(Secured::new(socket)));
    assert_eq!(run(session.start_tls(ready)), Err(NoTls::NotAsked));
    // Nothing has changed.
    run(session.next()).unwrap().accept_or_decline();
    theirs.close();
    assert!(matches!(run(session.next()).unwrap(), Event::Closed(Closed::EndOfFile)));
    assert!(theirs.heard().starts_with("220 "));
}
