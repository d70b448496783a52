//! Two stacks on one wire.

#![allow(clippy::unwrap_used, clippy::panic)]

use core::cell::RefCell;
use core::net::SocketAddr;
use std::collections::VecDeque;
use std::rc::Rc;

use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, TcpFullStack, nb};
use network::{Address, Error, Socket, Stack};
use smoltcp::iface::SocketSet;
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

type Frames = Rc<RefCell<VecDeque<Vec<u8>>>>;

/// One end of a wire.
struct Wire {
    incoming: Frames,
    outgoing: Frames,
}

struct Received(Vec<u8>);
struct Sending(Frames);

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending;

    fn receive(&mut self, _: Instant) -> Option<(Received, Sending)> {
        let frame = self.incoming.borrow_mut().pop_front()?;
        Some((Received(frame), Sending(self.outgoing.clone())))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending> {
        Some(Sending(self.outgoing.clone()))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Sending {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let made = f(&mut frame);
        self.0.borrow_mut().push_back(frame);
        made
    }
}

type Side<const N: usize> = Stack<'static, Wire, N>;

/// A server with three sockets and a client with two, and the time they both have.
struct Pair {
    server: Side<3>,
    client: Side<2>,
    now: u64,
}

fn side<const N: usize>(last: u8, incoming: Frames, outgoing: Frames) -> Side<N> {
    let device = Box::leak(Box::new(Wire { incoming, outgoing }));
    let address = Address {
        hardware: [2, 0, 0, 0, 0, last],
        ip: [10, 0, 0, last],
        prefix: 24,
        gateway: [10, 0, 0, 254],
    };
    let buffer = || Box::leak(vec![0_u8; 512].into_boxed_slice());
    let buffers = core::array::from_fn(|_| (buffer(), buffer()));
    Stack::new(device, &address, SocketSet::new(Vec::new()), buffers, u64::from(last) << 50, 0)
}

impl Pair {
    fn new() -> Self {
        let (a, b) = (Frames::default(), Frames::default());
        Self { server: side(1, a.clone(), b.clone()), client: side(2, b, a), now: 0 }
    }

    /// Lets this many milliseconds pass.
    fn pass(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds {
            self.now += 1;
            self.server.poll(self.now);
            self.client.poll(self.now);
        }
    }

    fn listen(&mut self) -> Socket {
        let mut listener = self.server.socket().unwrap();
        self.server.bind(&mut listener, 25).unwrap();
        self.server.listen(&mut listener).unwrap();
        self.pass(1);
        listener
    }

    fn connect(&mut self) -> Result<Socket, Error> {
        let mut socket = self.client.socket()?;
        for _ in 0..100 {
            match self.client.connect(&mut socket, to(25)) {
                Ok(()) => return Ok(socket),
                Err(nb::Error::WouldBlock) => self.pass(1),
                Err(nb::Error::Other(error)) => {
                    self.client.close(socket)?;
                    self.pass(1);
                    return Err(error);
                }
            }
        }
        panic!("neither connected nor refused");
    }

    fn accept(&mut self, listener: &mut Socket) -> (Socket, SocketAddr) {
        self.pass(10);
        self.server.accept(listener).unwrap()
    }
}

fn to(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

#[test]
fn octets_go_both_ways_and_an_end_is_told_as_none() {
    let mut pair = Pair::new();
    let mut listener = pair.listen();
    assert_eq!(pair.server.accept(&mut listener).unwrap_err(), nb::Error::WouldBlock);
    let mut here = pair.connect().unwrap();
    let (mut there, from) = pair.accept(&mut listener);
    assert_eq!(from.ip(), core::net::IpAddr::from([10, 0, 0, 2]));

    let mut space = [0; 16];
    assert_eq!(pair.server.receive(&mut there, &mut space), Err(nb::Error::WouldBlock));
    assert_eq!(pair.client.send(&mut here, b"hello"), Ok(5));
    pair.pass(5);
    assert_eq!(pair.server.receive(&mut there, &mut space), Ok(5));
    assert_eq!(&space[..5], b"hello");
    assert_eq!(pair.server.send(&mut there, b"you"), Ok(3));
    // What was sent before the end comes before it.
    pair.server.close(there).unwrap();
    pair.pass(5);
    assert_eq!(pair.client.receive(&mut here, &mut space), Ok(3));
    assert_eq!(pair.client.receive(&mut here, &mut space), Ok(0));
}

#[test]
fn a_full_buffer_takes_a_part_and_then_nothing_until_there_is_room() {
    let mut pair = Pair::new();
    let mut listener = pair.listen();
    let mut here = pair.connect().unwrap();
    let (mut there, _) = pair.accept(&mut listener);
    let much = [b'x'; 2000];
    let (mut sent, mut got) = (0, 0);
    let mut blocked = 0;
    while sent < much.len() {
        match pair.client.send(&mut here, &much[sent..]) {
            Ok(n) => sent += n,
            Err(nb::Error::WouldBlock) => {
                blocked += 1;
                pair.pass(300);
                let mut space = [0; 200];
                got += pair.server.receive(&mut there, &mut space).unwrap();
            }
            Err(nb::Error::Other(error)) => panic!("{error}"),
        }
    }
    assert!(blocked > 0);
    while got < much.len() {
        pair.pass(300);
        got += pair.server.receive(&mut there, &mut [0; 2000]).unwrap();
    }
    assert_eq!(got, much.len());
}

#[test]
fn clients_wait_while_others_are_served_and_are_refused_when_all_sockets_are_taken() {
    let mut pair = Pair::new();
    let mut listener = pair.listen();
    let first = pair.connect().unwrap();
    let (kept, _) = pair.accept(&mut listener);
    let second = pair.connect().unwrap();
    // Nobody has taken the second one; it is connected all the same.
    let (other, _) = pair.accept(&mut listener);
    // The client has no socket left, and is told so at once.
    assert_eq!(pair.connect().unwrap_err(), Error::NoSocket);
    pair.client.close(first).unwrap();
    pair.client.close(second).unwrap();
    pair.server.close(kept).unwrap();
    pair.server.close(other).unwrap();
    pair.pass(100);
    // All of them can be used again, many times over.
    for _ in 0..20 {
        let here = pair.connect().unwrap();
        let (there, _) = pair.accept(&mut listener);
        pair.client.close(here).unwrap();
        pair.server.close(there).unwrap();
        pair.pass(20);
    }
}

#[test]
fn a_peer_that_does_not_close_its_side_keeps_no_socket_for_ever() {
    let mut pair = Pair::new();
    let mut listener = pair.listen();
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(pair.connect().unwrap());
        let (there, _) = pair.accept(&mut listener);
        pair.server.close(there).unwrap();
    }
    pair.pass(6_000);
    let mut space = [0; 4];
    for socket in &mut open {
        // The end, and then the reset.
        let told = pair.client.receive(socket, &mut space);
        assert!(matches!(told, Ok(0) | Err(nb::Error::Other(Error::Closed))), "{told:?}");
        assert_eq!(pair.client.send(socket, b"x").unwrap_err(), nb::Error::Other(Error::Closed));
    }
    for socket in open {
        pair.client.close(socket).unwrap();
    }
    pair.pass(100);
    for _ in 0..2 {
        pair.connect().unwrap();
        pair.accept(&mut listener);
    }
}

#[test]
fn nobody_listens_on_a_port_that_is_closed() {
    let mut pair = Pair::new();
    let error = pair.connect().unwrap_err();
    assert_eq!(error, Error::Closed);
    assert_eq!(error.kind(), TcpErrorKind::PipeClosed);
    let listener = pair.listen();
    pair.connect().unwrap();
    pair.server.close(listener).unwrap();
    pair.pass(10);
    assert_eq!(pair.connect().unwrap_err(), Error::Closed);
}

#[test]
fn a_client_that_vanishes_is_noticed() {
    let mut pair = Pair::new();
    let mut listener = pair.listen();
    pair.connect().unwrap();
    let (mut there, _) = pair.accept(&mut listener);
    for _ in 0..60_000 {
        pair.now += 1;
        pair.server.poll(pair.now);
    }
    let told = pair.server.receive(&mut there, &mut [0; 4]);
    assert_eq!(told, Err(nb::Error::Other(Error::Closed)));
}

#[test]
fn a_socket_is_for_one_thing() {
    let mut pair = Pair::new();
    let mut listener = pair.listen();
    let stack = &mut pair.server;
    let misuse = nb::Error::Other(Error::Misuse);
    assert_eq!(stack.connect(&mut listener, to(1)).unwrap_err(), misuse);
    assert_eq!(stack.send(&mut listener, b"x").unwrap_err(), misuse);
    assert_eq!(stack.receive(&mut listener, &mut [0]).unwrap_err(), misuse);
    assert_eq!(stack.bind(&mut listener, 26), Err(Error::Misuse));
    let mut other = stack.socket().unwrap();
    assert_eq!(stack.accept(&mut other).unwrap_err(), misuse);
    assert_eq!(stack.listen(&mut other), Err(Error::Misuse));
    assert_eq!(stack.bind(&mut other, 0), Err(Error::Port));
    stack.bind(&mut other, 26).unwrap();
    // One port is listened on, not two.
    assert_eq!(stack.listen(&mut other), Err(Error::Port));
    let far = "[2001:db8::1]:25".parse().unwrap();
    let mut new = stack.socket().unwrap();
    assert_eq!(stack.connect(&mut new, far).unwrap_err(), nb::Error::Other(Error::Unreachable));
}
