//! What a server logs of its sessions: a line for each message, and why something was refused.

use ehlo::reply::DefaultReply;
use ehlo::server::guard::Notice;
use tracing::{debug, info};

use super::{Receipt, Recipient, SessionInfo, Verdict};

/// The line of a message in the log.
pub(super) fn concluded<I>(info: &SessionInfo<I>, verdict: &Verdict<Receipt>, size: u64) {
    let Some(envelope) = &info.envelope else { return };
    let to: Vec<&str> = envelope.recipients.iter().map(Recipient::forward_path).collect();
    let (from, to) = (envelope.reverse_path(), to.join(","));
    let (session, peer, user) = (info.id, info.peer, &info.username);
    let mechanism = info.facts.mechanism.map_or("", |mechanism| mechanism.name());
    let tls = info.tls.as_deref().map_or("", |tls| tls.version());
    match verdict {
        Ok(Receipt(id)) => {
            let id = id.as_deref().unwrap_or_default();
            info!(session, %peer, user, mechanism, tls, from, to, size, id, "message accepted");
        }
        Err(no) => {
            info!(session, %peer, user, mechanism, tls, from, to, size, reply = %no, "message refused");
        }
    }
}

/// Logs what the machine did on its own account.
pub(super) fn tell<I>(info: &SessionInfo<I>, notice: &Notice<'_>) {
    let (session, peer) = (info.id, info.peer);
    if let Some(line) = notice.line() {
        info!(target: "ehlo::transcript", session, "C: {line}");
    }
    if let Some(reply) = notice.reply() {
        let code = reply.reply().code();
        match why(reply) {
            Some(why) => info!(session, %peer, %code, why, "refused"),
            None => debug!(session, %peer, %code, ?reply, "refused"),
        }
    }
}

/// What an operator should know of a refusal the client is only told the code of.
fn why(reply: DefaultReply) -> Option<&'static str> {
    Some(match reply {
        DefaultReply::AuthNeedsTls => {
            "AUTH is hidden and refused until TLS is active; clear-text AUTH would have to be allowed"
        }
        DefaultReply::AuthRequired => "the client has not authenticated",
        DefaultReply::TlsRequired => {
            "the client has not started TLS, without which there is no AUTH"
        }
        DefaultReply::AuthUnknownMechanism => {
            "the client asked for a mechanism that is not offered"
        }
        DefaultReply::BareNewlineInData => {
            "a line of the message ends in a bare CR or LF (RFC 5321 section 2.3.8)"
        }
        DefaultReply::PlaintextBehindStartTls => "octets behind STARTTLS: a plaintext injection",
        DefaultReply::MessageTooBig => "the message is larger than the limit",
        DefaultReply::TooManyAuthFailures => "too many failed authentications",
        DefaultReply::TooManyErrors => "too many bad commands in a row",
        DefaultReply::TooManyUnauthenticated => "too many commands before authentication",
        DefaultReply::TimedOut => "the client took too long",
        _ => return None,
    })
}
