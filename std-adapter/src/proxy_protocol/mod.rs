//! The PROXY protocol, versions 1 and 2: how a load balancer tells the address of the client behind it
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).
//!
//! Read it only on connections from proxies that are trusted: whoever sends a header chooses the address.
//! [`parse`] is the parser without I/O; [`read_header`] reads a header and not an octet more, so that what
//! follows, be it a command or a TLS handshake, stays in the socket.

mod parse;
mod read;

pub use parse::{Header, Invalid, Progress, parse};
pub use read::{ReadError, read_header};

#[cfg(test)]
mod tests;
