//! TLS by rustls with the ring provider: TLS 1.2 and 1.3 and nothing older.
//!
//! [`Tls`] holds a server's certificate and key and can load them again while the server runs. [`Acceptor`]
//! makes one handshake and hands back the stream with its [`TlsFacts`]: what goes into a trace field, what
//! the client's certificate says, and what a mechanism with channel binding needs.
//!
//! [`ClientTls`] is the other side: it trusts authorities, verifies a server and tells what it found as
//! [`ServerTlsFacts`]. When it fails, [`HandshakeError`] says why and what can be done.
//!
//! The provider is named at every call. The default of the process is neither read nor set, so that an
//! application which uses rustls another way is not disturbed. ALPN is not offered: SMTP has no protocol
//! name that clients would ask for.

mod acceptor;
mod binding;
mod client;
mod client_certificate;
mod error;
mod facts;
mod pem;
mod self_signed;
mod server;

pub use acceptor::Acceptor;
pub use binding::{server_end_point, tls_exporter};
pub use client::{CertificateFault, CertificateSummary, ClientTls, HandshakeError, ServerTlsFacts};
pub use client_certificate::{
    CertificateRule, CertificateRuleError, CertificateRules, ClientCertificate, NotMapped,
};
pub use error::TlsError;
pub use facts::{TlsFacts, client_identity};
pub use self_signed::SelfSigned;
pub use server::Tls;

use rustls::crypto::CryptoProvider;
use std::sync::{Arc, OnceLock};

/// The one provider of this crate, shared by all configurations.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

#[cfg(test)]
mod tests;
