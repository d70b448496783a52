//! The interface, its sockets, and what each of them is used for.

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::Device;
use smoltcp::socket::tcp::{self, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Address, Ipv4Cidr};

/// How long a peer may be silent before it is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long it may leave that, or anything else that was sent, without an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may take to close its side when ours is closed.
const LINGER: Duration = Duration::from_secs(5);

/// From this port on they are nobody's (RFC 6335 section 6).
pub(crate) const FIRST_PORT: u16 = 0xc000;

/// The address of the interface.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// The address of the hardware.
    pub hardware: [u8; 6],
    /// The IP address.
    pub ip: [u8; 4],
    /// Leading bits that the addresses of the network have in common.
    pub prefix: u8,
    /// The router.
    pub gateway: [u8; 4],
}

/// What a socket is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// For nothing; it waits for a client where there is a port to listen on.
    Free,
    /// For a connection of the caller.
    Taken,
    /// For the rest of a connection that the caller has closed, until then at the latest.
    Closing(Instant),
}

/// A TCP stack with `N` sockets on an interface.
pub struct Stack<'a, D: Device, const N: usize> {
    pub(crate) interface: Interface,
    device: &'a mut D,
    pub(crate) sockets: SocketSet<'a>,
    pub(crate) slots: [(SocketHandle, Use); N],
    /// The port that is listened on.
    pub(crate) port: Option<u16>,
    pub(crate) next_local_port: u16,
    now: Instant,
}

impl<'a, D: Device, const N: usize> Stack<'a, D, N> {
    /// A stack on `device`. `sockets` has room for `N` sockets, each of which gets one of the `buffers`,
    /// to receive and to send. The `seed` has to be random: sequence numbers and ports come from it.
    pub fn new(
        device: &'a mut D,
        address: &Address,
        mut sockets: SocketSet<'a>,
        buffers: [(&'a mut [u8], &'a mut [u8]); N],
        seed: u64,
        now: u64,
    ) -> Self {
        let now = instant(now);
        let hardware = HardwareAddress::Ethernet(EthernetAddress(address.hardware));
        let mut config = Config::new(hardware);
        config.random_seed = seed;
        let mut interface = Interface::new(config, device, now);
        interface.update_ip_addrs(|addresses| {
            let ip = Ipv4Cidr::new(Ipv4Address::from(address.ip), address.prefix);
            // There is room for one.
            let _ = addresses.push(IpCidr::Ipv4(ip));
        });
        let gateway = Ipv4Address::from(address.gateway);
        // There is room for one.
        let _ = interface.routes_mut().add_default_ipv4_route(gateway);
        let slots = buffers.map(|(receive, send)| {
            let mut socket =
                tcp::Socket::new(tcp::SocketBuffer::new(receive), tcp::SocketBuffer::new(send));
            socket.set_keep_alive(Some(KEEP_ALIVE));
            socket.set_timeout(Some(TIMEOUT));
            // One write of a reply is one segment, and is not held back.
            socket.set_nagle_enabled(false);
            (sockets.add(socket), Use::Free)
        });
        let next_local_port = FIRST_PORT | (seed >> 48) as u16;
        Self { interface, device, sockets, slots, port: None, next_local_port, now }
    }

    /// Receives and sends what there is. `now` is in milliseconds.
    pub fn poll(&mut self, now: u64) {
        self.now = instant(now);
        for (handle, used) in &self.slots {
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(*handle);
            // Nobody waits in TIME-WAIT: there are too few sockets for that.
            if let Use::Closing(until) = *used
                && (socket.state() == State::TimeWait || self.now >= until)
            {
                socket.abort();
            }
        }
        // Resets leave here, before their sockets are used again.
        self.interface.poll(self.now, self.device, &mut self.sockets);
        for (handle, used) in &mut self.slots {
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(*handle);
            if matches!(used, Use::Closing(_)) && socket.state() == State::Closed {
                *used = Use::Free;
            }
            if let (Use::Free, false, Some(port)) = (*used, socket.is_open(), self.port) {
                // Only port 0 can't be listened on.
                let _ = socket.listen(port);
            }
        }
    }

    /// A socket that the caller has.
    pub(crate) fn taken(&mut self, slot: usize) -> Option<&mut tcp::Socket<'a>> {
        let (handle, used) = *self.slots.get(slot)?;
        (used == Use::Taken).then(|| self.sockets.get_mut(handle))
    }

    /// Takes a socket that is free and for which `suits` holds.
    pub(crate) fn take(&mut self, suits: impl Fn(&tcp::Socket<'_>) -> bool) -> Option<usize> {
        let sockets = &self.sockets;
        let suits = |&(handle, used): &_| used == Use::Free && suits(sockets.get(handle));
        let slot = self.slots.iter().position(suits)?;
        self.slots.get_mut(slot)?.1 = Use::Taken;
        Some(slot)
    }

    /// The caller is done with a socket: what was written is sent yet.
    pub(crate) fn give_back(&mut self, slot: usize) {
        let until = self.now + LINGER;
        if let Some((handle, used)) = self.slots.get_mut(slot) {
            self.sockets.get_mut::<tcp::Socket<'_>>(*handle).close();
            *used = Use::Closing(until);
        }
    }
}

fn instant(milliseconds: u64) -> Instant {
    Instant::from_millis(milliseconds.cast_signed())
}
