//! The traits of embedded-nal.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, TcpFullStack, nb};
use smoltcp::phy::Device;
use smoltcp::socket::tcp::{self, RecvError, State};
use smoltcp::wire::IpEndpoint;

use crate::stack::{FIRST_PORT, Stack, Use};

/// A socket: what it is for shows when it is used.
#[derive(Debug)]
pub struct Socket(Role);

#[derive(Debug)]
enum Role {
    New,
    Bound(u16),
    Listener,
    Stream(usize),
}

/// Why something could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The connection is closed, or can't be made.
    Closed,
    /// All sockets are in use.
    NoSocket,
    /// Another port is listened on, or the port is zero.
    Port,
    /// The socket is not for that: it listens, or is not connected.
    Misuse,
    /// The peer can't be reached from here.
    Unreachable,
}

impl<D: Device, const N: usize> TcpClientStack for Stack<'_, D, N> {
    type TcpSocket = Socket;
    type Error = Error;

    fn socket(&mut self) -> Result<Socket, Error> {
        Ok(Socket(Role::New))
    }

    fn connect(&mut self, socket: &mut Socket, remote: SocketAddr) -> nb::Result<(), Error> {
        let slot = match socket.0 {
            Role::Stream(slot) => slot,
            Role::New => {
                let slot = self.begin(remote)?;
                socket.0 = Role::Stream(slot);
                slot
            }
            Role::Bound(_) | Role::Listener => return Err(Error::Misuse.into()),
        };
        match self.taken(slot).map(|stream| stream.state()) {
            Some(State::SynSent | State::SynReceived) => Err(nb::Error::WouldBlock),
            Some(State::Closed) => Err(Error::Closed.into()),
            Some(_) => Ok(()),
            None => Err(Error::Misuse.into()),
        }
    }

    fn send(&mut self, socket: &mut Socket, buffer: &[u8]) -> nb::Result<usize, Error> {
        let stream = socket.slot().and_then(|slot| self.taken(slot)).ok_or(Error::Misuse)?;
        match stream.send_slice(buffer) {
            Ok(0) if !buffer.is_empty() => Err(nb::Error::WouldBlock),
            Ok(n) => Ok(n),
            Err(_) => Err(Error::Closed.into()),
        }
    }

    /// At the end of what the peer sends it is zero octets; after a reset it is [`Error::Closed`].
    fn receive(&mut self, socket: &mut Socket, buffer: &mut [u8]) -> nb::Result<usize, Error> {
        let stream = socket.slot().and_then(|slot| self.taken(slot)).ok_or(Error::Misuse)?;
        match stream.recv_slice(buffer) {
            Ok(0) if !buffer.is_empty() => Err(nb::Error::WouldBlock),
            Ok(n) => Ok(n),
            Err(RecvError::Finished) => Ok(0),
            Err(RecvError::InvalidState) => Err(Error::Closed.into()),
        }
    }

    fn close(&mut self, socket: Socket) -> Result<(), Error> {
        match socket.0 {
            Role::Stream(slot) => self.give_back(slot),
            Role::Listener => self.stop_listening(),
            Role::New | Role::Bound(_) => {}
        }
        Ok(())
    }
}

impl<D: Device, const N: usize> TcpFullStack for Stack<'_, D, N> {
    fn bind(&mut self, socket: &mut Socket, local_port: u16) -> Result<(), Error> {
        match socket.0 {
            Role::New if local_port != 0 => socket.0 = Role::Bound(local_port),
            Role::New => return Err(Error::Port),
            _ => return Err(Error::Misuse),
        }
        Ok(())
    }

    fn listen(&mut self, socket: &mut Socket) -> Result<(), Error> {
        let Role::Bound(port) = socket.0 else { return Err(Error::Misuse) };
        if self.port.is_some() {
            return Err(Error::Port);
        }
        self.port = Some(port);
        socket.0 = Role::Listener;
        Ok(())
    }

    fn accept(&mut self, socket: &mut Socket) -> nb::Result<(Socket, SocketAddr), Error> {
        if !matches!(socket.0, Role::Listener) {
            return Err(Error::Misuse.into());
        }
        // A client may have sent all it has, and closed its side, before anybody looks.
        let met = |state| matches!(state, State::Established | State::CloseWait);
        let slot = self.take(|free| met(free.state())).ok_or(nb::Error::WouldBlock)?;
        match self.taken(slot).and_then(|stream| stream.remote_endpoint()) {
            Some(IpEndpoint { addr, port }) => {
                Ok((Socket(Role::Stream(slot)), SocketAddr::new(IpAddr::from(addr), port)))
            }
            None => {
                self.give_back(slot);
                Err(nb::Error::WouldBlock)
            }
        }
    }
}

impl<D: Device, const N: usize> Stack<'_, D, N> {
    /// Begins to connect, from a socket that no client has come to yet.
    fn begin(&mut self, remote: SocketAddr) -> nb::Result<usize, Error> {
        // The interface has an address of IPv4 only.
        let SocketAddr::V4(remote) = remote else { return Err(Error::Unreachable.into()) };
        let idle = |state| matches!(state, State::Closed | State::Listen);
        let Some(slot) = self.take(|free| idle(free.state())) else {
            // One that is being closed is soon free.
            let closing = self.slots.iter().any(|(_, used)| matches!(used, Use::Closing(_)));
            return Err(if closing { nb::Error::WouldBlock } else { Error::NoSocket.into() });
        };
        let local_port = self.next_local_port;
        self.next_local_port = local_port.checked_add(1).unwrap_or(FIRST_PORT);
        let (handle, used) = self.slots.get_mut(slot).ok_or(Error::NoSocket)?;
        let stream = self.sockets.get_mut::<tcp::Socket<'_>>(*handle);
        stream.abort();
        let begun = stream.connect(self.interface.context(), remote, local_port);
        if begun.is_err() {
            *used = Use::Free;
            return Err(Error::Unreachable.into());
        }
        Ok(slot)
    }

    /// No client comes any more; those that have come and were not taken are turned away.
    fn stop_listening(&mut self) {
        self.port = None;
        for (handle, used) in &self.slots {
            if *used == Use::Free {
                self.sockets.get_mut::<tcp::Socket<'_>>(*handle).abort();
            }
        }
    }
}

impl Socket {
    const fn slot(&self) -> Option<usize> {
        match self.0 {
            Role::Stream(slot) => Some(slot),
            _ => None,
        }
    }
}

impl TcpError for Error {
    fn kind(&self) -> TcpErrorKind {
        match self {
            Self::Closed => TcpErrorKind::PipeClosed,
            _ => TcpErrorKind::Other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection is closed",
            Self::NoSocket => "all sockets are in use",
            Self::Port => "another port is listened on, or the port is zero",
            Self::Misuse => "the socket is not for that",
            Self::Unreachable => "the peer can't be reached from here",
        })
    }
}

impl core::error::Error for Error {}
