//! Certificates, and peers whose TLS is another one: rustls with ring.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::{Arc, OnceLock};

use device_tls::provider::P256Key;
use device_tls::{ClientTls, Entropy, ServerTls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls;

pub use embedded_io_adapters::tokio_1::FromTokio;

/// The host's randomness.
#[derive(Debug)]
pub struct Host;

impl Entropy for Host {
    fn fill(octets: &mut [u8]) -> bool {
        getrandom::fill(octets).is_ok()
    }
}

pub fn now() -> Option<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().map(|since| since.as_secs())
}

/// An authority, and the certificate of `sensor.local` from it.
pub struct Certificates {
    pub authority: &'static [u8],
    pub chain: &'static [u8],
    pub key: KeyPair,
}

pub fn certificates() -> &'static Certificates {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    MADE.get_or_init(make)
}

pub fn make() -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "test authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["sensor.local".into()]).unwrap();
    let chain = params.signed_by(&key, &authority).unwrap();
    let authority = authority.der().to_vec().leak();
    Certificates { authority, chain: chain.der().to_vec().leak(), key }
}

/// The scalar in a key of P-256: the octets behind the version in RFC 5915's structure.
pub fn scalar(key: &KeyPair) -> [u8; 32] {
    let der = key.serialized_der();
    let mark = [0x02, 0x01, 0x01, 0x04, 0x20];
    let at = der.windows(mark.len()).position(|octets| octets == mark).unwrap() + mark.len();
    der[at..at + 32].try_into().unwrap()
}

pub fn device_server() -> ServerTls {
    let made = certificates();
    ServerTls::new::<Host>(&[made.chain], P256Key::from_scalar(&scalar(&made.key)).unwrap())
        .unwrap()
}

pub fn device_client(clock: fn() -> Option<u64>) -> ClientTls {
    ClientTls::new::<Host>(&[certificates().authority], clock).unwrap()
}

pub fn other_provider() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

pub fn other_client(provider: rustls::crypto::CryptoProvider) -> tokio_rustls::TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificates().authority.into()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

pub fn other_server(
    provider: rustls::crypto::CryptoProvider,
    made: &Certificates,
) -> tokio_rustls::TlsAcceptor {
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.key.serialized_der().to_vec());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.chain.into()], key.into())
        .unwrap();
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}
