//! A sensor in one loop: it submits readings to a server on the host, with AUTH, and nothing in it waits
//! but the last line of the loop, for the next interrupt.
#![no_std]
#![no_main]

use app::arguments::Arguments;
use app::sensor::{Orders, Reading};
use board::{clock, println};
use ehlo_embedded::client::{Chunks, Reply};
use ehlo_embedded::polled::{Sender, Unsent};
use network::{Address, Error, Stack, nb};
use smoltcp::iface::{SocketSet, SocketStorage};
use static_cell::{ConstStaticCell, StaticCell};

type Network = Stack<'static, board::Mac, 1>;

#[board::entry]
fn main() -> ! {
    match start_network() {
        Some(network) => report(network),
        None => println!("can't start"),
    }
    loop {
        board::sleep();
    }
}

/// Submits as many readings as it is told to.
#[inline(never)]
fn report(network: &mut Network) {
    let mut line = [0; 256];
    let arguments = Arguments::new(board::host::arguments(&mut line).unwrap_or_default());
    let Some(orders) = Orders::read(arguments) else { return println!("can't read my orders") };
    println!("{}: submitting to {} as {}", board::NAME, orders.server, orders.user);
    let mut sent = 0;
    for number in 1..=orders.count {
        match submit(network, &orders, number) {
            Some(Ok(reply)) => {
                sent += 1;
                println!("reading {number}: sent, {reply}");
            }
            Some(Err(why)) => println!("reading {number}: not sent, {why}"),
            None => println!("reading {number}: not sent, from= or to= is no mailbox"),
        }
    }
    let (used, of) = board::stack::high_water();
    println!("stack {used} of {of}");
    println!("done: {sent} of {} sent", orders.count);
}

/// Submits one reading, in a connection of its own; `None` when there is no envelope for it.
fn submit(
    network: &mut Network,
    orders: &Orders<'_>,
    number: u32,
) -> Option<Result<Reply, Unsent<Error>>> {
    let mut recipients = orders.recipients()?;
    let envelope = orders.envelope(&mut recipients)?;
    let (stack, _) = board::stack::high_water();
    let reading = Reading { board: board::NAME, number, uptime: clock::now(), stack };
    let mut part = 0;
    let mut message = Chunks::<_, 128>::new(|space: &mut [u8; 128]| {
        part += 1;
        reading.write(part - 1, orders, space)
    });
    let config = orders.config();
    let credentials = orders.credentials(board::random_array());
    let now = clock::wrapping();
    let made = Sender::new(network, orders.server.into(), &config, envelope, now);
    let mut sender = match made {
        Ok(sender) => sender.login(credentials),
        Err(why) => return Some(Err(Unsent::Connect(why))),
    };
    loop {
        network.poll(clock::now());
        // What else the board has to do would stand here.
        match sender.poll(network, clock::wrapping(), &mut message) {
            Ok(reply) => break Some(Ok(reply)),
            Err(nb::Error::Other(why)) => break Some(Err(why)),
            Err(nb::Error::WouldBlock) => board::sleep(),
        }
    }
}

// Apart, so that what is only needed to begin is not on the stack for ever.
#[inline(never)]
fn start_network() -> Option<&'static mut Network> {
    static MAC: StaticCell<board::Mac> = StaticCell::new();
    static STORAGE: ConstStaticCell<[SocketStorage<'static>; 1]> =
        ConstStaticCell::new([SocketStorage::EMPTY; 1]);
    static BUFFERS: ConstStaticCell<([u8; 1024], [u8; 1024])> =
        ConstStaticCell::new(([0; 1024], [0; 1024]));
    static NETWORK: StaticCell<Network> = StaticCell::new();

    let mac = MAC.init(board::init()?);
    let address = Address {
        hardware: board::mac::ADDRESS,
        ip: board::mac::IP,
        prefix: board::mac::PREFIX,
        gateway: board::mac::GATEWAY,
    };
    let sockets = SocketSet::new(&mut STORAGE.take()[..]);
    let (receive, send) = BUFFERS.take();
    let buffers = [(&mut receive[..], &mut send[..])];
    let seed = u64::from_ne_bytes(board::random_array());
    Some(NETWORK.init(Stack::new(mac, &address, sockets, buffers, seed, clock::now())))
}
