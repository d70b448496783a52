//! A session's events, brought to the hooks of a service.

use core::net::IpAddr;

use ehlo::reply::DefaultReply;
use ehlo::server::guard::{Notice, Token};
use ehlo::server::{Closed, Event};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{debug, info};

use super::service::Kind;
use super::{
    Body, Credentials, Envelope, Receipt, Recipient, Refuse, Service, SessionInfo, Shared,
};
use super::{Verdict, Welcome};
use crate::Session;

/// How a dialogue ended.
pub(super) enum Ended {
    /// The connection is over.
    Closed(Closed),
    /// TLS is to be started.
    Upgrade,
}

/// Runs a session until it is over or TLS is to be started.
///
/// What takes room only for a while is boxed: a session that waits for its client is small.
pub(super) async fn run<V: Service, S>(
    shared: &Shared<V>,
    session: &mut Session<'_, S>,
    info: &mut SessionInfo<V::Identity>,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let service = &shared.service;
    loop {
        core::future::poll_fn(|cx| session.poll_ready(cx)).await;
        info.facts = session.facts();
        let Some(event) = session.event() else { continue };
        match event {
            Event::Connected(connected) => {
                let connected = match shared.trusts_xclient(info.peer.ip()) {
                    true => connected.allow_xclient(),
                    false => connected,
                };
                match Box::pin(service.connect(info)).await {
                    Ok(Welcome::Accept) => connected.accept(),
                    Ok(Welcome::Trust) => connected.trust().accept(),
                    Err(no) => connected.refuse(&no.refusal()),
                }
            }
            Event::Hello(hello) => match Box::pin(service.hello(info, &hello)).await {
                Ok(()) => {
                    info.envelope = None;
                    info.client_name = hello.host().as_str().into();
                    hello.accept();
                }
                Err(no) => hello.refuse(&no.refusal()),
            },
            Event::Upgrade(_) => {
                info.client_name = Box::default();
                info.identity = None;
                info.username = Box::default();
                info.envelope = None;
                return Ended::Upgrade;
            }
            Event::Login(_)
            | Event::CramMd5(_)
            | Event::Token(_)
            | Event::External(_)
            | Event::Anonymous(_)
            | Event::Exchange(_) => Box::pin(login(shared, event, info)).await,
            Event::Mail(mail) => match Box::pin(service.mail(info, &mail)).await {
                Ok(()) => {
                    let (reverse_path, parameters) = Envelope::paths_of(&mail);
                    info.begin(reverse_path, parameters);
                    mail.accept();
                }
                Err(no) => mail.refuse(&no.refusal()),
            },
            Event::Rcpt(rcpt) => match Box::pin(service.rcpt(info, &rcpt)).await {
                Ok(()) => {
                    if let Some(envelope) = &mut info.envelope {
                        envelope.recipients.push(Recipient::of(&rcpt));
                    }
                    rcpt.accept();
                }
                Err(no) => {
                    info!(
                        session = info.id,
                        peer = %info.peer,
                        to = rcpt.forward_path().as_str(),
                        reply = %no,
                        "recipient refused"
                    );
                    rcpt.refuse(&no.refusal());
                }
            },
            Event::Data(data) => match Box::pin(service.data(info)).await {
                Ok(()) => {
                    data.accept();
                    Box::pin(message(service, session, info)).await;
                }
                Err(no) => data.refuse(&no.refusal()),
            },
            // Octets nobody wants any more, and the end of a message in LMTP for one recipient
            // after another, are dealt with where the message is.
            Event::Body(body) => body.done(),
            Event::EndOfData(end) => end.refuse(&Refuse::transient("4.3.0 not now").refusal()),
            Event::Xclient(xclient) => {
                let attributes = xclient.attributes();
                info.take_over(&attributes);
                let name: Option<Vec<u8>> = attributes.find("LOGIN").map(|n| n.decoded().collect());
                match name.map(String::from_utf8) {
                    None => xclient.accept(),
                    Some(Ok(name)) => match service.login(info, Credentials::Proxy(&name)).await {
                        Ok(identity) => {
                            info.identity = Some(identity);
                            info.username = name.into();
                            xclient.accept_login(None);
                        }
                        Err(no) => xclient.refuse(&no.refusal()),
                    },
                    Some(Err(_)) => xclient.refuse(&Refuse::permanent("5.5.4 bad LOGIN").refusal()),
                }
            }
            Event::Etrn(etrn) => match service.etrn(info, &etrn).await {
                Ok(()) => etrn.accept(),
                Err(no) => etrn.refuse(&no.refusal()),
            },
            Event::Xforward(xforward) => {
                info.forwarded = Some(xforward.attributes().to_string().trim_start().into());
                xforward.accept();
            }
            Event::Aborted(aborted) => {
                debug!(session = info.id, why = ?aborted.why(), "transaction ended");
                info.envelope = None;
                aborted.done();
            }
            Event::Notice(notice) => {
                tell(info, &notice);
                notice.done();
            }
            Event::Closed(why) => return Ended::Closed(why),
            other => other.decline(),
        }
    }
}

/// Has the service take a message, and replies what it says of it.
async fn message<V: Service, S>(
    service: &V,
    session: &mut Session<'_, S>,
    info: &mut SessionInfo<V::Identity>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    info.facts = session.facts();
    let verdict = service.message(info, Body::new(session)).await;
    loop {
        core::future::poll_fn(|cx| session.poll_ready(cx)).await;
        match session.event() {
            Some(Event::Body(body)) => match &verdict {
                Ok(_) => body.done(),
                Err(no) => body.refuse(&no.refusal()),
            },
            Some(Event::EndOfData(end)) => {
                let more = end.recipient().is_some_and(|index| {
                    let count = info.envelope.as_ref().map_or(0, |e| e.recipients.len());
                    usize::from(index) + 1 < count
                });
                if !more {
                    concluded(info, &verdict, end.size());
                }
                match &verdict {
                    Ok(Receipt(Some(text))) => end.accept_with(text),
                    Ok(Receipt(None)) => end.accept(),
                    Err(no) => end.refuse(&no.refusal()),
                }
                if !more {
                    info.messages += u32::from(verdict.is_ok());
                    info.envelope = None;
                    return;
                }
            }
            Some(Event::Notice(notice)) => {
                tell(info, &notice);
                notice.done();
            }
            // Aborted, closed or about to be: for the loop of the session to tell.
            _ => return,
        }
    }
}

/// The line of a message in the log.
fn concluded<I>(info: &SessionInfo<I>, verdict: &Verdict<Receipt>, size: u64) {
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

/// Brings credentials to the service, within what the peer may try.
async fn login<V: Service>(
    shared: &Shared<V>,
    event: Event<'_>,
    info: &mut SessionInfo<V::Identity>,
) {
    let certificate = info.tls.as_deref().and_then(|tls| tls.client_identity()).map(str::to_owned);
    // One arm for each mechanism, since each guard is a type of its own.
    macro_rules! decide {
        ($guard:ident, $credentials:expr, $reject:expr) => {{
            let (mechanism, username) = {
                let credentials: Credentials<'_> = $credentials;
                (credentials.mechanism(), credentials.username().to_owned())
            };
            match attempt(shared, info, $credentials).await {
                Ok(identity) => {
                    info!(session = info.id, peer = %info.peer, mechanism, user = username, "authenticated");
                    info.identity = Some(identity);
                    info.username = username.into();
                    $guard.accept();
                }
                Err(no) => {
                    let reply = no.to_string();
                    info!(
                        session = info.id,
                        peer = %info.peer,
                        mechanism,
                        user = username,
                        reply,
                        "authentication failed"
                    );
                    match no.kind {
                        Kind::Credentials => $reject($guard),
                        Kind::Unavailable => $guard.unavailable(),
                        _ => $guard.refuse(&no.refusal()),
                    }
                }
            }
        }};
    }
    match event {
        Event::Login(guard) => {
            decide!(guard, Credentials::Password(&guard), ehlo::server::guard::Login::reject);
        }
        Event::CramMd5(guard) => {
            decide!(guard, Credentials::CramMd5(&guard), ehlo::server::guard::CramMd5::reject);
        }
        Event::Token(guard) => decide!(guard, Credentials::Token(&guard), Token::reject),
        Event::Anonymous(guard) => {
            decide!(guard, Credentials::Anonymous(&guard), ehlo::server::guard::Anonymous::reject);
        }
        Event::Exchange(guard) => {
            decide!(guard, Credentials::Exchange(&guard), ehlo::server::guard::Exchange::reject);
        }
        Event::External(guard) => match certificate {
            Some(name) => decide!(
                guard,
                Credentials::External(&name, &guard),
                ehlo::server::guard::External::reject
            ),
            None => {
                info!(
                    session = info.id,
                    peer = %info.peer,
                    mechanism = "EXTERNAL",
                    why = "the client showed no certificate",
                    "authentication failed"
                );
                guard.reject();
            }
        },
        other => other.decline(),
    }
}

async fn attempt<V: Service>(
    shared: &Shared<V>,
    info: &SessionInfo<V::Identity>,
    credentials: Credentials<'_>,
) -> Verdict<V::Identity> {
    let peer: IpAddr = info.peer.ip();
    let attempt = shared.throttle.begin(peer).map_err(|throttled| {
        let seconds = throttled.retry_after.as_secs().max(1);
        Refuse::with_code(
            454,
            format!("4.7.0 too many failed authentications, try again in {seconds} s"),
        )
    })?;
    let verdict = shared.service.login(info, credentials).await;
    match &verdict {
        Ok(_) => attempt.forgive(),
        Err(no) if no.kind == Kind::Unavailable => attempt.forgive(),
        Err(_) => attempt.fail(),
    }
    verdict
}

/// Logs what the machine did on its own account.
fn tell<I>(info: &SessionInfo<I>, notice: &Notice<'_>) {
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
