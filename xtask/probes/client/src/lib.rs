//! A client that sends a message, driven by functions that the compiler can't see through.
//!
//! `cargo xtask no-panic` links this: the panic handler calls what does not exist. Without features it
//! is what a sensor has: a submission under TLS, with a password for PLAIN.

#![no_std]

use ehlo::address::{ForwardPath, ReversePath};
#[cfg(feature = "mechanisms")]
use ehlo::client::Newlines;
use ehlo::client::submission::{Event, Failure, Security, Submission};
use ehlo::client::{Config, Connection, To};
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
#[cfg(feature = "mechanisms")]
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::Credentials;
#[cfg(feature = "mechanisms")]
use ehlo::sasl::client::Rules;
#[cfg(feature = "mechanisms")]
use ehlo::sasl::{BindingKind, ChannelBinding};

#[cfg(feature = "commands")]
mod commands;

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { a_panic_is_reachable() }
}

/// As large as a connection without its buffers. Nothing needs it, so the linker drops it.
#[unsafe(no_mangle)]
pub static SIZE_OF_CONNECTION: [u8; size_of::<Connection<'_, [u8; 0]>>()] =
    [0; size_of::<Connection<'_, [u8; 0]>>()];

/// As large as a submission without its buffers.
#[unsafe(no_mangle)]
pub static SIZE_OF_SUBMISSION: [u8; size_of::<Submission<'_, [u8; 0]>>()] =
    [0; size_of::<Submission<'_, [u8; 0]>>()];

/// Everything outside the machine.
pub struct Outside<'a> {
    /// Fills the octets; how many, which is not to be believed.
    read: extern "C" fn(*mut u8, usize) -> usize,
    /// Takes the octets; how many, which is not to be believed.
    write: extern "C" fn(*const u8, usize) -> usize,
    /// What to do about a kind of event and its text.
    decide: extern "C" fn(u8, *const u8, usize) -> u8,
    /// Texts and a number, none of which is to be believed.
    username: &'a str,
    secret: &'a str,
    from: &'a str,
    to: &'a str,
    text: &'a str,
    message: &'a [u8],
    #[cfg(feature = "commands")]
    number: u64,
}

impl Outside<'_> {
    fn decide(&self, kind: u8, text: &[u8]) -> u8 {
        (self.decide)(kind, text.as_ptr(), text.len())
    }
}

/// What the linker is told to keep.
#[unsafe(no_mangle)]
pub fn probe(outside: &Outside<'_>) {
    submit(outside);
}

/// The sensor's: a password, and TLS or nothing.
#[cfg(not(feature = "mechanisms"))]
fn submit(outside: &Outside<'_>) {
    static CONFIG: Config<'static> = Config::new("sensor.example", "mail.example.org");
    let credentials = Credentials::password(outside.username, outside.secret);
    drive(&CONFIG, Security::StartTls, Some(credentials), outside);
}

/// Whatever there is.
#[cfg(feature = "mechanisms")]
fn submit(outside: &Outside<'_>) {
    let Outside { username, secret, text, .. } = *outside;
    let mut config = Config::new(username, text).port(25);
    let rules = Rules::new();
    for choice in 0..8 {
        config = match (outside.decide(choice, b""), choice) {
            (0, 0) => config.lmtp(),
            (0, 1) => config.strict_prompts(),
            (0, 2) => config.legacy_auth(),
            (0, 3) => config.next_mechanism_after_refusal(),
            (0, 4) => config.newlines(Newlines::Refuse),
            (0, 5) => config.auth(rules.dangerous_cleartext()),
            (0, 6) => config.auth(rules.dangerous_unverified()),
            (0, 7) => config.auth(rules.prefer(Mechanism::KNOWN)),
            _ => config,
        };
    }
    let security = match outside.decide(20, b"") {
        0 => Security::Cleartext,
        1 => Security::Implicit,
        _ => Security::StartTls,
    };
    let credentials = match outside.decide(21, b"") {
        #[cfg(feature = "mechanisms")]
        5 => Some(Credentials::password(username, secret).nonce([outside.text.len() as u8; 16])),
        0 => Some(Credentials::password(username, secret).authorization_identity(text)),
        1 => Some(Credentials::token(username, secret)),
        2 => Some(Credentials::certificate().authorization_identity(username)),
        3 => Some(Credentials::anonymous(text)),
        4 => Some(Credentials::password(username, secret).or_token(text).or_certificate()),
        6 => Some(Credentials::password(username, secret).or_application()),
        7 => Some(Credentials::application()),
        _ => None,
    };
    drive(&config, security, credentials, outside);
    #[cfg(feature = "commands")]
    commands::drive(&config, credentials, outside);
}

/// A whole exchange of GSSAPI with a library that says anything, of which a message is left.
#[cfg(feature = "mechanisms")]
fn kerberos<'a>(challenge: Option<&[u8]>, outside: &Outside<'a>) -> (&'a [u8], bool) {
    use ehlo::sasl::gssapi::Next;
    let mut client = ehlo::sasl::gssapi::Client::new();
    let mut out = [0; 64];
    for round in 0..4 {
        let done = match client.challenge(challenge) {
            Ok(Next::Context(token)) => {
                let established = outside.decide(60 + round, token.unwrap_or(b"")) == 0;
                client.context(established, outside.message).map(|_| ())
            }
            Ok(Next::Unwrap(token)) => {
                outside.decide(64, token);
                let who = (round == 2).then_some(outside.text);
                client.choose(outside.message, who, &mut out).map(|choice| {
                    outside.decide(65, choice);
                })
            }
            Ok(_) => Ok(()),
            Err(why) => Err(why),
        };
        if let Err(ehlo::sasl::gssapi::Error::Order) = done {
            break;
        }
    }
    (outside.message, client.is_complete())
}

/// One submission, until it is over.
fn drive(
    config: &Config<'_>,
    security: Security,
    credentials: Option<Credentials<'_>>,
    outside: &Outside<'_>,
) {
    let (mut rx, mut tx) = ([0; 512], [0; 512]);
    let (rx, tx): (&mut [u8], &mut [u8]) = (&mut rx, &mut tx);
    let mut submission = Submission::new(config, security, credentials, rx, tx);
    #[cfg(feature = "mechanisms")]
    if security == Security::Implicit {
        submission = submission.implicit_tls(Some(outside.text));
    }
    let mut rest = outside.message;
    loop {
        match submission.poll_io() {
            Some(Io::Read(mut read)) => {
                let space = read.space();
                let n = (outside.read)(space.as_mut_ptr(), space.len());
                match n {
                    usize::MAX => submission.handle_timeout(),
                    0xFFFF => submission.handle_lost(),
                    0xFFFE => submission.handle_write_lost(),
                    n => read.filled(n),
                }
            }
            Some(Io::Write(write)) => {
                let octets = write.bytes();
                let n = (outside.write)(octets.as_ptr(), octets.len());
                write.sent(n);
            }
            Some(Io::Wait(_)) => submission.handle_timeout(),
            None => {}
        }
        match submission.event() {
            Some(Event::Closed(_)) => return,
            Some(event) => answer(event, outside, &mut rest),
            None => {}
        }
    }
}

/// Answers an event.
fn answer(event: Event<'_>, outside: &Outside<'_>, rest: &mut &[u8]) {
    match event {
        Event::Reply(reply) => {
            if matches!(reply.to(), To::Message | To::Rcpt) || !reply.is_positive() {
                let kind = 30 + u8::from(reply.is_positive());
                outside.decide(kind, reply.received().lines().next().unwrap_or(b""));
            }
            reply.done();
        }
        Event::Upgrade(upgrade) => match outside.decide(32, b"") {
            #[cfg(feature = "mechanisms")]
            2 => match ChannelBinding::new(BindingKind::TlsExporter, outside.text.as_bytes()) {
                Some(binding) => upgrade.bind(binding).done(Some(outside.text)),
                None => upgrade.failed(),
            },
            0 => upgrade.done(Some(outside.text)),
            1 => upgrade.done(None),
            _ => upgrade.failed(),
        },
        #[cfg(feature = "mechanisms")]
        Event::Derive(mut derive) => {
            derive.run(100);
        }
        #[cfg(feature = "mechanisms")]
        Event::Exchange(exchange) => {
            let (said, _) = kerberos(exchange.challenge(), outside);
            let _ = match outside
                .decide(37 + exchange.index(), exchange.mechanism().name().as_bytes())
            {
                0 => exchange.respond(said),
                1 => exchange.complete(said),
                2 => exchange.wait(),
                _ => {
                    exchange.cancel();
                    Ok(())
                }
            };
        }
        Event::TokenRefused(refused) => {
            outside.decide(33, refused.reason());
            refused.done();
        }
        Event::Next(next) => {
            let mut parameters = MailParameters::default();
            parameters.size = Some(outside.message.len() as u64);
            match ReversePath::parse(outside.from) {
                #[cfg(feature = "commands")]
                Ok(path) if outside.decide(34, b"") == 0 => {
                    let _ = next.begin_chunk(path, &parameters, outside.number);
                }
                Ok(path) if outside.decide(35, b"") == 0 => {
                    let _ = next.begin(path, &parameters);
                }
                _ => next.quit(),
            }
        }
        Event::Recipient(recipient) => match ForwardPath::parse(outside.to) {
            Ok(path) if recipient.index() == 0 => {
                let _ = recipient.add(path, &RcptParameters::default());
            }
            Ok(_) => recipient.no_more(),
            Err(_) => recipient.cancel(),
        },
        Event::Content(mut content) => {
            let Ok(n) = content.write(rest) else { return content.abort() };
            *rest = rest.get(n..).unwrap_or(&[]);
            if rest.is_empty() {
                let _ = content.finish();
            }
        }
        Event::Failed(failed) => {
            outside.decide(36, if failed.reason() == Failure::NoStartTls { b"tls" } else { b"" });
            failed.done();
        }
        other => other.give_up(),
    }
}
