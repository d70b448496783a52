use core::fmt;
use core::str::FromStr;

use serde::Deserialize;

use super::ClientCertificate;
use super::pattern::Pattern;

/// A rule: certificates that have all of this are this user's.
///
/// It is read from TOML, or from a line of words such as `common-name=gate,user=tim`:
///
/// ```toml
/// [[client-certificate]]
/// fingerprint = "3F:A2:…"        # SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it
/// user = "tim"
///
/// [[client-certificate]]
/// san-email = "*@example.org"    # the user is the address
///
/// [[client-certificate]]
/// common-name = "gateway"
/// user = "gateway"
/// may-act-as = ["tim", "anna"]   # who it may ask to be
/// ```
///
/// | key | what it goes by |
/// | --- | --- |
/// | `fingerprint` | the SHA-256 of the certificate, in hexadecimal, with or without colons |
/// | `key-fingerprint` | that of its public key, which stays when the certificate is renewed |
/// | `san-email` | an e-mail address among its subject alternative names, or `*@DOMAIN` |
/// | `san-dns` | a domain among them, or `*.DOMAIN` for one label before it |
/// | `common-name` | the common name of its subject, letter for letter, or `*` |
/// | `user` | who that is; without it, the name the rule goes by |
/// | `may-act-as` | whom else the client may ask to be (the authorization identity) |
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct CertificateRule {
    fingerprint: Option<[u8; 32]>,
    key_fingerprint: Option<[u8; 32]>,
    email: Option<Pattern>,
    domain: Option<Pattern>,
    common_name: Option<Pattern>,
    user: Option<String>,
    may_act_as: Vec<String>,
}

/// Why a rule is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRuleError(String);

/// A rule as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Written {
    fingerprint: Option<String>,
    key_fingerprint: Option<String>,
    san_email: Option<String>,
    san_dns: Option<String>,
    common_name: Option<String>,
    user: Option<String>,
    may_act_as: Vec<String>,
}

impl CertificateRule {
    /// Who a certificate may be by this rule, whoever it is first; `None` where it is meant for others.
    pub(super) fn users<'a>(&'a self, certificate: &'a ClientCertificate) -> Option<Vec<&'a str>> {
        let is = |wanted: &Option<[u8; 32]>, found| wanted.as_ref().is_none_or(|it| it == found);
        if !is(&self.fingerprint, certificate.fingerprint())
            || !is(&self.key_fingerprint, certificate.key_fingerprint())
        {
            return None;
        }
        let fitting = |pattern: &Option<Pattern>, names: &'a [String]| {
            let Some(pattern) = pattern else { return Some(Vec::new()) };
            let names = names.iter().map(String::as_str);
            let found: Vec<&str> = names.filter(|name| pattern.fits(name)).collect();
            (!found.is_empty()).then_some(found)
        };
        let emails = fitting(&self.email, certificate.emails())?;
        let domains = fitting(&self.domain, certificate.domains())?;
        let name = match &self.common_name {
            Some(pattern) => Some(certificate.common_name().filter(|name| pattern.fits(name))?),
            None => None,
        };
        Some(match &self.user {
            Some(user) => vec![user],
            None => emails.into_iter().chain(domains).chain(name).collect(),
        })
    }

    /// Whom else the client may ask to be.
    pub(super) fn may_act_as(&self) -> &[String] {
        &self.may_act_as
    }
}

impl TryFrom<Written> for CertificateRule {
    type Error = CertificateRuleError;

    fn try_from(written: Written) -> Result<Self, CertificateRuleError> {
        let wrong = |key: &str, value: &str, why: &str| {
            CertificateRuleError(format!("{key} {value:?}: {why}"))
        };
        let pattern =
            |key, value: Option<String>, parse: fn(&str) -> Result<Pattern, &'static str>| {
                value.map(|value| parse(&value).map_err(|why| wrong(key, &value, why))).transpose()
            };
        let digest = |key, value: Option<String>| {
            const FORM: &str = "write the 64 hexadecimal digits of a SHA-256";
            value.map(|value| digest(&value).ok_or_else(|| wrong(key, &value, FORM))).transpose()
        };
        let rule = Self {
            fingerprint: digest("fingerprint", written.fingerprint)?,
            key_fingerprint: digest("key-fingerprint", written.key_fingerprint)?,
            email: pattern("san-email", written.san_email, Pattern::email)?,
            domain: pattern("san-dns", written.san_dns, Pattern::domain)?,
            common_name: pattern("common-name", written.common_name, Pattern::text)?,
            user: written.user,
            may_act_as: written.may_act_as,
        };
        let names = [&rule.email, &rule.domain, &rule.common_name].into_iter().flatten().count();
        let digests = [rule.fingerprint, rule.key_fingerprint].into_iter().flatten().count();
        let why = if names + digests == 0 {
            "a rule needs something to go by: fingerprint, key-fingerprint, san-email, san-dns or common-name"
        } else if rule.user.is_none() && names != 1 {
            "who is it? Give a user; only where a rule goes by one name can it be that"
        } else if rule.user.as_deref() == Some("") || rule.may_act_as.iter().any(String::is_empty) {
            "a user has a name"
        } else {
            return Ok(rule);
        };
        Err(CertificateRuleError(why.to_owned()))
    }
}

/// `KEY=VALUE`, and commas between; a value has no comma in it. `may-act-as` may repeat.
impl FromStr for CertificateRule {
    type Err = CertificateRuleError;

    fn from_str(text: &str) -> Result<Self, CertificateRuleError> {
        let wrong = |why: String| Err(CertificateRuleError(why));
        let mut written = Written::default();
        for word in text.split(',') {
            let Some((key, value)) = word.split_once('=') else {
                return wrong(format!(
                    "{word:?}: write KEY=VALUE, such as common-name=gate,user=tim"
                ));
            };
            let value = value.to_owned();
            let place = match key.trim() {
                "fingerprint" => &mut written.fingerprint,
                "key-fingerprint" => &mut written.key_fingerprint,
                "san-email" => &mut written.san_email,
                "san-dns" => &mut written.san_dns,
                "common-name" => &mut written.common_name,
                "user" => &mut written.user,
                "may-act-as" => {
                    written.may_act_as.push(value);
                    continue;
                }
                key => {
                    return wrong(format!(
                        "{key:?} is no key; there are fingerprint, key-fingerprint, san-email, san-dns, \
                         common-name, user and may-act-as"
                    ));
                }
            };
            if place.replace(value).is_some() {
                return wrong(format!("{} stands there twice", key.trim()));
            }
        }
        written.try_into()
    }
}

/// The octets of a SHA-256, from hexadecimal digits with or without colons.
fn digest(text: &str) -> Option<[u8; 32]> {
    let mut digits = text.chars().filter(|c| *c != ':');
    let mut octets = [0; 32];
    for octet in &mut octets {
        let (high, low) = (digits.next()?.to_digit(16)?, digits.next()?.to_digit(16)?);
        *octet = u8::try_from(high << 4 | low).ok()?;
    }
    digits.next().is_none().then_some(octets)
}

impl fmt::Display for CertificateRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for CertificateRuleError {}
