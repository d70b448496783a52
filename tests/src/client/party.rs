//! The client of a dialogue: a connection by itself, or the whole journey.

use ehlo::client::submission::{self, Submission};
use ehlo::client::{Capabilities, Connection, Event};
use ehlo::io::Io;
use ehlo::sasl::client::Channel;

use super::Setting;

/// A connection by itself, or the whole journey.
#[derive(Debug)]
pub enum Party<'c> {
    /// A connection.
    Connection(Box<Connection<'c, Vec<u8>>>),
    /// A journey.
    Submission(Box<Submission<'c, Vec<u8>>>),
}

/// An event of either.
#[derive(Debug)]
pub enum Told<'a> {
    /// Of a connection.
    Connection(Event<'a>),
    /// Of a journey.
    Submission(submission::Event<'a>),
}

/// Calls the same method of either.
macro_rules! either {
    ($party:expr, $inner:ident => $call:expr) => {
        match $party {
            Party::Connection($inner) => $call,
            Party::Submission($inner) => $call,
        }
    };
}

impl<'c> Party<'c> {
    /// What a setting says, with buffers of these sizes.
    #[must_use]
    pub fn new(setting: &'c Setting, receive: usize, send: usize) -> Self {
        let config = &setting.config;
        let (receive, send) = (vec![0; receive], vec![0; send]);
        match setting.journey {
            None => {
                let connection = Connection::new(config, receive, send);
                Self::Connection(Box::new(match setting.tls {
                    Some(verified) => connection.implicit_tls(verified),
                    None => connection,
                }))
            }
            Some(security) => {
                let credentials = setting.credentials;
                let journey = Submission::new(config, security, credentials, receive, send);
                Self::Submission(Box::new(match setting.tls {
                    Some(verified) => journey.implicit_tls(verified),
                    None => journey,
                }))
            }
        }
    }

    /// What is to be read or written.
    pub fn poll_io(&mut self) -> Option<Io<'_>> {
        either!(self, inner => inner.poll_io())
    }

    /// What has happened.
    pub fn event(&mut self) -> Option<Told<'_>> {
        match self {
            Self::Connection(connection) => connection.event().map(Told::Connection),
            Self::Submission(submission) => submission.event().map(Told::Submission),
        }
    }

    /// The deadline has passed.
    pub fn handle_timeout(&mut self) {
        either!(self, inner => inner.handle_timeout());
    }

    /// Nothing can be written any more.
    pub fn handle_write_lost(&mut self) {
        either!(self, inner => inner.handle_write_lost());
    }

    /// The connection is lost.
    pub fn handle_lost(&mut self) {
        either!(self, inner => inner.handle_lost());
    }

    /// What protects the way.
    #[must_use]
    pub fn channel(&self) -> Channel {
        either!(self, inner => inner.channel())
    }

    /// What the server offers.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        either!(self, inner => inner.capabilities())
    }

    /// Whether the client has authenticated.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        either!(self, inner => inner.is_authenticated())
    }
}
