//! A sensor that submits a message and says each command itself.

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::{Connection, Event, NotSent, To};
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::Exchange;

use crate::board;
use crate::sender::{CONFIG, credentials};

/// What there is of a connection besides its two buffers.
pub type State = Connection<'static, [u8; 0], [u8; 0]>;

/// What is to be said next.
#[derive(Clone, Copy)]
enum Step {
    StartTls,
    Login,
    Mail,
    Rcpt,
    Data,
    Quit,
}

#[cfg(feature = "plain")]
const MECHANISM: Mechanism = Mechanism::Plain;
#[cfg(not(feature = "plain"))]
const MECHANISM: Mechanism = Mechanism::External;

/// Sends a message; whether the server has taken it.
#[inline(never)]
pub fn send(message: &[u8], rx: &mut [u8], tx: &mut [u8]) -> bool {
    let Ok(mut exchange) = Exchange::new(MECHANISM, credentials()) else { return false };
    let Ok(from) = ReversePath::parse("<sensor@example.org>") else { return false };
    let Ok(to) = ForwardPath::parse("<me@example.org>") else { return false };
    let mut connection = Connection::new(&CONFIG, rx, tx);
    let mut rest = message;
    let mut step = Step::StartTls;
    let mut sent = false;
    loop {
        while let Some(io) = connection.poll_io() {
            match io {
                Io::Read(mut read) => {
                    let seconds = read.deadline().after.as_secs();
                    match board::read(read.space(), seconds) {
                        Some(n) => read.filled(n),
                        None => connection.handle_timeout(),
                    }
                }
                Io::Write(write) => {
                    match board::write(write.bytes(), write.deadline().after.as_secs()) {
                        Some(n) => write.sent(n),
                        None => connection.handle_write_lost(),
                    }
                }
                Io::Wait(_) => connection.handle_timeout(),
            }
        }
        match connection.event() {
            Some(Event::Reply(reply)) => {
                if !reply.is_positive() {
                    step = Step::Quit;
                }
                sent |= reply.to() == To::Message && reply.is_positive();
                reply.done();
            }
            Some(Event::Upgrade(upgrade)) => {
                if board::tls() {
                    upgrade.done(Some(CONFIG.host()));
                } else {
                    upgrade.failed();
                }
            }
            Some(Event::Ready(mut ready)) => {
                let (said, next) = match step {
                    Step::StartTls => (ready.starttls(), Step::Login),
                    Step::Login => (ready.auth(&mut exchange), Step::Mail),
                    Step::Mail => (ready.mail(from, &MailParameters::default()), Step::Rcpt),
                    Step::Rcpt => (ready.rcpt(to, &RcptParameters::default()), Step::Data),
                    Step::Data => (ready.data(), Step::Quit),
                    Step::Quit => (ready.quit(), Step::Quit),
                };
                match said {
                    Ok(()) => step = next,
                    Err(NotSent::Later) => {}
                    Err(_) => step = Step::Quit,
                }
            }
            Some(Event::Challenge(challenge)) => {
                let _ = challenge.respond(&mut exchange);
            }
            Some(Event::Content(mut content)) => match content.write(rest) {
                Ok(n) => {
                    rest = rest.get(n..).unwrap_or(&[]);
                    if rest.is_empty() {
                        let _ = content.finish();
                    }
                }
                Err(_) => content.abort(),
            },
            Some(Event::Closed(_)) => return sent,
            None => {}
            Some(other) => other.pass_or_quit(),
        }
    }
}
