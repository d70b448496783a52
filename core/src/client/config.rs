//! Who a client is, what it insists on, and how long it waits.

use core::time::Duration;

use crate::sasl::client::Rules;

/// How long a client waits (RFC 5321 section 4.5.3.2). The defaults are the times given there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the greeting: five minutes.
    pub greeting: Duration,
    /// For the reply to MAIL, RCPT, and every command that is not named here: five minutes.
    pub command: Duration,
    /// For the reply to DATA: two minutes.
    pub data: Duration,
    /// For the server to take what is written, mail data above all: three minutes.
    pub write: Duration,
    /// For the reply to the message: ten minutes. The server may have accepted it long before.
    pub message: Duration,
}

impl Timeouts {
    /// The times of RFC 5321 section 4.5.3.2.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            greeting: Duration::from_secs(5 * 60),
            command: Duration::from_secs(5 * 60),
            data: Duration::from_secs(2 * 60),
            write: Duration::from_secs(3 * 60),
            message: Duration::from_secs(10 * 60),
        }
    }

    /// The same time for everything.
    #[must_use]
    pub const fn all(time: Duration) -> Self {
        Self { greeting: time, command: time, data: time, write: time, message: time }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}

/// What becomes of a CR or LF in a message that is not part of a CRLF (RFC 5321 section 2.3.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Newlines {
    /// It is made CRLF. With BDAT, where the size is said beforehand, it is refused.
    #[default]
    Convert,
    /// The message is refused.
    Refuse,
}

/// The configuration of a client: made once, shared by all its connections.
///
/// ```
/// use ehlo::client::Config;
///
/// static CONFIG: Config = Config::new("sensor.local", "mail.example.org").max_reply(2048);
/// assert_eq!(CONFIG.host(), "mail.example.org");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<'c> {
    pub(super) name: &'c str,
    pub(super) host: &'c str,
    pub(super) lmtp: bool,
    pub(super) timeouts: Timeouts,
    pub(super) newlines: Newlines,
    pub(super) reply_max: usize,
    pub(super) rules: Rules<'c>,
    pub(super) strict_prompts: bool,
    pub(super) legacy_auth: bool,
    pub(super) next_after_refusal: bool,
    pub(super) port: u16,
}

impl<'c> Config<'c> {
    /// A client that calls itself `name` (a domain or an address literal in brackets), for the
    /// server `host`: the name its certificate has to be for, without brackets where it is an
    /// address.
    ///
    /// A `name` that is neither ends each connection before it is said.
    #[must_use]
    pub const fn new(name: &'c str, host: &'c str) -> Self {
        Self {
            name,
            host,
            lmtp: false,
            timeouts: Timeouts::new(),
            newlines: Newlines::Convert,
            reply_max: 64_usize.saturating_mul(1024),
            rules: Rules::new(),
            strict_prompts: false,
            legacy_auth: false,
            next_after_refusal: false,
            port: 0,
        }
    }

    /// The server that is meant.
    #[must_use]
    pub const fn host(&self) -> &'c str {
        self.host
    }

    /// LMTP in place of SMTP (RFC 2033): LHLO, and a reply for each recipient of a message.
    #[must_use]
    pub const fn lmtp(self) -> Self {
        Self { lmtp: true, ..self }
    }

    /// The server's port, which OAUTHBEARER names (RFC 7628 section 3.1).
    #[must_use]
    pub const fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// How long to wait for what.
    #[must_use]
    pub const fn timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// What becomes of a bare CR or LF in a message.
    #[must_use]
    pub const fn newlines(self, newlines: Newlines) -> Self {
        Self { newlines, ..self }
    }

    /// Octets a reply may have in all its lines; 64 KiB by default. A single line has to fit the
    /// receive buffer.
    #[must_use]
    pub const fn max_reply(self, octets: usize) -> Self {
        Self { reply_max: octets, ..self }
    }

    /// Which mechanisms of AUTH may be used, in which order, and over what.
    #[must_use]
    pub const fn auth(self, rules: Rules<'c>) -> Self {
        Self { rules, ..self }
    }

    /// LOGIN ends at a prompt that asks neither for a username nor for a password.
    #[must_use]
    pub const fn strict_prompts(self) -> Self {
        Self { strict_prompts: true, ..self }
    }

    /// Where a server offers no AUTH at all, the preferred mechanism is tried all the same. Some old
    /// servers understand it.
    #[must_use]
    pub const fn legacy_auth(self) -> Self {
        Self { legacy_auth: true, ..self }
    }

    /// Where the credentials are refused with 535, the next mechanism is tried. Each attempt may
    /// count against the account.
    #[must_use]
    pub const fn next_mechanism_after_refusal(self) -> Self {
        Self { next_after_refusal: true, ..self }
    }
}
