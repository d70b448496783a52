//! A submission endpoint in one loop: nothing in it waits but the last line, for the next interrupt.
#![no_std]
#![no_main]

use app::config::{RECEIVE, SEND, config};
use app::{Desk, Ending, Flow};
use board::console::Console;
use board::{clock, println};
use ehlo::server::{Config, Event};
use ehlo_embedded::polled::{Endpoint, Peer};
use endpoint::{MAX_MESSAGE, Store, say_stack};
use network::{Address, Error, Stack};
use smoltcp::iface::{SocketSet, SocketStorage};
use static_cell::{ConstStaticCell, StaticCell};

/// Sessions at once.
const SESSIONS: usize = 3;
/// A client that comes while all others are being served or closed finds an open door.
const SOCKETS: usize = SESSIONS + 2;

type Network = Stack<'static, board::Mac, SOCKETS>;
type Server = Endpoint<'static, Network, SESSIONS, RECEIVE, SEND>;

/// What a socket receives into and sends from.
type Buffers = ([u8; 2048], [u8; 1024]);

#[board::entry]
fn main() -> ! {
    if let (Some(network), Some(mut desks)) = (start_network(), Desks::open())
        && let Some(server) = start_server(network)
    {
        let [a, b, c, d] = board::mac::IP;
        println!("{}: listening on {a}.{b}.{c}.{d}:25, {SESSIONS} sessions at once", board::NAME);
        serve(network, server, &mut desks);
    }
    println!("can't start");
    loop {
        board::sleep();
    }
}

#[inline(never)]
fn serve(network: &mut Network, server: &mut Server, desks: &mut Desks) -> ! {
    loop {
        network.poll(clock::now());
        desks.busy = false;
        match server.poll(network, clock::wrapping(), |peer, event| desks.on(peer, event)) {
            Ok(moved) if moved || desks.busy => {}
            Ok(_) => board::sleep(),
            Err(error) => println!("no clients: {error}"),
        }
    }
}

/// What the sessions have in common, and what each has for itself.
struct Desks {
    store: &'static mut Store,
    desks: &'static mut [Option<Desk<Store>>; SESSIONS],
    /// Whether each message is to be shown on the serial port.
    show: bool,
    /// A password is being checked: the next round goes on with it.
    busy: bool,
}

impl Desks {
    #[inline(never)]
    fn open() -> Option<Self> {
        static STORE: ConstStaticCell<Store> = ConstStaticCell::new(endpoint::EMPTY);
        static DESKS: ConstStaticCell<[Option<Desk<Store>>; SESSIONS]> =
            ConstStaticCell::new([const { None }; SESSIONS]);
        let store = STORE.take();
        let told = endpoint::open(store)?;
        Some(Self { store, desks: DESKS.take(), show: told.show, busy: false })
    }

    fn on(&mut self, peer: Peer, event: Event<'_>) {
        let Some(place) = self.desks.get_mut(peer.slot) else { return event.decline() };
        let desk = place.get_or_insert_with(|| Desk::new(peer.number, peer.address, &mut Console));
        match desk.on(self.store, event, &mut Console) {
            Flow::Next => {}
            Flow::Busy => self.busy = true,
            Flow::Kept(id) if self.show => {
                // The serial port takes everything.
                let _ = app::show(self.store, id, &mut Console);
            }
            Flow::Kept(_) => {}
            Flow::Over(closed) => {
                if let Some(desk) = place.take() {
                    desk.over(self.store, Ending(closed), &mut Console);
                }
                say_stack();
            }
        }
    }
}

// Apart from the loop, so that what is only needed to begin is not on the stack for ever.
#[inline(never)]
fn start_network() -> Option<&'static mut Network> {
    static MAC: StaticCell<board::Mac> = StaticCell::new();
    static STORAGE: ConstStaticCell<[SocketStorage<'static>; SOCKETS]> =
        ConstStaticCell::new([SocketStorage::EMPTY; SOCKETS]);
    static BUFFERS: ConstStaticCell<[Buffers; SOCKETS]> =
        ConstStaticCell::new([const { ([0; 2048], [0; 1024]) }; SOCKETS]);
    static NETWORK: StaticCell<Network> = StaticCell::new();

    let mac = MAC.init(board::init()?);
    let address = Address {
        hardware: board::mac::ADDRESS,
        ip: board::mac::IP,
        prefix: board::mac::PREFIX,
        gateway: board::mac::GATEWAY,
    };
    let sockets = SocketSet::new(&mut STORAGE.take()[..]);
    let buffers =
        BUFFERS.take().each_mut().map(|(receive, send)| (&mut receive[..], &mut send[..]));
    let seed = u64::from_ne_bytes(board::random_array());
    Some(NETWORK.init(Stack::new(mac, &address, sockets, buffers, seed, clock::now())))
}

#[inline(never)]
fn start_server(network: &mut Network) -> Option<&'static mut Server> {
    static SECRET: StaticCell<[u8; 16]> = StaticCell::new();
    static CONFIG: StaticCell<Config<'static>> = StaticCell::new();
    // The result, so that it is made where it stays.
    static SERVER: StaticCell<Result<Server, Error>> = StaticCell::new();
    let config = CONFIG.init(config(MAX_MESSAGE, SECRET.init(board::random_array())));
    let server =
        || Endpoint::listen_with_buffers(network, 25, config, board::random_array as fn() -> _);
    SERVER.init_with(server).as_mut().ok()
}
