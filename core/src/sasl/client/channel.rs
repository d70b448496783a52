//! What protects the way to the server.

/// What protects the way to the server: it decides which mechanisms may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// Nothing: whoever is on the way reads along.
    Clear,
    /// Nothing, and nobody is on the way: the host is `localhost`, `127.0.0.1` or `::1`.
    Local,
    /// TLS, and the certificate was verified for the host that is meant.
    Tls,
    /// TLS with somebody: the certificate was not verified.
    UnverifiedTls,
    /// TLS with another host than the one that is meant.
    WrongHost,
}

impl Channel {
    /// No TLS, towards this host. Exactly `localhost`, `127.0.0.1` and `::1` are local: a name that
    /// resolves to one of them may resolve to something else tomorrow.
    #[must_use]
    pub fn clear(host: &str) -> Self {
        match host {
            "localhost" | "127.0.0.1" | "::1" => Self::Local,
            _ => Self::Clear,
        }
    }

    /// TLS: `host` is the one that is meant, `verified` the name the certificate was verified for,
    /// if it was. A dot at the end of a name, and its case, don't matter.
    #[must_use]
    pub fn tls(host: &str, verified: Option<&str>) -> Self {
        let bare = |name| str::strip_suffix(name, ".").unwrap_or(name);
        match verified {
            Some(name) if bare(name).eq_ignore_ascii_case(bare(host)) => Self::Tls,
            Some(_) => Self::WrongHost,
            None => Self::UnverifiedTls,
        }
    }

    /// Whether there is TLS, verified or not.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::UnverifiedTls | Self::WrongHost)
    }
}

#[cfg(test)]
mod tests {
    use super::Channel;

    #[test]
    fn only_three_hosts_are_local() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(Channel::clear(host), Channel::Local);
        }
        let others = ["LOCALHOST", "localhost.", "127.0.0.2", "[::1]", "localhost.example.org", ""];
        for host in others {
            assert_eq!(Channel::clear(host), Channel::Clear, "{host}");
        }
    }

    #[test]
    fn the_verified_name_has_to_be_the_one_that_is_meant() {
        let host = "mail.example.org";
        assert_eq!(Channel::tls(host, Some("MAIL.example.org.")), Channel::Tls);
        assert_eq!(Channel::tls(host, Some("example.org")), Channel::WrongHost);
        assert_eq!(Channel::tls(host, Some("evil.mail.example.org")), Channel::WrongHost);
        assert_eq!(Channel::tls(host, None), Channel::UnverifiedTls);
    }
}
