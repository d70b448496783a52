//! Channel bindings: what ties an authentication to the TLS connection it runs in.

use rustls::{ConnectionCommon, ProtocolVersion};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_parser::oid_registry::{self as oid, Oid};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// The channel binding `tls-exporter`: 32 octets, the same on both sides (RFC 9266 section 2).
///
/// A [`ServerConnection`](rustls::ServerConnection) may be passed, and a
/// [`ClientConnection`](rustls::ClientConnection).
///
/// `None` before the handshake is done, and under TLS 1.2: there it is unique only with the extended master
/// secret (RFC 9266 section 3), and rustls doesn't tell whether that was in use.
#[must_use]
pub fn tls_exporter<D>(connection: &ConnectionCommon<D>) -> Option<[u8; 32]> {
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok()
}

/// The channel binding `tls-server-end-point`: the hash of the server's certificate (DER) with the hash
/// function of its signature, and SHA-256 in place of MD5 and SHA-1 (RFC 5929 section 4.1).
///
/// `None` when the signature uses no hash function, as with Ed25519: the binding is undefined then.
#[must_use]
pub fn server_end_point(der: &[u8]) -> Option<Box<[u8]>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let algorithm = &certificate.signature_algorithm;
    let hash = match SignatureAlgorithm::try_from(algorithm).ok()? {
        SignatureAlgorithm::RSASSA_PSS(parameters) => of_hash(parameters.hash_algorithm_oid()),
        _ => of_signature(&algorithm.algorithm),
    }?;
    Some(match hash {
        Hash::Sha224 => Sha224::digest(der).as_slice().into(),
        Hash::Sha256 => Sha256::digest(der).as_slice().into(),
        Hash::Sha384 => Sha384::digest(der).as_slice().into(),
        Hash::Sha512 => Sha512::digest(der).as_slice().into(),
    })
}

enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

fn of_signature(signature: &Oid<'_>) -> Option<Hash> {
    let is_any = |list: &[&Oid<'_>]| list.contains(&signature);
    if is_any(&[
        &oid::OID_PKCS1_SHA256WITHRSA,
        &oid::OID_SIG_ECDSA_WITH_SHA256,
        // The two that RFC 5929 replaces by SHA-256.
        &oid::OID_PKCS1_MD5WITHRSAENC,
        &oid::OID_PKCS1_SHA1WITHRSA,
    ]) {
        Some(Hash::Sha256)
    } else if is_any(&[&oid::OID_PKCS1_SHA384WITHRSA, &oid::OID_SIG_ECDSA_WITH_SHA384]) {
        Some(Hash::Sha384)
    } else if is_any(&[&oid::OID_PKCS1_SHA512WITHRSA, &oid::OID_SIG_ECDSA_WITH_SHA512]) {
        Some(Hash::Sha512)
    } else if is_any(&[&oid::OID_PKCS1_SHA224WITHRSA, &oid::OID_SIG_ECDSA_WITH_SHA224]) {
        Some(Hash::Sha224)
    } else {
        None
    }
}

fn of_hash(hash: &Oid<'_>) -> Option<Hash> {
    if *hash == oid::OID_NIST_HASH_SHA256 || *hash == oid::OID_HASH_SHA1 {
        Some(Hash::Sha256)
    } else if *hash == oid::OID_NIST_HASH_SHA384 {
        Some(Hash::Sha384)
    } else if *hash == oid::OID_NIST_HASH_SHA512 {
        Some(Hash::Sha512)
    } else {
        None
    }
}
