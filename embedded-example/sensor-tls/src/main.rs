//! A sensor that submits its readings over TLS 1.3: by STARTTLS, or with TLS from the beginning.
//!
//! As `sensor`, with a heap for TLS alone. The server's certificate has to be for the host that is meant, from
//! the authority that was linked in, and of the time that is. No password goes anywhere before that.
#![no_std]
#![no_main]

use app::arguments::Arguments;
use app::config::HOSTNAME;
use app::sensor::{Orders, Reading};
use board::println;
use device_tls::{ClientTls, TlsError};
use ehlo::client::{Config, Timeouts};
use ehlo_embedded::EmbassyTime;
use ehlo_embedded::client::{Chunks, Client, Reply, SendError};
use embassy_executor::Spawner;
use embassy_net::tcp::client::{TcpClient, TcpClientState};
use embassy_net::{Stack, StackResources};
use embassy_time::{Duration, Instant};
use static_cell::{ConstStaticCell, StaticCell};

mod clock;

/// How long the server may leave what was sent to it without an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

static AUTHORITY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/authority.der"));

/// One connection, with what it sends from and receives into.
type Sockets = TcpClientState<1, 4096, 4096>;

/// What the client receives into and sends from.
type Buffers = ([u8; 1024], [u8; 512]);

/// The board's randomness, as TLS takes it.
#[derive(Debug)]
struct Board;

impl device_tls::Entropy for Board {
    fn fill(octets: &mut [u8]) -> bool {
        board::random(octets);
        true
    }
}

#[board::entry]
fn main() -> ! {
    tls_heap::init();
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

/// What this sensor is told beyond what every sensor is.
struct How<'a> {
    tls: ClientTls,
    /// What the server's certificate has to be for.
    host: &'a str,
    /// TLS from the beginning, and not by STARTTLS.
    implicit: bool,
}

/// Submits as many readings as it is told to.
#[embassy_executor::task]
async fn report(stack: Stack<'static>, sockets: &'static Sockets, buffers: &'static mut Buffers) {
    let mut line = [0; 256];
    let arguments = Arguments::new(board::host::arguments(&mut line).unwrap_or_default());
    let Some(orders) = Orders::read(arguments) else { return println!("can't read my orders") };
    let tls = match ClientTls::new::<Board>(&[AUTHORITY], clock::now) {
        Ok(tls) => tls,
        Err(error) => return println!("TLS: {error}"),
    };
    let host = arguments.value("host").unwrap_or("10.0.2.2");
    let how = How { tls, host, implicit: arguments.has("implicit") };
    let by = if how.implicit { "TLS" } else { "STARTTLS" };
    println!("{}: submitting to {} by {by} as {}", board::NAME, orders.server, orders.user);
    let mut client = TcpClient::new(stack, sockets);
    client.set_timeout(Some(TIMEOUT));
    let mut sent = 0;
    for number in 1..=orders.count {
        let began = Instant::now();
        match submit(&client, &orders, &how, number, buffers).await {
            Some(Ok(reply)) => {
                sent += 1;
                println!(
                    "reading {number}: sent after {} ms, {reply}",
                    began.elapsed().as_millis()
                );
            }
            Some(Err(why)) => println!("reading {number}: not sent, {why}"),
            None => println!("reading {number}: not sent, from= or to= is no mailbox"),
        }
    }
    let (used, of) = board::stack::high_water();
    println!("stack {used} of {of}");
    let (used, of) = tls_heap::high_water();
    println!("heap {used} of {of}");
    println!("done: {sent} of {} sent", orders.count);
}

/// What becomes of a reading.
type Sent = Result<Reply, SendError<embassy_net::tcp::Error, TlsError>>;

/// Submits one reading, in a connection of its own; `None` when there is no envelope for it.
async fn submit(
    network: &TcpClient<'_, 1, 4096, 4096>,
    orders: &Orders<'_>,
    how: &How<'_>,
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
    let timeouts = Timeouts::all(core::time::Duration::from_secs(60));
    let config = Config::new(HOSTNAME, how.host).timeouts(timeouts);
    let client = match how.implicit {
        true => Client::implicit_tls(&config, &how.tls, &mut receive[..], &mut send[..]),
        false => Client::starttls(&config, &how.tls, &mut receive[..], &mut send[..]),
    };
    let client = client.login(orders.credentials(board::random_array())).timer(EmbassyTime);
    Some(client.send(network, orders.server.into(), envelope, message).await)
}
