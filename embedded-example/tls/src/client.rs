use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use ehlo::sasl::ChannelBinding;
use ehlo_embedded::tls::{Secured, TlsConnector};
use embedded_io_async::{Read, Write};
use rustls::client::{Resumption, UnbufferedClientConnection};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

use crate::exporter::Exporter;
use crate::provider::{self, Entropy};
use crate::stream::RECORD;
use crate::{TlsError, TlsStream};

/// What a client needs for TLS: whom it trusts, and what time it is. It shows no certificate.
///
/// `&ClientTls` is a [`TlsConnector`].
#[derive(Debug)]
pub struct ClientTls {
    config: ClientConfig,
}

impl ClientTls {
    /// A client that trusts these authorities (certificates in DER), with a clock.
    ///
    /// The clock gives the seconds since 1970. When it gives `None`, no server's certificate is verified and no
    /// handshake succeeds: whoever has no clock, but knows when the firmware was built, gives that time. Then
    /// certificates that have expired since are taken, and others are not.
    ///
    /// Checked are the chain (ECDSA with P-256 and SHA-256 throughout), the time, the name, and the use. Revocation
    /// is not.
    ///
    /// # Errors
    ///
    /// When an authority's certificate can't be read, or the algorithms don't go together.
    pub fn new<E: Entropy>(
        authorities: &[&'static [u8]],
        clock: fn() -> Option<u64>,
    ) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for der in authorities {
            roots.add(CertificateDer::from_slice(der))?;
        }
        let provider = Arc::new(provider::provider::<E>());
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(Clock(clock)))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.max_fragment_size = Some(RECORD);
        Ok(Self { config })
    }

    /// Makes the handshake with a host, whose name or address the certificate has to be for. Put a time
    /// limit around it.
    ///
    /// # Errors
    ///
    /// When the certificate doesn't verify, or the server breaks the handshake off.
    pub async fn connect<S>(
        &self,
        host: &str,
        socket: S,
    ) -> Result<(TlsStream<S, UnbufferedClientConnection>, Option<ChannelBinding>), TlsError>
    where
        S: Read + Write,
    {
        let (connection, exporter) = self.connection(host)?;
        let mut stream = TlsStream::new(socket, connection);
        stream.handshake().await?;
        Ok((stream, exporter.channel_binding()))
    }

    /// A connection on the heap. What it takes of the stack is not kept while it lasts.
    #[inline(never)]
    fn connection(
        &self,
        host: &str,
    ) -> Result<(Box<UnbufferedClientConnection>, Arc<Exporter>), TlsError> {
        let name = ServerName::try_from(host).map_err(|_| TlsError::NoName)?.to_owned();
        let exporter = Arc::new(Exporter::default());
        let mut config = self.config.clone();
        config.key_log = exporter.clone();
        Ok((Box::new(UnbufferedClientConnection::new(Arc::new(config), name)?), exporter))
    }
}

impl<S: Read + Write> TlsConnector<S> for &ClientTls {
    type Stream = TlsStream<S, UnbufferedClientConnection>;
    type Error = TlsError;

    async fn connect(self, host: &str, socket: S) -> Result<Secured<Self::Stream>, TlsError> {
        let (stream, binding) = ClientTls::connect(self, host, socket).await?;
        let secured = Secured::new(stream).verified();
        Ok(match binding {
            Some(binding) => secured.binding(binding),
            None => secured,
        })
    }
}

struct Clock(fn() -> Option<u64>);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        self.0().map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}
