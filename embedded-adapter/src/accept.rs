//! Where clients come from, and one after the other served.

use ehlo::server::{Config, Connection, Event};
use embedded_io_async::{Read, Write};

use crate::clock::{GOODBYE, millis};
use crate::race::{before, yield_now};
use crate::session::Session;
use crate::timer::Timer;

/// Where clients come from.
///
/// A closure that gives a future of a socket will do, where the socket is its own:
/// `|| async { listener.accept().await }`. Where one socket is used again and again, as with
/// embassy-net, implement it:
///
/// ```
/// use ehlo_embedded::Accept;
/// # // The methods of embassy-net's socket that are used here.
/// # struct TcpSocket<'s>(&'s mut [u8]);
/// # #[derive(Debug)]
/// # enum AcceptError {}
/// # impl TcpSocket<'_> {
/// #     fn abort(&mut self) {}
/// #     fn close(&mut self) {}
/// #     async fn accept(&mut self, _: u16) -> Result<(), AcceptError> { Ok(()) }
/// # }
/// # impl embedded_io_async::ErrorType for TcpSocket<'_> {
/// #     type Error = embedded_io_async::ErrorKind;
/// # }
/// # impl embedded_io_async::Read for TcpSocket<'_> {
/// #     async fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> { Ok(0) }
/// # }
/// # impl embedded_io_async::Write for TcpSocket<'_> {
/// #     async fn write(&mut self, octets: &[u8]) -> Result<usize, Self::Error> { Ok(octets.len()) }
/// #     async fn flush(&mut self) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # use embedded_io_async::Write as _;
///
/// struct Port<'s> {
///     socket: TcpSocket<'s>,
///     number: u16,
/// }
///
/// impl<'s> Accept for Port<'s> {
///     type Socket<'a>
///         = &'a mut TcpSocket<'s>
///     where
///         Self: 'a;
///     type Error = AcceptError;
///
///     async fn accept(&mut self) -> Result<Self::Socket<'_>, AcceptError> {
///         self.socket.abort();
///         self.socket.accept(self.number).await?;
///         Ok(&mut self.socket)
///     }
///
///     async fn close(socket: Self::Socket<'_>) {
///         socket.close();
///         let _ = socket.flush().await;
///     }
/// }
/// ```
pub trait Accept {
    /// A connection.
    type Socket<'a>: Read + Write
    where
        Self: 'a;
    /// Why there are no more.
    type Error;

    /// Waits for the next client.
    ///
    /// # Errors
    /// When there can't be one.
    async fn accept(&mut self) -> Result<Self::Socket<'_>, Self::Error>;

    /// Ends a connection, so that what was said last arrives. Without a word of its own, the socket
    /// is dropped.
    async fn close(socket: Self::Socket<'_>) {
        drop(socket);
    }
}

impl<F, S, E, A> Accept for A
where
    A: FnMut() -> F,
    F: Future<Output = Result<S, E>>,
    S: Read + Write,
{
    type Socket<'a>
        = S
    where
        Self: 'a;
    type Error = E;

    async fn accept(&mut self) -> Result<S, E> {
        self().await
    }
}

/// Clients of an [`edge_nal`] stack.
///
/// ```
/// use ehlo_embedded::EdgeNal;
/// use edge_nal::TcpBind;
///
/// # async fn bind(stack: &impl TcpBind) {
/// let address = "0.0.0.0:25".parse().unwrap();
/// let Ok(acceptor) = stack.bind(address).await else { return };
/// let port = EdgeNal(acceptor);
/// # drop(port);
/// # }
/// ```
#[cfg(feature = "edge-nal")]
#[derive(Clone, Copy, Debug)]
pub struct EdgeNal<A>(pub A);

#[cfg(feature = "edge-nal")]
impl<A: edge_nal::TcpAccept> Accept for EdgeNal<A> {
    type Socket<'a>
        = A::Socket<'a>
    where
        Self: 'a;
    type Error = A::Error;

    async fn accept(&mut self) -> Result<Self::Socket<'_>, A::Error> {
        let (_, socket) = self.0.accept().await?;
        Ok(socket)
    }

    async fn close(mut socket: Self::Socket<'_>) {
        use edge_nal::{Close, TcpShutdown as _};
        // There is nobody left to be told.
        let _ = socket.close(Close::Both).await;
    }
}

/// Serves one client after the other, for ever: as many at once as there are tasks that do.
///
/// `handler` is asked about each event; `Closed` is the last one of each client. One that can't answer
/// yet drops the event, and is asked again when other tasks had their turn. `random` is asked for each
/// connection: challenges are made from what it gives.
///
/// ```
/// use ehlo::server::{Config, Event};
/// use ehlo_embedded::{Accept, EmbassyTime, serve};
///
/// static CONFIG: Config = Config::new("sensor.local");
///
/// async fn task(port: &mut impl Accept, random: fn() -> [u8; 16]) {
///     let (mut rx, mut tx) = ([0; 1024], [0; 1024]);
///     let mut octets = 0;
///     serve(port, &CONFIG, (&mut rx, &mut tx), random, &mut EmbassyTime, |event| match event {
///         Event::Body(body) => {
///             octets += body.bytes().len();
///             body.done();
///         }
///         Event::EndOfData(end) => end.accept(),
///         other => other.accept_or_decline(),
///     })
///     .await;
/// }
/// ```
///
/// # Cancel safety
/// Dropped, it ends the connection there is. A message that was not accepted until then stays with its
/// client; a draft of it is for the application to let go.
///
/// # Errors
/// It ends when there can't be another client, and gives why.
pub async fn serve<A: Accept>(
    accept: &mut A,
    config: &Config<'_>,
    buffers: (&mut [u8], &mut [u8]),
    mut random: impl FnMut() -> [u8; 16],
    timer: &mut impl Timer,
    mut handler: impl FnMut(Event<'_>),
) -> A::Error {
    let (rx, tx) = buffers;
    loop {
        let socket = match accept.accept().await {
            Ok(socket) => socket,
            Err(why) => return why,
        };
        let connection = Connection::new(config, &mut *rx, &mut *tx, random());
        let mut session = Session::new(socket, connection).timer(&mut *timer);
        while let Ok(event) = session.next().await {
            if matches!(event, Event::Closed(_)) {
                break;
            }
            handler(event);
            yield_now().await;
        }
        if let Some(closed) = session.machine_mut().event() {
            handler(closed);
        }
        let socket = session.into_socket();
        before(A::close(socket), timer.sleep(millis(GOODBYE))).await;
    }
}
