//! What is known of a session, for the hooks of a service.

use core::net::SocketAddr;
use std::sync::Arc;

use ehlo::command::Attributes;
use ehlo::server::Facts;
use ehlo::server::guard::{Mail, Rcpt};

use crate::tls::TlsFacts;

/// What is known of a session.
#[derive(Debug)]
pub struct SessionInfo<I> {
    pub(super) id: u64,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) facts: Facts,
    pub(super) client_name: Box<str>,
    pub(super) tls: Option<Arc<TlsFacts>>,
    pub(super) identity: Option<I>,
    pub(super) username: Box<str>,
    /// Who it is by a proof that was right, and has to be acknowledged (SCRAM); with the name it gave.
    pub(super) proven: Option<Box<(I, Box<str>)>>,
    /// An exchange that goes on (GSSAPI). Locked by nobody: the lock makes it fit to be lent to many.
    #[cfg(feature = "gssapi")]
    pub(super) kerberos: Option<Box<std::sync::Mutex<crate::kerberos::Accepting>>>,
    pub(super) envelope: Option<Box<Envelope>>,
    pub(super) forwarded: Option<Box<str>>,
    pub(super) messages: u32,
}

/// The mail transaction so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    pub(super) reverse_path: String,
    pub(super) parameters: String,
    pub(super) recipients: Vec<Recipient>,
}

/// A recipient that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    forward_path: String,
    parameters: String,
}

impl<I> SessionInfo<I> {
    pub(super) fn new(peer: SocketAddr, local: SocketAddr) -> Self {
        Self {
            id: 0,
            peer,
            local,
            facts: Facts::default(),
            client_name: Box::default(),
            tls: None,
            identity: None,
            username: Box::default(),
            proven: None,
            #[cfg(feature = "gssapi")]
            kerberos: None,
            envelope: None,
            forwarded: None,
            messages: 0,
        }
    }

    /// A number for the log, different for each session of a server.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The client's address; the one the PROXY protocol or XCLIENT named, where a trusted peer did.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address the client connected to.
    #[must_use]
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// What the machine knows.
    #[must_use]
    pub const fn facts(&self) -> Facts {
        self.facts
    }

    /// What the client called itself in EHLO, HELO or LHLO; empty before.
    #[must_use]
    pub fn client_name(&self) -> &str {
        &self.client_name
    }

    /// What the TLS handshake told, under TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsFacts> {
        self.tls.as_deref()
    }

    /// Who has authenticated, as [`Service::login`](super::Service::login) said.
    #[must_use]
    pub const fn identity(&self) -> Option<&I> {
        self.identity.as_ref()
    }

    /// Who has authenticated, by the name [`Service::username`](super::Service::username) has for it or
    /// that came with the credentials; empty before, and where neither is.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The mail transaction, between MAIL and its end.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        self.envelope.as_deref()
    }

    /// What a trusted peer said by XFORWARD of where the message came from, as it was sent.
    #[must_use]
    pub fn forwarded(&self) -> Option<&str> {
        self.forwarded.as_deref()
    }

    /// Messages accepted in this session.
    #[must_use]
    pub const fn messages(&self) -> u32 {
        self.messages
    }

    /// A mail transaction has begun.
    pub(super) fn begin(&mut self, reverse_path: String, parameters: String) {
        let recipients = Vec::new();
        self.envelope = Some(Box::new(Envelope { reverse_path, parameters, recipients }));
    }

    /// Takes over what a trusted proxy says of the client (XCLIENT); false when its address or port is
    /// none: the client must not pass as the proxy then.
    pub(super) fn take_over(&mut self, attributes: &Attributes<'_>) -> bool {
        let value = |name| String::from_utf8(known(attributes, name)?).ok();
        let mut peer = self.peer;
        if let Some(address) = known(attributes, "ADDR") {
            // Postfix writes IPv6 addresses with a prefix.
            let address = match address.split_at_checked(5) {
                Some((prefix, rest)) if prefix.eq_ignore_ascii_case(b"IPV6:") => rest,
                _ => &address,
            };
            match str::from_utf8(address).ok().and_then(|address| address.parse().ok()) {
                Some(ip) => peer.set_ip(ip),
                None => return false,
            }
        }
        if let Some(port) = known(attributes, "PORT") {
            match str::from_utf8(&port).ok().and_then(|port| port.parse().ok()) {
                Some(port) => peer.set_port(port),
                None => return false,
            }
        }
        self.peer = peer;
        self.forget();
        self.client_name = value("HELO").unwrap_or_default().into();
        true
    }

    /// Forgets what the client said and who it is: TLS begins, or another client.
    pub(super) fn forget(&mut self) {
        self.client_name = Box::default();
        self.identity = None;
        self.username = Box::default();
        self.proven = None;
        self.envelope = None;
        self.forwarded = None;
    }
}

/// The value of an attribute, decoded. `None` also where the proxy says that it has none, by the words
/// Postfix has for that: they must not be taken for a name.
pub(super) fn known(attributes: &Attributes<'_>, name: &str) -> Option<Vec<u8>> {
    let value: Vec<u8> = attributes.find(name)?.decoded().collect();
    let none = [&b"[UNAVAILABLE]"[..], b"[TEMPUNAVAIL]"];
    (!none.iter().any(|none| none.eq_ignore_ascii_case(&value))).then_some(value)
}

impl Envelope {
    /// The reverse-path without its angle brackets; empty for `<>`.
    #[must_use]
    pub fn reverse_path(&self) -> &str {
        &self.reverse_path
    }

    /// The parameters of MAIL as they print; empty when there were none.
    #[must_use]
    pub fn parameters(&self) -> &str {
        self.parameters.trim_start()
    }

    /// The recipients that were accepted.
    #[must_use]
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    pub(super) fn paths_of(mail: &Mail<'_>) -> (String, String) {
        (mail.reverse_path().as_str().to_owned(), mail.parameters().to_string())
    }
}

impl Recipient {
    pub(super) fn of(rcpt: &Rcpt<'_>) -> Self {
        Self {
            forward_path: rcpt.forward_path().as_str().to_owned(),
            parameters: rcpt.parameters().to_string(),
        }
    }

    /// The forward-path without its angle brackets.
    #[must_use]
    pub fn forward_path(&self) -> &str {
        &self.forward_path
    }

    /// The parameters of RCPT as they print; empty when there were none.
    #[must_use]
    pub fn parameters(&self) -> &str {
        self.parameters.trim_start()
    }
}
