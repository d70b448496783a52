//! Everything that was seen of a server, as it prints in JSON.

use serde::Serialize;

use super::findings::Finding;
use super::mechanisms;
use super::seen::{Attempt, Connected, End, Offer, Said, TlsSeen, Walk};
use super::transcript::Oddities;
use super::way::Way;

/// What was seen of a server.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) server: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) lmtp: bool,
    pub(crate) connection: Connected,
    pub(crate) greeting: Option<Said>,
    pub(crate) hello_refused: Option<Said>,
    /// The capabilities without TLS.
    pub(crate) clear: Option<Offer>,
    pub(crate) starttls: Option<Said>,
    #[serde(skip)]
    pub(crate) injected: bool,
    pub(crate) tls: Option<TlsSeen>,
    pub(crate) tls_failure: Option<String>,
    pub(crate) old_tls: OldTls,
    /// The capabilities under TLS.
    pub(crate) secure: Option<Offer>,
    pub(crate) difference: Option<Difference>,
    /// The mechanisms on offer.
    pub(crate) mechanisms: Vec<Offered>,
    /// The capabilities once authenticated.
    pub(crate) after_auth: Option<Vec<String>>,
    pub(crate) other: Vec<Said>,
    pub(crate) wire: Oddities,
    pub(crate) end: End,
    pub(crate) findings: Vec<Finding>,
}

/// Whether TLS 1.0 or 1.1 would do.
#[derive(Debug, Default, Serialize)]
pub(crate) struct OldTls {
    pub(crate) tried: bool,
    pub(crate) accepted: Option<&'static str>,
}

/// What TLS changes in the capabilities.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    /// Offered under TLS alone.
    pub(crate) added: Vec<String>,
    /// Offered without TLS alone.
    pub(crate) removed: Vec<String>,
}

/// A mechanism on offer.
#[derive(Debug, Serialize)]
pub(crate) struct Offered {
    pub(crate) name: String,
    pub(crate) needs: &'static str,
    /// Offered before TLS.
    pub(crate) in_clear: bool,
    pub(crate) tried: Option<Attempt>,
    /// Why it was not tried.
    pub(crate) untried: Option<&'static str>,
}

impl Report {
    /// What the main connection has shown.
    pub(crate) fn new(way: &Way, walk: Walk) -> Self {
        let difference = match (&walk.clear, &walk.secure) {
            (Some(clear), Some(secure)) => Some(Difference::of(clear, secure)),
            _ => None,
        };
        let in_clear = |name: &String| {
            walk.clear.as_ref().is_some_and(|clear| clear.mechanisms.contains(name))
        };
        let names = walk.offer().map(|offer| offer.mechanisms.clone()).unwrap_or_default();
        let mechanisms = names.into_iter().map(|name| Offered {
            needs: mechanisms::of_name(&name).needs,
            in_clear: in_clear(&name),
            name,
            tried: None,
            untried: None,
        });
        Self {
            server: way.server.clone(),
            host: way.host.clone(),
            port: way.port,
            lmtp: way.lmtp,
            difference,
            mechanisms: mechanisms.collect(),
            connection: walk.connection,
            greeting: walk.greeting,
            hello_refused: walk.hello_refused,
            clear: walk.clear,
            starttls: walk.starttls,
            injected: walk.injected,
            tls: walk.tls,
            tls_failure: walk.tls_failure,
            old_tls: OldTls::default(),
            secure: walk.secure,
            after_auth: None,
            other: walk.other,
            wire: walk.odd,
            end: walk.end,
            findings: Vec::new(),
        }
    }
}

impl Difference {
    fn of(clear: &Offer, secure: &Offer) -> Self {
        let only = |these: &Offer, those: &Offer| {
            let alone = |line: &&String| !those.capabilities.contains(line);
            these.capabilities.iter().filter(alone).cloned().collect()
        };
        Self { added: only(secure, clear), removed: only(clear, secure) }
    }
}
