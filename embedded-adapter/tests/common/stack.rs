//! `embedded-nal` over the sockets of this machine; nothing waits.

use core::net::{Ipv4Addr, SocketAddr};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, TcpFullStack, nb};

#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// How many octets a write takes at most; none is no limit.
    pub window: Option<usize>,
    /// How often something was written, and how many octets were read.
    pub(crate) read: usize,
    pub writes: usize,
    /// Sockets that are open.
    pub open: usize,
}

#[derive(Debug)]
pub(crate) enum Socket {
    New,
    Bound(TcpListener),
    Connected(TcpStream),
}

#[derive(Debug)]
pub(crate) struct Error(pub io::Error);

impl TcpError for Error {
    fn kind(&self) -> TcpErrorKind {
        match self.0.kind() {
            ErrorKind::BrokenPipe => TcpErrorKind::PipeClosed,
            _ => TcpErrorKind::Other,
        }
    }
}

fn nb<T>(result: io::Result<T>) -> nb::Result<T, Error> {
    result.map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => nb::Error::WouldBlock,
        _ => nb::Error::Other(Error(error)),
    })
}

impl Socket {
    fn stream(&mut self) -> io::Result<&mut TcpStream> {
        match self {
            Self::Connected(stream) => Ok(stream),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }
}

impl TcpClientStack for Stack {
    type TcpSocket = Socket;
    type Error = Error;

    fn socket(&mut self) -> Result<Socket, Error> {
        self.open += 1;
        Ok(Socket::New)
    }

    fn connect(&mut self, socket: &mut Socket, remote: SocketAddr) -> nb::Result<(), Error> {
        if matches!(socket, Socket::New) {
            let stream = nb(TcpStream::connect(remote))?;
            nb(stream.set_nonblocking(true))?;
            *socket = Socket::Connected(stream);
            // The first time it is under way, as it would be on a board.
            return Err(nb::Error::WouldBlock);
        }
        Ok(())
    }

    fn send(&mut self, socket: &mut Socket, buffer: &[u8]) -> nb::Result<usize, Error> {
        let most = self.window.unwrap_or(buffer.len()).min(buffer.len());
        let n = nb(socket.stream().and_then(|stream| stream.write(&buffer[..most])))?;
        self.writes += 1;
        Ok(n)
    }

    fn receive(&mut self, socket: &mut Socket, buffer: &mut [u8]) -> nb::Result<usize, Error> {
        let n = nb(socket.stream().and_then(|stream| stream.read(buffer)))?;
        self.read += n;
        Ok(n)
    }

    fn close(&mut self, socket: Socket) -> Result<(), Error> {
        self.open -= 1;
        drop(socket);
        Ok(())
    }
}

impl TcpFullStack for Stack {
    fn bind(&mut self, socket: &mut Socket, local_port: u16) -> Result<(), Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, local_port)).map_err(Error)?;
        listener.set_nonblocking(true).map_err(Error)?;
        *socket = Socket::Bound(listener);
        Ok(())
    }

    fn listen(&mut self, _: &mut Socket) -> Result<(), Error> {
        Ok(())
    }

    fn accept(&mut self, socket: &mut Socket) -> nb::Result<(Socket, SocketAddr), Error> {
        let Socket::Bound(listener) = socket else {
            return Err(nb::Error::Other(Error(ErrorKind::NotConnected.into())));
        };
        let (stream, remote) = nb(listener.accept())?;
        nb(stream.set_nonblocking(true))?;
        self.open += 1;
        Ok((Socket::Connected(stream), remote))
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
