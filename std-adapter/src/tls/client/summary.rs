use core::net::{Ipv4Addr, Ipv6Addr};
use x509_parser::oid_registry as oid;
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// How much of a name is shown; the server may send tens of thousands of octets.
const LONGEST: usize = 256;

/// What one certificate says, for people to read. The peer wrote it: control characters and marks that turn
/// the direction of a line are replaced, and a long name is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSummary {
    subject: String,
    issuer: String,
    not_before: String,
    not_after: String,
    names: Vec<String>,
    key: String,
    pub(super) is_authority: bool,
}

impl CertificateSummary {
    pub(super) fn of(der: &[u8]) -> Self {
        match X509Certificate::from_der(der) {
            Ok((_, certificate)) => Self {
                subject: printable(&certificate.subject().to_string()),
                issuer: printable(&certificate.issuer().to_string()),
                not_before: of_time(certificate.validity().not_before),
                not_after: of_time(certificate.validity().not_after),
                names: names(&certificate),
                key: key(certificate.public_key()),
                is_authority: certificate.is_ca(),
            },
            Err(_) => {
                let unknown = || "unreadable".to_owned();
                Self {
                    subject: unknown(),
                    issuer: unknown(),
                    not_before: unknown(),
                    not_after: unknown(),
                    names: Vec::new(),
                    key: unknown(),
                    is_authority: false,
                }
            }
        }
    }

    /// Whom it belongs to, as `CN=mx.example.org`. `unreadable` here and elsewhere when it is no X.509
    /// certificate.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who signed it, as [`CertificateSummary::subject`].
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// When it begins to be valid: RFC 3339 in UTC, as `2026-01-31T12:00:00Z`.
    #[must_use]
    pub fn not_before(&self) -> &str {
        &self.not_before
    }

    /// When it ends to be valid, as [`CertificateSummary::not_before`].
    #[must_use]
    pub fn not_after(&self) -> &str {
        &self.not_after
    }

    /// The subject alternative names: DNS names, IP addresses and mail addresses.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The kind of its key, as `RSA 2048`, `ECDSA P-256` or `Ed25519`; an object identifier when it is none
    /// of the common ones.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// A time in seconds since 1970, as certificates are summed up.
pub(super) fn of_seconds(seconds: u64) -> Option<String> {
    let seconds = i64::try_from(seconds).ok()?;
    ASN1Time::from_timestamp(seconds).ok().map(of_time)
}

/// Text of the peer on one line, all of it visible.
pub(super) fn printable(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if hides(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// By its fields, as the year 9999 that RFC 5280 section 4.1.2.5 has for "never" is beyond some clocks.
fn of_time(time: ASN1Time) -> String {
    let time = time.to_datetime();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) => Some(printable(name)),
            GeneralName::IPAddress(octets) => address(octets),
            _ => None,
        })
        .collect()
}

fn address(octets: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).to_string());
    let v6 = || <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).to_string());
    v4.or_else(|_| v6()).ok()
}

fn key(key: &SubjectPublicKeyInfo<'_>) -> String {
    let algorithm = &key.algorithm;
    if let Ok(PublicKey::RSA(rsa)) = key.parsed() {
        return format!("RSA {}", rsa.key_size());
    }
    let kind = algorithm.algorithm.to_id_string();
    if algorithm.algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        return match curve {
            Some(curve) if curve == oid::OID_EC_P256 => "ECDSA P-256".into(),
            Some(curve) if curve == oid::OID_NIST_EC_P384 => "ECDSA P-384".into(),
            Some(curve) if curve == oid::OID_NIST_EC_P521 => "ECDSA P-521".into(),
            Some(curve) => format!("ECDSA {}", curve.to_id_string()),
            None => "ECDSA".into(),
        };
    }
    if algorithm.algorithm == oid::OID_SIG_ED25519 {
        return "Ed25519".into();
    }
    if algorithm.algorithm == oid::OID_SIG_ED448 { "Ed448".into() } else { kind }
}
