use core::fmt;

use super::{CertificateRule, ClientCertificate};
use crate::users::same_name;

/// Rules that say whose certificates are, as EXTERNAL asks (RFC 4422 appendix A). The first that is meant for a
/// certificate decides; one that no rule is meant for is nobody's.
///
/// The certificate has been verified before: rules choose among those that an authority vouches for, and none
/// replaces it.
///
/// ```
/// use ehlo_std::tls::{CertificateRuleError, CertificateRules};
///
/// # fn main() -> Result<(), CertificateRuleError> {
/// let rules = ["common-name=gate,user=gateway,may-act-as=tim", "san-email=*@example.org"];
/// let rules: CertificateRules = rules.iter().map(|rule| rule.parse()).collect::<Result<_, _>>()?;
/// # drop(rules);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateRules(Vec<CertificateRule>);

/// Why a certificate is nobody's, or not this user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotMapped {
    /// No rule is meant for it.
    NoRule,
    /// It is a user's who may not act as the one that is asked for.
    Identity,
}

impl CertificateRules {
    /// These rules, the first one first.
    pub fn new(rules: impl IntoIterator<Item = CertificateRule>) -> Self {
        rules.into_iter().collect()
    }

    /// Who a client is, by its certificate and by who it asks to be. Names are compared as SASLprep (RFC 4013) has them,
    /// and without regard to case in the domain behind an `@`. The answer has the rule's spelling, or the
    /// certificate's.
    ///
    /// # Errors
    /// When no rule is meant for the certificate, or the one that is doesn't let it be who it asks to be.
    pub fn user<'a>(
        &'a self,
        certificate: &'a ClientCertificate,
        authorization_identity: Option<&str>,
    ) -> Result<&'a str, NotMapped> {
        let mut found = self.0.iter().filter_map(|rule| Some((rule, rule.users(certificate)?)));
        let (rule, users) = found.next().ok_or(NotMapped::NoRule)?;
        let permitted = rule.may_act_as().iter().map(String::as_str);
        match authorization_identity {
            None => users.first().copied().ok_or(NotMapped::NoRule),
            Some(wanted) => users
                .iter()
                .copied()
                .chain(permitted)
                .find(|name| same_name(name, wanted))
                .ok_or(NotMapped::Identity),
        }
    }
}

impl FromIterator<CertificateRule> for CertificateRules {
    fn from_iter<I: IntoIterator<Item = CertificateRule>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}

impl fmt::Display for NotMapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRule => "no rule is meant for the client's certificate",
            Self::Identity => "the client's certificate may not act as who is asked for",
        })
    }
}

impl core::error::Error for NotMapped {}
