//! The client for programs without a runtime.
//!
//! ```no_run
//! use ehlo_std::client::{Client, Credentials, Envelope, blocking};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("mail.example.org").login(Credentials::password("me", "secret"));
//! let client = blocking::Client::new(client)?;
//! let envelope = Envelope::new("me@example.org", ["you@example.com"])?;
//! println!("{}", client.send(envelope, "Subject: hi\n\nHello.\n")?.reply());
//! # Ok(())
//! # }
//! ```

use std::io;

use tokio::runtime::{Builder, Runtime};

use super::{Envelope, Error, Message, Receipt};

/// A [`Client`](super::Client) whose calls return when all is done. It must not be used within a runtime.
#[derive(Debug)]
pub struct Client {
    client: super::Client,
    runtime: Runtime,
}

impl Client {
    /// The same client, with a runtime of its own that runs while a call does.
    ///
    /// # Errors
    /// When the system has no resources for it.
    pub fn new(client: super::Client) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client, runtime })
    }

    /// As [`Client::send`](super::Client::send).
    ///
    /// # Errors
    /// As [`Client::send`](super::Client::send).
    pub fn send(&self, envelope: Envelope, message: impl Into<Message>) -> Result<Receipt, Error> {
        self.runtime.block_on(self.client.send(envelope, message))
    }

    /// As [`Client::close`](super::Client::close).
    pub fn close(&self) {
        self.runtime.block_on(self.client.close());
    }
}

impl Drop for Client {
    /// Ends the connections that are kept.
    fn drop(&mut self) {
        self.close();
    }
}
