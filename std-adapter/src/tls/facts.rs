use super::{ClientCertificate, tls_exporter};
use core::fmt;
use ehlo::sasl::{BindingKind, ChannelBinding};
use rustls::{CipherSuite, ProtocolVersion, ServerConnection};
use std::sync::Arc;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What a finished handshake tells about a connection, from the server's side.
#[derive(Clone)]
pub struct TlsFacts {
    version: &'static str,
    cipher: &'static str,
    server_name: Option<Box<str>>,
    client_identity: Option<Box<str>>,
    client_verified: bool,
    client_certificate: Option<Arc<ClientCertificate>>,
    exporter: Option<[u8; 32]>,
    end_point: Option<Arc<[u8]>>,
}

impl TlsFacts {
    /// Reads the facts off a connection whose handshake is done. `end_point` is the binding of the server's
    /// certificate, as [`server_end_point`](super::server_end_point) gives it.
    pub(super) fn new(connection: &ServerConnection, end_point: Option<Arc<[u8]>>) -> Self {
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        Self {
            version: version_name(connection.protocol_version()),
            cipher: connection
                .negotiated_cipher_suite()
                .map_or("unknown", |suite| cipher_name(suite.suite())),
            server_name: connection.server_name().map(Box::from),
            client_identity: certificate
                .and_then(|der| client_identity(der))
                .map(String::into_boxed_str),
            client_verified: certificate.is_some(),
            client_certificate: certificate
                .and_then(|der| ClientCertificate::parse(der))
                .map(Arc::new),
            exporter: tls_exporter(connection),
            end_point,
        }
    }

    /// The protocol version: `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The cipher suite by its IANA name, as `TLS_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn cipher(&self) -> &'static str {
        self.cipher
    }

    /// The host name the client asked for (SNI), if it did.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Whether the client showed a certificate; it was verified then.
    #[must_use]
    pub fn client_verified(&self) -> bool {
        self.client_verified
    }

    /// What stands in the client's verified certificate.
    #[must_use]
    pub fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.client_certificate.as_deref()
    }

    /// Whom the client's verified certificate names, by the rule of [`client_identity`].
    #[must_use]
    pub fn client_identity(&self) -> Option<&str> {
        self.client_identity.as_deref()
    }

    /// The channel binding `tls-server-end-point`, 28 to 64 octets, if the certificate has one.
    #[must_use]
    pub fn server_end_point(&self) -> Option<&[u8]> {
        self.end_point.as_deref()
    }

    /// The channel binding `tls-exporter`, 32 octets; see [`tls_exporter`].
    #[must_use]
    pub fn exporter(&self) -> Option<[u8; 32]> {
        self.exporter
    }

    /// The channel binding of this kind, as SCRAM takes it. There is no `tls-unique`: rustls doesn't give it.
    #[must_use]
    pub fn channel_binding(&self, kind: BindingKind) -> Option<ChannelBinding> {
        match kind {
            BindingKind::TlsExporter => ChannelBinding::new(kind, &self.exporter?),
            BindingKind::TlsServerEndPoint => ChannelBinding::new(kind, self.server_end_point()?),
            _ => None,
        }
    }
}

/// The exporter is left out: it is a value of this one connection, and of no use in a log.
impl fmt::Debug for TlsFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFacts")
            .field("version", &self.version)
            .field("cipher", &self.cipher)
            .field("server_name", &self.server_name)
            .field("client_identity", &self.client_identity)
            .field("client_verified", &self.client_verified)
            .field("client_certificate", &self.client_certificate)
            .finish_non_exhaustive()
    }
}

/// The identity in a certificate (DER), as the EXTERNAL mechanism uses it: the first e-mail address among the
/// subject alternative names (rfc822Name, RFC 5280 section 4.2.1.6), else the first common name of the subject.
///
/// `None` when there is neither, when it is empty, or when it holds a control character: such a name would
/// not print as what it is.
#[must_use]
pub fn client_identity(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mail = certificate.subject_alternative_name().ok().flatten().and_then(|names| {
        names.value.general_names.iter().find_map(|name| match name {
            GeneralName::RFC822Name(mail) => Some(*mail),
            _ => None,
        })
    });
    let name = match mail {
        Some(mail) => mail,
        None => certificate.subject().iter_common_name().next()?.as_str().ok()?,
    };
    (!name.is_empty() && !name.chars().any(char::is_control)).then(|| name.to_owned())
}

pub(super) fn version_name(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "unknown",
    }
}

/// rustls says `TLS13_` where the registry says `TLS_`; RFC 8314 section 7.4 wants the name of the registry.
pub(super) fn cipher_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("unknown"),
    }
}
