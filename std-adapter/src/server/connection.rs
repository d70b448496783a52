//! The life of a connection: proxy header, TLS, dialogue, end.

use core::net::SocketAddr;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use ehlo::server::Closed;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tracing::{debug, info};

use super::dialogue::{self, Ended};
use super::refused::turn_away;
use super::{Service, SessionInfo, Shared};
use crate::Session;
use crate::admission::Permit;
use crate::proxy_protocol::{Header, read_header};
use crate::tls::TlsFacts;

/// Runs a connection from a proxy, which names the client first.
pub(super) async fn run_proxied<V: Service>(
    shared: Arc<Shared<V>>,
    mut stream: TcpStream,
    proxy: SocketAddr,
    local: SocketAddr,
    tls: bool,
) {
    // A permit of the proxy's own until the client is known, so that half-open ones are counted.
    let Ok(waiting) = shared.admission.admit(proxy.ip()) else {
        info!(%proxy, "connection refused: too many");
        return turn_away(&shared.config, &stream, tls);
    };
    let header = tokio::select! {
        header = read_header(&mut stream, shared.handshake_timeout) => header,
        () = shared.stopper.stopped() => return,
    };
    let (peer, local) = match header {
        Ok(Header::Proxied { source, destination }) => (source, destination),
        Ok(Header::Local | Header::Unknown) => (proxy, local),
        Err(error) => {
            info!(%proxy, %error, "no PROXY protocol header");
            return;
        }
    };
    drop(waiting);
    match shared.admission.admit(peer.ip()) {
        Ok(permit) => run(shared, stream, SessionInfo::new(peer, local), tls, permit).await,
        Err(refused) => {
            info!(%peer, %refused, "connection refused");
            turn_away(&shared.config, &stream, tls);
        }
    }
}

/// Runs a connection.
///
/// This future is what an idle connection costs. What is needed only for a while is boxed, and it is
/// a block rather than an `async fn`, which would hold each of its arguments twice.
#[allow(clippy::manual_async_fn, reason = "an async fn would be a quarter larger")]
pub(super) fn run<V: Service>(
    shared: Arc<Shared<V>>,
    stream: TcpStream,
    mut info: SessionInfo<V::Identity>,
    tls: bool,
    permit: Permit,
) -> impl Future<Output = ()> + Send {
    async move {
        info.id = shared.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        debug!(session = info.id, peer = %info.peer, "connected");
        let why = if tls {
            Box::pin(under_tls(&shared, stream, &mut info)).await
        } else {
            let mut session = match Session::new(&shared.config, stream) {
                Ok(session) => session,
                Err(error) => return over(&shared, &info, Err(error)),
            };
            shared.attach(&mut session, info.id);
            match dialogue::run(&shared, &mut session, &mut info).await {
                Ended::Closed(why) => {
                    Box::pin(end(session, why)).await;
                    Ok(why)
                }
                Ended::Upgrade => Box::pin(upgraded(&shared, session, &mut info)).await,
            }
        };
        over(&shared, &info, why);
        drop(permit);
    }
}

/// Tells the log and the service how a connection ended.
fn over<V: Service>(shared: &Shared<V>, info: &SessionInfo<V::Identity>, why: io::Result<Closed>) {
    match why {
        Ok(why) => {
            let (peer, user, messages) = (info.peer, &info.username, info.messages);
            info!(session = info.id, %peer, user, messages, ?why, "closed");
        }
        Err(error) => info!(session = info.id, peer = %info.peer, %error, "connection lost"),
    }
    shared.service.closed(info);
}

async fn upgraded<V: Service>(
    shared: &Shared<V>,
    session: Session<'_, TcpStream>,
    info: &mut SessionInfo<V::Identity>,
) -> io::Result<Closed> {
    let mut facts = None;
    let handshake = async |stream| {
        let (stream, found) = handshake(shared, stream).await?;
        facts = Some(Arc::new(found));
        io::Result::Ok(stream)
    };
    let session = session.upgrade(handshake).await?;
    info.tls = facts;
    Ok(encrypted(shared, session, info).await)
}

async fn under_tls<V: Service>(
    shared: &Shared<V>,
    stream: TcpStream,
    info: &mut SessionInfo<V::Identity>,
) -> io::Result<Closed> {
    let (stream, facts) = handshake(shared, stream).await?;
    info.tls = Some(Arc::new(facts));
    let mut session = Session::implicit_tls(&shared.config, stream)?;
    shared.attach(&mut session, info.id);
    Ok(encrypted(shared, session, info).await)
}

async fn encrypted<V: Service>(
    shared: &Shared<V>,
    mut session: Session<'_, TlsStream<TcpStream>>,
    info: &mut SessionInfo<V::Identity>,
) -> Closed {
    let why = match dialogue::run(shared, &mut session, info).await {
        Ended::Closed(why) => why,
        // The machine offers no TLS under TLS.
        Ended::Upgrade => Closed::Tls,
    };
    Box::pin(end(session, why)).await;
    why
}

async fn handshake<V>(
    shared: &Shared<V>,
    stream: TcpStream,
) -> io::Result<(TlsStream<TcpStream>, TlsFacts)> {
    let tls = shared.tls.as_ref().ok_or_else(|| io::Error::other("no certificate"))?;
    let acceptor = tls.acceptor();
    // A client that says nothing must not hold up a server that stops.
    let handshake = tokio::select! {
        done = timeout(shared.handshake_timeout, acceptor.accept(stream)) => done,
        () = shared.stopper.stopped() => return Err(io::Error::other("the server stops")),
    };
    handshake
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long"))?
        .map_err(|error| io::Error::new(error.kind(), format!("TLS handshake: {error}")))
}

/// Closes a connection so that the last reply arrives: while octets of the client are unread, the
/// system would answer them by a reset that can overtake it.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(session: Session<'_, S>, why: Closed) {
    /// How long, and how many octets of, what nobody wants any more is read.
    const LINGER: Duration = Duration::from_secs(2);
    const MOST: u64 = 1024 * 1024;
    let Ok(Ok(stream)) = timeout(LINGER, session.close()).await else { return };
    if !matches!(why, Closed::Quit | Closed::EndOfFile) {
        let rest = async {
            let _ = tokio::io::copy(&mut stream.take(MOST), &mut tokio::io::sink()).await;
        };
        let _ = timeout(LINGER, rest).await;
    }
}

impl<V> Shared<V> {
    /// Gives a session what it shares with the others.
    fn attach<S: AsyncRead + AsyncWrite + Unpin>(&self, session: &mut Session<'_, S>, id: u64) {
        session.stop_by(self.stopper.stopping());
        if self.transcript {
            session.log_replies(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Body, Receipt, Verdict};

    struct Nothing;

    impl Service for Nothing {
        type Identity = ();

        async fn message(&self, _: &SessionInfo<()>, _: Body<'_>) -> Verdict<Receipt> {
            Ok(Receipt::default())
        }
    }

    /// The size of the future that a function gives.
    fn size<A, B, C, D, E, F>(_: fn(A, B, C, D, E) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_that_waits_is_small() {
        let (direct, proxied) = (size(run::<Nothing>), size(run_proxied::<Nothing>));
        assert!(direct <= 1024 && proxied <= 1408, "{direct} {proxied}");
    }
}
