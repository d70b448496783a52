//! A sensor on embassy: it submits readings to a server on the host, with AUTH.
#![no_std]
#![no_main]

use core::convert::Infallible;

use app::arguments::Arguments;
use app::sensor::{Orders, Reading};
use board::println;
use ehlo_embedded::EmbassyTime;
use ehlo_embedded::client::{Chunks, Client, Reply, SendError};
use embassy_executor::Spawner;
use embassy_net::tcp::client::{TcpClient, TcpClientState};
use embassy_net::{Stack, StackResources};
use embassy_time::Duration;
use static_cell::{ConstStaticCell, StaticCell};

/// How long the server may leave what was sent to it without an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One connection, with what it sends from and receives into.
type Sockets = TcpClientState<1, 1024, 1024>;

/// What the client receives into and sends from.
type Buffers = ([u8; 1024], [u8; 512]);

#[board::entry]
fn main() -> ! {
    board::executor::run(|spawner| {
        if start(spawner).is_none() {
            println!("can't start");
        }
    })
}

// Apart, so that what is only needed to begin is not on the stack for ever.
#[inline(never)]
fn start(spawner: Spawner) -> Option<()> {
    static RESOURCES: StaticCell<StackResources<2>> = StaticCell::new();
    static SOCKETS: ConstStaticCell<Sockets> = ConstStaticCell::new(Sockets::new());
    static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(([0; 1024], [0; 512]));

    let stack = network_async::start(spawner, &RESOURCES)?;
    spawner.spawn(report(stack, SOCKETS.take(), BUFFERS.take()).ok()?);
    Some(())
}

/// Submits as many readings as it is told to.
#[embassy_executor::task]
async fn report(stack: Stack<'static>, sockets: &'static Sockets, buffers: &'static mut Buffers) {
    let mut line = [0; 256];
    let arguments = Arguments::new(board::host::arguments(&mut line).unwrap_or_default());
    let Some(orders) = Orders::read(arguments) else { return println!("can't read my orders") };
    println!("{}: submitting to {} as {}", board::NAME, orders.server, orders.user);
    let mut client = TcpClient::new(stack, sockets);
    client.set_timeout(Some(TIMEOUT));
    let mut sent = 0;
    for number in 1..=orders.count {
        match submit(&client, &orders, number, buffers).await {
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

/// What becomes of a reading.
type Sent = Result<Reply, SendError<embassy_net::tcp::Error, Infallible>>;

/// Submits one reading, in a connection of its own; `None` when there is no envelope for it.
async fn submit(
    network: &TcpClient<'_, 1>,
    orders: &Orders<'_>,
    number: u32,
    (receive, send): &mut Buffers,
) -> Option<Sent> {
    let mut recipients = orders.recipients()?;
    let envelope = orders.envelope(&mut recipients)?;
    let (stack, _) = board::stack::high_water();
    let uptime = board::clock::now();
    let reading = Reading { board: board::NAME, number, uptime, stack };
    let mut part = 0;
    let message = Chunks::<_, 128>::new(|space| {
        part += 1;
        reading.write(part - 1, orders, space)
    });
    let config = orders.config();
    let client = Client::cleartext(&config, &mut receive[..], &mut send[..])
        .login(orders.credentials(board::random_array()))
        .timer(EmbassyTime);
    Some(client.send(network, orders.server.into(), envelope, message).await)
}
