//! Limits: sizes, counts and times, each with its RFC minimum and a default.

use core::time::Duration;

/// Longest local-part in octets (RFC 5321 section 4.5.3.1.1).
pub const LOCAL_PART_MAX: usize = 64;
/// Longest domain in octets (RFC 5321 section 4.5.3.1.2).
pub const DOMAIN_MAX: usize = 255;
/// Longest label of a domain in octets (RFC 1035 section 2.3.4).
pub const LABEL_MAX: usize = 63;
/// Longest path in octets, angle brackets included (RFC 5321 section 4.5.3.1.3).
pub const PATH_MAX: usize = 256;
/// Longest reply line in octets, CRLF included (RFC 5321 section 4.5.3.1.5).
pub const REPLY_LINE_MAX: usize = 512;
/// The smallest receive and send buffer the machines work with, in octets.
pub const BUFFER_MIN: usize = 512;

/// What a server lets a client do, and how long it waits for it.
///
/// A line can never be longer than the receive buffer; a smaller buffer makes a smaller limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest command line in octets, CRLF included. At least 512 (RFC 5321 section 4.5.3.1.4),
    /// and room for the parameters of the extensions; default 2,048.
    pub command_line: usize,
    /// Longest AUTH command or SASL response in octets, CRLF included (RFC 4954 section 4.6, which
    /// asks for 12,288; the default).
    pub auth_line: usize,
    /// Recipients of a mail transaction; zero is 65,535. At least 100 (RFC 5321 section
    /// 4.5.3.1.8); default 1,000.
    pub recipients: u16,
    /// Largest message in octets; zero is no limit. At least 65,536 (RFC 5321 section 4.5.3.1.7);
    /// default 64 MiB.
    pub message: u64,
    /// Mail transactions of a connection; zero is no limit; default 1,000.
    pub transactions: u16,
    /// Commands other than AUTH before the client has authenticated, where it must; zero is no
    /// limit; default 10.
    pub unauthenticated_commands: u16,
    /// Refused commands in a row before the connection is closed; zero is no limit; default 20.
    pub errors: u16,
    /// Failed authentications before the connection is closed; zero is no limit; default 5.
    pub auth_failures: u8,
    /// How long the reply to the first failed authentication is held back; it doubles with each
    /// further one, up to 16 times; default one second.
    pub auth_failure_delay: Duration,
    /// How long to wait for a command. At least five minutes (RFC 5321 section 4.5.3.2.7), the
    /// default.
    pub command_timeout: Duration,
    /// How long to wait for the next 4 KiB of mail data. The default is five minutes, where RFC
    /// 5321 section 4.5.3.2.5 has three for the client's side.
    pub data_timeout: Duration,
    /// How long to wait for the peer to take what is to be written; default five minutes.
    pub write_timeout: Duration,
    /// How long a connection may last in all, so that drip-feeding ends; default two hours.
    pub connection_timeout: Duration,
}

impl Limits {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
        Self {
            command_line: 2048,
            auth_line: 12_288,
            recipients: 1000,
            message: 64 * 1024 * 1024,
            transactions: 1000,
            unauthenticated_commands: 10,
            errors: 20,
            auth_failures: 5,
            auth_failure_delay: Duration::from_secs(1),
            command_timeout: FIVE_MINUTES,
            data_timeout: FIVE_MINUTES,
            write_timeout: FIVE_MINUTES,
            connection_timeout: Duration::from_secs(2 * 60 * 60),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
