//! A whole server connection, driven by functions that the compiler can't see through.
//!
//! `cargo xtask no-panic` links this: the panic handler calls what does not exist.

#![no_std]

use ehlo::capability::Extensions;
use ehlo::io::Io;
use ehlo::reply::Refusal;
use ehlo::sasl::Mechanism;
#[cfg(feature = "mechanisms")]
use ehlo::sasl::{ChannelBinding, ScramKeys};
use ehlo::server::{Config, Connection, Event, Identity};

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { a_panic_is_reachable() }
}

/// Everything outside the machine.
#[repr(C)]
pub struct Outside {
    /// Fills the octets; how many, which is not to be believed.
    read: extern "C" fn(*mut u8, usize) -> usize,
    /// Takes the octets; how many, which is not to be believed.
    write: extern "C" fn(*const u8, usize) -> usize,
    /// What to do about a kind of event and its text.
    decide: extern "C" fn(u8, *const u8, usize) -> u8,
}

impl Outside {
    fn decide(&self, kind: u8, text: &[u8]) -> Verdict {
        match (self.decide)(kind, text.as_ptr(), text.len()) {
            0 => Verdict::Accept,
            1 => Verdict::Refuse(Refusal::permanent("5.7.1 not from here")),
            2 => Verdict::Refuse(Refusal::transient("4.3.0 not now")),
            3 => Verdict::Special,
            _ => Verdict::Decline,
        }
    }
}

enum Verdict {
    Accept,
    Refuse(Refusal<'static>),
    Special,
    Decline,
}

const EXTENSIONS: Extensions = Extensions::DEFAULT
    .with(Extensions::STARTTLS)
    .with(Extensions::REQUIRETLS)
    .with(Extensions::DELIVERBY)
    .with(Extensions::FUTURERELEASE)
    .with(Extensions::MT_PRIORITY)
    .with(Extensions::ETRN);

static CONFIG: Config<'static> =
    Config::new("sensor.example").auth(Mechanism::KNOWN).extensions(EXTENSIONS).notices();
static LMTP: Config<'static> = Config::new("sensor.example").lmtp();

/// What the linker is told to keep: one connection, until it is over.
#[unsafe(no_mangle)]
pub extern "C" fn probe(outside: &Outside, seed: &[u8; 16]) {
    let (mut rx, mut spare, mut tx) = ([0; 1024], [0; 512], [0; 512]);
    let (rx, spare, tx): (&mut [u8], &mut [u8], &mut [u8]) = (&mut rx, &mut spare, &mut tx);
    let config = if matches!(outside.decide(0, b""), Verdict::Special) { &LMTP } else { &CONFIG };
    let mut connection = Connection::new(config, rx, tx, *seed);
    if let Ok(old) = connection.replace_receive_buffer(spare) {
        let _ = connection.replace_receive_buffer(old);
    }
    loop {
        match connection.poll_io() {
            Some(Io::Read(mut read)) => {
                let space = read.space();
                let n = (outside.read)(space.as_mut_ptr(), space.len());
                match n {
                    usize::MAX => connection.handle_timeout(),
                    0xFFFF => connection.handle_lost(),
                    0xFFFE => connection.handle_shutdown(),
                    n => read.filled(n),
                }
            }
            Some(Io::Write(write)) => {
                let octets = write.bytes();
                let n = (outside.write)(octets.as_ptr(), octets.len());
                write.sent(n);
            }
            Some(Io::Wait(_)) => connection.handle_timeout(),
            None => {}
        }
        match connection.event() {
            Some(Event::Closed(_)) => return,
            Some(event) => answer(event, outside),
            None => {}
        }
    }
}

/// Answers an event in one of the ways it can be answered.
fn answer(event: Event<'_>, outside: &Outside) {
    use Verdict::{Accept, Refuse, Special};
    match event {
        Event::Connected(connected) => match outside.decide(1, b"") {
            Refuse(refusal) => connected.refuse(&refusal),
            Special => connected.trust().allow_xclient().accept(),
            _ => connected.accept(),
        },
        Event::Hello(hello) => match outside.decide(2, hello.name().as_str().as_bytes()) {
            Refuse(refusal) => hello.refuse(&refusal),
            _ => hello.accept(),
        },
        Event::Upgrade(upgrade) => match outside.decide(3, b"") {
            Accept => upgrade.done(),
            _ => upgrade.failed(),
        },
        Event::Mail(mail) => match outside.decide(4, mail.reverse_path().as_str().as_bytes()) {
            Refuse(refusal) => mail.refuse(&refusal),
            _ if mail.parameters().size.is_some_and(|size| size > 4096) => {
                mail.refuse(&Refusal::permanent("5.3.4 too large for this board"));
            }
            _ => mail.accept(),
        },
        Event::Rcpt(rcpt) => match outside.decide(5, rcpt.forward_path().as_str().as_bytes()) {
            Refuse(refusal) => rcpt.refuse(&refusal),
            _ => rcpt.accept(),
        },
        Event::Data(data) => match outside.decide(6, b"") {
            Refuse(refusal) => data.refuse(&refusal),
            _ => data.accept(),
        },
        Event::Body(body) => {
            let octets = body.bytes();
            match (outside.decide)(7, octets.as_ptr(), octets.len()) {
                0 => body.done(),
                1 => body.refuse(&Refusal::transient("4.3.1 the store is full")),
                n => body.consume(usize::from(n)),
            }
        }
        Event::EndOfData(end) => match outside.decide(8, b"") {
            Refuse(refusal) => end.refuse(&refusal),
            Special => end.accept_with("queued as 7"),
            _ => end.accept(),
        },
        Event::Verify(verify) => match outside.decide(9, verify.text().as_bytes()) {
            Refuse(refusal) => verify.refuse(&refusal),
            Accept => verify.accept("<postmaster@sensor.example>"),
            _ => verify.decline(),
        },
        Event::Expand(expand) => match outside.decide(10, expand.text().as_bytes()) {
            Refuse(refusal) => expand.refuse(&refusal),
            Accept => expand.accept(&["<a@sensor.example>", "<b@sensor.example>"]),
            _ => expand.decline(),
        },
        Event::Etrn(etrn) => match outside.decide(11, etrn.text().as_bytes()) {
            Refuse(refusal) => etrn.refuse(&refusal),
            _ => etrn.accept(),
        },
        Event::Xclient(xclient) => match outside.decide(12, b"") {
            Refuse(refusal) => xclient.refuse(&refusal),
            Special if xclient.attributes().find("LOGIN").is_some() => {
                xclient.accept_login(Some(Identity(1)));
            }
            _ => xclient.accept(),
        },
        Event::Xforward(xforward) => match outside.decide(13, b"") {
            Refuse(refusal) => xforward.refuse(&refusal),
            _ => xforward.accept(),
        },
        Event::Aborted(aborted) => aborted.done(),
        Event::Notice(notice) => notice.done(),
        other => authenticate(other, outside),
    }
}

/// Answers the events of AUTH.
fn authenticate(event: Event<'_>, outside: &Outside) {
    use Verdict::{Accept, Refuse, Special};
    match event {
        Event::Login(login) => match outside.decide(20, login.username().as_bytes()) {
            Refuse(refusal) => login.refuse(&refusal),
            Special => login.unavailable(),
            Accept if login.password().matches(b"secret") => login.accept(),
            _ => login.reject(),
        },
        #[cfg(feature = "mechanisms")]
        Event::CramMd5(login) => match outside.decide(21, login.username().as_bytes()) {
            Refuse(refusal) => login.refuse(&refusal),
            Special => login.unavailable(),
            Accept if login.verify(b"secret") => login.accept_as(Identity(2)),
            _ => login.reject(),
        },
        #[cfg(any(feature = "mechanisms", feature = "passwords"))]
        Event::Token(login) => match outside.decide(22, login.token().expose().as_bytes()) {
            Refuse(refusal) => login.refuse(&refusal),
            Special => login.unavailable(),
            Accept if login.username().is_some() => login.accept(),
            _ => login.reject(),
        },
        #[cfg(feature = "mechanisms")]
        Event::ScramKeys(query) => {
            match outside.decide(26, query.username().as_encoded().as_bytes()) {
                Refuse(refusal) => query.refuse(&refusal),
                Special => query.unavailable(),
                Accept => {
                    let salt = query.username().as_encoded().as_bytes();
                    let rounds = salt.len() as u32;
                    let keys = ScramKeys::derive(query.hash(), salt, salt, rounds);
                    let binding =
                        query.channel_binding().and_then(|kind| ChannelBinding::new(kind, salt));
                    let query = match binding {
                        Some(binding) => query.bind(binding).identity(Identity(3)),
                        None => query,
                    };
                    match keys {
                        Ok(keys) => {
                            query.keys(&keys);
                        }
                        Err(_) => query.unknown(),
                    }
                }
                _ => query.unknown(),
            }
        }
        #[cfg(feature = "mechanisms")]
        Event::DigestMd5(login) => match outside.decide(27, login.username().as_bytes()) {
            Refuse(refusal) => login.refuse(&refusal),
            Special => login.unavailable(),
            Accept => {
                login.identity(Identity(4)).password(b"secret");
            }
            _ => login.unknown(),
        },
        #[cfg(feature = "mechanisms")]
        Event::Exchange(exchange) if exchange.is_first() => {
            kerberos(exchange.response().unwrap_or(b""), outside);
            exchange.reject();
        }
        #[cfg(feature = "mechanisms")]
        Event::Ntlm(login) => match outside.decide(28, b"") {
            Refuse(refusal) => login.refuse(&refusal),
            Special => login.unavailable(),
            Accept if login.username() == *"tim" && login.verify_password("secret") => {
                login.accept_as(Identity(5));
            }
            _ => login.reject(),
        },
        Event::Exchange(exchange) => match outside.decide(23, exchange.response().unwrap_or(b"")) {
            Refuse(refusal) => exchange.refuse(&refusal),
            Accept => exchange.accept(),
            Special => {
                if let Err(exchange) = exchange.challenge(b"again") {
                    exchange.reject();
                }
            }
            _ => exchange.reject(),
        },
        Event::External(login) => match outside.decide(24, b"") {
            Accept => login.accept(),
            _ => login.reject(),
        },
        Event::Anonymous(login) => match outside.decide(25, login.trace().as_bytes()) {
            Accept => login.accept(),
            _ => login.reject(),
        },
        other => other.decline(),
    }
}

/// A whole exchange of GSSAPI with a library that says anything.
#[cfg(feature = "mechanisms")]
fn kerberos(response: &[u8], outside: &Outside) {
    use ehlo::sasl::gssapi::{Error, Next, Server};
    let mut server = Server::new();
    for round in 0..4 {
        let done = match server.response(response) {
            Ok(Next::Context(token)) => {
                let established =
                    matches!(outside.decide(60, token.unwrap_or(b"")), Verdict::Accept);
                server.context(established, response).map(|_| ())
            }
            Ok(Next::Unwrap(token)) => server.chosen(token).map(|who| {
                outside.decide(61 + round, who.unwrap_or_default().as_bytes());
            }),
            Ok(_) => Ok(()),
            Err(why) => Err(why),
        };
        if done == Err(Error::Order) {
            break;
        }
    }
}
