use super::{CertificateFault, CertificateSummary};
use crate::tls::facts::{cipher_name, version_name};
use crate::tls::{server_end_point, tls_exporter};
use core::fmt;
use ehlo::sasl::{BindingKind, ChannelBinding};
use rustls::ClientConnection;

/// What a finished handshake tells about a connection, from the client's side.
#[derive(Clone)]
pub struct ServerTlsFacts {
    host: Box<str>,
    verification: Result<(), CertificateFault>,
    protocol: &'static str,
    cipher_suite: &'static str,
    exporter: Option<[u8; 32]>,
    end_point: Option<Box<[u8]>>,
    chain: Vec<CertificateSummary>,
}

impl ServerTlsFacts {
    /// Reads the facts off a connection whose handshake is done.
    pub(super) fn new(
        connection: &ClientConnection,
        host: Box<str>,
        verification: Result<(), CertificateFault>,
    ) -> Self {
        let chain = connection.peer_certificates().unwrap_or(&[]);
        Self {
            host,
            verification,
            protocol: version_name(connection.protocol_version()),
            cipher_suite: connection
                .negotiated_cipher_suite()
                .map_or("unknown", |suite| cipher_name(suite.suite())),
            exporter: tls_exporter(connection),
            end_point: chain.first().and_then(|der| server_end_point(der)),
            chain: chain.iter().map(|der| CertificateSummary::of(der)).collect(),
        }
    }

    /// The name that was asked for, without a dot at its end; an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same name, if the certificate was verified for exactly it; `None` when nobody knows who the
    /// server is.
    #[must_use]
    pub fn verified_host(&self) -> Option<&str> {
        self.verification.is_ok().then_some(&*self.host)
    }

    /// What the verifier said of the certificate.
    ///
    /// # Errors
    /// What is wrong with it. The handshake went on because
    /// [any certificate was to be accepted](super::ClientTls::dangerous_accept_any_certificate).
    pub fn verification(&self) -> Result<(), &CertificateFault> {
        self.verification.as_ref().copied()
    }

    /// The protocol version: `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        self.protocol
    }

    /// The cipher suite by its IANA name, as `TLS_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn cipher_suite(&self) -> &'static str {
        self.cipher_suite
    }

    /// The channel binding `tls-exporter`, 32 octets; see [`tls_exporter`].
    #[must_use]
    pub fn exporter(&self) -> Option<[u8; 32]> {
        self.exporter
    }

    /// The channel binding `tls-server-end-point`, 28 to 64 octets, if the certificate has one; see
    /// [`server_end_point`].
    #[must_use]
    pub fn server_end_point(&self) -> Option<&[u8]> {
        self.end_point.as_deref()
    }

    /// What ties a mechanism such as SCRAM-SHA-256-PLUS to this connection: `tls-exporter` where there is one,
    /// which is under TLS 1.3 (RFC 9266 section 4.2), or else `tls-server-end-point`.
    #[must_use]
    pub fn channel_binding(&self) -> Option<ChannelBinding> {
        match (&self.exporter, &self.end_point) {
            (Some(exporter), _) => ChannelBinding::new(BindingKind::TlsExporter, exporter),
            (None, Some(hash)) => ChannelBinding::new(BindingKind::TlsServerEndPoint, hash),
            (None, None) => None,
        }
    }

    /// The certificates the server sent, its own first. Only the first one is the server's for certain: the
    /// others are what it sent, not the way by which it was verified.
    #[must_use]
    pub fn chain(&self) -> &[CertificateSummary] {
        &self.chain
    }
}

/// The exporter is left out: it is a value of this one connection, and of no use in a log.
impl fmt::Debug for ServerTlsFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTlsFacts")
            .field("host", &self.host)
            .field("verification", &self.verification)
            .field("protocol", &self.protocol)
            .field("cipher_suite", &self.cipher_suite)
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}
