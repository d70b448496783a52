//! Handshakes and streams with a TLS that shares no algorithm's code with ours.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use core::time::Duration;

use common::{
    FromTokio, certificates, device_client, device_server, make, now, other_client, other_provider,
    other_server,
};
use device_tls::TlsError;
use embedded_io_async::{Read, Write};
use rustls::{CertificateError, CipherSuite, Error, NamedGroup};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::rustls;

const LARGE: usize = 100_000;

fn exported<D>(connection: &rustls::ConnectionCommon<D>) -> [u8; 32] {
    connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).unwrap()
}

fn pattern() -> Vec<u8> {
    (0..LARGE).map(|i| (i % 251) as u8).collect()
}

async fn echo<S: Read + Write>(stream: &mut S, octets: usize) {
    let mut buffer = [0; 777];
    let mut left = octets;
    while left > 0 {
        let n = stream.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0);
        stream.write_all(&buffer[..n]).await.unwrap();
        stream.flush().await.unwrap();
        left -= n;
    }
}

async fn every_algorithm(
    each: impl AsyncFn(rustls::crypto::CryptoProvider, (CipherSuite, NamedGroup)),
) {
    let suites =
        [CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, CipherSuite::TLS13_AES_128_GCM_SHA256];
    for suite in suites {
        for group in [NamedGroup::X25519, NamedGroup::secp256r1] {
            let mut provider = other_provider();
            provider.cipher_suites.retain(|known| known.suite() == suite);
            provider.kx_groups.retain(|known| known.name() == group);
            each(provider, (suite, group)).await;
        }
    }
}

#[tokio::test]
async fn the_server_speaks_with_another_client_by_every_algorithm() {
    let server = device_server();
    every_algorithm(async |provider, (suite, _)| {
        let (ours, theirs) = duplex(4096);
        let device = async {
            let (mut stream, binding) = server.accept(FromTokio::new(ours)).await.unwrap();
            echo(&mut stream, LARGE).await;
            assert_eq!(stream.read(&mut [0; 8]).await, Ok(0), "close_notify is the end");
            stream.close().await.unwrap();
            binding.unwrap()
        };
        let other = async {
            let name = "sensor.local".try_into().unwrap();
            let stream = other_client(provider).connect(name, theirs).await.unwrap();
            assert_eq!(stream.get_ref().1.negotiated_cipher_suite().unwrap().suite(), suite);
            let exported = exported(stream.get_ref().1);
            // All of it at once: records of 16 KiB, the largest there are.
            let (mut read, mut write) = tokio::io::split(stream);
            let sent = async {
                write.write_all(&pattern()).await.unwrap();
                write.flush().await.unwrap();
                write
            };
            let mut heard = vec![0; LARGE];
            let (mut write, result) = tokio::join!(sent, read.read_exact(&mut heard));
            result.unwrap();
            assert!(heard == pattern());
            write.shutdown().await.unwrap();
            assert_eq!(read.read(&mut [0; 8]).await.unwrap(), 0, "close_notify came back");
            exported
        };
        let (binding, exported) = tokio::join!(device, other);
        assert_eq!(binding.data(), exported);
    })
    .await;
}

#[tokio::test]
async fn the_client_speaks_with_another_server_by_every_algorithm() {
    let client = device_client(now);
    every_algorithm(async |provider, (suite, _)| {
        let (ours, theirs) = duplex(4096);
        let other = async {
            let mut stream = other_server(provider, certificates()).accept(theirs).await.unwrap();
            assert_eq!(stream.get_ref().1.negotiated_cipher_suite().unwrap().suite(), suite);
            let mut heard = vec![0; 5000];
            stream.read_exact(&mut heard).await.unwrap();
            stream.write_all(&heard).await.unwrap();
            stream.shutdown().await.unwrap();
            (heard, exported(stream.get_ref().1))
        };
        let device = async {
            let socket = FromTokio::new(ours);
            let (mut stream, binding) = client.connect("sensor.local", socket).await.unwrap();
            stream.write_all(&pattern()[..5000]).await.unwrap();
            stream.flush().await.unwrap();
            let mut heard = vec![0; 5000];
            stream.read_exact(&mut heard).await.unwrap();
            assert!(heard == pattern()[..5000]);
            assert_eq!(stream.read(&mut [0; 8]).await, Ok(0));
            binding.unwrap()
        };
        let ((heard, exported), binding) = tokio::join!(other, device);
        assert!(heard == pattern()[..5000]);
        assert_eq!(binding.data(), exported);
    })
    .await;
}

/// What the device's client says of a server, and the server of the client.
async fn refusal(
    made: &common::Certificates,
    host: &str,
    clock: fn() -> Option<u64>,
) -> (TlsError, String) {
    let (ours, theirs) = duplex(4096);
    let client = device_client(clock);
    let server = other_server(other_provider(), made);
    let (device, other) =
        tokio::join!(client.connect(host, FromTokio::new(ours)), server.accept(theirs));
    let Err(error) = device else { panic!("{host} was taken") };
    (error, other.err().map(|error| error.to_string()).unwrap_or_default())
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_is_refused_with_an_alert() {
    let (error, heard) = refusal(certificates(), "other.example", now).await;
    assert!(
        matches!(
            error,
            TlsError::Tls(Error::InvalidCertificate(
                CertificateError::NotValidForNameContext { .. }
            ))
        ),
        "{error}"
    );
    assert!(heard.contains("alert"), "{heard}");

    let stranger = make();
    let (error, heard) = refusal(&stranger, "sensor.local", now).await;
    assert!(matches!(error, TlsError::Tls(Error::InvalidCertificate(_))), "{error}");
    assert!(heard.contains("alert"), "{heard}");

    let (error, _) = refusal(certificates(), "not a name", now).await;
    assert_eq!(error, TlsError::NoName);
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_clock_and_not_taken_without_one() {
    let (error, _) = refusal(certificates(), "sensor.local", || Some(0)).await;
    assert!(
        matches!(
            error,
            TlsError::Tls(Error::InvalidCertificate(CertificateError::NotValidYetContext { .. }))
        ),
        "{error}"
    );
    let (error, _) = refusal(certificates(), "sensor.local", || Some(1 << 40)).await;
    assert!(
        matches!(
            error,
            TlsError::Tls(Error::InvalidCertificate(CertificateError::ExpiredContext { .. }))
        ),
        "{error}"
    );
    let (error, _) = refusal(certificates(), "sensor.local", || None).await;
    assert_eq!(error, TlsError::Tls(Error::FailedToGetCurrentTime));
}

#[tokio::test]
async fn what_is_no_tls_is_refused_with_an_alert() {
    let (ours, mut theirs) = duplex(4096);
    theirs.write_all(b"EHLO me.example\r\n").await.unwrap();
    let server = device_server();
    let accepted = server.accept(FromTokio::new(ours)).await;
    assert!(matches!(accepted, Err(TlsError::Tls(Error::InvalidMessage(_)))));
    drop(accepted);
    let mut heard = Vec::new();
    theirs.read_to_end(&mut heard).await.unwrap();
    // A record with an alert (21) of two octets, the first of which says that it is fatal.
    assert_eq!((heard.len(), heard[0], heard[5]), (7, 21, 2));
}

#[tokio::test]
async fn a_client_that_is_older_than_tls_1_3_is_refused() {
    let (ours, mut theirs) = duplex(4096);
    theirs.write_all(&hello_of_tls_1_2()).await.unwrap();
    let server = device_server();
    let accepted = server.accept(FromTokio::new(ours)).await;
    assert!(matches!(accepted, Err(TlsError::Tls(Error::PeerIncompatible(_)))));
    drop(accepted);
    let mut heard = Vec::new();
    theirs.read_to_end(&mut heard).await.unwrap();
    // protocol_version (70).
    assert_eq!(heard, [21, 3, 3, 0, 2, 2, 70]);
}

/// A hello of TLS 1.2 with one cipher suite, and the extensions that it can't do without.
fn hello_of_tls_1_2() -> Vec<u8> {
    let (version, random, no_session) = ([3, 3], [7; 32], [0]);
    let (suites, no_compression) = ([0, 2, 0xC0, 0x2B], [1, 0]);
    let groups = [0, 10, 0, 4, 0, 2, 0, 23];
    let points = [0, 11, 0, 2, 1, 0];
    let signatures = [0, 13, 0, 4, 0, 2, 4, 3];
    let extensions = [&groups[..], &points, &signatures].concat();
    let length = [0, extensions.len() as u8];
    let parts =
        [&version[..], &random, &no_session, &suites, &no_compression, &length, &extensions];
    let hello = parts.concat();
    let n = hello.len() as u8;
    [&[22, 3, 1, 0, n + 4, 1, 0, 0, n], &hello[..]].concat()
}

async fn connected() -> (
    device_tls::TlsStream<FromTokio<DuplexStream>, rustls::server::UnbufferedServerConnection>,
    tokio_rustls::client::TlsStream<DuplexStream>,
) {
    let (ours, theirs) = duplex(4096);
    let server = device_server();
    let client = other_client(other_provider());
    let name = "sensor.local".try_into().unwrap();
    let (device, other) =
        tokio::join!(server.accept(FromTokio::new(ours)), client.connect(name, theirs));
    (device.unwrap().0, other.unwrap())
}

#[tokio::test]
async fn a_connection_that_is_cut_off_is_no_end() {
    let (mut device, other) = connected().await;
    drop(other);
    assert_eq!(device.read(&mut [0; 8]).await, Err(TlsError::Truncated));
}

#[tokio::test]
async fn a_read_that_is_dropped_loses_nothing_and_a_write_is_not_sent_twice() {
    let (mut device, mut other) = connected().await;
    let soon = Duration::from_millis(5);
    let mut heard = Vec::<u8>::new();
    let mut buffer = [0; 64];
    for i in 0..20_u8 {
        // Nothing is there to be read: the future is dropped while it waits.
        assert!(tokio::time::timeout(soon, device.read(&mut buffer)).await.is_err());
        other.write_all(&[i; 100]).await.unwrap();
        other.flush().await.unwrap();
        while let Ok(read) = tokio::time::timeout(soon, device.read(&mut buffer)).await {
            heard.extend(&buffer[..read.unwrap()]);
        }
    }
    assert!(heard == (0..20_u8).flat_map(|i| [i; 100]).collect::<Vec<_>>());

    // The pipe takes 4 KiB: the flush is dropped half-way, and goes on later.
    let octets = pattern()[..10_000].to_vec();
    let mut left = &octets[..];
    let mut heard = Vec::<u8>::new();
    let mut buffer = [0; 512];
    while heard.len() < octets.len() {
        if !left.is_empty()
            && let Ok(written) = tokio::time::timeout(soon, device.write(left)).await
        {
            left = &left[written.unwrap()..];
        }
        let _ = tokio::time::timeout(soon, device.flush()).await;
        if let Ok(read) = tokio::time::timeout(soon, other.read(&mut buffer)).await {
            heard.extend(&buffer[..read.unwrap()]);
        }
    }
    assert!(heard == octets);
}

#[tokio::test]
async fn a_forged_record_ends_the_connection() {
    let (ours, theirs) = duplex(65_536);
    let server = device_server();
    let client = other_client(other_provider());
    let name = "sensor.local".try_into().unwrap();
    let (device, other) =
        tokio::join!(server.accept(FromTokio::new(ours)), client.connect(name, theirs));
    let (mut device, mut other) = (device.unwrap().0, other.unwrap());
    let (socket, _) = other.get_mut();
    let mut forged = vec![23, 3, 3, 0, 32];
    forged.extend([7; 32]);
    socket.write_all(&forged).await.unwrap();
    assert_eq!(device.read(&mut [0; 8]).await, Err(TlsError::Tls(Error::DecryptError)));
    assert!(device.write(b"more").await.is_err() || device.read(&mut [0; 8]).await.is_err());
}
