//! Whose a client's certificate is: what stands in it, and rules that say who that is.

mod pattern;
mod rule;
mod rules;

pub use rule::{CertificateRule, CertificateRuleError};
pub use rules::{CertificateRules, NotMapped};

use core::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What stands in a client's certificate that rules can go by. It was verified: an authority vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    fingerprint: [u8; 32],
    key_fingerprint: [u8; 32],
    emails: Vec<String>,
    domains: Vec<String>,
    common_name: Option<String>,
}

impl ClientCertificate {
    /// Reads a certificate (DER); `None` when it is none. Names that are empty or hold a control character are
    /// passed over: they would not print as what they are.
    #[must_use]
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map_or(&[][..], |names| names.value.general_names.as_slice());
        let clean = |name: &&str| !name.is_empty() && !name.chars().any(char::is_control);
        let emails = names.iter().filter_map(|name| match name {
            GeneralName::RFC822Name(email) => Some(*email),
            _ => None,
        });
        let domains = names.iter().filter_map(|name| match name {
            GeneralName::DNSName(domain) => Some(*domain),
            _ => None,
        });
        let common_name = certificate.subject().iter_common_name().next();
        let common_name = common_name.and_then(|name| name.as_str().ok()).filter(clean);
        Some(Self {
            fingerprint: Sha256::digest(der).into(),
            key_fingerprint: Sha256::digest(certificate.public_key().raw).into(),
            emails: emails.filter(clean).map(str::to_owned).collect(),
            domains: domains.filter(clean).map(str::to_owned).collect(),
            common_name: common_name.map(str::to_owned),
        })
    }

    /// The SHA-256 of the certificate.
    #[must_use]
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// The SHA-256 of its public key (SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7): it stays when the certificate is
    /// renewed.
    #[must_use]
    pub const fn key_fingerprint(&self) -> &[u8; 32] {
        &self.key_fingerprint
    }

    /// The e-mail addresses among its subject alternative names (rfc822Name, RFC 5280 section 4.2.1.6).
    #[must_use]
    pub fn emails(&self) -> &[String] {
        &self.emails
    }

    /// The domains among its subject alternative names (dNSName).
    #[must_use]
    pub fn domains(&self) -> &[String] {
        &self.domains
    }

    /// The first common name of its subject.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }
}

/// What a rule for it would say: `san-email=…, common-name=…, fingerprint=…`.
impl fmt::Display for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.emails.iter().try_for_each(|email| write!(f, "san-email={email}, "))?;
        self.domains.iter().try_for_each(|domain| write!(f, "san-dns={domain}, "))?;
        if let Some(name) = &self.common_name {
            write!(f, "common-name={name}, ")?;
        }
        write!(f, "fingerprint={}", hexadecimal(&self.fingerprint))
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a string doesn't fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
