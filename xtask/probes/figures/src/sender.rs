//! A sensor that submits a message: the whole journey is the core's.

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::submission::{Event, Security, Submission};
use ehlo::client::{Config, To};
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::sasl::client::Credentials;
#[cfg(any(feature = "digest-md5", feature = "ntlm"))]
use ehlo::sasl::{Mechanism, client::Rules};

use crate::board;

/// What there is of a submission besides its two buffers.
pub type State = Submission<'static, [u8; 0], [u8; 0]>;

const HOST: &str = "mail.example.org";
const FROM: &str = "<sensor@example.org>";
const TO: &str = "<me@example.org>";
#[cfg(any(feature = "password", feature = "oauth"))]
const USERNAME: &str = "sensor@example.org";
#[cfg(any(feature = "password", feature = "oauth"))]
const SECRET: &str = "tanstaaf";

#[cfg(not(any(feature = "digest-md5", feature = "ntlm")))]
pub(crate) static CONFIG: Config<'static> = Config::new("sensor.local", HOST);

/// Those that are historic have to be asked for.
#[cfg(any(feature = "digest-md5", feature = "ntlm"))]
pub(crate) static CONFIG: Config<'static> =
    Config::new("sensor.local", HOST).auth(Rules::new().prefer(Mechanism::KNOWN));

/// All that may be shown to the server. Without another mechanism there is EXTERNAL alone.
pub(crate) fn credentials() -> Credentials<'static> {
    #[cfg(feature = "password")]
    let credentials = Credentials::password(USERNAME, SECRET);
    #[cfg(all(feature = "password", feature = "oauth"))]
    let credentials = credentials.or_token(SECRET);
    #[cfg(all(not(feature = "password"), feature = "oauth"))]
    let credentials = Credentials::token(USERNAME, SECRET);
    #[cfg(not(any(feature = "password", feature = "oauth")))]
    let credentials = Credentials::certificate();
    #[cfg(feature = "nonce")]
    let credentials = credentials.nonce(board::random());
    credentials
}

/// Sends a message; whether the server has taken it.
#[inline(never)]
pub fn send(message: &[u8], rx: &mut [u8], tx: &mut [u8]) -> bool {
    let mut submission = Submission::new(&CONFIG, Security::StartTls, Some(credentials()), rx, tx);
    let mut rest = message;
    let (mut sent, mut begun) = (false, false);
    loop {
        while let Some(io) = submission.poll_io() {
            match io {
                Io::Read(mut read) => {
                    let seconds = read.deadline().after.as_secs();
                    match board::read(read.space(), seconds) {
                        Some(n) => read.filled(n),
                        None => submission.handle_timeout(),
                    }
                }
                Io::Write(write) => {
                    match board::write(write.bytes(), write.deadline().after.as_secs()) {
                        Some(n) => write.sent(n),
                        None => submission.handle_write_lost(),
                    }
                }
                Io::Wait(_) => submission.handle_timeout(),
            }
        }
        match submission.event() {
            Some(Event::Reply(reply)) => {
                sent |= reply.to() == To::Message && reply.is_positive();
                reply.done();
            }
            Some(Event::Upgrade(upgrade)) => {
                if board::tls() {
                    upgrade.done(Some(HOST));
                } else {
                    upgrade.failed();
                }
            }
            #[cfg(feature = "scram")]
            Some(Event::Derive(mut derive)) => {
                derive.run(64);
            }
            Some(Event::Next(next)) if !begun => {
                begun = true;
                let Ok(path) = ReversePath::parse(FROM) else { return false };
                let _ = next.begin(path, &MailParameters::default());
            }
            Some(Event::Recipient(recipient)) if recipient.index() == 0 => {
                let Ok(path) = ForwardPath::parse(TO) else { return false };
                let _ = recipient.add(path, &RcptParameters::default());
            }
            Some(Event::Recipient(recipient)) => recipient.no_more(),
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
            Some(other) => other.give_up(),
            None => {}
        }
    }
}
