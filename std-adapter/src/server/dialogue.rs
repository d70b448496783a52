//! A session's events, one after another.

use ehlo::server::{Closed, Event};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::debug;

use super::body::{Incoming, Source as _};
use super::decide::{Then, acknowledged, decide};
use super::log::{concluded, tell};
use super::{Body, Receipt, Refuse, Service, SessionInfo, Shared};
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
    loop {
        core::future::poll_fn(|cx| session.poll_ready(cx)).await;
        info.facts = session.facts();
        if info.facts.authenticated {
            acknowledged(shared, info);
        }
        let Some(event) = session.event() else { continue };
        match event {
            Event::Upgrade(_) => {
                info.forget();
                return Ended::Upgrade;
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
            // Octets nobody wants any more, and the end of a message in LMTP for one recipient
            // after another, are dealt with where the message is.
            Event::Body(body) => body.done(),
            Event::EndOfData(end) => end.refuse(&Refuse::transient("4.3.0 not now").refusal()),
            Event::Closed(why) => return Ended::Closed(why),
            event => match Box::pin(decide(shared, event, info)).await {
                Then::Next => {}
                Then::Message => Box::pin(message(&shared.service, session, info)).await,
            },
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
    let mut incoming = Incoming::new(session, info);
    let verdict = service.message(info, Body::new(&mut incoming)).await;
    let taken = incoming.taken();
    let mut told = false;
    loop {
        core::future::poll_fn(|cx| session.poll_ready(cx)).await;
        match session.event() {
            Some(Event::Body(body)) => match &verdict {
                Ok(_) => body.done(),
                Err(no) => {
                    // The machine replies when the rest has come, and asks no more.
                    body.refuse(&no.refusal());
                    concluded(info, &verdict, taken);
                    return;
                }
            },
            Some(Event::EndOfData(end)) => {
                let more = end.recipient().is_some_and(|index| {
                    let count = info.envelope.as_ref().map_or(0, |e| e.recipients.len());
                    usize::from(index) + 1 < count
                });
                // Before the first reply: a client that goes away between two of LMTP doesn't undo it.
                if !core::mem::replace(&mut told, true) {
                    concluded(info, &verdict, end.size());
                    info.messages += u32::from(verdict.is_ok());
                }
                match &verdict {
                    Ok(Receipt(Some(text))) => end.accept_with(text),
                    Ok(Receipt(None)) => end.accept(),
                    Err(no) => end.refuse(&no.refusal()),
                }
                if !more {
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
