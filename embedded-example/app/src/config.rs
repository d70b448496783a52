//! What the endpoint offers and allows.

use core::time::Duration;

use ehlo::capability::Extensions;
use ehlo::limits::Limits;
use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::Config;

use crate::users::ITERATIONS;

/// What the board calls itself.
pub const HOSTNAME: &str = "board.example";

/// Octets to receive into: the longest line of a command or of AUTH.
pub const RECEIVE: usize = 1024;
/// Octets to send from.
pub const SEND: usize = 512;

/// The configuration, with messages of so many octets at most. The `secret` makes salts for users who
/// don't exist: random, and the same for as long as the board runs.
#[must_use]
pub fn config(max_message: u64, secret: &'static [u8; 16]) -> Config<'static> {
    const OFFERED: Extensions = Extensions::PIPELINING
        .with(Extensions::SIZE)
        .with(Extensions::EIGHT_BIT_MIME)
        .with(Extensions::SMTPUTF8)
        .with(Extensions::CHUNKING)
        .with(Extensions::ENHANCED_STATUS_CODES);
    let mechanisms =
        &[Mechanism::ScramSha256, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];
    Config::new(HOSTNAME)
        .auth(mechanisms)
        .extensions(OFFERED)
        .limits(limits())
        .policy(in_clear())
        .max_message(max_message)
        .scram_decoys(secret, ITERATIONS)
        .reply_notices()
}

/// **Not fit for production.** There is no TLS in these endpoints, and AUTH is offered all the same: PLAIN
/// and LOGIN show the password to everybody on the way. The default is to refuse AUTH without TLS, so this
/// has to be said. On a network that others can listen to, offer SCRAM-SHA-256 alone, or use TLS.
fn in_clear() -> Policy {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    policy
}

/// There are few sockets: who guesses passwords, doesn't read or doesn't end goes sooner than a large server
/// would have it. For a command there are the five minutes of RFC 5321 section 4.5.3.2.7 all the same.
fn limits() -> Limits {
    let mut limits = Limits::new();
    limits.command_line = RECEIVE;
    limits.auth_line = RECEIVE;
    limits.recipients = 100;
    limits.transactions = 100;
    limits.auth_failures = 3;
    limits.write_timeout = Duration::from_secs(60);
    limits.connection_timeout = Duration::from_secs(15 * 60);
    limits
}
