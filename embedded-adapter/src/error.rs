//! What can go wrong below a session.

use core::fmt;

use embedded_io_async::ErrorKind;

/// Why a session can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The socket failed.
    Socket(ErrorKind),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(kind) => write!(f, "the socket failed: {kind}"),
        }
    }
}

impl core::error::Error for Error {}
