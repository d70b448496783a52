//! What is sent.

use core::fmt;
use std::sync::Arc;

use tokio::io::AsyncRead;

use super::Measure;

/// A message: header and body as RFC 5322 has them, from octets or from a stream.
///
/// Dots are stuffed on the way, and line ends made CRLF; the message itself is not changed otherwise. Whatever
/// builds messages will do: what [`lettre`](https://docs.rs/lettre) formats, or `mail-builder`.
///
/// ```
/// use ehlo_std::client::Message;
///
/// let message = Message::from("Subject: hello\n\nHow are you?\n");
/// assert_eq!(message.size(), Some(32));
/// ```
pub struct Message {
    pub(super) source: Source,
    pub(super) binary: bool,
    pub(super) eight_bit: Option<bool>,
}

pub(super) enum Source {
    Octets(Arc<[u8]>),
    Stream { reader: Box<dyn AsyncRead + Send + Unpin>, size: Option<u64> },
}

impl Message {
    /// A message that is read while it is sent. Where its size in octets is known, the server can refuse it before
    /// it goes out.
    pub fn stream(reader: impl AsyncRead + Send + Unpin + 'static, size: Option<u64>) -> Self {
        Self {
            source: Source::Stream { reader: Box::new(reader), size },
            binary: false,
            eight_bit: None,
        }
    }

    /// The message may hold any octets at all: it goes out as BINARYMIME, and only to servers that take that (RFC
    /// 3030 section 3). Its size has to be known.
    #[must_use]
    pub fn binary(self) -> Self {
        Self { binary: true, ..self }
    }

    /// Whether there are octets above 127 in a message that is read while it is sent. A server that doesn't take
    /// them is then found out before anything was said; otherwise only when one comes along.
    #[must_use]
    pub fn eight_bit(self, there: bool) -> Self {
        Self { eight_bit: Some(there), ..self }
    }

    /// Its size in octets as it goes out, dots that are stuffed aside; of a stream, what was said.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.source {
            Source::Octets(octets) if self.binary => Some(octets.len() as u64),
            Source::Octets(octets) => Some(Measure::of(octets).size()),
            Source::Stream { size, .. } => *size,
        }
    }

    /// Whether an octet above 127 is in it; `None` when nobody knows before it is read.
    pub(super) fn has_eight_bit(&self) -> Option<bool> {
        match &self.source {
            Source::Octets(octets) => Some(!octets.is_ascii()),
            Source::Stream { .. } => self.eight_bit,
        }
    }
}

impl From<Vec<u8>> for Message {
    fn from(octets: Vec<u8>) -> Self {
        Self { source: Source::Octets(octets.into()), binary: false, eight_bit: None }
    }
}

impl From<Arc<[u8]>> for Message {
    fn from(octets: Arc<[u8]>) -> Self {
        Self { source: Source::Octets(octets), binary: false, eight_bit: None }
    }
}

impl From<&[u8]> for Message {
    fn from(octets: &[u8]) -> Self {
        Self { source: Source::Octets(octets.into()), binary: false, eight_bit: None }
    }
}

impl<const N: usize> From<&[u8; N]> for Message {
    fn from(octets: &[u8; N]) -> Self {
        Self::from(octets.as_slice())
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("size", &self.size()).finish_non_exhaustive()
    }
}
