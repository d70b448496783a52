//! Who has authenticated, and as whom it wants to act.

/// Who has authenticated by a ticket.
///
/// That the ticket is good says who it is, and not that it may do anything here: a realm may have many
/// members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosLogin {
    principal: String,
    user: Option<String>,
    authorization_identity: Option<String>,
}

impl KerberosLogin {
    pub(super) fn new(
        principal: String,
        realms: &[&str],
        authorization_identity: Option<&str>,
    ) -> Self {
        let user = user(&principal, realms).map(str::to_owned);
        let authorization_identity = authorization_identity.map(str::to_owned);
        Self { principal, user, authorization_identity }
    }

    /// The principal, such as `tim@EXAMPLE.ORG` or `tim/admin@EXAMPLE.ORG`.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The user: `tim`, where the principal is `tim@` and the server's own realm or one that
    /// [`Acceptor::realm`](super::Acceptor::realm) names. A principal with an instance, such as
    /// `tim/admin`, is no user.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Who the client wants to act as. It is not said, or is the user or the principal itself, unless
    /// `Policy::authorization_identity` allows another; whether it may is for the service to decide.
    #[must_use]
    pub fn authorization_identity(&self) -> Option<&str> {
        self.authorization_identity.as_deref()
    }

    /// Whether it wants to act as who it is.
    #[must_use]
    pub fn acts_as_itself(&self) -> bool {
        let who = self.authorization_identity();
        who.is_none() || who == self.user() || who == Some(self.principal())
    }
}

/// The user that a principal is, in these realms. What the library has to escape to write it down is in
/// no user's name.
fn user<'p>(principal: &'p str, realms: &[&str]) -> Option<&'p str> {
    let (name, realm) = principal.rsplit_once('@')?;
    let plain = !name.is_empty() && !name.contains(['/', '\\', '@']);
    (plain && realms.contains(&realm)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_of_the_own_realm_is_a_user() {
        let realms = ["EXAMPLE.ORG"];
        assert_eq!(user("tim@EXAMPLE.ORG", &realms), Some("tim"));
        for other in [
            "tim@EXAMPLE.COM",
            // Realms are case-sensitive (RFC 4120 section 6.1).
            "tim@example.org",
            "tim/admin@EXAMPLE.ORG",
            "smtp/mail.example.org@EXAMPLE.ORG",
            "tim\\@EXAMPLE.COM@EXAMPLE.ORG",
            "tim@EXAMPLE.COM@EXAMPLE.ORG",
            "@EXAMPLE.ORG",
            "tim",
            "",
        ] {
            assert_eq!(user(other, &realms), None, "{other}");
        }
    }

    #[test]
    fn whoever_acts_as_itself_says_so_by_any_of_its_names() {
        let login = |who| KerberosLogin::new("tim@EXAMPLE.ORG".into(), &["EXAMPLE.ORG"], who);
        for who in [None, Some("tim"), Some("tim@EXAMPLE.ORG")] {
            assert!(login(who).acts_as_itself());
        }
        for who in ["anna", "Tim", "tim@example.org", "tim@EXAMPLE.COM"] {
            assert!(!login(Some(who)).acts_as_itself());
        }
        let stranger = KerberosLogin::new("tim@EXAMPLE.COM".into(), &["EXAMPLE.ORG"], Some("tim"));
        assert!(!stranger.acts_as_itself());
    }
}
