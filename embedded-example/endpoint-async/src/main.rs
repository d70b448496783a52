//! A submission endpoint on embassy: a task for each socket, all on one stack.
//!
//! Each task waits for a client, serves it, and closes. While some serve, the others wait, so that a client
//! that comes meanwhile finds an open door.
#![no_std]
#![no_main]

use core::cell::{Cell, RefCell};

use app::config::{RECEIVE, SEND, config};
use app::{Desk, Ending, Flow};
use board::console::Console;
use board::println;
use ehlo::server::{Config, Connection};
use ehlo_embedded::{EmbassyTime, Session};
use embassy_executor::Spawner;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Ipv4Address, Stack, StackResources};
use embassy_time::Duration;
use endpoint::{MAX_MESSAGE, Store, say_stack};
use network_async::close;
use static_cell::{ConstStaticCell, StaticCell};

/// Sessions at once.
const SESSIONS: usize = 4;
/// How long a client that is gone may leave what was sent to it without an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What all sessions share. Nothing of it is held while another task runs.
struct Endpoint {
    config: Config<'static>,
    store: &'static RefCell<Store>,
    /// Whether each message is to be shown on the serial port.
    show: bool,
    sessions: Cell<u32>,
}

/// The memory of a session.
struct Buffers {
    socket_receive: [u8; 2048],
    socket_send: [u8; 1024],
    receive: [u8; RECEIVE],
    send: [u8; SEND],
}

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
    static RESOURCES: StaticCell<StackResources<SESSIONS>> = StaticCell::new();
    static BUFFERS: ConstStaticCell<[Buffers; SESSIONS]> =
        ConstStaticCell::new([const { Buffers::NEW }; SESSIONS]);
    static SECRET: StaticCell<[u8; 16]> = StaticCell::new();
    static STORE: ConstStaticCell<RefCell<Store>> =
        ConstStaticCell::new(RefCell::new(endpoint::EMPTY));
    static ENDPOINT: StaticCell<Endpoint> = StaticCell::new();

    let stack = network_async::start(spawner, &RESOURCES)?;

    let store = STORE.take();
    let told = endpoint::open(store.get_mut())?;
    let endpoint = ENDPOINT.init(Endpoint {
        config: config(MAX_MESSAGE, SECRET.init(board::random_array())),
        store,
        show: told.show,
        sessions: Cell::new(0),
    });
    for buffers in BUFFERS.take() {
        spawner.spawn(serve(stack, endpoint, buffers).ok()?);
    }
    println!(
        "{}: listening on {}:25, {SESSIONS} sessions at once",
        board::NAME,
        Ipv4Address::from(board::mac::IP)
    );
    Some(())
}

/// Serves one client after the other.
#[embassy_executor::task(pool_size = SESSIONS)]
async fn serve(
    stack: Stack<'static>,
    endpoint: &'static Endpoint,
    buffers: &'static mut Buffers,
) -> ! {
    let Buffers { socket_receive, socket_send, receive, send } = buffers;
    let mut socket = TcpSocket::new(stack, socket_receive, socket_send);
    socket.set_nagle_enabled(false);
    loop {
        socket.set_timeout(None);
        if socket.accept(25).await.is_ok() {
            // A client that has vanished is noticed, though nothing is said to it.
            socket.set_timeout(Some(TIMEOUT));
            socket.set_keep_alive(Some(TIMEOUT / 3));
            endpoint.session(&mut socket, receive, send).await;
        }
        close(&mut socket).await;
    }
}

impl Endpoint {
    async fn session(&self, socket: &mut TcpSocket<'_>, receive: &mut [u8], send: &mut [u8]) {
        let number = self.sessions.get() + 1;
        self.sessions.set(number);
        let Some(client) = socket.remote_endpoint() else { return };
        let mut desk = Desk::<Store>::new(number, client, &mut Console);
        let connection = Connection::new(&self.config, receive, send, board::random_array());
        let mut session = Session::new(socket, connection).timer(EmbassyTime);
        let ending = loop {
            let flow = match session.next().await {
                Ok(event) => desk.on(&mut *self.store.borrow_mut(), event, &mut Console),
                Err(error) => break Err(error),
            };
            match flow {
                Flow::Next => {}
                Flow::Busy => embassy_futures::yield_now().await,
                Flow::Kept(id) if self.show => {
                    // The serial port takes everything.
                    let _ = app::show(&mut *self.store.borrow_mut(), id, &mut Console);
                }
                Flow::Kept(_) => {}
                Flow::Over(closed) => break Ok(Ending(closed)),
            }
        };
        let mut store = self.store.borrow_mut();
        match ending {
            Ok(ending) => desk.over(&mut *store, ending, &mut Console),
            Err(error) => desk.over(&mut *store, error, &mut Console),
        }
        say_stack();
    }
}

impl Buffers {
    const NEW: Self = Self {
        socket_receive: [0; 2048],
        socket_send: [0; 1024],
        receive: [0; RECEIVE],
        send: [0; SEND],
    };
}
