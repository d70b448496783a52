use core::fmt;

use embedded_io_async::ErrorKind;

/// Why there is no TLS, or none any more.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TlsError {
    /// The other side breaks the protocol, has no algorithm in common with us, or shows a certificate that
    /// doesn't verify; or something given to us is unusable.
    Tls(rustls::Error),
    /// The socket failed.
    Socket(ErrorKind),
    /// The other side went away without saying that it would: what it said last may be cut off.
    Truncated,
    /// A record, or a message of the handshake, is larger than this device takes.
    TooLarge,
    /// What a server's certificate has to be for is no name and no address.
    NoName,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Socket(kind) => write!(f, "the socket failed: {kind:?}"),
            Self::Truncated => f.write_str("the connection ended without close_notify"),
            Self::TooLarge => f.write_str("a record is too large"),
            Self::NoName => f.write_str("the server's name is none"),
        }
    }
}

impl core::error::Error for TlsError {}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}

impl embedded_io_async::Error for TlsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Tls(_) => ErrorKind::InvalidData,
            Self::Socket(kind) => *kind,
            Self::Truncated => ErrorKind::ConnectionAborted,
            Self::TooLarge => ErrorKind::OutOfMemory,
            Self::NoName => ErrorKind::InvalidInput,
        }
    }
}
