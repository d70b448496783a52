//! A connection that says every command.

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::guard::Ready;
use ehlo::client::{Config, Connection, Event};
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::reply::Enhanced;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, Exchange};

use crate::Outside;

/// One connection, until it is over.
pub(crate) fn drive(
    config: &Config<'_>,
    credentials: Option<Credentials<'_>>,
    outside: &Outside<'_>,
) {
    let (mut rx, mut tx) = ([0; 512], [0; 512]);
    let (rx, tx): (&mut [u8], &mut [u8]) = (&mut rx, &mut tx);
    let mut connection = Connection::new(config, rx, tx);
    let mut exchange = None;
    loop {
        match connection.poll_io() {
            Some(Io::Read(mut read)) => {
                let space = read.space();
                let n = (outside.read)(space.as_mut_ptr(), space.len());
                match n {
                    usize::MAX => connection.handle_timeout(),
                    0xFFFF => connection.handle_lost(),
                    0xFFFE => connection.handle_write_lost(),
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
            Some(Event::Ready(ready)) => {
                if let Some(credentials) = credentials.filter(|_| exchange.is_none()) {
                    exchange = begin(credentials, outside);
                }
                say(ready, &mut exchange, outside);
            }
            Some(Event::Challenge(challenge)) => match &mut exchange {
                Some(exchange) if outside.decide(40, challenge.text().unwrap_or(b"")) == 0 => {
                    let _ = challenge.respond(exchange);
                }
                _ => {
                    let _ = challenge.respond_with(outside.message);
                }
            },
            Some(Event::Content(mut content)) => match outside.decide(41, b"") {
                0 => content.flush(),
                1 => {
                    let _ = content.finish();
                }
                2 if content.remaining() == Some(outside.number) => content.abort(),
                _ => {
                    let _ = content.write(outside.message);
                }
            },
            Some(Event::Reply(reply)) => {
                let received = reply.received();
                let enhanced = received.enhanced() == Some(Enhanced::NO_SUCH_MAILBOX);
                outside.decide(42 + u8::from(enhanced), &[received.code().class()]);
                reply.done();
            }
            Some(other) => other.pass_or_quit(),
            None => {}
        }
    }
}

/// An exchange by any mechanism.
fn begin<'a>(credentials: Credentials<'a>, outside: &Outside<'a>) -> Option<Exchange<'a>> {
    let mechanism = Mechanism::KNOWN.get(usize::from(outside.decide(50, b"")))?;
    Exchange::new(*mechanism, credentials).ok()
}

/// Says one command or two.
fn say(mut ready: Ready<'_>, exchange: &mut Option<Exchange<'_>>, outside: &Outside<'_>) {
    let parameters = MailParameters::parse(outside.text).unwrap_or_default();
    let of_rcpt = RcptParameters::parse(outside.text).unwrap_or_default();
    if let Ok(path) = ReversePath::parse(outside.from) {
        let _ = ready.mail(path, &parameters);
    }
    if let Ok(path) = ForwardPath::parse(outside.to) {
        let _ = ready.rcpt(path, &of_rcpt);
    }
    let last = outside.number % 2 == 0;
    let _ = match (outside.decide(51, b""), exchange) {
        (0, _) => ready.rset(),
        (1, _) => ready.data(),
        (2, _) => ready.bdat(outside.number, last),
        (3, Some(exchange)) => ready.auth(exchange),
        (4, Some(exchange)) => ready.auth_in_two_steps(exchange),
        (5, _) => ready.starttls(),
        (6, _) => ready.noop(),
        (7, _) => ready.vrfy(outside.text),
        (8, _) => ready.expn(outside.text),
        (9, _) => ready.help(),
        (10, Some(exchange)) => ready.auth_with(exchange.mechanism(), None),
        (11, _) => {
            let own = Mechanism::Application("X-OWN");
            ready.auth_with(own, Some(outside.message))
        }
        _ => ready.quit(),
    };
}
