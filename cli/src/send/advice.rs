//! What an error means to whoever called: an exit code, a word, and what to do.

use ehlo::client::Closed;
use ehlo::client::Fault;
use ehlo::client::submission::Failure as Journey;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{ExchangeError, NoMechanism};
use ehlo_std::client::{Error, Recipient, Remedy};
use ehlo_std::connect::ConnectError;
use ehlo_std::tls::{CertificateFault, HandshakeError};

use super::Options;
use crate::exit;

/// The exit code.
pub(super) fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Server(_) => return exit::USAGE,
        Error::Recipients(recipients) => return exit_of_recipients(recipients),
        _ => {}
    }
    match error.remedy() {
        Remedy::Mend => exit::DATA,
        Remedy::Host => exit::NO_HOST,
        Remedy::Server => exit::UNAVAILABLE,
        Remedy::Later => exit::TRY_LATER,
        Remedy::Permission => exit::NO_PERMISSION,
    }
}

/// The exit code by the worst recipient: one that is refused for good, else one that is refused for now.
pub(super) fn exit_of_recipients(recipients: &[Recipient]) -> u8 {
    let mut refused = recipients.iter().filter(|recipient| !recipient.is_accepted()).peekable();
    if refused.peek().is_none() {
        0
    } else if refused.all(|recipient| recipient.reply().code().is_transient()) {
        exit::TRY_LATER
    } else {
        exit::NO_PERMISSION
    }
}

/// Where it went wrong, in a word that stays the same.
pub(super) fn kind(error: &Error) -> &'static str {
    match error {
        Error::Server(_) => "server",
        Error::Connect(ConnectError::Host { .. } | ConnectError::NotFound { .. }) => "host",
        Error::TlsSetup(_) | Error::Handshake(_) => "tls",
        #[cfg(feature = "gssapi")]
        Error::Kerberos(_) => "login",
        Error::Refused(_) => "refused",
        Error::Failed { failure, .. } => match failure {
            Journey::NoStartTls
            | Journey::StartTlsRefused(_)
            | Journey::Unverified
            | Journey::WrongHost => "tls",
            _ => "login",
        },
        Error::Sender(_) => "sender",
        Error::Recipients(_) => "recipients",
        Error::Message(_) | Error::NotSent(_) | Error::Content(_) | Error::Read(_) => "message",
        Error::TimedOut | Error::Closed(Closed::TimedOut) => "timeout",
        _ => "connection",
    }
}

/// The error, and what to do about it.
pub(super) fn text(error: &Error, options: &Options) -> String {
    let said = match error {
        // Each has a line of its own.
        Error::Recipients(_) => "the server refused every recipient".to_owned(),
        other => other.to_string(),
    };
    match advice(error, options) {
        Some(advice) => format!("{said}; {advice}"),
        None => said,
    }
}

fn advice(error: &Error, options: &Options) -> Option<&'static str> {
    let login = &options.login;
    let no_login = login.user.is_none() && !login.has_tickets() && !options.trust.has_certificate();
    Some(match error {
        Error::Connect(ConnectError::Unreachable { .. }) => {
            "is it the right port? 587 and 465 are usual for users, 25 for servers"
        }
        Error::Handshake(error) => match HandshakeError::of(error)? {
            HandshakeError::Certificate {
                fault: CertificateFault::UnknownIssuer { .. }, ..
            } => "--ca FILE says which certificate to trust",
            HandshakeError::Certificate { fault: CertificateFault::Unusable { .. }, .. }
                if options.trust.ca.is_some() =>
            {
                "or --ca FILE is an older one of the same name"
            }
            HandshakeError::NotTls { .. } => "--tls says which of the two",
            HandshakeError::Refused { .. } if no_login => {
                "--client-cert and --client-key are where it wants one"
            }
            _ => return None,
        },
        #[cfg(feature = "gssapi")]
        Error::Kerberos(_) if options.login.keytab.is_none() => {
            "`kinit` gets a ticket, --ccache says where it is, and --service-name whom it is for"
        }
        Error::Failed { failure, offered, .. } => return journey(*failure, offered, options),
        Error::Sender(reply) | Error::Message(reply) if no_login && wants_login(reply) => {
            "the server may want a login: --user NAME"
        }
        Error::Recipients(recipients)
            if no_login && recipients.iter().any(|found| wants_login(found.reply())) =>
        {
            "the server may want a login: --user NAME"
        }
        Error::Closed(Closed::TimedOut | Closed::EndOfFile) | Error::TimedOut
            if options.tls.is_none() && !options.server.starts_with("unix:") =>
        {
            "where it says nothing at all, it may want TLS from the first octet: --tls implicit"
        }
        Error::Closed(Closed::Fault(Fault::Syntax)) => "is it the right port?",
        _ => return None,
    })
}

/// Advice on what happened before the message.
fn journey(failure: Journey, offered: &[String], options: &Options) -> Option<&'static str> {
    Some(match failure {
        Journey::NoStartTls => {
            "--tls implicit is for ports with TLS from the first octet, and --tls none goes without: anybody on \
             the way can read and change the message then"
        }
        Journey::NoAuth if options.tls.is_some() => {
            "leave --user out to send without a login; it may offer a login only under TLS"
        }
        Journey::NoAuth => "leave --user out to send without a login",
        Journey::NoMechanism(NoMechanism::NothingInCommon) if !options.auth.is_empty() => {
            "--auth allows others"
        }
        Journey::NoMechanism(NoMechanism::NothingInCommon) if offered.is_empty() => return None,
        Journey::NoMechanism(NoMechanism::NothingInCommon) => {
            "a password (--user), a token (--token-env) or a certificate (--client-cert) is for some of them"
        }
        Journey::NoMechanism(NoMechanism::NeedsTls(_)) => {
            "--tls starttls or implicit; --dangerous-cleartext-auth sends it all the same"
        }
        Journey::NoMechanism(NoMechanism::NeedsVerifiedTls(_)) => {
            "--ca FILE says which certificate to trust"
        }
        Journey::AuthRefused(_, code) if code.is_permanent() => {
            "check --user and its password or token"
        }
        Journey::Exchange(mechanism, why) => return exchange(mechanism, why),
        _ => return None,
    })
}

/// Advice on an exchange that this side has ended: nothing was sent behind it.
fn exchange(mechanism: Mechanism, why: ExchangeError) -> Option<&'static str> {
    Some(match why {
        ExchangeError::NotProven if mechanism.name() == "GSSAPI" => {
            "another may answer in its place, so nothing was sent: check --server, and --service-name if the server has \
             another"
        }
        ExchangeError::NotProven => {
            "another may answer in its place, so nothing was sent: check --server and whose certificate it shows; \
             --auth PLAIN would give it the password"
        }
        ExchangeError::Refused if mechanism.has_channel_binding() => {
            "check --user and its password; if they are right, TLS ends at something between here and the server, and \
             --auth SCRAM-SHA-256 goes without being tied to it"
        }
        ExchangeError::Refused => "check --user and its password",
        ExchangeError::Iterations(count) if count < FEWEST => {
            "fewer than 4096 make a password easy to guess from what is said: whoever runs the server can have it ask \
             for more, and --auth PLAIN goes without them under TLS"
        }
        ExchangeError::Iterations(_) => {
            "to count so many would take minutes, and may be meant to: --auth PLAIN goes without them under TLS"
        }
        ExchangeError::Unsayable => {
            "no name may hold a quote or a backslash there: --auth chooses another mechanism, such as PLAIN"
        }
        ExchangeError::Malformed | ExchangeError::Unexpected | ExchangeError::UnknownPrompt => {
            "the server's way with this mechanism is not the usual one: --auth chooses another"
        }
        _ => return None,
    })
}

/// The fewest iterations that are counted (RFC 7677 section 4).
const FEWEST: u32 = 4096;

fn wants_login(reply: &ehlo_std::client::Reply) -> bool {
    let by_rule = |enhanced: ehlo::reply::Enhanced| enhanced.parts().1 == 7;
    reply.code().value() == 530 || reply.enhanced().is_some_and(by_rule)
}
