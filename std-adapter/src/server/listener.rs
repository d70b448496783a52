//! Accepting connections.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use tokio::net::TcpListener;
use tracing::{info, warn};

use super::refused::turn_away;
use super::{Service, SessionInfo, Shared, connection};

/// An address that is listened on.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) local: SocketAddr,
    pub(super) tls: bool,
}

/// How long to wait when the system has no more file descriptors or memory: the connections that
/// wait are not lost, and closing ones make room.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Accepts connections for ever.
pub(super) async fn accept_on<V: Service>(shared: Arc<Shared<V>>, listener: Listener) {
    let mut exhausted = false;
    loop {
        match listener.socket.accept().await {
            Ok((stream, peer)) => {
                exhausted = false;
                if stream.set_nodelay(true).is_err() {
                    // It is gone already.
                    continue;
                }
                // Behind a proxy the client's own address counts, and comes with the header.
                if shared.is_proxy(peer.ip()) {
                    let (shared, tls, local) = (Arc::clone(&shared), listener.tls, listener.local);
                    tokio::spawn(connection::run_proxied(shared, stream, peer, local, tls));
                    continue;
                }
                match shared.admission.admit(peer.ip()) {
                    Ok(permit) => {
                        let (shared, tls) = (Arc::clone(&shared), listener.tls);
                        let info = SessionInfo::new(peer, listener.local);
                        tokio::spawn(connection::run(shared, stream, info, tls, permit));
                    }
                    Err(refused) => {
                        info!(%peer, %refused, "connection refused");
                        turn_away(&shared.config, &stream, listener.tls);
                    }
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if !exhausted {
                    warn!(%error, "cannot accept connections, trying on");
                }
                exhausted = true;
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

/// The error is about a connection that was gone before it was accepted.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(error.kind(), K::ConnectionAborted | K::ConnectionReset | K::Interrupted)
}
