//! Which senders and recipients are taken.

use ehlo::address::{Mailbox, ReversePath};
use ehlo::server::guard::Rcpt;
use ehlo_std::server::{Refuse, Verdict, accept};

use super::auth::Identity;

/// Rules about senders and recipients.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// Domains that anybody may write to.
    pub(crate) local_domains: Vec<String>,
    /// Anybody may write to anybody: the server of somebody who tests.
    pub(crate) open: bool,
    /// Recipients that don't exist.
    pub(crate) rejected: Vec<String>,
    /// The reverse-path has to be who has authenticated.
    pub(crate) sender_must_match: bool,
    /// The server's own domain.
    pub(crate) hostname: &'static str,
}

impl Rules {
    /// Whether this client may send in this name.
    pub(crate) fn sender(&self, who: Option<&Identity>, path: ReversePath<'_>) -> Verdict {
        match (who, path.mailbox()) {
            (Some(who), Some(mailbox))
                if self.sender_must_match && !self.belongs(who.name(), mailbox) =>
            {
                Err(Refuse::with_code(550, "5.7.1 the sender is not who has authenticated"))
            }
            _ => accept(),
        }
    }

    /// Whether this client may write to this recipient.
    pub(crate) fn recipient(&self, who: Option<&Identity>, rcpt: &Rcpt<'_>) -> Verdict {
        let path = rcpt.forward_path();
        // Mail for the bare postmaster is always local (RFC 5321 section 4.5.1).
        let is_local = path.mailbox().is_none_or(|mailbox| self.is_local(mailbox));
        if who.is_none() && !self.open && !is_local {
            return Err(Refuse::with_code(550, "5.7.1 log in first to write to this domain"));
        }
        if self.rejected.iter().any(|rejected| rejected.eq_ignore_ascii_case(path.as_str())) {
            return Err(Refuse::with_code(550, "5.1.1 no such mailbox"));
        }
        accept()
    }

    fn is_local(&self, mailbox: Mailbox<'_>) -> bool {
        let host = mailbox.host().as_str();
        self.local_domains.iter().any(|local| local.eq_ignore_ascii_case(host))
    }

    /// Whether the mailbox is this user's: they are the same, or the user has no domain and the
    /// mailbox is one of this server.
    fn belongs(&self, user: &str, mailbox: Mailbox<'_>) -> bool {
        let local_part: String = mailbox.local_part().unquoted().collect();
        let host = mailbox.host().as_str();
        match user.rsplit_once('@') {
            Some((name, domain)) => name == local_part && domain.eq_ignore_ascii_case(host),
            None => {
                let own = self.hostname.eq_ignore_ascii_case(host) || self.is_local(mailbox);
                user == local_part && own
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_belongs_to_its_user() {
        let rules = Rules {
            local_domains: vec!["example.org".to_owned()],
            hostname: "mx.example.org",
            ..Rules::default()
        };
        let belongs = |user, mailbox| rules.belongs(user, Mailbox::parse(mailbox).unwrap());
        assert!(belongs("tim@example.com", "tim@EXAMPLE.com"));
        assert!(belongs("tim@example.com", "\"tim\"@example.com"));
        assert!(!belongs("tim@example.com", "Tim@example.com"));
        assert!(!belongs("tim@example.com", "tim@example.org"));
        assert!(belongs("tim", "tim@example.org") && belongs("tim", "tim@mx.example.org"));
        assert!(!belongs("tim", "tim@example.com"));
    }
}
