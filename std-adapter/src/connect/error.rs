use core::fmt;
use core::net::SocketAddr;
use std::io;

/// Why there is no connection. The text is one line and says what can be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// What was given can't be a host's name. Nobody was asked.
    Host {
        /// What was given.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no such host, or it has no address.
    NotFound {
        /// The host.
        host: String,
    },
    /// Nobody could say whether there is such a host: the lookup failed, or took too long. It may succeed later.
    Lookup {
        /// The host.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// No address of the host answered.
    Unreachable {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// Each address that was tried, in that order. There may be more for which there was no time.
        attempts: Vec<Attempt>,
    },
}

/// An address that was tried.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The address.
    pub address: SocketAddr,
    /// Why it is not the one; `TimedOut` when time ran out.
    pub error: io::Error,
}

impl ConnectError {
    /// Tells "no such host" from "nobody to ask". The standard library keeps of getaddrinfo's result only its
    /// text, which is not translated, and is that of glibc, musl, macOS or BSD; Windows gives a number. What
    /// is not known is no proof that the host doesn't exist.
    pub(super) fn of_lookup(host: String, source: io::Error) -> Self {
        const ABSENT: [&str; 6] = [
            "Name or service not known",
            "No address associated with hostname",
            "Name does not resolve",
            "nodename nor servname provided, or not known",
            "Name has no usable address",
            "no address associated with name",
        ];
        // WSAHOST_NOT_FOUND and WSANO_DATA.
        const ABSENT_ON_WINDOWS: [i32; 2] = [11001, 11004];
        let text = source.to_string();
        let absent = ABSENT.iter().any(|words| text.contains(words))
            || source.raw_os_error().is_some_and(|number| ABSENT_ON_WINDOWS.contains(&number));
        if absent { Self::NotFound { host } } else { Self::Lookup { host, source } }
    }

    /// The addresses that were tried.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::Unreachable { attempts, .. } => attempts,
            _ => &[],
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, reason } => write!(f, "\"{host}\" can't be a host's name: {reason}"),
            Self::NotFound { host } => {
                write!(f, "there is no host {host}, or it has no address; check the name")
            }
            Self::Lookup { host, source } => {
                write!(f, "cannot look up {host}: {source}; check the network and its DNS server")
            }
            Self::Unreachable { host, port, attempts } => {
                write!(f, "cannot connect to {host}, port {port}: ")?;
                if attempts.is_empty() {
                    return f.write_str("no time was left to try");
                }
                for (index, attempt) in attempts.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {}", attempt.address.ip(), words(&attempt.error))?;
                }
                Ok(())
            }
        }
    }
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::TimedOut => "no answer in time".into(),
        io::ErrorKind::HostUnreachable => "host unreachable".into(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".into(),
        _ => error.to_string(),
    }
}

impl core::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Lookup { source, .. } => Some(source),
            _ => None,
        }
    }
}
