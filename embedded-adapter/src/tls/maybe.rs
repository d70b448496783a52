//! A socket that changes under way.

use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};

/// A socket that may become a TLS stream under way: what STARTTLS makes of it.
#[derive(Debug)]
pub enum MaybeTls<S, T> {
    /// Not encrypted.
    Plain(S),
    /// Encrypted.
    Tls(T),
    /// The handshake was not finished: nothing can be read or written any more.
    Broken,
}

impl<S, T> MaybeTls<S, T> {
    pub(super) fn take(&mut self) -> Option<S> {
        match core::mem::replace(self, Self::Broken) {
            Self::Plain(socket) => Some(socket),
            _ => None,
        }
    }
}

impl<S: ErrorType, T: ErrorType> ErrorType for MaybeTls<S, T> {
    type Error = ErrorKind;
}

impl<S: Read, T: Read> Read for MaybeTls<S, T> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        match self {
            Self::Plain(socket) => socket.read(buf).await.map_err(|error| error.kind()),
            Self::Tls(stream) => stream.read(buf).await.map_err(|error| error.kind()),
            Self::Broken => Err(ErrorKind::NotConnected),
        }
    }
}

impl<S: Write, T: Write> Write for MaybeTls<S, T> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        match self {
            Self::Plain(socket) => socket.write(buf).await.map_err(|error| error.kind()),
            Self::Tls(stream) => stream.write(buf).await.map_err(|error| error.kind()),
            Self::Broken => Err(ErrorKind::NotConnected),
        }
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        match self {
            Self::Plain(socket) => socket.flush().await.map_err(|error| error.kind()),
            Self::Tls(stream) => stream.flush().await.map_err(|error| error.kind()),
            Self::Broken => Err(ErrorKind::NotConnected),
        }
    }
}
