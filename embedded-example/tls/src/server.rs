use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use ehlo::sasl::ChannelBinding;
use ehlo_embedded::tls::{Secured, TlsAcceptor};
use embedded_io_async::{Read, Write};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{NoServerSessionStorage, UnbufferedServerConnection};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;

use crate::exporter::Exporter;
use crate::provider::{self, Entropy, P256Key};
use crate::stream::RECORD;
use crate::{TlsError, TlsStream};

/// What a server needs for TLS: its certificate and the key of it. It asks clients for none.
///
/// `&ServerTls` is a [`TlsAcceptor`]. Each handshake is a full one: nothing is kept of a session.
#[derive(Debug)]
pub struct ServerTls {
    config: ServerConfig,
}

impl ServerTls {
    /// A server with a certificate in DER, those of the authorities between it and the root behind it, and
    /// its key.
    ///
    /// # Errors
    ///
    /// When the algorithms don't go together.
    pub fn new<E: Entropy>(chain: &[&'static [u8]], key: P256Key) -> Result<Self, TlsError> {
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from_slice(der)).collect();
        let certified = CertifiedKey::new(chain, Arc::new(key));
        let provider = Arc::new(provider::without_verification::<E>());
        let mut config = ServerConfig::builder_with_details(provider, Arc::new(NoTime))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_fragment_size = Some(RECORD);
        Ok(Self { config })
    }

    /// Waits for the client's handshake and answers it. Put a time limit around it.
    ///
    /// # Errors
    ///
    /// When the client breaks it off, or wants what we don't have.
    pub async fn accept<S>(
        &self,
        socket: S,
    ) -> Result<(TlsStream<S, UnbufferedServerConnection>, Option<ChannelBinding>), TlsError>
    where
        S: Read + Write,
    {
        let (connection, exporter) = self.connection()?;
        let mut stream = TlsStream::new(socket, connection);
        stream.handshake().await?;
        Ok((stream, exporter.channel_binding()))
    }

    /// A connection on the heap. What it takes of the stack is not kept while it lasts.
    #[inline(never)]
    fn connection(&self) -> Result<(Box<UnbufferedServerConnection>, Arc<Exporter>), TlsError> {
        let exporter = Arc::new(Exporter::default());
        let mut config = self.config.clone();
        config.key_log = exporter.clone();
        Ok((Box::new(UnbufferedServerConnection::new(Arc::new(config))?), exporter))
    }
}

impl<S: Read + Write> TlsAcceptor<S> for &ServerTls {
    type Stream = TlsStream<S, UnbufferedServerConnection>;
    type Error = TlsError;

    async fn accept(self, socket: S) -> Result<Secured<Self::Stream>, TlsError> {
        let (stream, binding) = ServerTls::accept(self, socket).await?;
        let secured = Secured::new(stream);
        Ok(match binding {
            Some(binding) => secured.binding(binding),
            None => secured,
        })
    }
}

/// A server that resumes nothing and asks for no certificates needs no time.
#[derive(Debug)]
struct NoTime;

impl TimeProvider for NoTime {
    fn current_time(&self) -> Option<UnixTime> {
        None
    }
}
