//! What a sensor submits, to whom and as whom.

use core::fmt::{self, Write as _};
use core::net::SocketAddrV4;

use ehlo::client::{Config, Timeouts};
use ehlo::sasl::client::{Credentials, Rules};
use ehlo_embedded::client::{Envelope, Recipient};

use crate::arguments::Arguments;
use crate::config::HOSTNAME;

/// What a sensor is told by whoever starts it; what it isn't told is as for the endpoint of this example
/// on the same host.
#[derive(Clone, Copy)]
pub struct Orders<'a> {
    /// Where the server is.
    pub server: SocketAddrV4,
    /// As whom.
    pub user: &'a str,
    password: &'a str,
    from: &'a str,
    to: &'a str,
    /// How many readings, each in a connection of its own.
    pub count: u32,
    cleartext: bool,
}

impl<'a> Orders<'a> {
    /// Reads the command line; `None` when a value in it can't be.
    #[must_use]
    pub fn read(arguments: Arguments<'a>) -> Option<Self> {
        let value = |name, default| arguments.value(name).unwrap_or(default);
        Some(Self {
            server: value("server", "10.0.2.2:2525").parse().ok()?,
            user: value("user", "sensor"),
            password: value("password", "correct-horse"),
            from: value("from", "sensor@board.example"),
            to: value("to", "operator@example.org"),
            count: value("count", "1").parse().ok()?,
            cleartext: arguments.has("cleartext"),
        })
    }

    /// To whom a reading goes; `None` when it is no mailbox.
    #[must_use]
    pub fn recipients(&self) -> Option<[Recipient<'a>; 1]> {
        Some([Recipient::new(self.to).ok()?])
    }

    /// From whom it comes; `None` when it is no mailbox.
    #[must_use]
    pub fn envelope<'r>(&self, recipients: &'r mut [Recipient<'a>]) -> Option<Envelope<'a, 'r>> {
        Envelope::new(self.from, recipients).ok()
    }

    /// As whom; the random number is for the mechanisms that want one.
    #[must_use]
    pub const fn credentials(&self, random: [u8; 16]) -> Credentials<'a> {
        Credentials::password(self.user, self.password).nonce(random)
    }

    /// The client's configuration. There is no TLS, so that mechanisms which show the password are used
    /// only where that was asked for; SCRAM and CRAM-MD5 don't.
    #[must_use]
    pub const fn config(&self) -> Config<'static> {
        let rules = if self.cleartext { Rules::new().dangerous_cleartext() } else { Rules::new() };
        let timeouts = Timeouts::all(core::time::Duration::from_secs(60));
        Config::new(HOSTNAME, "10.0.2.2").auth(rules).timeouts(timeouts)
    }
}

impl fmt::Debug for Orders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orders").field("server", &self.server).finish_non_exhaustive()
    }
}

/// A reading of the board itself.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The name of the board.
    pub board: &'static str,
    /// Which reading it is, from one.
    pub number: u32,
    /// Milliseconds since the board was started.
    pub uptime: u64,
    /// The most octets of the stack that were ever in use.
    pub stack: usize,
}

impl Reading {
    /// Writes a part of the message, by its number from zero; none at all behind the last. A server of
    /// submission adds the date: the board does not know it (RFC 6409 section 8.1).
    pub fn write(&self, part: u32, orders: &Orders<'_>, space: &mut [u8]) -> usize {
        let Self { board, number, uptime, stack } = *self;
        let mut out = Space { space, length: 0 };
        // What doesn't fit is left out.
        let _ = match part {
            0 => write!(out, "From: <{}>\r\nTo: <{}>\r\n", orders.from, orders.to),
            1 => write!(out, "Subject: reading {number} of {board}\r\n\r\n"),
            2 => write!(out, "up for {uptime} ms, stack {stack} octets\r\n"),
            // A bar chart, in dots: what a careless client would take for the end of the message.
            3..=7 => write!(out, "{:.<1$}\r\n", "", part as usize - 2),
            _ => Ok(()),
        };
        out.length
    }
}

struct Space<'a> {
    space: &'a mut [u8],
    length: usize,
}

impl fmt::Write for Space<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let to = self.length..self.length + text.len();
        self.space.get_mut(to).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}
