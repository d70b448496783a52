//! One event, brought to the hook of the service that decides it.

use core::net::IpAddr;

use ehlo::sasl::{Mechanism, TokenError};
use ehlo::server::Event;
use ehlo::server::guard::{ScramKeys, Token};
use tracing::info;

use super::certificate;
use super::historic;
use super::info::known;
use super::service::Kind;
use super::{Credentials, Envelope, Recipient, Refuse, Service, SessionInfo, Shared};
use super::{Verdict, Welcome};
use crate::throttle::Attempt;
use crate::users::prepare;

/// Octets of the scopes a client is told of; what has to be escaped in JSON is not among them.
const LONGEST_SCOPE: usize = 255;

/// What comes after a decision.
pub(super) enum Then {
    /// The next event.
    Next,
    /// The mail data.
    Message,
}

/// Has the service decide an event, and answers it.
pub(super) async fn decide<V: Service>(
    shared: &Shared<V>,
    event: Event<'_>,
    info: &mut SessionInfo<V::Identity>,
) -> Then {
    let service = &shared.service;
    match event {
        Event::Connected(connected) => {
            let connected = match shared.trusts_xclient(info.peer.ip()) {
                true => connected.allow_xclient(),
                false => connected,
            };
            match service.connect(info).await {
                Ok(Welcome::Accept) => connected.accept(),
                Ok(Welcome::Trust) => connected.trust().accept(),
                Err(no) => connected.refuse(&no.refusal()),
            }
        }
        Event::Hello(hello) => match service.hello(info, &hello).await {
            Ok(()) => {
                info.envelope = None;
                info.client_name = hello.name().as_str().into();
                hello.accept();
            }
            Err(no) => hello.refuse(&no.refusal()),
        },
        #[cfg(feature = "gssapi")]
        Event::Exchange(exchange)
            if exchange.mechanism() == Mechanism::Gssapi.name() && shared.kerberos.is_some() =>
        {
            if let Some(acceptor) = &shared.kerberos {
                super::kerberos::round(shared, acceptor, exchange, info).await;
            }
        }
        Event::Login(_)
        | Event::CramMd5(_)
        | Event::Token(_)
        | Event::External(_)
        | Event::Anonymous(_)
        | Event::Exchange(_) => login(shared, event, info).await,
        Event::ScramKeys(query) => scram(shared, query, info).await,
        Event::DigestMd5(query) => historic::digest_md5(shared, query, info).await,
        Event::Ntlm(query) => historic::ntlm(shared, query, info).await,
        Event::Mail(mail) => match service.mail(info, &mail).await {
            Ok(()) => {
                let (reverse_path, parameters) = Envelope::paths_of(&mail);
                info.begin(reverse_path, parameters);
                mail.accept();
            }
            Err(no) => mail.refuse(&no.refusal()),
        },
        Event::Rcpt(rcpt) => match service.rcpt(info, &rcpt).await {
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
        Event::Data(data) => match service.data(info).await {
            Ok(()) => {
                data.accept();
                return Then::Message;
            }
            Err(no) => data.refuse(&no.refusal()),
        },
        Event::Xclient(xclient) => {
            let attributes = xclient.attributes();
            if !info.take_over(&attributes) {
                xclient.refuse(&Refuse::permanent("5.5.4 bad ADDR or PORT").refusal());
                return Then::Next;
            }
            match known(&attributes, "LOGIN").map(String::from_utf8) {
                None => xclient.accept(),
                Some(Ok(name)) => match service.login(info, Credentials::Proxy(&name)).await {
                    Ok(identity) => {
                        info.username = service.username(&identity).unwrap_or(&name).into();
                        info.identity = Some(identity);
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
        other => other.decline(),
    }
    Then::Next
}

/// Brings credentials to the service, within what the peer may try.
async fn login<V: Service>(
    shared: &Shared<V>,
    event: Event<'_>,
    info: &mut SessionInfo<V::Identity>,
) {
    info.proven = None;
    // One arm for each mechanism, since each guard is a type of its own.
    macro_rules! decide {
        ($guard:ident, $credentials:expr, $reject:expr) => {
            decide!($guard, $credentials, $reject, |guard, _: &Refuse| $reject(guard))
        };
        ($guard:ident, $credentials:expr, $reject:expr, $reject_token:expr) => {{
            let (mechanism, username) = {
                let credentials: Credentials<'_> = $credentials;
                (credentials.mechanism(), credentials.username().to_owned())
            };
            match attempt(shared, info, $credentials).await {
                Ok(identity) => {
                    info.username = shared.service.username(&identity).unwrap_or(&username).into();
                    info.identity = Some(identity);
                    info!(
                        session = info.id,
                        peer = %info.peer,
                        mechanism,
                        user = info.username,
                        "authenticated"
                    );
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
                        Kind::Token(_) => $reject_token($guard, &no),
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
        Event::Token(guard) => {
            decide!(guard, Credentials::Token(&guard), Token::reject, reject_token);
        }
        Event::Anonymous(guard) => {
            decide!(guard, Credentials::Anonymous(&guard), ehlo::server::guard::Anonymous::reject);
        }
        Event::Exchange(guard) => {
            decide!(guard, Credentials::Exchange(&guard), ehlo::server::guard::Exchange::reject);
        }
        Event::External(guard) => match certificate::name(shared, info, &guard) {
            Some(name) => decide!(
                guard,
                Credentials::External(&name, &guard),
                ehlo::server::guard::External::reject
            ),
            None => guard.reject(),
        },
        other => other.decline(),
    }
}

/// Says in the mechanism's own way why a token isn't taken.
fn reject_token(guard: Token<'_>, no: &Refuse) {
    let Kind::Token(status) = no.kind else { return guard.reject() };
    let xoauth2 = guard.mechanism() == Mechanism::Xoauth2.name();
    let http = status.http().to_string();
    let status = if xoauth2 { &http } else { status.name() };
    // A challenge has to fit: one without the scope is better than none.
    let scope = if no.scope.len() > LONGEST_SCOPE { "" } else { &no.scope };
    guard.reject_with(&TokenError { status, schemes: "bearer", scope });
}

/// Brings a question for the keys of a user to the service, within what the peer may try.
async fn scram<V: Service>(
    shared: &Shared<V>,
    query: ScramKeys<'_>,
    info: &mut SessionInfo<V::Identity>,
) {
    info.proven = None;
    let (mechanism, username) = (query.mechanism(), query.username().to_string());
    let binding = query.channel_binding().and_then(|kind| info.tls.as_ref()?.channel_binding(kind));
    let query = match binding {
        Some(binding) => query.bind(binding),
        None => query,
    };
    let failed = |info: &SessionInfo<V::Identity>, reply: &str| {
        info!(
            session = info.id,
            peer = %info.peer,
            mechanism,
            user = username,
            reply,
            "authentication failed"
        );
    };
    let attempt = match begin(shared, info) {
        Ok(attempt) => attempt,
        Err(no) => {
            failed(info, &no.to_string());
            return query.refuse(&no.refusal());
        }
    };
    let has_proof = query.has_proof();
    // In the form in which names are compared, so that spellings of one name have one salt.
    let prepared = prepare(&username);
    let nobody = prepared.as_deref().unwrap_or(&username);
    let known = match shared.service.scram_keys(info, &query).await {
        Ok(known) => known,
        Err(no) => {
            failed(info, &no.to_string());
            return match no.kind {
                Kind::Unavailable => {
                    attempt.forgive();
                    query.unavailable();
                }
                Kind::Credentials => {
                    query.unknown_as(nobody);
                    // What the challenge doesn't tell, the proof must not cost.
                    if !has_proof {
                        attempt.forgive();
                    }
                }
                _ => query.refuse(&no.refusal()),
            };
        }
    };
    let right = match known {
        Some((keys, identity)) => query.keys(&keys).then_some(identity),
        None => {
            query.unknown_as(nobody);
            None
        }
    };
    match (has_proof, right) {
        (false, _) => attempt.forgive(),
        (true, None) => failed(info, Refuse::credentials().text()),
        (true, Some(identity)) => {
            attempt.forgive();
            info.proven = Some(Box::new((identity, username.into())));
        }
    }
}

/// The client has seen the proof of the server: now it has authenticated.
pub(super) fn acknowledged<V: Service>(shared: &Shared<V>, info: &mut SessionInfo<V::Identity>) {
    let Some((identity, username)) = info.proven.take().map(|proven| *proven) else { return };
    info.username = shared.service.username(&identity).map_or(username, Box::from);
    info.identity = Some(identity);
    info!(
        session = info.id,
        peer = %info.peer,
        mechanism = info.facts.mechanism.map_or("", |mechanism| mechanism.name()),
        user = info.username,
        "authenticated"
    );
}

/// Takes one of the attempts the peer has.
pub(super) fn begin<V: Service>(
    shared: &Shared<V>,
    info: &SessionInfo<V::Identity>,
) -> Result<Attempt, Refuse> {
    let peer: IpAddr = info.peer.ip();
    shared.throttle.begin(peer).map_err(|throttled| {
        let seconds = throttled.retry_after.as_secs().max(1);
        Refuse::with_code(
            454,
            format!("4.7.0 too many failed authentications, try again in {seconds} s"),
        )
    })
}

async fn attempt<V: Service>(
    shared: &Shared<V>,
    info: &SessionInfo<V::Identity>,
    credentials: Credentials<'_>,
) -> Verdict<V::Identity> {
    let attempt = begin(shared, info)?;
    let verdict = shared.service.login(info, credentials).await;
    match &verdict {
        Ok(_) => attempt.forgive(),
        Err(no) if no.kind == Kind::Unavailable => attempt.forgive(),
        Err(_) => attempt.fail(),
    }
    verdict
}
