//! What a client is set to, and how it gets to its server.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::sync::OnceLock;

use ehlo::client::submission::Security;
use ehlo::client::{Config, Newlines, Timeouts};
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Channel, Rules};
use tokio::task::JoinError;
use tokio::time::timeout;

use super::{Credentials, Error, Transport};
use crate::connect::{connect, split_port};
use crate::tls::{ClientTls, TlsError};

/// How long a connection and a handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The ports of submission (RFC 6409), of submission under TLS (RFC 8314) and of LMTP (RFC 2033 leaves it open; 24
/// is the one IANA has).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;
const LMTP: u16 = 24;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) server: String,
    pub(super) security: Option<Security>,
    pub(super) tls: OnceLock<ClientTls>,
    pub(super) credentials: Option<Credentials>,
    pub(super) name: Option<String>,
    pub(super) mechanisms: Option<Vec<Mechanism>>,
    pub(super) lmtp: bool,
    pub(super) timeouts: Timeouts,
    pub(super) connect_timeout: Duration,
    pub(super) total_timeout: Option<Duration>,
    pub(super) newlines: Newlines,
    pub(super) cleartext_auth: bool,
    pub(super) any_certificate: bool,
    pub(super) legacy_auth: bool,
    pub(super) strict_prompts: bool,
    pub(super) next_mechanism: bool,
}

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tcp {
        host: String,
        port: u16,
    },
    #[cfg(unix)]
    Unix(String),
}

impl Settings {
    pub(super) fn new(server: String) -> Self {
        Self {
            server,
            security: None,
            tls: OnceLock::new(),
            credentials: None,
            name: None,
            mechanisms: None,
            lmtp: false,
            timeouts: Timeouts::new(),
            connect_timeout: CONNECT_TIMEOUT,
            total_timeout: None,
            newlines: Newlines::Convert,
            cleartext_auth: false,
            any_certificate: false,
            legacy_auth: false,
            strict_prompts: false,
            next_mechanism: false,
        }
    }

    /// Where the server is.
    pub(super) fn place(&self) -> Result<Place, Error> {
        let wrong = || Error::Server(self.server.escape_debug().to_string());
        #[cfg(unix)]
        if let Some(path) = unix_path(&self.server) {
            return Ok(Place::Unix(path.to_owned()));
        }
        let default = match (self.lmtp, self.security) {
            (true, _) => LMTP,
            (false, Some(Security::Implicit)) => SUBMISSIONS,
            (false, _) => SUBMISSION,
        };
        let (host, port) = split_port(&self.server).ok_or_else(wrong)?;
        if host.is_empty() {
            return Err(wrong());
        }
        // As the certificate will have been verified for: an address has many spellings.
        let host = host.parse().map_or_else(|_| host.to_owned(), |ip: IpAddr| ip.to_string());
        Ok(Place::Tcp { host, port: port.unwrap_or(default) })
    }

    /// How the way is protected: TLS from the beginning on the port that is for it, nothing on a socket of this
    /// machine, STARTTLS everywhere else; unless the caller says otherwise.
    pub(super) fn security(&self, place: &Place) -> Security {
        match (self.security, place) {
            (Some(security), _) => security,
            (None, Place::Tcp { port: SUBMISSIONS, .. }) => Security::Implicit,
            (None, Place::Tcp { .. }) => Security::StartTls,
            #[cfg(unix)]
            (None, Place::Unix(_)) => Security::Cleartext,
        }
    }

    /// The configuration of the machine.
    pub(super) fn config<'a>(&'a self, name: &'a str, place: &'a Place) -> Config<'a> {
        let (host, port) = match place {
            Place::Tcp { host, port } => (host.as_str(), *port),
            #[cfg(unix)]
            Place::Unix(_) => ("localhost", 0),
        };
        let mut rules = Rules::new();
        if let Some(mechanisms) = &self.mechanisms {
            rules = rules.prefer(mechanisms);
        }
        if self.cleartext_auth {
            rules = rules.dangerous_cleartext();
        }
        if self.any_certificate {
            rules = rules.dangerous_unverified();
        }
        let mut config = Config::new(name, host)
            .port(port)
            .auth(rules)
            .timeouts(self.timeouts)
            .newlines(self.newlines);
        if self.lmtp {
            config = config.lmtp();
        }
        if self.legacy_auth {
            config = config.legacy_auth();
        }
        if self.strict_prompts {
            config = config.strict_prompts();
        }
        if self.next_mechanism {
            config = config.next_mechanism_after_refusal();
        }
        config
    }

    /// A connection, under TLS where that is from the beginning.
    pub(super) async fn connect(&self, place: &Place) -> Result<Transport, Error> {
        let (host, port) = match place {
            Place::Tcp { host, port } => (host, *port),
            #[cfg(unix)]
            Place::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                return match stream {
                    Ok(stream) => Ok(Transport::Unix(stream)),
                    Err(error) => Err(Error::Unix(path.clone(), error)),
                };
            }
        };
        let stream = connect(host, port, self.connect_timeout).await.map_err(Error::Connect)?;
        match self.security(place) {
            Security::Implicit => self.secure(Transport::Tcp(stream), place).await,
            Security::StartTls => Ok(Transport::Tcp(stream)),
            Security::Cleartext => match stream.peer_addr().map(|peer| peer.ip()) {
                Ok(address) if is_elsewhere(host, address) => Err(Error::NotLocal(address)),
                _ => Ok(Transport::Tcp(stream)),
            },
        }
    }

    /// The TLS handshake.
    pub(super) async fn secure(
        &self,
        transport: Transport,
        place: &Place,
    ) -> Result<Transport, Error> {
        let (Transport::Tcp(stream), Place::Tcp { host, .. }) = (transport, place) else {
            let reason = "TLS is only made over TCP, and only once";
            return Err(Error::Handshake(std::io::Error::other(reason)));
        };
        let tls = self.tls().await?;
        match timeout(self.connect_timeout, tls.connect(host, stream)).await {
            Ok(Ok((stream, facts))) => Ok(Transport::Tls(Box::new(stream), Box::new(facts))),
            Ok(Err(error)) => Err(Error::Handshake(error)),
            Err(_) => Err(Error::TimedOut),
        }
    }

    /// TLS as it was given, or else with what the system trusts.
    async fn tls(&self) -> Result<ClientTls, Error> {
        let tls = match self.tls.get() {
            Some(tls) => tls.clone(),
            None => {
                // Hundreds of files are read for it.
                let platform = tokio::task::spawn_blocking(ClientTls::platform).await;
                let unread =
                    |error: JoinError| TlsError::NoAuthorities { reason: Some(error.to_string()) };
                let platform =
                    platform.map_err(unread).and_then(|read| read).map_err(Error::TlsSetup)?;
                self.tls.get_or_init(|| platform).clone()
            }
        };
        Ok(if self.any_certificate { tls.dangerous_accept_any_certificate() } else { tls })
    }

    /// What the client calls itself: as it was told, or its own address (RFC 5321 section 4.1.4).
    pub(super) fn own_name(&self, transport: &Transport) -> String {
        let address = match transport {
            Transport::Tcp(stream) => stream.local_addr(),
            Transport::Tls(stream, _) => stream.get_ref().0.local_addr(),
            #[cfg(unix)]
            Transport::Unix(_) => return self.name.clone().unwrap_or_else(|| "localhost".into()),
        };
        match (&self.name, address.as_ref().map(SocketAddr::ip)) {
            (Some(name), _) => name.clone(),
            (None, Ok(IpAddr::V4(address))) => format!("[{address}]"),
            (None, Ok(IpAddr::V6(address))) => format!("[IPv6:{address}]"),
            (None, Err(_)) => "localhost".into(),
        }
    }
}

#[cfg(unix)]
fn unix_path(server: &str) -> Option<&str> {
    server.strip_prefix("unix:").or_else(|| server.starts_with('/').then_some(server))
}

/// Whether `localhost`, to which passwords may go in clear, is not this machine: its name should never
/// be looked up (RFC 6761 section 6.3), but whoever answers for it may say anything.
fn is_elsewhere(host: &str, address: IpAddr) -> bool {
    Channel::clear(host) == Channel::Local && !address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(server: &str) -> Option<(String, u16)> {
        match Settings::new(server.into()).place() {
            Ok(Place::Tcp { host, port }) => Some((host, port)),
            _ => None,
        }
    }

    #[test]
    fn a_server_is_a_host_with_or_without_a_port() {
        for (server, host, port) in [
            ("mail.example.org", "mail.example.org", 587),
            ("mail.example.org:25", "mail.example.org", 25),
            ("192.0.2.1:465", "192.0.2.1", 465),
            ("[2001:db8::1]:2525", "2001:db8::1", 2525),
            ("[2001:db8::1]", "2001:db8::1", 587),
            ("::1", "::1", 587),
            ("[2001:DB8:0:0::1]:465", "2001:db8::1", 465),
        ] {
            assert_eq!(place(server), Some((host.into(), port)), "{server}");
        }
        for server in ["", ":25", "host:", "host:0", "host:x", "host:70000", "[::1", "[::1]x"] {
            assert_eq!(place(server), None, "{server}");
        }
    }

    #[test]
    fn localhost_has_to_be_this_machine() {
        let elsewhere = IpAddr::from([192, 0, 2, 2]);
        assert!(is_elsewhere("localhost", elsewhere));
        assert!(!is_elsewhere("localhost", IpAddr::from([127, 0, 0, 1])));
        assert!(!is_elsewhere("mail.example.org", elsewhere));
    }

    #[test]
    fn starttls_is_required_unless_the_port_or_the_caller_says_otherwise() {
        let security = |server: &str| {
            let settings = Settings::new(server.into());
            settings.security(&settings.place().unwrap())
        };
        assert_eq!(security("mail.example.org"), Security::StartTls);
        assert_eq!(security("localhost:25"), Security::StartTls);
        assert_eq!(security("mail.example.org:465"), Security::Implicit);
        #[cfg(unix)]
        assert_eq!(security("unix:/run/lmtp"), Security::Cleartext);
    }
}
