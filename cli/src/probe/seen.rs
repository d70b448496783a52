//! What was seen: plain facts, without a verdict. They print as JSON as they stand here.

use core::time::Duration;

use ehlo::client::Capabilities;
use ehlo::reply::Received;
use ehlo::sasl::Mechanism;
use ehlo_std::tls::{CertificateSummary, ServerTlsFacts};
use serde::Serialize;

use super::transcript::Oddities;
use super::way::Reached;

/// The connection itself.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Connected {
    /// The address that answered; a socket of this machine has none.
    pub(crate) address: Option<String>,
    pub(crate) milliseconds: u64,
}

impl Connected {
    pub(crate) fn of(reached: &Reached) -> Self {
        Self {
            address: reached.address.map(|address| address.to_string()),
            milliseconds: milliseconds(reached.time),
        }
    }
}

/// A reply.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Said {
    pub(crate) code: u16,
    pub(crate) enhanced: Option<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) milliseconds: u64,
}

impl Said {
    pub(crate) fn new(received: Received<'_>, lines: Vec<String>, time: Duration) -> Self {
        Self {
            code: received.code().value(),
            enhanced: received.enhanced().map(|status| status.to_string()),
            lines,
            milliseconds: milliseconds(time),
        }
    }

    /// In one line.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" ")).trim_end().to_owned()
    }
}

/// What a server offers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Offer {
    pub(crate) reply: Said,
    /// It is a reply to HELO: the server doesn't know EHLO.
    pub(crate) helo: bool,
    /// Each line behind the first, as it was sent.
    pub(crate) capabilities: Vec<String>,
    /// The mechanisms of AUTH, by whatever line.
    pub(crate) mechanisms: Vec<String>,
    /// The mechanisms stand behind `AUTH=`.
    pub(crate) old_form: bool,
    /// Octets of a message, where they are said.
    pub(crate) max_message: Option<u64>,
    pub(crate) max_recipients: Option<u32>,
    pub(crate) max_transactions: Option<u32>,
}

impl Offer {
    pub(crate) fn new(reply: Said, known: &Capabilities, helo: bool) -> Self {
        let capabilities: Vec<String> = reply.lines.iter().skip(1).cloned().collect();
        let mut mechanisms: Vec<String> = Vec::new();
        let mut old_form = false;
        for line in &capabilities {
            let Some((keyword, rest)) = line.split_at_checked(4) else { continue };
            if !keyword.eq_ignore_ascii_case("AUTH") || !rest.starts_with([' ', '=', '\t']) {
                continue;
            }
            old_form |= rest.starts_with('=');
            for name in rest.trim_start_matches('=').split_ascii_whitespace() {
                let name = name.to_ascii_uppercase();
                if !mechanisms.contains(&name) {
                    mechanisms.push(name);
                }
            }
        }
        Self {
            helo,
            capabilities,
            mechanisms,
            old_form,
            max_message: known.max_message(),
            max_recipients: known.max_recipients(),
            max_transactions: known.max_transactions(),
            reply,
        }
    }

    /// Whether there is a line with this keyword.
    pub(crate) fn has(&self, keyword: &str) -> bool {
        self.argument(keyword).is_some()
    }

    /// What stands behind a keyword.
    pub(crate) fn argument(&self, keyword: &str) -> Option<&str> {
        self.capabilities.iter().find_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            word.eq_ignore_ascii_case(keyword).then_some(rest)
        })
    }

    /// Whether there is something to log in with.
    pub(crate) fn has_auth(&self) -> bool {
        !self.mechanisms.is_empty() || self.has("AUTH")
    }
}

/// TLS, and whom it is with.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TlsSeen {
    pub(crate) protocol: &'static str,
    pub(crate) cipher_suite: &'static str,
    pub(crate) host: String,
    /// The certificate is for the host, in its time, and signed by somebody who is trusted.
    pub(crate) verified: bool,
    /// Why it isn't.
    pub(crate) fault: Option<String>,
    /// As the server sent them, its own first.
    pub(crate) chain: Vec<Certificate>,
    pub(crate) milliseconds: u64,
}

/// A certificate.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    pub(crate) names: Vec<String>,
    pub(crate) key: String,
}

impl TlsSeen {
    pub(crate) fn of(facts: &ServerTlsFacts, time: Duration) -> Self {
        Self {
            protocol: facts.protocol(),
            cipher_suite: facts.cipher_suite(),
            host: facts.host().to_owned(),
            verified: facts.verification().is_ok(),
            fault: facts.verification().err().map(ToString::to_string),
            chain: facts.chain().iter().map(Certificate::of).collect(),
            milliseconds: milliseconds(time),
        }
    }
}

impl Certificate {
    fn of(summary: &CertificateSummary) -> Self {
        Self {
            subject: summary.subject().to_owned(),
            issuer: summary.issuer().to_owned(),
            not_before: summary.not_before().to_owned(),
            not_after: summary.not_after().to_owned(),
            names: summary.names().to_vec(),
            key: summary.key().to_owned(),
        }
    }
}

/// An attempt to log in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    pub(crate) mechanism: &'static str,
    pub(crate) accepted: bool,
    /// The server said that it is, and hasn't proven itself as the mechanism has it.
    pub(crate) unproven: bool,
    pub(crate) reply: Option<Said>,
    /// What the server asked, decoded.
    pub(crate) challenges: Vec<String>,
    /// Why it was not tried, or not to its end.
    pub(crate) not_sent: Option<String>,
}

impl Attempt {
    pub(crate) fn new(mechanism: Mechanism) -> Self {
        Self {
            mechanism: mechanism.name(),
            accepted: false,
            unproven: false,
            reply: None,
            challenges: Vec::new(),
            not_sent: None,
        }
    }
}

/// How a connection ended.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct End {
    /// In words.
    pub(crate) reason: String,
    /// By QUIT, and its reply.
    pub(crate) polite: bool,
    /// The code by which the server sent us away.
    pub(crate) code: Option<u16>,
    pub(crate) timed_out: bool,
    /// The server broke the rules so that nothing more could be said.
    pub(crate) fault: bool,
    /// The probe was to leave here.
    pub(crate) by_us: bool,
}

impl End {
    pub(crate) fn closed_by_us(&mut self) {
        self.by_us = true;
        "closed, as asked".clone_into(&mut self.reason);
    }
}

/// All that was seen of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) connection: Connected,
    pub(crate) greeting: Option<Said>,
    /// EHLO was refused, and HELO said.
    pub(crate) hello_refused: Option<Said>,
    pub(crate) clear: Option<Offer>,
    pub(crate) starttls: Option<Said>,
    /// There was plaintext behind the reply to STARTTLS.
    pub(crate) injected: bool,
    pub(crate) tls: Option<TlsSeen>,
    pub(crate) tls_failure: Option<String>,
    pub(crate) secure: Option<Offer>,
    pub(crate) attempt: Option<Attempt>,
    /// Replies that nothing was asked for, such as 421.
    pub(crate) other: Vec<Said>,
    pub(crate) odd: Oddities,
    pub(crate) end: End,
}

impl Walk {
    pub(crate) fn new(connection: Connected) -> Self {
        Self {
            connection,
            greeting: None,
            hello_refused: None,
            clear: None,
            starttls: None,
            injected: false,
            tls: None,
            tls_failure: None,
            secure: None,
            attempt: None,
            other: Vec::new(),
            odd: Oddities::default(),
            end: End::default(),
        }
    }

    /// What the server offers in the end.
    pub(crate) fn offer(&self) -> Option<&Offer> {
        self.secure.as_ref().or(self.clear.as_ref())
    }
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
