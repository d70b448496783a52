//! The way to the server: who it is, how it is reached, and who we say we are.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::time::Instant;

use ehlo::address::Host;
use ehlo::client::submission::Security;
use ehlo_std::client::{Client, Error, Transport};
use ehlo_std::connect::split_port;

use super::options::{Options, TlsStart};
use super::transcript::{Sink, Wire};
use crate::exit::{self, Failure};

const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;
const LMTP: u16 = 24;

/// The way to the server.
#[derive(Debug)]
pub(crate) struct Way {
    /// As a client takes it: with its port, or a socket's path.
    pub(crate) server: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: TlsStart,
    pub(crate) lmtp: bool,
    pub(crate) name: Option<String>,
    pub(crate) patience: Duration,
    client: Client,
    sink: Option<Sink>,
}

/// A connection, before anything was said.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) transport: Transport,
    pub(crate) address: Option<SocketAddr>,
    /// What we call ourselves over it.
    pub(crate) name: String,
    pub(crate) time: Duration,
}

impl Way {
    /// Reads the options, and the files they name.
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let wrong = || {
            let server = options.server.escape_debug();
            let text =
                format!("{server}: not a server such as mail.example.org:587 or unix:/run/lmtp");
            Failure::new(exit::USAGE, text)
        };
        let (host, port) = if options.server.starts_with("unix:") {
            ("localhost".to_owned(), 0)
        } else {
            let (host, port) = split_port(&options.server)
                .filter(|(host, _)| !host.is_empty())
                .ok_or_else(wrong)?;
            let usual = match (options.lmtp, options.tls) {
                (true, _) => LMTP,
                (false, Some(TlsStart::Implicit)) => SUBMISSIONS,
                (false, _) => SUBMISSION,
            };
            (host.to_owned(), port.unwrap_or(usual))
        };
        let server = match port {
            0 => options.server.clone(),
            port if host.contains(':') => format!("[{host}]:{port}"),
            port => format!("{host}:{port}"),
        };
        let tls = match (options.tls, port) {
            (Some(tls), _) => tls,
            (None, 0) => TlsStart::None,
            (None, SUBMISSIONS) => TlsStart::Implicit,
            (None, _) => TlsStart::Starttls,
        };
        if let Some(name) = options.ehlo.as_ref().filter(|name| Host::parse(name).is_err()) {
            let text = format!("--ehlo {name:?}: not a domain nor an address literal");
            return Err(Failure::new(exit::USAGE, text));
        }
        let patience = Duration::from_secs(options.timeout);
        // What the certificate is, is a finding; whom we log in to is decided by the core.
        let client = Client::new(&server)
            .security(Security::Cleartext)
            .connect_timeout(patience)
            .dangerous_accept_any_certificate();
        let client = match tls {
            TlsStart::None => client,
            _ => client.tls(options.trust.client_tls()?),
        };
        let sink = options.transcript.as_ref().map(|to| Sink::open(to.as_deref())).transpose()?;
        Ok(Self {
            server,
            host,
            port,
            tls,
            lmtp: options.lmtp,
            name: options.ehlo.clone(),
            patience,
            client,
            sink,
        })
    }

    /// Connects, and says nothing.
    pub(crate) async fn reach(&self) -> Result<Reached, Error> {
        let start = Instant::now();
        let transport = self.client.connect().await?;
        let time = start.elapsed();
        let (address, own) = match &transport {
            Transport::Tcp(stream) => (stream.peer_addr().ok(), stream.local_addr().ok()),
            _ => (None, None),
        };
        let name = match (&self.name, own.as_ref().map(SocketAddr::ip)) {
            (Some(name), _) => name.clone(),
            (None, Some(IpAddr::V4(address))) => format!("[{address}]"),
            (None, Some(IpAddr::V6(address))) => format!("[IPv6:{address}]"),
            (None, None) => "localhost".to_owned(),
        };
        Ok(Reached { transport, address, name, time })
    }

    /// Makes the TLS handshake, whatever the certificate is.
    pub(crate) async fn secure(&self, transport: Transport) -> Result<Transport, Error> {
        self.client.secure(transport).await
    }

    /// The host as it stands behind the @ of an address.
    pub(crate) fn domain(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => format!("[{address}]"),
            Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
            Err(_) => self.host.clone(),
        }
    }

    /// What writes a dialogue down.
    pub(crate) fn wire(&self, label: &str, secrets: &[&str]) -> Wire {
        Wire::new(label, self.sink.clone(), secrets)
    }
}

/// Why there is no connection.
pub(crate) fn failure(error: &Error) -> Failure {
    use ehlo_std::client::Remedy;
    let code = match error.remedy() {
        Remedy::Host => exit::NO_HOST,
        Remedy::Later => exit::TRY_LATER,
        Remedy::Mend => exit::DATA,
        Remedy::Server | Remedy::Permission => exit::UNAVAILABLE,
    };
    Failure::new(code, error)
}
