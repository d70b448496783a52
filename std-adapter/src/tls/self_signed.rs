//! A certificate for the first minute: self-signed, kept, used again.

use super::TlsError;
use super::pem::{self, PemText};
use crate::file;
use core::net::IpAddr;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The names every certificate made here is good for.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The common name by which a certificate made here is known again.
const MARK: &str = "ehlo self-signed certificate";

/// The files of a self-signed certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SelfSigned {
    /// The certificate, PEM: what a client needs to trust this server.
    pub certificate: PathBuf,
    /// The private key, PEM, readable by its owner alone.
    pub key: PathBuf,
    /// Whether the certificate was made by this call.
    pub is_new: bool,
}

pub(super) fn ensure(folder: &Path, hostnames: &[&str]) -> Result<SelfSigned, TlsError> {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let names = names(hostnames);
    let have_certificate = exists(&certificate)?;
    if have_certificate && keeps(&certificate, &names)? {
        return Ok(SelfSigned { certificate, key, is_new: false });
    }
    make_folder(folder)?;
    let pair = if exists(&key)? {
        let text = pem::read(&key)?;
        let text = core::str::from_utf8(&text).map_err(generate)?;
        KeyPair::from_pem(text).map_err(generate)?
    } else {
        let pair = KeyPair::generate().map_err(generate)?;
        // The key goes first: a key alone can be used again, a certificate alone is of no use.
        let text = zeroize::Zeroizing::new(pair.serialize_pem());
        write(&key, text.as_bytes())?;
        pair
    };
    write(&certificate, sign(names, &pair)?.as_bytes())?;
    Ok(SelfSigned { certificate, key, is_new: true })
}

fn sign(names: Vec<String>, pair: &KeyPair) -> Result<String, TlsError> {
    let mut params = CertificateParams::new(names).map_err(generate)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, MARK);
    params.distinguished_name = subject;
    // Fixed days: a certificate for tests must not run out, nor depend on a clock that is wrong.
    params.not_before = rcgen::date_time_ymd(2024, 1, 1);
    params.not_after = rcgen::date_time_ymd(2099, 12, 31);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params.self_signed(pair).map_err(generate)?.pem())
}

/// Whether the certificate in this file stays: it covers the names, or it isn't ours to replace.
fn keeps(certificate: &Path, names: &[String]) -> Result<bool, TlsError> {
    let octets = pem::read(certificate)?;
    let origin = certificate.display().to_string();
    let chain = pem::certificates(&PemText { octets: &octets, origin: &origin })?;
    let first = chain.first().map(|der| X509Certificate::from_der(der));
    let Some(Ok((_, parsed))) = first else {
        return Err(TlsError::Unusable { origin, reason: "it is no X.509 certificate".into() });
    };
    let ours = parsed.subject().iter_common_name().any(|name| name.as_str() == Ok(MARK));
    Ok(!ours || names.iter().all(|name| covers(&parsed, name)))
}

fn covers(certificate: &X509Certificate<'_>, name: &str) -> bool {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return false };
    let address = name.parse::<IpAddr>().ok();
    names.value.general_names.iter().any(|known| match (known, address) {
        (GeneralName::DNSName(known), None) => known.eq_ignore_ascii_case(name),
        (GeneralName::IPAddress(octets), Some(IpAddr::V4(address))) => *octets == address.octets(),
        (GeneralName::IPAddress(octets), Some(IpAddr::V6(address))) => *octets == address.octets(),
        _ => false,
    })
}

fn names(hostnames: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in hostnames.iter().chain(&LOCAL) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push((*name).to_owned());
        }
    }
    names
}

fn exists(path: &Path) -> Result<bool, TlsError> {
    path.try_exists().map_err(|source| TlsError::Read { path: path.to_path_buf(), source })
}

fn make_folder(folder: &Path) -> Result<(), TlsError> {
    fs::create_dir_all(folder).map_err(|source| cannot_write(folder, source))
}

fn write(path: &Path, octets: &[u8]) -> Result<(), TlsError> {
    file::replace_private(path, octets).map_err(|source| cannot_write(path, source))
}

fn cannot_write(path: &Path, source: io::Error) -> TlsError {
    TlsError::Write { path: path.to_path_buf(), source }
}

fn generate(error: impl core::fmt::Display) -> TlsError {
    TlsError::Generate { reason: error.to_string() }
}
