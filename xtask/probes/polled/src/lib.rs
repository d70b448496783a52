//! An endpoint and a client of `ehlo-embedded` that are polled, on a TCP/IP stack and a store of messages that
//! the compiler can't see through.
//!
//! `cargo xtask no-panic` links this: the panic handler calls what does not exist. What is async can't be proven in
//! this way: an `async fn` that is polled after its end panics, which is the language's.

#![no_std]

use core::net::SocketAddr;

use ehlo::address::ForwardPath;
use ehlo::client::Config as ClientConfig;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::Credentials;
use ehlo::server::{Config, Event};
use ehlo_embedded::client::{Envelope as Outgoing, Recipient};
use ehlo_embedded::polled::{Endpoint, Sender};
use ehlo_embedded::{Envelope, Intake, MessageStore, Receipt, StoreError};
use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, TcpFullStack, nb};

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { a_panic_is_reachable() }
}

/// Everything outside the adapter.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Outside {
    /// Moves octets; how many, which is not to be believed.
    octets: extern "C" fn(*const u8, usize) -> usize,
    /// What happens.
    ask: extern "C" fn() -> u32,
}

impl Outside {
    fn moved(self, octets: &[u8]) -> usize {
        (self.octets)(octets.as_ptr(), octets.len())
    }

    fn ask(self) -> u32 {
        (self.ask)()
    }

    fn network<T>(self, value: T) -> nb::Result<T, Error> {
        match self.ask() {
            0 => Ok(value),
            1 => Err(nb::Error::WouldBlock),
            2 => Err(nb::Error::Other(Error(TcpErrorKind::PipeClosed))),
            _ => Err(nb::Error::Other(Error(TcpErrorKind::Other))),
        }
    }

    fn whether(self) -> Result<(), Error> {
        if self.ask() == 0 { Ok(()) } else { Err(Error(TcpErrorKind::Other)) }
    }

    fn stored<T>(self, value: T) -> Result<T, StoreError> {
        match self.ask() {
            0 => Ok(value),
            1 => Err(StoreError::Full),
            2 => Err(StoreError::TooLarge),
            _ => Err(StoreError::Broken),
        }
    }
}

#[derive(Debug)]
struct Error(TcpErrorKind);

impl TcpError for Error {
    fn kind(&self) -> TcpErrorKind {
        self.0
    }
}

struct Stack(Outside);

impl TcpClientStack for Stack {
    type TcpSocket = u32;
    type Error = Error;

    fn socket(&mut self) -> Result<u32, Error> {
        self.0.whether().map(|()| self.0.ask())
    }

    fn connect(&mut self, _: &mut u32, _: SocketAddr) -> nb::Result<(), Error> {
        self.0.network(())
    }

    fn send(&mut self, _: &mut u32, octets: &[u8]) -> nb::Result<usize, Error> {
        self.0.network(self.0.moved(octets))
    }

    fn receive(&mut self, _: &mut u32, space: &mut [u8]) -> nb::Result<usize, Error> {
        self.0.network(self.0.moved(space))
    }

    fn close(&mut self, _: u32) -> Result<(), Error> {
        self.0.whether()
    }
}

impl TcpFullStack for Stack {
    fn bind(&mut self, _: &mut u32, _: u16) -> Result<(), Error> {
        self.0.whether()
    }

    fn listen(&mut self, _: &mut u32) -> Result<(), Error> {
        self.0.whether()
    }

    fn accept(&mut self, _: &mut u32) -> nb::Result<(u32, SocketAddr), Error> {
        let port = self.0.ask() as u16;
        self.0.network((self.0.ask(), SocketAddr::from(([10, 0, 0, 1], port))))
    }
}

struct Store(Outside);

impl MessageStore for Store {
    type Draft = u32;

    fn begin(&mut self, _: &Envelope<'_>) -> Result<u32, StoreError> {
        self.0.stored(self.0.ask())
    }

    fn recipient(&mut self, _: &mut u32, path: ForwardPath<'_>) -> Result<(), StoreError> {
        self.0.moved(path.as_str().as_bytes());
        self.0.stored(())
    }

    fn write(&mut self, _: &mut u32, octets: &[u8]) -> Result<(), StoreError> {
        self.0.moved(octets);
        self.0.stored(())
    }

    fn commit(&mut self, draft: u32) -> Result<Receipt, StoreError> {
        self.0.stored(Receipt(draft))
    }

    fn abort(&mut self, _: u32) {
        self.0.ask();
    }
}

#[cfg(feature = "mechanisms")]
const AUTH: &[Mechanism] =
    &[Mechanism::ScramSha256, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];
#[cfg(not(feature = "mechanisms"))]
const AUTH: &[Mechanism] = &[Mechanism::Plain];

static CONFIG: Config<'static> = Config::new("sensor.example").auth(AUTH);
static CLIENT: ClientConfig<'static> = ClientConfig::new("sensor.example", "mail.example.org");

/// What the linker is told to keep: an endpoint until it is told to stop, and then a message that is sent.
#[unsafe(no_mangle)]
pub extern "C" fn probe(outside: &Outside) {
    serve(*outside);
    send(*outside);
}

fn seed() -> [u8; 16] {
    core::hint::black_box([7; 16])
}

#[inline(never)]
fn serve(outside: Outside) {
    let mut stack = Stack(outside);
    let Ok(mut endpoint) = Endpoint::<_, 2>::listen(&mut stack, 25, &CONFIG, seed) else { return };
    let mut store = Store(outside);
    let mut intakes = [const { Intake::new() }; 2];
    while outside.ask() == 0 {
        let polled = endpoint.poll(&mut stack, outside.ask(), |peer, event| {
            let Some(intake) = intakes.get_mut(peer.slot) else { return };
            match intake.on(&mut store, event) {
                Some(Event::Login(login)) if login.password().matches(b"secret") => login.accept(),
                #[cfg(feature = "mechanisms")]
                Some(Event::CramMd5(login)) if login.verify(b"secret") => login.accept(),
                Some(other) => other.decline(),
                None => {}
            }
        });
        if polled.is_err() {
            outside.ask();
        }
    }
    endpoint.shutdown();
    let _ = endpoint.close(&mut stack);
}

#[inline(never)]
fn send(outside: Outside) {
    let mut stack = Stack(outside);
    let Ok(operator) = Recipient::new("operator@example.org") else { return };
    let mut recipients = [operator];
    let Ok(envelope) = Outgoing::new("sensor@example.org", &mut recipients) else { return };
    let server = SocketAddr::from(([10, 0, 0, 2], 25));
    let Ok(sender) = Sender::new(&mut stack, server, &CLIENT, envelope, outside.ask()) else {
        return;
    };
    let credentials = Credentials::password("sensor", "secret");
    #[cfg(feature = "mechanisms")]
    let credentials = credentials.nonce([outside.ask() as u8; 16]);
    let mut sender = sender.login(credentials);
    let mut message = &b"Subject: 80 degrees\r\n\r\n"[..];
    while let Err(nb::Error::WouldBlock) = sender.poll(&mut stack, outside.ask(), &mut message) {}
}
