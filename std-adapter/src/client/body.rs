//! The message while it goes out.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::message::Source;

/// Octets read from a stream at once.
const CHUNK: usize = 64 * 1024;

/// A message and how far it has gone out.
pub(super) enum Body {
    Octets { octets: Arc<[u8]>, at: usize },
    Stream { reader: Box<dyn AsyncRead + Send + Unpin>, chunk: Vec<u8>, at: usize, ended: bool },
}

impl Body {
    pub(super) fn new(source: Source) -> Self {
        match source {
            Source::Octets(octets) => Self::Octets { octets, at: 0 },
            Source::Stream { reader, .. } => {
                Self::Stream { reader, chunk: Vec::new(), at: 0, ended: false }
            }
        }
    }

    /// What is here and has not gone out.
    pub(super) fn rest(&self) -> &[u8] {
        let (octets, at): (&[u8], _) = match self {
            Self::Octets { octets, at } => (octets, *at),
            Self::Stream { chunk, at, .. } => (chunk, *at),
        };
        octets.get(at..).unwrap_or(&[])
    }

    /// So many octets of it have gone out.
    pub(super) fn taken(&mut self, n: usize) {
        match self {
            Self::Octets { at, .. } | Self::Stream { at, .. } => *at += n,
        }
    }

    /// Whether there is nothing left to read.
    pub(super) fn is_read(&self) -> bool {
        match self {
            Self::Octets { .. } => true,
            Self::Stream { ended, .. } => *ended,
        }
    }

    /// Reads on, when all that was here has gone out.
    pub(super) async fn read(&mut self) -> io::Result<()> {
        let Self::Stream { reader, chunk, at, ended } = self else { return Ok(()) };
        chunk.resize(CHUNK, 0);
        let n = reader.read(chunk).await;
        chunk.truncate(*n.as_ref().unwrap_or(&0));
        *at = 0;
        *ended = n? == 0;
        Ok(())
    }

    /// The message as it came, if nothing of it has gone out: a chunk does so before anything is replied, and the
    /// server may have taken it.
    pub(super) fn untouched(self, size: Option<u64>) -> Option<Source> {
        match self {
            Self::Octets { octets, at: 0 } => Some(Source::Octets(octets)),
            Self::Stream { reader, chunk, ended: false, .. } if chunk.is_empty() => {
                Some(Source::Stream { reader, size })
            }
            Self::Octets { .. } | Self::Stream { .. } => None,
        }
    }
}
