//! The client, and what it can be told.

use core::time::Duration;
use std::sync::{Arc, OnceLock};

use ehlo::client::{Newlines, Timeouts};
use ehlo::sasl::Mechanism;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::attempts;
use super::pool::Pool;
use super::settings::Settings;
use super::task::Job;
use super::{Credentials, Envelope, Error, Message, Receipt, Security, Transport};
use crate::tls::ClientTls;

/// A client of one server.
///
/// By default each message has a connection of its own, which ends with QUIT before [`send`](Self::send) returns.
/// With [`pool`](Self::pool) connections are kept and used again. A clone shares them.
#[derive(Clone, Debug)]
pub struct Client {
    settings: Arc<Settings>,
    pool: Option<Arc<Pool>>,
}

impl Client {
    /// A client of this server: `HOST`, `HOST:PORT`, or `unix:PATH`. The port is 587 unless it is said, 465 with
    /// [`Security::Implicit`], 24 with LMTP. Nothing happens before a message is sent.
    pub fn new(server: impl Into<String>) -> Self {
        Self { settings: Arc::new(Settings::new(server.into())), pool: None }
    }

    /// Credentials. With them nothing is sent without authentication; passwords and tokens only under TLS to the
    /// host that is meant, or to this very machine.
    #[must_use]
    pub fn login(self, credentials: Credentials) -> Self {
        self.set(|settings| settings.credentials = Some(credentials))
    }

    /// How the way to the server is protected, in place of what the port says.
    #[must_use]
    pub fn security(self, security: Security) -> Self {
        self.set(|settings| settings.security = Some(security))
    }

    /// Who is trusted to vouch for the server, and the client's certificate. By default those the system trusts, and
    /// none.
    #[must_use]
    pub fn tls(self, tls: ClientTls) -> Self {
        self.set(|settings| settings.tls = OnceLock::from(tls))
    }

    /// What the client calls itself in EHLO: a domain, or an address literal in brackets. By default its own address.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set(|settings| settings.name = Some(name.into()))
    }

    /// These mechanisms of AUTH and no others, the preferred one first.
    #[must_use]
    pub fn mechanisms(self, mechanisms: impl Into<Vec<Mechanism>>) -> Self {
        self.set(|settings| settings.mechanisms = Some(mechanisms.into()))
    }

    /// LMTP (RFC 2033) in place of SMTP: a result for each recipient.
    #[must_use]
    pub fn lmtp(self) -> Self {
        self.set(|settings| settings.lmtp = true)
    }

    /// How long to wait for what; by default as RFC 5321 section 4.5.3.2 has it.
    #[must_use]
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.set(|settings| settings.timeouts = timeouts)
    }

    /// How long a connection, and how long a TLS handshake may take; by default 30 seconds.
    #[must_use]
    pub fn connect_timeout(self, time: Duration) -> Self {
        self.set(|settings| settings.connect_timeout = time)
    }

    /// How long sending a message may take in all; by default for ever.
    #[must_use]
    pub fn timeout(self, time: Duration) -> Self {
        self.set(|settings| settings.total_timeout = Some(time))
    }

    /// What becomes of a bare CR or LF in a message; by default it is made CRLF.
    #[must_use]
    pub fn newlines(self, newlines: Newlines) -> Self {
        self.set(|settings| settings.newlines = newlines)
    }

    /// LOGIN ends at a prompt that asks neither for a username nor for a password.
    #[must_use]
    pub fn strict_prompts(self) -> Self {
        self.set(|settings| settings.strict_prompts = true)
    }

    /// AUTH is tried also where the server doesn't offer it.
    #[must_use]
    pub fn legacy_auth(self) -> Self {
        self.set(|settings| settings.legacy_auth = true)
    }

    /// Where the server refuses the credentials, the next mechanism is tried. Each may count against the account.
    #[must_use]
    pub fn next_mechanism_after_refusal(self) -> Self {
        self.set(|settings| settings.next_mechanism = true)
    }

    /// Passwords and tokens are sent without TLS too, where anybody on the way reads them.
    #[must_use]
    pub fn dangerous_cleartext_auth(self) -> Self {
        self.set(|settings| settings.cleartext_auth = true)
    }

    /// Whoever answers under TLS is taken for the server, and gets the password.
    #[must_use]
    pub fn dangerous_accept_any_certificate(self) -> Self {
        self.set(|settings| settings.any_certificate = true)
    }

    /// Keeps up to so many connections, and uses them again. [`close`](Self::close) ends them.
    #[must_use]
    pub fn pool(self, connections: usize) -> Self {
        Self { pool: Some(Arc::new(Pool::new(connections))), ..self }
    }

    /// Sends a message.
    ///
    /// Dropped before it is done, the message may have been sent or not; over a pool it goes its way, unless it is
    /// a stream that has to be waited for.
    ///
    /// # Errors
    /// When the server didn't take the message for a single recipient. Those it refused while it took it for others
    /// are in the [`Receipt`].
    pub async fn send(
        &self,
        envelope: Envelope,
        message: impl Into<Message>,
    ) -> Result<Receipt, Error> {
        let message = message.into();
        let Some(pool) = &self.pool else { return self.send_alone(envelope, message).await };
        let sending = pool.send(&self.settings, envelope, message);
        match self.settings.total_timeout {
            Some(time) => timeout(time, sending).await.unwrap_or(Err(Error::TimedOut)),
            None => sending.await,
        }
    }

    /// Over a connection of its own.
    async fn send_alone(&self, envelope: Envelope, message: Message) -> Result<Receipt, Error> {
        let (answer, mut answered) = oneshot::channel();
        let (sender, mut jobs) = mpsc::channel(1);
        // There is room for one.
        let _ = sender.try_send(Job { envelope, message, answer });
        drop(sender);
        let running = attempts::run(&self.settings, &mut jobs, Duration::ZERO);
        let in_time = match self.settings.total_timeout {
            Some(time) => timeout(time, running).await.is_ok(),
            None => {
                running.await;
                true
            }
        };
        match answered.try_recv() {
            // Also when it is the reply to QUIT that takes too long: who sent the message again would send it twice.
            Ok(answer) => answer.map_err(|undelivered| undelivered.error),
            Err(_) if in_time => Err(Error::Closed(ehlo::client::Closed::EndOfFile)),
            Err(_) => Err(Error::TimedOut),
        }
    }

    /// Ends the connections that are kept, with QUIT, and waits for it.
    pub async fn close(&self) {
        if let Some(pool) = &self.pool {
            pool.close().await;
        }
    }

    /// Connects, and makes the TLS handshake where that is from the beginning: for a [`Session`](super::Session) of
    /// one's own.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn connect(&self) -> Result<Transport, Error> {
        let place = self.settings.place()?;
        self.settings.connect(&place).await
    }

    /// Makes the TLS handshake over a connection in clear: what STARTTLS is followed by.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn secure(&self, transport: Transport) -> Result<Transport, Error> {
        let place = self.settings.place()?;
        self.settings.secure(transport, &place).await
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        // A clone that is in use keeps the old ones.
        change(Arc::make_mut(&mut self.settings));
        self
    }
}
