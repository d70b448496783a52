use super::*;
use rcgen::{CertificateParams, CertifiedIssuer, DistinguishedName, DnType, KeyPair, SanType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::fs;
use std::io;
use tokio_rustls::TlsConnector;

static ONLY_TLS_1_2: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];

struct Client {
    trusted: CertificateDer<'static>,
    own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    versions: &'static [&'static SupportedProtocolVersion],
}

impl Client {
    fn trusting(pem: &[u8]) -> Self {
        let trusted = CertificateDer::from_pem_slice(pem).unwrap();
        Self { trusted, own: None, versions: rustls::DEFAULT_VERSIONS }
    }

    /// The client's half of `tls-exporter`, and the server's facts with its half.
    async fn connect(self, tls: &Tls) -> io::Result<([u8; 32], TlsFacts, Option<[u8; 32]>)> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted).unwrap();
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match self.own {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let connector = TlsConnector::from(Arc::new(config));
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let acceptor = tls.acceptor();
        let name = ServerName::try_from("localhost").unwrap();
        let (client, server) = tokio::join!(connector.connect(name, theirs), acceptor.accept(ours));
        let (_, facts) = server?;
        let client = client?;
        let binding = client
            .get_ref()
            .1
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .unwrap();
        let exporter = facts.exporter();
        Ok((binding, facts, exporter))
    }
}

fn self_signed() -> (tempfile::TempDir, Tls, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (tls, files) = Tls::self_signed(folder.path(), &["mx.example"]).unwrap();
    let pem = fs::read(&files.certificate).unwrap();
    (folder, tls, pem)
}

#[tokio::test]
async fn a_handshake_tells_version_cipher_name_and_bindings() {
    let (_folder, tls, pem) = self_signed();
    let (binding, facts, exporter) = Client::trusting(&pem).connect(&tls).await.unwrap();
    assert_eq!(facts.version(), "TLSv1.3");
    assert!(facts.cipher().starts_with("TLS_AES_"), "{}", facts.cipher());
    assert_eq!(facts.server_name(), Some("localhost"));
    assert!(!facts.client_verified());
    assert_eq!(facts.client_identity(), None);
    assert_eq!(exporter, Some(binding));
    let der = CertificateDer::from_pem_slice(&pem).unwrap();
    // rcgen signs with ECDSA and SHA-256.
    let hash = <sha2::Sha256 as sha2::Digest>::digest(&der);
    assert_eq!(facts.server_end_point(), Some(hash.as_slice()));
}

#[tokio::test]
async fn tls_1_2_is_accepted_and_has_no_exporter_binding() {
    let (_folder, tls, pem) = self_signed();
    let mut client = Client::trusting(&pem);
    client.versions = &ONLY_TLS_1_2;
    let (_, facts, exporter) = client.connect(&tls).await.unwrap();
    assert_eq!(facts.version(), "TLSv1.2");
    assert!(facts.cipher().starts_with("TLS_ECDHE_"), "{}", facts.cipher());
    assert_eq!(exporter, None);
}

#[test]
fn a_self_signed_certificate_is_kept_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("state/tls");
    let (_, first) = Tls::self_signed(&place, &["mx.example"]).unwrap();
    let (_, second) = Tls::self_signed(&place, &["MX.example"]).unwrap();
    assert!(first.is_new && !second.is_new);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&first.key).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_new_name_makes_a_new_certificate_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = Tls::self_signed(folder.path(), &[]).unwrap();
    let (certificate, key) = (fs::read(&first.certificate).unwrap(), fs::read(&first.key).unwrap());
    let (_, second) = Tls::self_signed(folder.path(), &["mx.example", "192.0.2.1"]).unwrap();
    assert!(second.is_new);
    assert_ne!(fs::read(&second.certificate).unwrap(), certificate);
    assert_eq!(fs::read(&second.key).unwrap(), key);
}

#[test]
fn a_certificate_from_elsewhere_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = leaf(|_| ());
    fs::write(folder.path().join("cert.pem"), &certificate).unwrap();
    fs::write(folder.path().join("key.pem"), &key).unwrap();
    let (_, files) = Tls::self_signed(folder.path(), &["mx.example"]).unwrap();
    assert!(!files.is_new);
    assert_eq!(fs::read_to_string(&files.certificate).unwrap(), certificate);
}

/// A certificate (signed by itself) and its key, PEM.
fn leaf(change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    change(&mut params);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn reload_takes_the_new_certificate_and_keeps_the_old_one_on_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let (old, new) = (leaf(|_| ()), leaf(|_| ()));
    fs::write(&certificate, &old.0).unwrap();
    fs::write(&key, &old.1).unwrap();
    let tls = Tls::from_pem_files(&certificate, &key).unwrap();
    let copy = tls.clone();

    fs::write(&certificate, &new.0).unwrap();
    let error = tls.reload().unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    assert!(Client::trusting(old.0.as_bytes()).connect(&copy).await.is_ok());

    fs::write(&key, &new.1).unwrap();
    tls.reload().unwrap();
    assert!(Client::trusting(new.0.as_bytes()).connect(&copy).await.is_ok());
    assert!(Client::trusting(old.0.as_bytes()).connect(&copy).await.is_err());
}

/// An authority, and a client certificate it signed.
fn client_certificate(
    change: impl FnOnce(&mut CertificateParams),
) -> (String, (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    change(&mut params);
    let certificate = params.signed_by(&key, &authority).unwrap();
    let der = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    (authority.pem(), (vec![certificate.der().clone()], der))
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

#[tokio::test]
async fn a_client_certificate_is_asked_for_and_not_required() {
    let (_folder, tls, pem) = self_signed();
    let (authority, own) =
        client_certificate(|params| params.distinguished_name = common_name("fritz"));
    let tls = tls.client_ca(authority.as_bytes()).unwrap();
    assert!(tls.asks_clients());

    let (_, facts, _) = Client::trusting(&pem).connect(&tls).await.unwrap();
    assert!(!facts.client_verified());

    let client = Client { own: Some(own), ..Client::trusting(&pem) };
    let (_, facts, _) = client.connect(&tls).await.unwrap();
    assert!(facts.client_verified());
    assert_eq!(facts.client_identity(), Some("fritz"));
}

#[tokio::test]
async fn a_client_certificate_of_another_authority_fails_the_handshake() {
    let (_folder, tls, pem) = self_signed();
    let (authority, _) = client_certificate(|_| ());
    let (_, stranger) = client_certificate(|_| ());
    let tls = tls.client_ca(authority.as_bytes()).unwrap();
    let client = Client { own: Some(stranger), ..Client::trusting(&pem) };
    assert!(client.connect(&tls).await.is_err());
}

#[test]
fn the_mail_address_goes_before_the_common_name() {
    let (_, (chain, _)) = client_certificate(|params| {
        params.distinguished_name = common_name("fritz");
        params.subject_alt_names = vec![
            SanType::DnsName("host.example".try_into().unwrap()),
            SanType::Rfc822Name("me@example.com".try_into().unwrap()),
            SanType::Rfc822Name("also@example.com".try_into().unwrap()),
        ];
    });
    assert_eq!(client_identity(&chain[0]).as_deref(), Some("me@example.com"));
}

#[test]
fn a_name_with_control_characters_is_no_identity() {
    for name in ["fritz\0.evil", "fritz\r\nX: y", ""] {
        let (_, (chain, _)) =
            client_certificate(|params| params.distinguished_name = common_name(name));
        assert_eq!(client_identity(&chain[0]), None, "{name:?}");
    }
}

#[test]
fn ed25519_has_no_end_point_binding_and_sha384_its_own() {
    let of = |algorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        server_end_point(params.self_signed(&key).unwrap().der()).map(|hash| hash.len())
    };
    assert_eq!(of(&rcgen::PKCS_ED25519), None);
    assert_eq!(of(&rcgen::PKCS_ECDSA_P384_SHA384), Some(48));
    assert_eq!(of(&rcgen::PKCS_ECDSA_P256_SHA256), Some(32));
    assert_eq!(server_end_point(b"no certificate"), None);
}

#[test]
fn errors_say_what_to_do_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let (certificate, key) = leaf(|_| ());
    let other = leaf(|_| ()).1;
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let broken = key.replace("-----END", "-----BROKEN");
    let cases = [
        (Tls::from_pem_files(&missing, &missing).unwrap_err(), "missing.pem"),
        (
            Tls::from_pem(key.as_bytes(), key.as_bytes()).unwrap_err(),
            "no certificate in the certificate",
        ),
        (
            Tls::from_pem(certificate.as_bytes(), certificate.as_bytes()).unwrap_err(),
            "no private key in the key",
        ),
        (Tls::from_pem(certificate.as_bytes(), other.as_bytes()).unwrap_err(), "does not belong"),
        (Tls::from_pem(certificate.as_bytes(), encrypted.as_bytes()).unwrap_err(), "is encrypted"),
        (Tls::from_pem(certificate.as_bytes(), broken.as_bytes()).unwrap_err(), "no END line"),
        (
            Tls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap().reload().unwrap_err(),
            "not read from files",
        ),
        (Tls::self_signed(folder.path(), &["not a name\u{7f}é"]).unwrap_err(), "cannot make"),
    ];
    for (error, words) in cases {
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains('\n'), "{text}");
    }
}

#[test]
fn debug_shows_paths_and_no_key() {
    let (_folder, tls, _) = self_signed();
    let text = format!("{tls:?} {:?}", tls.acceptor());
    assert!(text.contains("key.pem") && !text.contains("PRIVATE"), "{text}");
}
