//! From PEM text to a certificate chain and a key that belong together.

use super::{TlsError, provider};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

/// PEM text and the words that name it in an error.
pub(super) struct PemText<'a> {
    pub(super) octets: &'a [u8],
    pub(super) origin: &'a str,
}

/// Reads a file; the octets are wiped when dropped, as most of these files are keys.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    match fs::read(path) {
        Ok(octets) => Ok(Zeroizing::new(octets)),
        Err(source) => Err(TlsError::Read { path: path.to_path_buf(), source }),
    }
}

pub(super) fn certified_key(
    certificate: &PemText<'_>,
    key: &PemText<'_>,
) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(certificate)?;
    let der = private_key(key)?;
    CertifiedKey::from_der(chain, der, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { certificate: certificate.origin.into(), key: key.origin.into() }
        }
        other => TlsError::Unusable {
            origin: format!("{} with {}", certificate.origin, key.origin),
            reason: other.to_string(),
        },
    })
}

/// The authorities that may sign client certificates.
pub(super) fn authorities(text: &PemText<'_>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(text)? {
        roots.add(certificate).map_err(|error| TlsError::Unusable {
            origin: text.origin.into(),
            reason: error.to_string(),
        })?;
    }
    Ok(roots)
}

pub(super) fn certificates(text: &PemText<'_>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(text.octets)
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(text, &error))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { origin: text.origin.into() });
    }
    Ok(chain)
}

fn private_key(text: &PemText<'_>) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(text.octets).map_err(|error| match error {
        pem::Error::NoItemsFound if is_encrypted(text.octets) => {
            TlsError::EncryptedKey { origin: text.origin.into() }
        }
        pem::Error::NoItemsFound => TlsError::NoKey { origin: text.origin.into() },
        other => malformed(text, &other),
    })
}

fn is_encrypted(octets: &[u8]) -> bool {
    let mark = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    octets.windows(mark.len()).any(|window| window == mark)
}

/// The library's own text would print octets of the file, which may be a key.
fn malformed(text: &PemText<'_>, error: &pem::Error) -> TlsError {
    let reason = match error {
        pem::Error::MissingSectionEnd { .. } => "a part has no END line",
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is wrong",
        pem::Error::Base64Decode(_) => "the base64 in it is wrong",
        _ => "it can't be read",
    };
    TlsError::Pem { origin: text.origin.into(), reason: reason.into() }
}
