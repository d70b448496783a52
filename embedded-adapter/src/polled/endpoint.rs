//! A server that is polled.

use core::fmt;
use core::net::SocketAddr;

use ehlo::limits::BUFFER_MIN;
use ehlo::server::{Config, Connection, Event};
use embedded_nal::{TcpFullStack, nb};

use super::drive::drive;
use crate::clock::Clock;

/// How often a poll may ask the application about one connection.
const EVENTS: u8 = 16;

/// A server for up to `N` clients at once, polled from a superloop.
///
/// It holds its connections itself, each with a receive buffer of `RX` and a send buffer of `TX`
/// octets; there is no other memory. A further client waits in the stack until one of them is done.
/// There is no TLS: leave [`starttls`](Config::starttls) out of the configuration.
///
/// ```
/// use ehlo::server::{Config, Event};
/// use ehlo_embedded::polled::Endpoint;
/// use embedded_nal::TcpFullStack;
///
/// static CONFIG: Config = Config::new("sensor.local").max_message(32 * 1024);
///
/// fn run<S: TcpFullStack>(
///     stack: &mut S,
///     now_ms: fn() -> u32,
///     random: fn() -> [u8; 16],
/// ) -> Result<(), S::Error> {
///     let mut endpoint = Endpoint::<_, 2>::listen(stack, 25, &CONFIG, random)?;
///     let mut octets = [0; 2];
///     loop {
///         endpoint.poll(stack, now_ms(), |peer, event| match event {
///             Event::Body(body) => {
///                 octets[peer.slot] += body.bytes().len();
///                 body.done();
///             }
///             Event::EndOfData(end) => end.accept(),
///             other => other.accept_or_decline(),
///         })?;
///         // What else the board has to do.
/// #       if true { return Ok(()); }
///     }
/// }
/// ```
pub struct Endpoint<
    'c,
    S: TcpFullStack,
    const N: usize,
    const RX: usize = BUFFER_MIN,
    const TX: usize = BUFFER_MIN,
    R = fn() -> [u8; 16],
> {
    config: &'c Config<'c>,
    random: R,
    listener: S::TcpSocket,
    slots: [Slot<'c, S::TcpSocket, RX, TX>; N],
    /// Clients so far.
    clients: u32,
    /// No further client is accepted.
    stopping: bool,
}

/// Room for one connection.
struct Slot<'c, K, const RX: usize, const TX: usize> {
    connection: Option<Connection<'c, [u8; RX], [u8; TX]>>,
    socket: Option<K>,
    clock: Clock,
    peer: Peer,
}

/// Which client it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Peer {
    /// The place its connection has, below the endpoint's `N`: an index for what the application
    /// keeps of each. After `Closed` it belongs to another.
    pub slot: usize,
    /// The client's number, counted from one; it may wrap around.
    pub number: u32,
    /// Where it comes from.
    pub address: SocketAddr,
}

impl<'c, S, const N: usize, R> Endpoint<'c, S, N, BUFFER_MIN, BUFFER_MIN, R>
where
    S: TcpFullStack,
    R: FnMut() -> [u8; 16],
{
    /// Listens on a port, with the smallest buffers there can be.
    ///
    /// `random` is asked for each connection: challenges are made from what it gives, and whoever can
    /// guess it can log in with a digest that was overheard.
    ///
    /// # Errors
    /// When the stack has no socket for it, or the port is in use.
    pub fn listen(
        stack: &mut S,
        port: u16,
        config: &'c Config<'c>,
        random: R,
    ) -> Result<Self, S::Error> {
        Self::listen_with_buffers(stack, port, config, random)
    }
}

impl<'c, S, const N: usize, const RX: usize, const TX: usize, R> Endpoint<'c, S, N, RX, TX, R>
where
    S: TcpFullStack,
    R: FnMut() -> [u8; 16],
{
    /// As [`listen`](Endpoint::listen), with buffers of other sizes than the smallest: the receive
    /// buffer holds the longest line, a response of AUTH included; a send buffer of twice the smallest
    /// lets the replies to a group of commands leave together.
    ///
    /// # Errors
    /// When the stack has no socket for it, or the port is in use.
    pub fn listen_with_buffers(
        stack: &mut S,
        port: u16,
        config: &'c Config<'c>,
        random: R,
    ) -> Result<Self, S::Error> {
        const { assert!(RX >= BUFFER_MIN && TX >= BUFFER_MIN, "the buffers are too small") }
        let mut listener = stack.socket()?;
        let listening = match stack.bind(&mut listener, port) {
            Ok(()) => stack.listen(&mut listener),
            Err(error) => Err(error),
        };
        if let Err(error) = listening {
            // The first error is the one that counts.
            let _ = stack.close(listener);
            return Err(error);
        }
        let slots = core::array::from_fn(Slot::empty);
        Ok(Self { config, random, listener, slots, clients: 0, stopping: false })
    }

    /// Does what can be done now, and gives whether that was anything: otherwise, and where the
    /// application owes no answer, the processor may sleep until its next interrupt.
    ///
    /// `now_ms` are milliseconds since any moment, which may wrap around at the end of `u32`. A client
    /// that does nothing for too long by them is sent away, as the configuration's
    /// [`Limits`](ehlo::limits::Limits) have it.
    ///
    /// `handler` is asked about each event. One that can't answer yet drops the event, and is asked
    /// again by the next poll; nothing is read from that client meanwhile. `Closed` is the last event
    /// of a client.
    ///
    /// # Errors
    /// When the stack can't accept clients. Those there are have been served, and the endpoint may
    /// be polled again.
    pub fn poll(
        &mut self,
        stack: &mut S,
        now_ms: u32,
        mut handler: impl FnMut(Peer, Event<'_>),
    ) -> Result<bool, S::Error> {
        let mut moved = false;
        for slot in &mut self.slots {
            moved |= slot.poll(stack, now_ms, &mut handler);
        }
        let places = if self.stopping { 0 } else { N };
        for _ in 0..places {
            let Some((index, slot)) = free(&mut self.slots) else { break };
            match stack.accept(&mut self.listener) {
                Ok((socket, address)) => {
                    self.clients = self.clients.wrapping_add(1);
                    let peer = Peer { slot: index, number: self.clients, address };
                    let connection =
                        Connection::new(self.config, [0; RX], [0; TX], (self.random)());
                    slot.open(connection, socket, peer, now_ms);
                    moved |= slot.poll(stack, now_ms, &mut handler);
                }
                Err(nb::Error::WouldBlock) => break,
                Err(nb::Error::Other(error)) => return Err(error),
            }
        }
        Ok(moved)
    }

    /// How many clients there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.slots.iter().filter(|slot| slot.socket.is_some()).count()
    }

    /// The endpoint is stopping: a running mail transaction may finish, then each client is sent away.
    /// [`poll`](Self::poll) it until there are no [`connections`](Self::connections): no further one is
    /// accepted.
    pub fn shutdown(&mut self) {
        self.stopping = true;
        let connections = self.slots.iter_mut().filter_map(|slot| slot.connection.as_mut());
        connections.for_each(Connection::handle_shutdown);
    }

    /// Closes all sockets at once.
    ///
    /// # Errors
    /// When the listening socket can't be closed.
    pub fn close(self, stack: &mut S) -> Result<(), S::Error> {
        for slot in self.slots {
            if let Some(socket) = slot.socket {
                // There is nobody left to be told.
                let _ = stack.close(socket);
            }
        }
        stack.close(self.listener)
    }
}

/// Where the octets of mail data lie that an event is about, and how many there are.
fn mail_data(event: &Event<'_>) -> Option<(*const u8, usize)> {
    match event {
        Event::Body(body) => Some((body.bytes().as_ptr(), body.bytes().len())),
        _ => None,
    }
}

/// A slot without a client, and which it is.
fn free<'a, 'c, K, const RX: usize, const TX: usize>(
    slots: &'a mut [Slot<'c, K, RX, TX>],
) -> Option<(usize, &'a mut Slot<'c, K, RX, TX>)> {
    slots.iter_mut().enumerate().find(|(_, slot)| slot.socket.is_none())
}

impl<'c, K, const RX: usize, const TX: usize> Slot<'c, K, RX, TX> {
    fn empty(slot: usize) -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let peer = Peer { slot, number: 0, address: nowhere };
        Self { connection: None, socket: None, clock: Clock::new(0, None), peer }
    }

    // Apart, so that the room for moving the connection is not in the frame of whoever serves it.
    #[inline(never)]
    fn open(
        &mut self,
        connection: Connection<'c, [u8; RX], [u8; TX]>,
        socket: K,
        peer: Peer,
        now: u32,
    ) {
        self.clock = Clock::new(now, Some(connection.connection_timeout()));
        self.connection = Some(connection);
        self.socket = Some(socket);
        self.peer = peer;
    }

    /// Serves the client, if there is one, as far as it goes.
    fn poll<S: TcpFullStack<TcpSocket = K>>(
        &mut self,
        stack: &mut S,
        now: u32,
        handler: &mut impl FnMut(Peer, Event<'_>),
    ) -> bool {
        let (Some(connection), Some(socket)) = (&mut self.connection, &mut self.socket) else {
            return false;
        };
        let mut moved = false;
        for _ in 0..EVENTS {
            moved |= drive(connection, stack, socket, &mut self.clock, now);
            let before = (connection.received(), connection.unsent());
            let Some(event) = connection.event() else { return moved };
            let closed = matches!(event, Event::Closed(_));
            // Whether one of these was answered can't be seen from here.
            let told = event.only_tells() || matches!(event, Event::Upgrade(_));
            let offered = mail_data(&event);
            handler(self.peer, event);
            if closed {
                self.connection = None;
                if let Some(socket) = self.socket.take() {
                    // There is nobody left to be told.
                    let _ = stack.close(socket);
                }
                return true;
            }
            if !told && (connection.received(), connection.unsent()) == before {
                // Mail data that is refused stays where it is, and a line end that was put in was never
                // there; but neither is offered again.
                let again = connection.event().as_ref().and_then(mail_data);
                if offered == again {
                    // It is not answered yet.
                    return moved;
                }
            }
            moved = true;
        }
        moved
    }
}

impl<S: TcpFullStack, const N: usize, const RX: usize, const TX: usize, R> fmt::Debug
    for Endpoint<'_, S, N, RX, TX, R>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = self.slots.iter().filter(|slot| slot.socket.is_some()).count();
        f.debug_struct("Endpoint").field("connections", &connections).finish_non_exhaustive()
    }
}
