use super::TlsFacts;
use core::fmt;
use rustls::ServerConfig;
use rustls::sign::CertifiedKey;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Makes the handshakes of a server with the certificate it had when the acceptor was taken.
#[derive(Clone)]
pub struct Acceptor {
    inner: TlsAcceptor,
    certified: Arc<CertifiedKey>,
    end_point: Option<Arc<[u8]>>,
}

impl Acceptor {
    pub(super) fn new(
        config: Arc<ServerConfig>,
        certified: Arc<CertifiedKey>,
        end_point: Option<Arc<[u8]>>,
    ) -> Self {
        Self { inner: TlsAcceptor::from(config), certified, end_point }
    }

    /// Makes the handshake on `stream`. It waits as long as the client does: put a time limit around it.
    /// Dropped before it is done, it takes the stream with it.
    ///
    /// # Errors
    /// When the client breaks the handshake off, sends what is no TLS, or shows a certificate that doesn't
    /// verify.
    pub async fn accept<S>(&self, stream: S) -> io::Result<(TlsStream<S>, TlsFacts)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self.inner.accept(stream).await?;
        let facts = TlsFacts::new(stream.get_ref().1, self.end_point.clone());
        Ok((stream, facts))
    }

    /// The acceptor of tokio-rustls, for whoever drives the handshake differently.
    #[must_use]
    pub fn tokio_rustls(&self) -> &TlsAcceptor {
        &self.inner
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}
