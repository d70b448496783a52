use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::io;

use hyper::StatusCode;

use crate::connect::ConnectError;
use crate::tls::TlsError;

/// Why there is no answer to a request. None of these holds a secret.
#[derive(Debug)]
pub(crate) enum HttpError {
    Connect(ConnectError),
    Tls(TlsError),
    Handshake(io::Error),
    NotLocal(IpAddr),
    Io(io::Error),
    Http(hyper::Error),
    TimedOut(Duration),
    Redirect(StatusCode),
    Status(StatusCode),
    TooLong(usize),
    #[cfg(feature = "introspection")]
    Json(&'static str),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Handshake(error) | Self::Io(error) => error.fmt(f),
            Self::NotLocal(address) => {
                write!(f, "localhost is {address} here, which is another machine: use https")
            }
            Self::Http(error) => {
                write!(f, "HTTP: {error}")?;
                match core::error::Error::source(error) {
                    Some(cause) => write!(f, ": {cause}"),
                    None => Ok(()),
                }
            }
            Self::TimedOut(time) => write!(f, "no answer within {} ms", time.as_millis()),
            Self::Redirect(status) => {
                write!(f, "HTTP {}: redirects are not followed", status.as_u16())
            }
            Self::Status(status) if matches!(status.as_u16(), 401 | 403) => {
                write!(f, "HTTP {}: it doesn't take our own credentials", status.as_u16())
            }
            Self::Status(status) => write!(f, "HTTP {}", status.as_u16()),
            Self::TooLong(limit) => write!(f, "the answer is longer than {limit} octets"),
            #[cfg(feature = "introspection")]
            Self::Json(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for HttpError {}
