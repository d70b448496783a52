//! A server on tokio: listeners, limits, TLS and a [`Service`] that decides.
//!
//! ```no_run
//! use ehlo::sasl::Mechanism;
//! use ehlo::server::{Config, guard::Rcpt};
//! use ehlo_std::server::{Body, Credentials, Receipt, Refuse, Server, Service, SessionInfo, Verdict};
//! use ehlo_std::server::{accept, refuse};
//! use ehlo_std::tls::Tls;
//!
//! struct Mine;
//!
//! impl Service for Mine {
//!     type Identity = u64;
//!
//!     async fn login(&self, _: &SessionInfo<u64>, login: Credentials<'_>) -> Verdict<u64> {
//!         match login {
//!             Credentials::Password(login) if login.password().matches(b"secret") => Ok(7),
//!             _ => Err(Refuse::credentials()),
//!         }
//!     }
//!
//!     async fn rcpt(&self, session: &SessionInfo<u64>, _: &Rcpt<'_>) -> Verdict {
//!         if session.identity().is_some() { accept() } else { refuse(550, "5.7.1", "log in first") }
//!     }
//!
//!     async fn message(&self, _: &SessionInfo<u64>, mut body: Body<'_>) -> Verdict<Receipt> {
//!         while let Some(chunk) = body.next().await {
//!             let _octets = chunk.map_err(|_| Refuse::transient("4.3.0 incomplete"))?;
//!         }
//!         Ok(Receipt::default())
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new("mail.example.org").auth(&[Mechanism::Plain, Mechanism::Login]);
//! let tls = Tls::from_pem_files("cert.pem", "key.pem")?;
//! Server::builder(Mine).config(config).tls(tls).listen("[::]:587").serve().await?;
//! # Ok(())
//! # }
//! ```

mod body;
mod builder;
mod certificate;
mod connection;
mod credentials;
mod decide;
mod dialogue;
mod historic;
mod info;
#[cfg(feature = "gssapi")]
mod kerberos;
mod listener;
mod log;
mod refused;
mod service;

pub use body::{Body, Incomplete};
pub use builder::{Bound, Builder, ServeError};
pub use credentials::Credentials;
pub use info::{Envelope, Recipient, SessionInfo};
pub use service::{Receipt, Refuse, Service, Verdict, Welcome, accept, refuse};

use core::net::IpAddr;
use core::sync::atomic::AtomicU64;
use core::time::Duration;

use ehlo::server::Config;

use crate::admission::Admission;
use crate::cidr::Cidr;
use crate::stop::Stopper;
use crate::throttle::Throttle;
use crate::tls::{CertificateRules, Tls};

/// A server; see the [module](self).
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Begins the description of a server with what decides.
    pub fn builder<V: Service>(service: V) -> Builder<V> {
        Builder::new(service)
    }
}

/// What all connections of a server share.
pub(crate) struct Shared<V> {
    service: V,
    config: Config<'static>,
    tls: Option<Tls>,
    certificates: Option<CertificateRules>,
    admission: Admission,
    throttle: Throttle,
    xclient: Vec<Cidr>,
    proxies: Vec<Cidr>,
    handshake_timeout: Duration,
    transcript: bool,
    stopper: Stopper,
    sessions: AtomicU64,
    #[cfg(feature = "gssapi")]
    kerberos: Option<crate::kerberos::Acceptor>,
}

impl<V> Shared<V> {
    fn trusts_xclient(&self, peer: IpAddr) -> bool {
        self.xclient.iter().any(|range| range.contains(peer))
    }

    fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies.iter().any(|range| range.contains(peer))
    }
}
