use super::pem::{self, PemText};
use super::{Acceptor, SelfSigned, TlsError, provider, self_signed, server_end_point};
use core::fmt;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// A server's certificate and key, ready for handshakes. A clone is cheap and shares everything: what one
/// clone loads again, all of them use.
#[derive(Clone)]
pub struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    acceptor: RwLock<Acceptor>,
}

#[derive(Clone)]
enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Memory,
}

impl Tls {
    /// Reads the certificate chain (the server's own first) and its private key from PEM files. Both may be
    /// the same file. The key may be PKCS #8, PKCS #1 or SEC 1, not encrypted.
    ///
    /// # Errors
    /// When a file can't be read, holds no certificate or no key, or when the two don't belong together.
    pub fn from_pem_files(
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.as_ref().to_path_buf(), key.as_ref().to_path_buf());
        let certified = load(&certificate, &key)?;
        Self::build(Source::Files { certificate, key }, None, certified)
    }

    /// As [`Tls::from_pem_files`], from octets in memory. [`Tls::reload`] has nothing to read then.
    ///
    /// # Errors
    /// When there is no certificate or no key, or when the two don't belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let certificate = PemText { octets: certificate, origin: "the certificate" };
        let key = PemText { octets: key, origin: "the key" };
        let certified = pem::certified_key(&certificate, &key)?;
        Self::build(Source::Memory, None, certified)
    }

    /// A self-signed certificate for `hostnames` (domains or addresses), `localhost`, 127.0.0.1 and ::1, kept
    /// in `folder` as `cert.pem` and `key.pem` (readable by the owner alone) and used again the next time.
    ///
    /// A certificate that was made here and lacks one of the names is made again, with the key that is there.
    /// A certificate from elsewhere is used as it is.
    ///
    /// # Errors
    /// When the folder can't be made or written, a name is no domain, or what is in the folder can't be used.
    pub fn self_signed(
        folder: impl AsRef<Path>,
        hostnames: &[&str],
    ) -> Result<(Self, SelfSigned), TlsError> {
        let files = self_signed::ensure(folder.as_ref(), hostnames)?;
        let tls = Self::from_pem_files(&files.certificate, &files.key)?;
        Ok((tls, files))
    }

    /// Asks clients for a certificate signed by one of the authorities in this PEM text. A client may go on
    /// without one; a certificate that doesn't verify fails the handshake.
    ///
    /// # Errors
    /// When the text holds no certificate or one that can't be an authority.
    pub fn client_ca(self, authorities: &[u8]) -> Result<Self, TlsError> {
        self.with_authorities(&PemText { octets: authorities, origin: "the client authorities" })
    }

    /// As [`Tls::client_ca`], from a PEM file. The file is read once: [`Tls::reload`] doesn't read it again.
    ///
    /// # Errors
    /// When the file can't be read, and as [`Tls::client_ca`].
    pub fn client_ca_file(self, path: impl AsRef<Path>) -> Result<Self, TlsError> {
        let path = path.as_ref();
        let octets = pem::read(path)?;
        self.with_authorities(&PemText { octets: &octets, origin: &path.display().to_string() })
    }

    /// Reads certificate and key again and uses them for every handshake from now on. Connections that exist
    /// are left alone.
    ///
    /// # Errors
    /// As [`Tls::from_pem_files`], and [`TlsError::NotFromFiles`]; the certificate in use stays then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let Source::Files { certificate, key } = &self.shared.source else {
            return Err(TlsError::NotFromFiles);
        };
        let fresh = acceptor(load(certificate, key)?, self.shared.clients.as_ref())?;
        *self.shared.acceptor.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The acceptor for the next connection. Take a new one for each, or a reload goes unseen.
    #[must_use]
    pub fn acceptor(&self) -> Acceptor {
        self.shared.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether clients are asked for a certificate.
    #[must_use]
    pub fn asks_clients(&self) -> bool {
        self.shared.clients.is_some()
    }

    fn with_authorities(self, text: &PemText<'_>) -> Result<Self, TlsError> {
        let roots = Arc::new(pem::authorities(text)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
            .allow_unauthenticated()
            .build()
            .map_err(|error| TlsError::Unusable {
                origin: text.origin.into(),
                reason: error.to_string(),
            })?;
        // The key is shared, not read again: a file that changed meanwhile must not fail this call.
        let certified = self.acceptor().certified();
        let acceptor = acceptor_for(certified, Some(&verifier))?;
        let shared = Shared {
            source: self.shared.source.clone(),
            clients: Some(verifier),
            acceptor: RwLock::new(acceptor),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    fn build(
        source: Source,
        clients: Option<Arc<dyn ClientCertVerifier>>,
        certified: CertifiedKey,
    ) -> Result<Self, TlsError> {
        let acceptor = RwLock::new(acceptor(certified, clients.as_ref())?);
        Ok(Self { shared: Arc::new(Shared { source, clients, acceptor }) })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Tls");
        if let Source::Files { certificate, key } = &self.shared.source {
            out.field("certificate", certificate).field("key", key);
        }
        out.field("asks_clients", &self.asks_clients()).finish_non_exhaustive()
    }
}

fn load(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let (certificate_octets, key_octets) = (pem::read(certificate)?, pem::read(key)?);
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    pem::certified_key(
        &PemText { octets: &certificate_octets, origin: &certificate },
        &PemText { octets: &key_octets, origin: &key },
    )
}

fn acceptor(
    certified: CertifiedKey,
    clients: Option<&Arc<dyn ClientCertVerifier>>,
) -> Result<Acceptor, TlsError> {
    acceptor_for(Arc::new(certified), clients)
}

fn acceptor_for(
    certified: Arc<CertifiedKey>,
    clients: Option<&Arc<dyn ClientCertVerifier>>,
) -> Result<Acceptor, TlsError> {
    let unusable = |error: rustls::Error| TlsError::Unusable {
        origin: "the certificate".into(),
        reason: error.to_string(),
    };
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable)?;
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    };
    let resolver = SingleCertAndKey::from(Arc::clone(&certified));
    let config = builder.with_cert_resolver(Arc::new(resolver));
    let end_point = certified.end_entity_cert().ok().and_then(|der| server_end_point(der));
    Ok(Acceptor::new(Arc::new(config), certified, end_point.map(Arc::from)))
}
