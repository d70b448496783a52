//! A submission endpoint: one user, and messages that are stored.

use ehlo::io::Io;
use ehlo::policy::Policy;
use ehlo::reply::Refusal;
use ehlo::sasl::Mechanism;
#[cfg(feature = "scram")]
use ehlo::sasl::{ScramHash, ScramKeys};
use ehlo::server::{Config, Connection, Event};

use crate::board;

/// What there is of a connection besides its two buffers.
pub type State = Connection<'static, [u8; 0], [u8; 0]>;

#[cfg(any(feature = "password", feature = "oauth"))]
const USERNAME: &str = "sensor";
#[cfg(feature = "oauth")]
const TOKEN: &[u8] = b"tanstaaf";
#[cfg(feature = "password")]
const PASSWORD: &str = "tanstaaf";

/// The password is not on the board where SCRAM is: this is what its flash has.
#[cfg(feature = "scram")]
static SALT: [u8; 16] = [0x5a; 16];
#[cfg(feature = "scram")]
static KEYS: [[u8; 64]; 2] = [[0xa5; 64], [0x96; 64]];

static CONFIG: Config<'static> = Config::new("sensor.local")
    .auth(&[
        #[cfg(feature = "scram-sha-512")]
        Mechanism::ScramSha512,
        #[cfg(feature = "scram-sha-256")]
        Mechanism::ScramSha256,
        #[cfg(feature = "scram-sha-1")]
        Mechanism::ScramSha1,
        #[cfg(feature = "cram-md5")]
        Mechanism::CramMd5,
        #[cfg(feature = "digest-md5")]
        Mechanism::DigestMd5,
        #[cfg(feature = "ntlm")]
        Mechanism::Ntlm,
        #[cfg(feature = "gssapi")]
        Mechanism::Gssapi,
        #[cfg(feature = "plain")]
        Mechanism::Plain,
        #[cfg(feature = "login")]
        Mechanism::Login,
        #[cfg(feature = "oauth")]
        Mechanism::OauthBearer,
        #[cfg(feature = "oauth")]
        Mechanism::Xoauth2,
        Mechanism::External,
    ])
    .policy(policy())
    .max_message(32 * 1024);

const fn policy() -> Policy {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    policy
}

/// Serves one client, until the connection is over.
#[inline(never)]
pub fn serve(rx: &mut [u8], tx: &mut [u8]) {
    let mut connection = Connection::new(&CONFIG, rx, tx, board::random());
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
                        None => connection.handle_lost(),
                    }
                }
                Io::Wait(deadline) => {
                    board::wait(deadline.after.as_secs());
                    connection.handle_timeout();
                }
            }
        }
        match connection.event() {
            Some(Event::Closed(_)) => return,
            Some(event) => answer(event),
            None => {}
        }
    }
}

fn answer(event: Event<'_>) {
    match event {
        #[cfg(any(feature = "plain", feature = "login"))]
        Event::Login(login) => {
            if login.username() == USERNAME && login.password().matches(PASSWORD.as_bytes()) {
                login.accept();
            } else {
                login.reject();
            }
        }
        #[cfg(feature = "cram-md5")]
        Event::CramMd5(login) => {
            if login.username() == USERNAME && login.verify(PASSWORD.as_bytes()) {
                login.accept();
            } else {
                login.reject();
            }
        }
        #[cfg(feature = "oauth")]
        Event::Token(login) => {
            if login.username().is_none_or(|name| name == USERNAME) && login.token().matches(TOKEN)
            {
                login.accept();
            } else {
                login.reject();
            }
        }
        #[cfg(feature = "scram")]
        Event::ScramKeys(query) => {
            let keys =
                if query.username().as_encoded() == USERNAME { keys(query.hash()) } else { None };
            match keys {
                Some(keys) => {
                    query.keys(&keys);
                }
                None => query.unknown(),
            }
        }
        #[cfg(feature = "digest-md5")]
        Event::DigestMd5(login) => {
            if login.username() == USERNAME {
                login.password(PASSWORD.as_bytes());
            } else {
                login.reject();
            }
        }
        #[cfg(feature = "ntlm")]
        Event::Ntlm(login) => {
            if login.username().chars().eq(USERNAME.chars()) && login.verify_password(PASSWORD) {
                login.accept();
            } else {
                login.reject();
            }
        }
        Event::Body(body) => {
            if board::store(body.bytes()) {
                body.done();
            } else {
                body.refuse(&Refusal::transient("4.3.1 no room"));
            }
        }
        Event::EndOfData(end) => {
            if board::commit() {
                end.accept();
            } else {
                end.refuse(&Refusal::transient("4.3.1 no room"));
            }
        }
        other => other.accept_or_decline(),
    }
}

#[cfg(feature = "scram")]
fn keys(hash: ScramHash) -> Option<ScramKeys> {
    let [stored_key, server_key] = &KEYS;
    ScramKeys::from_parts(
        hash,
        &SALT,
        4096,
        stored_key.get(..hash.len())?,
        server_key.get(..hash.len())?,
    )
    .ok()
}
