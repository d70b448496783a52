mod refused;

use super::*;
use crate::tls::{Tls, TlsFacts};
use ehlo::sasl::BindingKind;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    SigningKey,
};
use rustls::ServerConfig;
use rustls::sign::CertifiedKey;
use std::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsAcceptor;

const NAME: &str = "mx.example";

fn called(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = called(name);
    CertifiedIssuer::self_signed(params, key()).unwrap()
}

/// A certificate for these names by this authority, and its key, PEM.
fn issue(
    issuer: &CertifiedIssuer<'static, impl SigningKey>,
    names: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> (String, String) {
    let key = key();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = called("a server");
    change(&mut params);
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

fn server((certificate, key): &(String, String)) -> Tls {
    Tls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
}

fn trusting(issuer: &CertifiedIssuer<'static, KeyPair>) -> ClientTls {
    ClientTls::roots_pem(issuer.pem().as_bytes()).unwrap()
}

struct Done {
    client: io::Result<(TlsStream<DuplexStream>, ServerTlsFacts)>,
    server: io::Result<(tokio_rustls::server::TlsStream<DuplexStream>, TlsFacts)>,
}

async fn handshake(client: &ClientTls, host: &str, server: &Tls) -> Done {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let acceptor = server.acceptor();
    let (client, server) = tokio::join!(client.connect(host, ours), acceptor.accept(theirs));
    Done { client, server }
}

async fn facts(client: &ClientTls, host: &str, server: &Tls) -> ServerTlsFacts {
    handshake(client, host, server).await.client.unwrap().1
}

async fn fault(client: &ClientTls, host: &str, server: &Tls) -> (CertificateFault, String) {
    let error = handshake(client, host, server).await.client.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    match HandshakeError::of(&error) {
        Some(HandshakeError::Certificate { fault, .. }) => (fault.clone(), text),
        other => panic!("{other:?}"),
    }
}

/// A handshake with a server that isn't ours.
async fn against(client: &ClientTls, config: ServerConfig) -> io::Result<ServerTlsFacts> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (client, _) = tokio::join!(client.connect(NAME, ours), acceptor.accept(theirs));
    client.map(|(_, facts)| facts)
}

fn config(
    versions: &[&'static rustls::SupportedProtocolVersion],
    key: CertifiedKey,
) -> ServerConfig {
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
}

fn certified((certificate, key): &(String, String)) -> CertifiedKey {
    pem::certified_key(
        &PemText { octets: certificate.as_bytes(), origin: "" },
        &PemText { octets: key.as_bytes(), origin: "" },
    )
    .unwrap()
}

#[tokio::test]
async fn a_verified_server_is_known_by_the_name_that_was_asked_for() {
    let authority = authority("the authority");
    let server = server(&issue(&authority, &[NAME, "*.mail.example", "192.0.2.1"], |_| ()));
    let done = handshake(&trusting(&authority), NAME, &server).await;
    let (mut stream, facts) = done.client.unwrap();
    assert_eq!((facts.host(), facts.verified_host()), (NAME, Some(NAME)));
    assert_eq!(facts.verification(), Ok(()));
    assert_eq!(facts.protocol(), "TLSv1.3");
    assert!(facts.cipher_suite().starts_with("TLS_AES_"), "{}", facts.cipher_suite());
    let [own] = facts.chain() else { panic!("{:?}", facts.chain()) };
    assert_eq!((own.subject(), own.issuer()), ("CN=a server", "CN=the authority"));
    assert_eq!(own.names(), [NAME, "*.mail.example", "192.0.2.1"]);
    assert_eq!(own.key(), "ECDSA P-256");
    assert_eq!(own.not_before(), "1975-01-01T00:00:00Z");
    assert_eq!(own.not_after(), "4096-01-01T00:00:00Z");

    let (mut theirs, server_facts) = done.server.unwrap();
    assert_eq!(server_facts.server_name(), Some(NAME));
    stream.write_all(b"hello").await.unwrap();
    stream.flush().await.unwrap();
    let mut octets = [0; 5];
    theirs.read_exact(&mut octets).await.unwrap();
    assert_eq!(&octets, b"hello");
}

#[tokio::test]
async fn what_the_system_trusts_is_trusted_and_what_it_can_not_read_is_passed_over() {
    let authority = authority("the authority");
    let server = server(&issue(&authority, &[NAME], |_| ()));
    let mut found = CertificateResult::default();
    found.certs.extend([b"none".to_vec().into(), authority.der().clone()]);
    let client = ClientTls::trusting_system(found).unwrap();
    let done = tokio::spawn(async move { facts(&client, NAME, &server).await });
    assert_eq!(done.await.unwrap().verified_host(), Some(NAME));
}

#[tokio::test]
async fn both_sides_have_the_same_channel_bindings() {
    let authority = authority("the authority");
    let server = server(&issue(&authority, &[NAME], |_| ()));
    let done = handshake(&trusting(&authority), NAME, &server).await;
    let ((_, ours), (_, theirs)) = (done.client.unwrap(), done.server.unwrap());
    assert!(ours.exporter().is_some());
    assert_eq!(ours.exporter(), theirs.exporter());
    assert!(ours.server_end_point().is_some());
    assert_eq!(ours.server_end_point(), theirs.server_end_point());
    let binding = ours.channel_binding().unwrap();
    assert_eq!(binding.kind(), BindingKind::TlsExporter);
    assert_eq!(theirs.channel_binding(binding.kind()), Some(binding));
    let end_point = theirs.channel_binding(BindingKind::TlsServerEndPoint).unwrap();
    assert_eq!(Some(end_point.data()), ours.server_end_point());
    assert_eq!(theirs.channel_binding(BindingKind::TlsUnique), None);
}

#[tokio::test]
async fn two_connections_have_different_exporters_and_are_both_verified() {
    let authority = authority("the authority");
    let server = server(&issue(&authority, &[NAME], |_| ()));
    let client = trusting(&authority);
    let first = facts(&client, NAME, &server).await;
    let second = facts(&client, NAME, &server).await;
    assert_ne!(first.exporter(), second.exporter());
    assert_eq!(second.verified_host(), Some(NAME));
}

#[tokio::test]
async fn a_server_of_tls_1_2_is_verified_and_has_no_exporter_binding() {
    let authority = authority("the authority");
    let pair = issue(&authority, &[NAME], |_| ());
    let config = config(&[&rustls::version::TLS12], certified(&pair));
    let facts = against(&trusting(&authority), config).await.unwrap();
    assert_eq!((facts.protocol(), facts.verified_host()), ("TLSv1.2", Some(NAME)));
    assert_eq!(facts.exporter(), None);
    assert!(facts.server_end_point().is_some());
    let kind = facts.channel_binding().unwrap().kind();
    assert_eq!(kind, BindingKind::TlsServerEndPoint);
}

#[tokio::test]
async fn a_dot_at_the_end_and_upper_case_are_the_same_name() {
    let authority = authority("the authority");
    let server = server(&issue(&authority, &[NAME], |_| ()));
    let client = trusting(&authority);
    assert_eq!(facts(&client, "mx.example.", &server).await.verified_host(), Some("mx.example"));
    assert_eq!(facts(&client, "MX.Example", &server).await.verified_host(), Some("MX.Example"));
}

#[tokio::test]
async fn an_address_is_verified_as_an_address() {
    let authority = authority("the authority");
    let server = server(&issue(&authority, &["192.0.2.1", "2001:db8::1"], |_| ()));
    let client = trusting(&authority);
    for (host, known) in [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ] {
        assert_eq!(facts(&client, host, &server).await.verified_host(), Some(known));
    }
    let (fault, text) = fault(&client, "192.0.2.2", &server).await;
    assert!(matches!(fault, CertificateFault::WrongName { .. }), "{fault:?}");
    assert!(text.contains("not for 192.0.2.2 but for 192.0.2.1, 2001:db8::1"), "{text}");
}

#[tokio::test]
async fn any_certificate_is_accepted_on_request_and_what_is_wrong_is_kept() {
    let authority = authority("the authority");
    let server = server(&issue(&authority, &["a.example"], |_| ()));
    let client = trusting(&authority).dangerous_accept_any_certificate();
    let wrong = facts(&client, NAME, &server).await;
    assert_eq!((wrong.host(), wrong.verified_host()), (NAME, None));
    let reason = wrong.verification().unwrap_err();
    assert!(reason.to_string().contains("not for mx.example but for a.example"), "{reason}");
    assert_eq!(wrong.chain().len(), 1);

    let right = facts(&client, "a.example", &server).await;
    assert_eq!(right.verified_host(), Some("a.example"));
    assert_eq!(right.verification(), Ok(()));
}

/// The certificate of one key with another: what somebody has who copied a certificate off the wire.
fn stolen(authority: &CertifiedIssuer<'static, KeyPair>) -> CertifiedKey {
    let (theirs, own) =
        (issue(authority, &[NAME], |_| ()), issue(authority, &["x.example"], |_| ()));
    CertifiedKey::new(certified(&theirs).cert, certified(&own).key)
}

#[tokio::test]
async fn a_server_without_the_key_of_its_certificate_is_never_verified() {
    let authority = authority("the authority");
    let client = trusting(&authority);
    let open = client.clone().dangerous_accept_any_certificate();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let error = against(&client, config(&[version], stolen(&authority))).await.unwrap_err();
        assert!(error.to_string().contains("does not prove that it has its key"), "{error}");
        let facts = against(&open, config(&[version], stolen(&authority))).await.unwrap();
        assert_eq!(facts.verified_host(), None);
        let fault = facts.verification().unwrap_err();
        assert!(matches!(fault, CertificateFault::KeyNotProven { .. }), "{fault:?}");
    }
}

#[tokio::test]
async fn the_server_sees_the_client_certificate() {
    let (authority, clients) = (authority("the authority"), authority("of clients"));
    let server = server(&issue(&authority, &[NAME], |_| ()));
    let server = server.client_ca(clients.pem().as_bytes()).unwrap();
    let own = issue(&clients, &[], |params| params.distinguished_name = called("fritz"));
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    fs::write(&certificate, &own.0).unwrap();
    fs::write(&key, &own.1).unwrap();

    let client = trusting(&authority);
    let without = handshake(&client, NAME, &server).await.server.unwrap().1;
    assert_eq!(without.client_identity(), None);
    for client in [
        client.clone().client_certificate_pem(own.0.as_bytes(), own.1.as_bytes()).unwrap(),
        client.clone().client_certificate_files(&certificate, &key).unwrap(),
        client
            .dangerous_accept_any_certificate()
            .client_certificate_files(&certificate, &key)
            .unwrap(),
    ] {
        let with = handshake(&client, NAME, &server).await.server.unwrap().1;
        assert_eq!(with.client_identity(), Some("fritz"));
    }
}

#[tokio::test]
async fn a_client_certificate_the_server_refuses_fails_the_first_read() {
    let (authority, another) = (authority("the authority"), authority("another"));
    let server = server(&issue(&authority, &[NAME], |_| ()));
    let server = server.client_ca(authority.pem().as_bytes()).unwrap();
    let own = issue(&another, &[], |_| ());
    let client = trusting(&authority);
    let client = client.client_certificate_pem(own.0.as_bytes(), own.1.as_bytes()).unwrap();
    let done = handshake(&client, NAME, &server).await;
    assert!(done.server.is_err());
    let (mut stream, _) = done.client.unwrap();
    assert!(stream.read(&mut [0; 1]).await.is_err());
}

#[tokio::test]
async fn names_of_the_peer_show_nothing_hidden_and_are_cut() {
    let authority = authority("the authority");
    let long = "x".repeat(10_000);
    let hidden = format!("a\u{202e}b\r\nc\u{7}d{long}");
    let server = server(&issue(&authority, &[NAME], |params| {
        params.distinguished_name = called(&hidden);
    }));
    let facts = facts(&trusting(&authority), NAME, &server).await;
    let subject = facts.chain()[0].subject();
    assert!(subject.starts_with("CN=a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}dxxx"), "{subject}");
    assert_eq!(subject.chars().count(), 257);
}

#[test]
fn each_common_kind_of_key_has_a_name() {
    for (algorithm, name) in
        [(&rcgen::PKCS_ECDSA_P384_SHA384, "ECDSA P-384"), (&rcgen::PKCS_ED25519, "Ed25519")]
    {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let summary = CertificateSummary::of(params.self_signed(&key).unwrap().der());
        assert_eq!(summary.key(), name);
    }
    assert_eq!(CertificateSummary::of(b"none").subject(), "unreadable");
}

#[tokio::test]
async fn debug_shows_no_key_and_no_exporter() {
    let authority = authority("the authority");
    let own = issue(&authority, &[NAME], |_| ());
    let client = trusting(&authority);
    let client = client.client_certificate_pem(own.0.as_bytes(), own.1.as_bytes()).unwrap();
    let facts = facts(&client, NAME, &server(&own)).await;
    let text = format!("{client:?} {facts:?}");
    assert!(text.contains("has_certificate: true") && text.contains(NAME), "{text}");
    assert!(!text.contains("PRIVATE") && !text.contains("exporter"), "{text}");
}
