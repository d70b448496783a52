//! From a host's name to a connection: addresses looked up, and tried in the order and at the pace of Happy
//! Eyeballs (RFC 8305).
//!
//! ```no_run
//! use core::time::Duration;
//! use ehlo_std::connect::{ConnectError, connect};
//!
//! # async fn greet() -> Result<(), ConnectError> {
//! let stream = connect("mx.example.org", 25, Duration::from_secs(30)).await?;
//! # drop(stream);
//! # Ok(())
//! # }
//! ```

mod error;
mod race;

pub use error::{Attempt, ConnectError};

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

/// Host and port: `host`, `host:port`, `[address]`, `[address]:port`, or a bare IPv6 address. `None` for a port
/// that is none.
///
/// ```
/// use ehlo_std::connect::split_port;
///
/// assert_eq!(split_port("[2001:db8::1]:25"), Some(("2001:db8::1", Some(25))));
/// assert_eq!(split_port("mail.example.org:x"), None);
/// ```
#[must_use]
pub fn split_port(server: &str) -> Option<(&str, Option<u16>)> {
    let port = |text: &str| text.parse().ok().filter(|port| *port > 0);
    if let Some(rest) = server.strip_prefix('[') {
        let (host, behind) = rest.split_once(']')?;
        return match behind.strip_prefix(':') {
            Some(text) => Some((host, Some(port(text)?))),
            None => behind.is_empty().then_some((host, None)),
        };
    }
    match server.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((server, None)),
        Some((host, text)) => Some((host, Some(port(text)?))),
        None => Some((server, None)),
    }
}

/// Connects to `host`, a DNS name or an IP address, an address with or without brackets. IPv6 and IPv4 take
/// turns, the one the system prefers first; the next address is tried 250 ms after the last one, or at once
/// when that one fails, and the first that answers is taken. `TCP_NODELAY` is set on the stream.
///
/// `timeout` is for the whole of it, the lookup included. Dropped before it is done, it leaves no connection
/// behind.
///
/// # Errors
/// When `host` can't be a name, when there is no such host or nobody to ask, and when no address answers in
/// time: each one that was tried is listed with its error.
pub async fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream, ConnectError> {
    let start = Instant::now();
    // A timeout that no clock can hold is none.
    let end = start.checked_add(timeout).unwrap_or_else(|| start + FOREVER);
    let addresses = resolve(host, port, end).await?;
    let attempts = race::race(addresses, end, |address| async move {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    attempts.await.map_err(|attempts| ConnectError::Unreachable {
        host: host.to_owned(),
        port,
        attempts,
    })
}

const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

async fn resolve(host: &str, port: u16, end: Instant) -> Result<Vec<SocketAddr>, ConnectError> {
    if let Some(address) = address_literal(host) {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = || host.escape_debug().collect();
    check_name(host).map_err(|reason| ConnectError::Host { host: name(), reason })?;
    let found = match timeout_at(end, lookup_host((host, port))).await {
        Ok(found) => found.map_err(|error| ConnectError::of_lookup(name(), error))?,
        Err(_) => {
            let source = io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
            return Err(ConnectError::Lookup { host: name(), source });
        }
    };
    let addresses = race::interleave(found);
    if addresses.is_empty() {
        return Err(ConnectError::NotFound { host: name() });
    }
    Ok(addresses)
}

/// The address that `host` is, in brackets or not.
pub(crate) fn address_literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok(),
        None => host.parse().ok(),
    }
}

/// Says why `host` can't be looked up. What passes may still be no name; a resolver will know.
pub(crate) fn check_name(host: &str) -> Result<(), &'static str> {
    if host.is_empty() || host == "." {
        Err("it is empty")
    } else if !host.is_ascii() {
        Err(
            "it is not ASCII; give an internationalised name in its encoded form, which starts with xn--",
        )
    } else if host.bytes().any(|octet| octet.is_ascii_control() || octet == b' ') {
        Err("it has a space or a control character in it")
    } else if host.contains(['[', ']']) {
        Err("what is in brackets is no IP address")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
