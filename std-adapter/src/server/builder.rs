//! The description of a server, and what starts it.

use core::fmt;
use core::net::SocketAddr;
use core::sync::atomic::AtomicU64;
use core::time::Duration;
use std::io;
use std::sync::{Arc, OnceLock};

use ehlo::capability::Extensions;
use ehlo::server::Config;
use tokio::net::{TcpListener, lookup_host};
use tokio::task::JoinSet;

use super::listener::{Listener, accept_on};
use super::{Service, Shared};
use crate::admission::Admission;
use crate::cidr::Cidr;
use crate::stop::{Stop, Stopper};
use crate::throttle::{Throttle, ThrottleLimits};
use crate::tls::{CertificateRules, Tls};
use crate::users::ITERATIONS;

/// The description of a server.
#[derive(Debug)]
pub struct Builder<V> {
    service: V,
    config: Config<'static>,
    tls: Option<Tls>,
    certificates: Option<CertificateRules>,
    starttls: bool,
    listen: Vec<(String, bool)>,
    connections: usize,
    connections_per_source: usize,
    throttle: ThrottleLimits,
    xclient: Vec<Cidr>,
    proxies: Vec<Cidr>,
    grace: Duration,
    handshake_timeout: Duration,
    transcript: bool,
    scram_iterations: u32,
    #[cfg(feature = "gssapi")]
    kerberos: Option<crate::kerberos::Acceptor>,
}

/// Why a server does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// There is nothing to listen on.
    NoListener,
    /// A listener for TLS, or STARTTLS on offer, and no certificate.
    NoCertificate,
    /// An address can't be listened on.
    Listen(String, io::Error),
}

impl<V: Service> Builder<V> {
    pub(super) fn new(service: V) -> Self {
        Self {
            service,
            config: Config::new("localhost"),
            tls: None,
            certificates: None,
            starttls: true,
            listen: Vec::new(),
            connections: 10_000,
            connections_per_source: 100,
            throttle: ThrottleLimits::default(),
            xclient: Vec::new(),
            proxies: Vec::new(),
            grace: Duration::from_secs(20),
            handshake_timeout: Duration::from_secs(30),
            transcript: false,
            scram_iterations: ITERATIONS,
            #[cfg(feature = "gssapi")]
            kerberos: None,
        }
    }

    /// What the protocol machine offers, allows and says. The default is a server called
    /// `localhost` without AUTH. STARTTLS is offered when there is a certificate, but for
    /// [`no_starttls`](Self::no_starttls).
    ///
    /// Without [`Config::scram_decoys`] the salts of users that don't exist are made of a random
    /// number that is the same as long as the process runs.
    #[must_use]
    pub fn config(self, config: Config<'static>) -> Self {
        Self { config, ..self }
    }

    /// The certificate, for STARTTLS and for the listeners under TLS.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Says by these rules whose the certificates of clients are, in place of the one of
    /// [`client_identity`](crate::tls::client_identity): the name in
    /// [`Credentials::External`](super::Credentials::External) is then the user they come to, and who the client asks to
    /// be has been looked at. Without a rule that is meant for its certificate a client is refused.
    #[must_use]
    pub fn certificate_rules(self, rules: CertificateRules) -> Self {
        Self { certificates: Some(rules), ..self }
    }

    /// Does not offer STARTTLS.
    #[must_use]
    pub fn no_starttls(self) -> Self {
        Self { starttls: false, ..self }
    }

    /// Listens on this address, `HOST:PORT`; may repeat. Port 0 takes a free one.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen.push((address.into(), false));
        self
    }

    /// Listens on this address under TLS from the beginning (RFC 8314 section 3.3); may repeat.
    #[must_use]
    pub fn listen_tls(mut self, address: impl Into<String>) -> Self {
        self.listen.push((address.into(), true));
        self
    }

    /// Connections at once, in all; 10,000 by default. Further ones get 421.
    #[must_use]
    pub fn max_connections(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// Connections at once from one address, or one /64 network of IPv6; 100 by default.
    #[must_use]
    pub fn max_connections_per_source(self, connections_per_source: usize) -> Self {
        Self { connections_per_source, ..self }
    }

    /// How often a source may fail to authenticate, over all its connections.
    #[must_use]
    pub fn auth_throttle(self, throttle: ThrottleLimits) -> Self {
        Self { throttle, ..self }
    }

    /// Peers that may use XCLIENT and XFORWARD.
    #[must_use]
    pub fn trust_xclient(self, xclient: Vec<Cidr>) -> Self {
        Self { xclient, ..self }
    }

    /// Peers that begin with a PROXY protocol header, and have to.
    #[must_use]
    pub fn trust_proxy_protocol(self, proxies: Vec<Cidr>) -> Self {
        Self { proxies, ..self }
    }

    /// How long running transactions may take to finish when the server stops; 20 seconds by
    /// default.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// How long a TLS handshake or a PROXY header may take; 30 seconds by default.
    #[must_use]
    pub fn handshake_timeout(self, handshake_timeout: Duration) -> Self {
        Self { handshake_timeout, ..self }
    }

    /// Logs every line of every dialogue, credentials masked, at the target `ehlo::transcript`.
    #[must_use]
    pub fn transcript(self) -> Self {
        Self { transcript: true, ..self }
    }

    /// How many iterations users that don't exist have (SCRAM), where the configuration doesn't say:
    /// as many as real ones, or clients could tell them apart. [`ITERATIONS`] by default, which
    /// new users have.
    #[must_use]
    pub fn scram_iterations(self, iterations: u32) -> Self {
        Self { scram_iterations: iterations, ..self }
    }

    /// The keys of the service, for GSSAPI: who has a good ticket comes to
    /// [`Service::login`] as [`Credentials::Kerberos`](super::Credentials::Kerberos).
    #[cfg(feature = "gssapi")]
    #[must_use]
    pub fn kerberos(self, keys: crate::kerberos::Acceptor) -> Self {
        Self { kerberos: Some(keys), ..self }
    }

    /// Binds the listeners.
    ///
    /// # Errors
    /// When there are none, one can't be bound, or TLS is to be used without a certificate.
    pub async fn bind(self) -> Result<Bound<V>, ServeError> {
        if self.listen.is_empty() {
            return Err(ServeError::NoListener);
        }
        let offered = self.config.offered();
        let asked = offered.contains(Extensions::STARTTLS) && self.starttls;
        if self.tls.is_none() && (asked || self.listen.iter().any(|(_, tls)| *tls)) {
            return Err(ServeError::NoCertificate);
        }
        let mut listeners = Vec::new();
        for (address, tls) in &self.listen {
            let failed = |error| ServeError::Listen(address.clone(), error);
            for resolved in lookup_host(address).await.map_err(failed)? {
                let socket = TcpListener::bind(resolved).await.map_err(failed)?;
                let local = socket.local_addr().map_err(failed)?;
                listeners.push(Listener { socket, local, tls: *tls });
            }
        }
        let starttls = self.starttls && self.tls.is_some();
        let config = self.config.extensions(match starttls {
            true => offered.with(Extensions::STARTTLS),
            false => offered.without(Extensions::STARTTLS),
        });
        let config = match self.transcript {
            true => config.notices(),
            false => config.reply_notices(),
        };
        let config = match decoy_secret().filter(|_| !config.has_scram_decoys()) {
            Some(secret) => config.scram_decoys(secret, self.scram_iterations),
            None => config,
        };
        let shared = Arc::new(Shared {
            service: self.service,
            config,
            tls: self.tls,
            certificates: self.certificates,
            admission: Admission::new(self.connections, self.connections_per_source),
            throttle: Throttle::new(self.throttle),
            xclient: self.xclient,
            proxies: self.proxies,
            handshake_timeout: self.handshake_timeout,
            transcript: self.transcript,
            stopper: Stopper::default(),
            sessions: AtomicU64::new(0),
            #[cfg(feature = "gssapi")]
            kerberos: self.kerberos,
        });
        Ok(Bound { shared, listeners, grace: self.grace })
    }

    /// Binds the listeners and serves for ever.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub async fn serve(self) -> Result<(), ServeError> {
        self.bind().await?.serve_until(core::future::pending()).await;
        Ok(())
    }
}

/// A random number for the life of the process, where the system has one to give.
fn decoy_secret() -> Option<&'static [u8]> {
    static SECRET: OnceLock<Option<[u8; 32]>> = OnceLock::new();
    let secret = SECRET.get_or_init(|| {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).ok().map(|()| secret)
    });
    secret.as_ref().map(<[u8; 32]>::as_slice)
}

/// A server that is ready to serve.
pub struct Bound<V> {
    shared: Arc<Shared<V>>,
    listeners: Vec<Listener>,
    grace: Duration,
}

impl<V: Service> Bound<V> {
    /// The addresses it listens on, and whether under TLS from the beginning.
    pub fn addresses(&self) -> impl Iterator<Item = (SocketAddr, bool)> + '_ {
        self.listeners.iter().map(|listener| (listener.local, listener.tls))
    }

    /// Serves until `stop` is done. Then no connection is accepted any more, running transactions
    /// may finish within the time of grace, and the rest get 421.
    ///
    /// Dropped before it is done, it accepts no more either; the connections that are open go on.
    pub async fn serve_until(self, stop: impl Future<Output = ()>) {
        let Self { shared, listeners, grace } = self;
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn(accept_on(Arc::clone(&shared), listener));
        }
        stop.await;
        accepting.shutdown().await;
        shared.stopper.stop(Stop::Soon);
        if !drained(&shared, grace).await {
            shared.stopper.stop(Stop::Now);
            // The last word still has to leave.
            drained(&shared, Duration::from_secs(2)).await;
        }
    }
}

/// Waits until no connection is open; whether that came within the time.
async fn drained<V>(shared: &Shared<V>, limit: Duration) -> bool {
    let end = tokio::time::Instant::now() + limit;
    while shared.admission.open() > 0 {
        if tokio::time::Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

impl<V> fmt::Debug for Bound<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoListener => f.write_str("there is no address to listen on"),
            Self::NoCertificate => f.write_str("TLS needs a certificate and its key"),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
        }
    }
}

impl core::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Listen(_, error) => Some(error),
            Self::NoListener | Self::NoCertificate => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Body, Receipt, Server, SessionInfo, Verdict};
    use tokio::net::TcpStream;

    struct Nothing;

    impl Service for Nothing {
        type Identity = ();

        async fn message(&self, _: &SessionInfo<()>, _: Body<'_>) -> Verdict<Receipt> {
            Ok(Receipt::default())
        }
    }

    #[tokio::test]
    async fn a_server_that_is_dropped_accepts_no_more() {
        let bound = Server::builder(Nothing).listen("127.0.0.1:0").bind().await.unwrap();
        let (address, _) = bound.addresses().next().unwrap();
        let serving = tokio::spawn(bound.serve_until(core::future::pending()));
        TcpStream::connect(address).await.unwrap();
        serving.abort();
        let _ = serving.await;
        let refused = async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
    }
}
