//! A submission endpoint over TLS 1.3: STARTTLS on port 587, TLS from the beginning on port 465.
//!
//! As `endpoint-async`, with a heap for TLS alone. AUTH is offered under TLS only, with SCRAM tied to the TLS
//! connection where the client can do it.
#![no_std]
#![no_main]

use core::cell::{Cell, RefCell};

use app::config::{RECEIVE, SEND};
use app::{Desk, Ending, Flow};
use board::console::Console;
use board::println;
use device_tls::provider::P256Key;
use device_tls::{ServerTls, TlsError};
use ehlo::policy::Policy;
use ehlo::sasl::{ChannelBinding, Mechanism};
use ehlo::server::{Config, Connection, Event};
use ehlo_embedded::tls::{HANDSHAKE_TIMEOUT, MaybeTls, NoTls, Secured};
use ehlo_embedded::{EmbassyTime, Session};
use embassy_executor::Spawner;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Ipv4Address, Stack, StackResources};
use embassy_time::{Duration, Instant, with_timeout};
use endpoint::{MAX_MESSAGE, Store, say_stack};
use network_async::{LINGER, close};
use static_cell::{ConstStaticCell, StaticCell};

/// Submission by STARTTLS (RFC 6409).
const STARTTLS: u16 = 587;
/// Submission with TLS from the beginning (RFC 8314).
const IMPLICIT: u16 = 465;
/// Sessions at once on each of the two.
const SESSIONS: usize = 4;
/// How long a client that is gone may leave what was sent to it without an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

static CERTIFICATE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/board.der"));
/// **A test key**: everybody who has the firmware has it. A device has one of its own, in a secure element or
/// in flash that can't be read from outside.
static TEST_KEY: &[u8; 32] = include_bytes!(concat!(env!("OUT_DIR"), "/board-key.bin"));

type Encrypted<'s> =
    device_tls::TlsStream<&'s mut TcpSocket<'static>, device_tls::UnbufferedServerConnection>;

type Submission<'c, 's> = Session<
    Connection<'c, &'c mut [u8], &'c mut [u8]>,
    MaybeTls<&'s mut TcpSocket<'static>, Encrypted<'s>>,
    EmbassyTime,
>;

/// What all sessions share. Nothing of it is held while another task runs.
struct Endpoint {
    config: Config<'static>,
    tls: ServerTls,
    store: &'static RefCell<Store>,
    /// Whether each message is to be shown on the serial port.
    show: bool,
    sessions: Cell<u32>,
}

/// The memory of a session, apart from that of TLS.
struct Buffers {
    socket_receive: [u8; 4096],
    socket_send: [u8; 4096],
    receive: [u8; RECEIVE],
    send: [u8; SEND],
}

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
    static RESOURCES: StaticCell<StackResources<{ 2 * SESSIONS }>> = StaticCell::new();
    static BUFFERS: ConstStaticCell<[[Buffers; 2]; SESSIONS]> =
        ConstStaticCell::new([const { [const { Buffers::NEW }; 2] }; SESSIONS]);
    static SECRET: StaticCell<[u8; 16]> = StaticCell::new();
    static STORE: ConstStaticCell<RefCell<Store>> =
        ConstStaticCell::new(RefCell::new(endpoint::EMPTY));
    static ENDPOINT: StaticCell<Endpoint> = StaticCell::new();

    let stack = network_async::start(spawner, &RESOURCES)?;

    let key = P256Key::from_scalar(TEST_KEY).ok()?;
    let tls = match ServerTls::new::<Board>(&[CERTIFICATE], key) {
        Ok(tls) => tls,
        Err(error) => {
            println!("TLS: {error}");
            return None;
        }
    };
    let store = STORE.take();
    let told = endpoint::open(store.get_mut())?;
    let endpoint = ENDPOINT.init(Endpoint {
        config: config(SECRET.init(board::random_array())),
        tls,
        store,
        show: told.show,
        sessions: Cell::new(0),
    });
    for [one, other] in BUFFERS.take() {
        spawner.spawn(serve(stack, endpoint, one, STARTTLS).ok()?);
        spawner.spawn(serve(stack, endpoint, other, IMPLICIT).ok()?);
    }
    println!(
        "{}: listening on {}:{STARTTLS} (STARTTLS) and {IMPLICIT} (TLS), {SESSIONS} sessions each",
        board::NAME,
        Ipv4Address::from(board::mac::IP)
    );
    Some(())
}

/// As that of the other endpoints, with nothing in the clear.
fn config(secret: &'static [u8; 16]) -> Config<'static> {
    app::config::config(MAX_MESSAGE, secret).starttls().policy(Policy::new()).auth(&[
        Mechanism::ScramSha256Plus,
        Mechanism::ScramSha256,
        Mechanism::CramMd5,
        Mechanism::Plain,
        Mechanism::Login,
    ])
}

/// Serves one client after the other.
#[embassy_executor::task(pool_size = 2 * SESSIONS)]
async fn serve(
    stack: Stack<'static>,
    endpoint: &'static Endpoint,
    buffers: &'static mut Buffers,
    port: u16,
) -> ! {
    let Buffers { socket_receive, socket_send, receive, send } = buffers;
    let mut socket = TcpSocket::new(stack, socket_receive, socket_send);
    socket.set_nagle_enabled(false);
    loop {
        socket.set_timeout(None);
        if socket.accept(port).await.is_ok() {
            // A client that has vanished is noticed, though nothing is said to it.
            socket.set_timeout(Some(TIMEOUT));
            socket.set_keep_alive(Some(TIMEOUT / 3));
            endpoint.client(&mut socket, port, receive, send).await;
        }
        close(&mut socket).await;
    }
}

impl Endpoint {
    async fn client(
        &self,
        socket: &mut TcpSocket<'static>,
        port: u16,
        receive: &mut [u8],
        send: &mut [u8],
    ) {
        let number = self.sessions.get() + 1;
        self.sessions.set(number);
        let Some(client) = socket.remote_endpoint() else { return };
        let desk = Desk::<Store>::new(number, client, &mut Console);
        let connection = Connection::new(&self.config, receive, send, board::random_array());
        if port == STARTTLS {
            let session = Session::new(MaybeTls::Plain(socket), connection).timer(EmbassyTime);
            return self.session(number, desk, session).await;
        }
        match self.handshake(number, socket).await {
            Ok((stream, binding)) => {
                let mut secured = Secured::new(MaybeTls::Tls(stream));
                if let Some(binding) = binding {
                    secured = secured.binding(binding);
                }
                let session = Session::implicit_tls(secured, connection).timer(EmbassyTime);
                self.session(number, desk, session).await;
            }
            Err(error) => desk.over(&mut *self.store.borrow_mut(), error, &mut Console),
        }
    }

    /// Makes the handshake, in the time that it may take. Signing and the exchange of keys let no other task
    /// run meanwhile.
    async fn handshake<'s>(
        &self,
        number: u32,
        socket: &'s mut TcpSocket<'static>,
    ) -> Result<(Encrypted<'s>, Option<ChannelBinding>), NoTls<TlsError>> {
        let began = Instant::now();
        let limit = Duration::from_millis(HANDSHAKE_TIMEOUT.as_millis() as u64);
        match with_timeout(limit, self.tls.accept(socket)).await {
            Ok(Ok(secured)) => {
                println!("session {number}: TLS after {} ms", began.elapsed().as_millis());
                Ok(secured)
            }
            Ok(Err(error)) => Err(NoTls::Handshake(error)),
            Err(_) => Err(NoTls::TimedOut),
        }
    }

    async fn session<'s>(
        &self,
        number: u32,
        mut desk: Desk<Store>,
        mut session: Submission<'_, 's>,
    ) {
        let ending = loop {
            let flow = match session.next().await {
                Ok(Event::Upgrade(_)) => {
                    let began = Instant::now();
                    match session.start_tls(&self.tls).await {
                        Ok(()) => {
                            let took = began.elapsed().as_millis();
                            println!("session {number}: TLS after {took} ms");
                        }
                        // The last events of the session are still to come.
                        Err(error) => println!("session {number}: {error}"),
                    }
                    continue;
                }
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
        if let MaybeTls::Tls(stream) = session.into_socket() {
            // Whether the client still listens makes no difference.
            let _ = with_timeout(LINGER, stream.close()).await;
        }
        {
            let mut store = self.store.borrow_mut();
            match ending {
                Ok(ending) => desk.over(&mut *store, ending, &mut Console),
                Err(error) => desk.over(&mut *store, error, &mut Console),
            }
        }
        say_stack();
        let (used, of) = tls_heap::high_water();
        println!("heap {used} of {of}");
    }
}

impl Buffers {
    const NEW: Self = Self {
        socket_receive: [0; 4096],
        socket_send: [0; 4096],
        receive: [0; RECEIVE],
        send: [0; SEND],
    };
}
