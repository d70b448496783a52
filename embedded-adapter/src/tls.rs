//! TLS, by hooks: the socket is given away, and comes back encrypted.
//!
//! ```
//! use ehlo::server::{Config, Connection, Event};
//! use ehlo_embedded::Session;
//! use ehlo_embedded::tls::{MaybeTls, TlsAcceptor};
//! use embedded_io_async::{Read, Write};
//!
//! static CONFIG: Config = Config::new("sensor.local").starttls();
//!
//! /// Serves one client, which may begin TLS by STARTTLS.
//! async fn serve<S, T, A>(socket: S, tls: &mut T, seed: [u8; 16])
//! where
//!     S: Read + Write,
//!     A: Read + Write,
//!     for<'t> &'t mut T: TlsAcceptor<S, Stream = A>,
//! {
//!     let connection = Connection::new(&CONFIG, [0; 1024], [0; 512], seed);
//!     let mut session = Session::new(MaybeTls::Plain(socket), connection);
//!     while let Ok(event) = session.next().await {
//!         match event {
//!             Event::Upgrade(_) => {
//!                 // Where it fails, the next event is `Closed`.
//!                 let _ = session.start_tls(&mut *tls).await;
//!             }
//!             Event::Closed(_) => break,
//!             other => other.accept_or_decline(),
//!         }
//!     }
//! }
//! ```

use core::fmt;
use core::time::Duration;

use ehlo::client::submission::Submission;
#[cfg(feature = "_scram")]
use ehlo::sasl::ChannelBinding;
use ehlo::{client, server};
use embedded_io_async::{Read, Write};

use crate::machine::{Binding, Machine};
use crate::session::Session;
use crate::timer::Timer;

mod maybe;

pub use maybe::MaybeTls;

/// How long a handshake may take over a session with a timer. A small device computes for seconds.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);

/// The server's side of a TLS handshake.
///
/// It is consumed: what it lends to the stream, such as record buffers, goes with it. Implement it
/// for `&mut` of whatever should stay, or give a closure that takes the socket and gives a future.
pub trait TlsAcceptor<S> {
    /// The encrypted stream.
    type Stream;
    /// Why there is none.
    type Error;

    /// Waits for the client's handshake and answers it.
    ///
    /// # Errors
    /// When the handshake fails. The socket is closed then.
    async fn accept(self, socket: S) -> Result<Secured<Self::Stream>, Self::Error>;
}

impl<S, T, E, F, A> TlsAcceptor<S> for A
where
    A: FnOnce(S) -> F,
    F: Future<Output = Result<Secured<T>, E>>,
{
    type Stream = T;
    type Error = E;

    async fn accept(self, socket: S) -> Result<Secured<T>, E> {
        self(socket).await
    }
}

/// The client's side of a TLS handshake.
///
/// It is consumed: what it lends to the stream, such as record buffers, goes with it.
pub trait TlsConnector<S> {
    /// The encrypted stream.
    type Stream;
    /// Why there is none.
    type Error;

    /// Begins a handshake with `host`, whose name the certificate has to be for.
    ///
    /// # Errors
    /// When the handshake fails. The socket is closed then.
    async fn connect(self, host: &str, socket: S) -> Result<Secured<Self::Stream>, Self::Error>;
}

/// What a handshake has brought about.
#[derive(Debug)]
pub struct Secured<T> {
    pub(crate) stream: T,
    pub(crate) verified: bool,
    pub(crate) binding: Binding,
}

impl<T> Secured<T> {
    /// TLS is active on this stream, and nobody knows who is on the other side.
    #[must_use]
    pub fn new(stream: T) -> Self {
        Self { stream, verified: false, binding: Binding::default() }
    }

    /// The same over a stream that was made of this one.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Secured<U> {
        let Self { stream, verified, binding } = self;
        Secured { stream: change(stream), verified, binding }
    }

    /// The certificate was verified: its chain, its time, and that it is for the host that is meant.
    /// For a client; without it, it shows nobody its password.
    #[must_use]
    pub fn verified(self) -> Self {
        Self { verified: true, ..self }
    }

    /// What the TLS connection is known by: the exporter's octets with the label
    /// `EXPORTER-Channel-Binding` (RFC 9266), or the hash of the server's certificate (RFC 5929). For
    /// mechanisms such as SCRAM-SHA-256-PLUS.
    #[cfg(feature = "_scram")]
    #[must_use]
    pub fn binding(self, binding: ChannelBinding) -> Self {
        Self { binding: Binding { channel: Some(binding) }, ..self }
    }
}

/// Why TLS was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTls<E> {
    /// The handshake failed. The connection is over; its last events say so.
    Handshake(E),
    /// The handshake took too long. The connection is over; its last events say so.
    TimedOut,
    /// There was no `Upgrade` to be answered. Nothing was done.
    NotAsked,
    /// There is no socket to start it on: a handshake was given up half-way, or TLS is active. The
    /// connection is over; its last events say so.
    Broken,
}

impl<E: fmt::Display> fmt::Display for NoTls<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(error) => write!(f, "the TLS handshake failed: {error}"),
            Self::TimedOut => f.write_str("the TLS handshake took too long"),
            Self::NotAsked => f.write_str("nobody has asked for TLS"),
            Self::Broken => f.write_str("there is no socket to start TLS on"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for NoTls<E> {}

impl<M, S, T, K> Session<M, MaybeTls<S, T>, K>
where
    M: Machine,
    S: Read + Write,
    T: Read + Write,
    K: Timer,
{
    /// Hands the socket to a handshake, and goes on over what comes of it.
    pub(crate) async fn hand_over<E, F>(
        &mut self,
        host: Option<&str>,
        handshake: impl FnOnce(S) -> F,
    ) -> Result<(), NoTls<E>>
    where
        F: Future<Output = Result<Secured<T>, E>>,
    {
        if !self.machine.is_upgrading() {
            return Err(NoTls::NotAsked);
        }
        let why = match self.socket.take() {
            Some(socket) => match self.timely(handshake(socket)).await {
                Some(Ok(secured)) => {
                    let verified = host.filter(|_| secured.verified);
                    self.machine.upgraded(verified, secured.binding);
                    self.socket = MaybeTls::Tls(secured.stream);
                    self.binding = secured.binding;
                    return Ok(());
                }
                Some(Err(error)) => NoTls::Handshake(error),
                None => NoTls::TimedOut,
            },
            None => NoTls::Broken,
        };
        self.machine.not_upgraded();
        Err(why)
    }
}

impl<R, W, S, T, K> Session<server::Connection<'_, R, W>, MaybeTls<S, T>, K>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
    S: Read + Write,
    T: Read + Write,
    K: Timer,
{
    /// The answer to [`server::Event::Upgrade`], which need not be answered itself: hands the socket
    /// to a TLS handshake and goes on over what comes of it (RFC 3207).
    ///
    /// # Cancel safety
    /// None: dropped before it is done, it ends the connection.
    ///
    /// # Errors
    /// When the handshake fails or takes longer than [`HANDSHAKE_TIMEOUT`], or nobody has asked for
    /// it.
    pub async fn start_tls<A>(&mut self, acceptor: A) -> Result<(), NoTls<A::Error>>
    where
        A: TlsAcceptor<S, Stream = T>,
    {
        self.hand_over(None, |socket| acceptor.accept(socket)).await
    }
}

macro_rules! start_tls {
    ($machine:ty, $event:literal) => {
        impl<R, W, S, T, K> Session<$machine, MaybeTls<S, T>, K>
        where
            R: AsRef<[u8]> + AsMut<[u8]>,
            W: AsRef<[u8]> + AsMut<[u8]>,
            S: Read + Write,
            T: Read + Write,
            K: Timer,
        {
            #[doc = concat!("The answer to [`", $event, "`](ehlo::client::", $event, "::Upgrade), which need not be")]
            /// answered itself: hands the socket to a TLS handshake with `host` and goes on over what
            /// comes of it (RFC 3207). `host` is what the machine's configuration names.
            ///
            /// # Cancel safety
            /// None: dropped before it is done, it ends the connection.
            ///
            /// # Errors
            /// When the handshake fails or takes longer than [`HANDSHAKE_TIMEOUT`], or nobody has
            /// asked for it.
            pub async fn start_tls<C>(
                &mut self,
                host: &str,
                connector: C,
            ) -> Result<(), NoTls<C::Error>>
            where
                C: TlsConnector<S, Stream = T>,
            {
                self.hand_over(Some(host), |socket| connector.connect(host, socket)).await
            }
        }
    };
}

start_tls!(client::Connection<'_, R, W>, "Event");
start_tls!(Submission<'_, R, W>, "submission::Event");

impl<'c, R, W, S> Session<server::Connection<'c, R, W>, S>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
    S: Read + Write,
{
    /// A session over a stream on which TLS is active from the beginning (RFC 8314 section 3.3).
    #[must_use]
    pub fn implicit_tls(secured: Secured<S>, connection: server::Connection<'c, R, W>) -> Self {
        let mut session = Self::new(secured.stream, connection.implicit_tls());
        session.binding = secured.binding;
        session
    }
}
