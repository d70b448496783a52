//! A message over a connection that is awaited.

use core::convert::Infallible;
use core::fmt;
use core::net::SocketAddr;

use ehlo::client::Config;
use ehlo::client::submission::{Security, Submission};
use ehlo::sasl::client::Credentials;
use embedded_io_async::{BufRead, Read, Write};
use embedded_nal_async::TcpConnect;

use super::CONNECT_TIMEOUT;
use super::delivery::{Delivery, Step};
use super::envelope::{Envelope, Reply};
use super::error::{NotDelivered, SendError};
use crate::clock::{GOODBYE, millis};
use crate::machine::Binding;
use crate::race::{before, yield_now};
use crate::session::Session;
use crate::timer::{NoTimer, Timer};
use crate::tls::{HANDSHAKE_TIMEOUT, MaybeTls, NoTls, Secured, TlsConnector};

/// A client for one message.
///
/// How the way to the server is protected is said first: by [`starttls`](Self::starttls),
/// [`implicit_tls`](Self::implicit_tls) or not at all. The configuration names the host that is meant;
/// its certificate has to be for it, or no password goes there.
///
/// ```
/// use core::net::SocketAddr;
///
/// use ehlo::client::Config;
/// use ehlo::sasl::client::Credentials;
/// use ehlo_embedded::EmbassyTime;
/// use ehlo_embedded::client::{Client, Envelope, Fate, Recipient};
/// use embedded_nal_async::TcpConnect;
///
/// static CONFIG: Config = Config::new("sensor.local", "mail.example.org");
///
/// /// Tells the temperature; returns whether anybody gets it.
/// async fn tell(
///     network: &impl TcpConnect,
///     server: SocketAddr,
///     random: [u8; 16],
/// ) -> Result<bool, ehlo::error::InvalidAddress> {
///     let mut recipients = [Recipient::new("ops@example.org")?];
///     let envelope = Envelope::new("sensor@example.org", &mut recipients)?;
///     let message = &b"Subject: 21 degrees\r\n\r\n"[..];
///     let sent = Client::cleartext(&CONFIG, [0; 512], [0; 512])
///         .login(Credentials::password("sensor", "secret").nonce(random))
///         .timer(EmbassyTime)
///         .send(network, server, envelope, message)
///         .await;
///     Ok(sent.is_ok() && recipients[0].fate() == Fate::Accepted)
/// }
/// ```
pub struct Client<'c, R, W, H = Cleartext, K = NoTimer> {
    config: &'c Config<'c>,
    security: Security,
    credentials: Option<Credentials<'c>>,
    rx: R,
    tx: W,
    /// Until it is used.
    tls: Option<H>,
    timer: K,
}

/// No TLS: what a client of [`Client::cleartext`] has in its place. It can't be made otherwise, so that
/// it never stands for the TLS that a client was to have:
///
/// ```compile_fail
/// use ehlo::client::Config;
/// use ehlo_embedded::client::{Cleartext, Client};
///
/// static CONFIG: Config = Config::new("sensor.local", "mail.example.org");
/// let client = Client::starttls(&CONFIG, Cleartext, [0; 512], [0; 512]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Cleartext(());

impl<S> TlsConnector<S> for Cleartext {
    type Stream = S;
    type Error = Infallible;

    async fn connect(self, _: &str, socket: S) -> Result<Secured<S>, Infallible> {
        Ok(Secured::new(socket))
    }
}

impl<'c, R, W> Client<'c, R, W>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
{
    /// Without TLS: passwords go nowhere, unless the configuration's
    /// [`Rules`](ehlo::sasl::client::Rules) allow it or the server is this very machine.
    pub const fn cleartext(config: &'c Config<'c>, rx: R, tx: W) -> Self {
        Client::with(config, Security::Cleartext, Cleartext(()), rx, tx)
    }
}

impl<'c, R, W, H> Client<'c, R, W, H> {
    /// TLS by STARTTLS (RFC 3207), without which nothing is sent.
    pub const fn starttls(config: &'c Config<'c>, tls: H, rx: R, tx: W) -> Self {
        Self::with(config, Security::StartTls, tls, rx, tx)
    }

    /// TLS from the beginning (RFC 8314 section 3.3).
    pub const fn implicit_tls(config: &'c Config<'c>, tls: H, rx: R, tx: W) -> Self {
        Self::with(config, Security::Implicit, tls, rx, tx)
    }

    const fn with(config: &'c Config<'c>, security: Security, tls: H, rx: R, tx: W) -> Self {
        Self { config, security, credentials: None, rx, tx, tls: Some(tls), timer: NoTimer }
    }
}

impl<'c, R, W, H, K> Client<'c, R, W, H, K>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
    K: Timer,
{
    /// Authenticates before anything is sent, by the strongest mechanism there is.
    #[must_use]
    pub fn login(self, credentials: Credentials<'c>) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// Waits for the server only as long as the configuration has it. Without a timer it waits as
    /// long as the socket does.
    #[must_use]
    pub fn timer<L: Timer>(self, timer: L) -> Client<'c, R, W, H, L> {
        let Self { config, security, credentials, rx, tx, tls, .. } = self;
        Client { config, security, credentials, rx, tx, tls, timer }
    }

    /// Connects and sends a message, whatever it takes: greeting, EHLO, STARTTLS, AUTH, the
    /// transaction, QUIT. Gives the server's reply to the message.
    ///
    /// `message` is read chunk by chunk; `&[u8]` and [`Chunks`](super::Chunks) will do. Dots are
    /// stuffed, and line ends made CRLF. What becomes of each recipient is then said by the
    /// envelope's.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it closes the connection. The message is not sent then, unless its
    /// end had left already; of that one can't know.
    ///
    /// # Errors
    /// When there is no connection, no TLS, or the message was not taken.
    // Not an `async fn`, which would keep its arguments, and with them the buffers, a second time.
    #[allow(clippy::manual_async_fn, reason = "half the memory")]
    pub fn send<'n, N, B>(
        mut self,
        network: &'n N,
        server: SocketAddr,
        envelope: Envelope<'_, '_>,
        mut message: B,
    ) -> impl Future<Output = Result<Reply, SendError<N::Error, H::Error>>>
    where
        N: TcpConnect,
        H: TlsConnector<N::Connection<'n>, Stream: Read + Write>,
        B: BufRead,
    {
        let mut delivery = Delivery::new(envelope);
        async move {
            let alarm = self.timer.sleep(millis(CONNECT_TIMEOUT));
            match before(network.connect(server), alarm).await {
                Some(Ok(socket)) => self.deliver(socket, &mut delivery, &mut message).await?,
                Some(Err(why)) => return Err(SendError::Connect(why)),
                None => return Err(SendError::ConnectTimedOut),
            }
            delivery.result().map_err(SendError::NotDelivered)
        }
    }

    /// As [`send`](Self::send), over a socket that was just connected; `&mut` of one will do.
    ///
    /// # Cancel safety
    /// As with [`send`](Self::send).
    ///
    /// # Errors
    /// When there is no TLS, or the message was not taken.
    #[allow(clippy::manual_async_fn, reason = "half the memory")]
    pub fn send_over<S, B>(
        mut self,
        socket: S,
        envelope: Envelope<'_, '_>,
        mut message: B,
    ) -> impl Future<Output = Result<Reply, SendError<Infallible, H::Error>>>
    where
        S: Read + Write,
        H: TlsConnector<S, Stream: Read + Write>,
        B: BufRead,
    {
        let mut delivery = Delivery::new(envelope);
        async move {
            self.deliver(socket, &mut delivery, &mut message).await?;
            delivery.result().map_err(SendError::NotDelivered)
        }
    }

    async fn deliver<S, B, C>(
        &mut self,
        socket: S,
        delivery: &mut Delivery<'_, '_>,
        message: &mut B,
    ) -> Result<(), SendError<C, H::Error>>
    where
        S: Read + Write,
        H: TlsConnector<S, Stream: Read + Write>,
        B: BufRead,
    {
        let Self { config, security, credentials, rx, tx, tls, timer } = self;
        let (mut verified, mut binding) = (None, Binding::default());
        let socket = match tls.take_if(|_| *security == Security::Implicit) {
            None => MaybeTls::Plain(socket),
            Some(tls) => {
                let handshake = tls.connect(config.host(), socket);
                match before(handshake, timer.sleep(millis(HANDSHAKE_TIMEOUT))).await {
                    Some(Ok(secured)) => {
                        verified = Some(secured.verified);
                        binding = secured.binding;
                        MaybeTls::Tls(secured.stream)
                    }
                    Some(Err(why)) => return Err(SendError::Tls(why)),
                    None => return Err(SendError::TlsTimedOut),
                }
            }
        };
        let mut session = {
            let mut submission = Submission::new(config, *security, *credentials, rx, tx);
            if let Some(verified) = verified {
                submission = submission.implicit_tls(verified.then_some(config.host()));
                submission = bind(submission, binding);
            }
            Session::new(socket, submission).timer(timer)
        };
        loop {
            let step = match session.next().await {
                Ok(event) => delivery.on(event),
                Err(_) => {
                    delivery.fail(NotDelivered::Socket);
                    return Ok(());
                }
            };
            match step {
                Step::On => {}
                Step::Slice => yield_now().await,
                Step::Content(content) => match message.fill_buf().await {
                    Ok(octets) => {
                        let most = octets.len();
                        let n = delivery.write(content, octets).min(most);
                        message.consume(n);
                    }
                    Err(_) => {
                        delivery.fail(NotDelivered::Source);
                        content.abort();
                    }
                },
                Step::Upgrade => {
                    let Some(tls) = tls.take() else { return Ok(()) };
                    match session.start_tls(config.host(), tls).await {
                        Ok(()) => {}
                        Err(NoTls::Handshake(why)) => return Err(SendError::Tls(why)),
                        Err(NoTls::TimedOut | NoTls::NotAsked | NoTls::Broken) => {
                            return Err(SendError::TlsTimedOut);
                        }
                    }
                }
                // Whatever comes of it, the message has gone the way it could.
                Step::Goodbye => session.end_within(GOODBYE),
                Step::Over => return Ok(()),
            }
        }
    }
}

#[cfg(feature = "_scram")]
fn bind<R, W>(submission: Submission<'_, R, W>, binding: Binding) -> Submission<'_, R, W>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
{
    match binding.channel {
        Some(channel) => submission.channel_binding(channel),
        None => submission,
    }
}

#[cfg(not(feature = "_scram"))]
fn bind<R, W>(submission: Submission<'_, R, W>, _: Binding) -> Submission<'_, R, W>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
{
    submission
}

impl<R, W, H, K> fmt::Debug for Client<'_, R, W, H, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("host", &self.config.host())
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}
