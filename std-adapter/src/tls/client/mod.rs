//! The client's side: whom to trust, who we are, and one handshake at a time.

mod error;
mod facts;
mod fault;
mod host;
mod summary;
mod verifier;

pub use error::HandshakeError;
pub use facts::ServerTlsFacts;
pub use fault::CertificateFault;
pub use summary::CertificateSummary;

use self::host::Host;
use self::verifier::Recorder;
use super::pem::{self, PemText};
use super::{TlsError, provider};
use core::fmt;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::CertificateResult;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a client needs for handshakes: the authorities it trusts and, if it has one, its own certificate. A
/// clone is cheap.
///
/// No session is resumed: each handshake is a whole one, so that each certificate is verified at the time of
/// its use.
///
/// ```no_run
/// use ehlo_std::tls::ClientTls;
/// use tokio::net::TcpStream;
///
/// # async fn secure(stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// let tls = ClientTls::platform()?;
/// let (stream, facts) = tls.connect("mx.example.org", stream).await?;
/// assert_eq!(facts.verified_host(), Some("mx.example.org"));
/// # drop(stream);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    verifier: Arc<dyn ServerCertVerifier>,
    accept_any: bool,
}

impl ClientTls {
    /// Trusts the authorities this system trusts: those of its certificate store, or of the file and the
    /// folders that the environment names in `SSL_CERT_FILE` and `SSL_CERT_DIR`, which replace it. An
    /// authority that can't be read is passed over.
    ///
    /// It reads them from the disk now, and never again: keep the value, and call this where blocking is
    /// allowed.
    ///
    /// # Errors
    /// When there is not a single authority.
    pub fn platform() -> Result<Self, TlsError> {
        Self::trusting_system(rustls_native_certs::load_native_certs())
    }

    /// Trusts the authorities in this PEM text and no others. A server's self-signed certificate may stand
    /// there as well; it is verified like any other, its name and its time included.
    ///
    /// # Errors
    /// When the text holds no certificate, or one that can't be an authority.
    pub fn roots_pem(pem: &[u8]) -> Result<Self, TlsError> {
        Self::trusting_pem(&PemText { octets: pem, origin: "the authorities" })
    }

    /// As [`ClientTls::roots_pem`], from a PEM file. The file is read once.
    ///
    /// # Errors
    /// When the file can't be read, and as [`ClientTls::roots_pem`].
    pub fn roots_file(path: impl AsRef<Path>) -> Result<Self, TlsError> {
        let path = path.as_ref();
        let octets = pem::read(path)?;
        Self::trusting_pem(&PemText { octets: &octets, origin: &path.display().to_string() })
    }

    /// Shows this certificate chain (the client's own first) to servers that ask for one. The key may be
    /// PKCS #8, PKCS #1 or SEC 1, not encrypted.
    ///
    /// Under TLS 1.3 the client is done before the server has looked: a certificate that the server refuses
    /// fails the first read, not the handshake.
    ///
    /// # Errors
    /// When there is no certificate or no key, or when the two don't belong together.
    pub fn client_certificate_pem(self, certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        self.with_certificate(
            &PemText { octets: certificate, origin: "the client certificate" },
            &PemText { octets: key, origin: "the key" },
        )
    }

    /// As [`ClientTls::client_certificate_pem`], from PEM files. Both may be the same file, and they are
    /// read once.
    ///
    /// # Errors
    /// When a file can't be read, and as [`ClientTls::client_certificate_pem`].
    pub fn client_certificate_files(
        self,
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.as_ref(), key.as_ref());
        let (certificate_octets, key_octets) = (pem::read(certificate)?, pem::read(key)?);
        let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
        self.with_certificate(
            &PemText { octets: &certificate_octets, origin: &certificate },
            &PemText { octets: &key_octets, origin: &key },
        )
    }

    /// Goes on with the handshake whatever the server's certificate is, even one whose key the server doesn't
    /// have. What the verifier says is still in [`ServerTlsFacts::verification`].
    ///
    /// The connection is encrypted then, and nobody knows to whom: don't send a password over it unless
    /// [`ServerTlsFacts::verified_host`] names the server.
    #[must_use]
    pub fn dangerous_accept_any_certificate(self) -> Self {
        Self { accept_any: true, ..self }
    }

    /// Makes the handshake on `stream` and verifies the server for `host`: a DNS name, with or without a dot
    /// at its end, or an IP address, with or without brackets. It waits as long as the server does: put a time
    /// limit around it. Dropped before it is done, it takes the stream with it.
    ///
    /// # Errors
    /// When `host` is no name that a certificate could have, when the certificate doesn't verify, or when the
    /// server refuses, goes away or speaks no TLS: a [`HandshakeError`], which [`HandshakeError::of`] finds in
    /// the error. Any other error is one of the stream.
    pub async fn connect<S>(
        &self,
        host: &str,
        stream: S,
    ) -> io::Result<(TlsStream<S>, ServerTlsFacts)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let host = Host::parse(host)?;
        // A verifier of its own for each handshake: what it says is said of this connection.
        let recorder = Arc::new(Recorder::new(Arc::clone(&self.verifier), self.accept_any));
        let mut config = ClientConfig::clone(&self.config);
        let verifier: Arc<dyn ServerCertVerifier> = recorder.clone();
        config.dangerous().set_certificate_verifier(verifier);
        let handshake = TlsConnector::from(Arc::new(config)).connect(host.server_name(), stream);
        match handshake.await {
            Ok(stream) => {
                let facts = ServerTlsFacts::new(stream.get_ref().1, host.text, recorder.verdict());
                Ok((stream, facts))
            }
            Err(error) => Err(HandshakeError::explain(error, &host.text, recorder.verdict().err())),
        }
    }

    fn trusting_system(found: CertificateResult) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let reason = found.errors.first().map(ToString::to_string);
            return Err(TlsError::NoAuthorities { reason });
        }
        Self::trusting(roots, "the authorities of this system")
    }

    fn trusting_pem(text: &PemText<'_>) -> Result<Self, TlsError> {
        Self::trusting(pem::authorities(text)?, text.origin)
    }

    fn trusting(roots: RootCertStore, origin: &str) -> Result<Self, TlsError> {
        let unusable = |reason: String| TlsError::Unusable { origin: origin.into(), reason };
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| unusable(error.to_string()))?
            .with_webpki_verifier(Arc::clone(&verifier))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self { config: Arc::new(config), verifier, accept_any: false })
    }

    fn with_certificate(
        self,
        certificate: &PemText<'_>,
        key: &PemText<'_>,
    ) -> Result<Self, TlsError> {
        let certified = pem::certified_key(certificate, key)?;
        let mut config = Arc::unwrap_or_clone(self.config);
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
        Ok(Self { config: Arc::new(config), ..self })
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("has_certificate", &self.config.client_auth_cert_resolver.has_certs())
            .field("accept_any", &self.accept_any)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
