//! What ties an exchange to the TLS connection it runs over.

use core::fmt;

use crate::wire::copy;

/// The kinds of channel binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BindingKind {
    /// `tls-exporter`: 32 octets of keying material (RFC 9266). The one for TLS 1.3.
    TlsExporter,
    /// `tls-server-end-point`: the hash of the server's certificate (RFC 5929 section 4).
    TlsServerEndPoint,
    /// `tls-unique`: the first Finished message (RFC 5929 section 3). Not for TLS 1.3.
    TlsUnique,
}

impl BindingKind {
    /// Its registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
            Self::TlsUnique => "tls-unique",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::TlsExporter, Self::TlsServerEndPoint, Self::TlsUnique];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// The channel binding of a TLS connection: both sides have the same, and nobody in between has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChannelBinding {
    kind: BindingKind,
    data: [u8; 64],
    length: usize,
}

impl ChannelBinding {
    /// A channel binding of 1 to 64 octets; `None` for any other length.
    #[must_use]
    pub fn new(kind: BindingKind, data: &[u8]) -> Option<Self> {
        if data.is_empty() || data.len() > 64 {
            return None;
        }
        let mut kept = [0; 64];
        copy(&mut kept, data);
        Some(Self { kind, data: kept, length: data.len() })
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> BindingKind {
        self.kind
    }

    /// The octets.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.data.get(..self.length).unwrap_or(&[])
    }
}

impl fmt::Debug for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBinding").field("kind", &self.kind).finish_non_exhaustive()
    }
}
