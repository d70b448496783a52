use super::{Header, Invalid, Progress, parse};
use core::fmt;
use core::time::Duration;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// Why no header could be read: the connection is to be closed without a word.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// It did not come in time.
    Timeout,
    /// The connection ended before the header did.
    Closed,
    /// What came is no header.
    Invalid(Invalid),
    /// Reading failed.
    Io(io::Error),
}

/// Reads a header off the start of `stream` and not an octet more, within `limit` in all.
///
/// Not cancel-safe: what was read is lost with the future.
///
/// # Errors
/// When the time is over, the stream ends or fails, or what comes is no header.
pub async fn read_header<S>(stream: &mut S, limit: Duration) -> Result<Header, ReadError>
where
    S: AsyncRead + Unpin,
{
    timeout(limit, read(stream)).await.unwrap_or(Err(ReadError::Timeout))
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Header, ReadError> {
    let mut octets = Vec::new();
    loop {
        match parse(&octets).map_err(ReadError::Invalid)? {
            Progress::Done { header, .. } => return Ok(header),
            Progress::NeedsMore(least) => {
                // As many as surely belong to the header. A stream that is no header may be short of them,
                // so each piece is looked at as it comes.
                let most = u64::try_from(least).unwrap_or(1);
                let read = (&mut *stream).take(most).read_buf(&mut octets).await;
                if read.map_err(ReadError::Io)? == 0 {
                    return Err(ReadError::Closed);
                }
            }
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the PROXY protocol header did not come in time"),
            Self::Closed => {
                f.write_str("the connection ended before the PROXY protocol header did")
            }
            Self::Invalid(reason) => write!(f, "not a PROXY protocol header: {reason}"),
            Self::Io(error) => write!(f, "cannot read the PROXY protocol header: {error}"),
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Invalid(reason) => Some(reason),
            Self::Io(error) => Some(error),
            Self::Timeout | Self::Closed => None,
        }
    }
}
