//! A relay in front of a server, which counts the connections of a client.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};

/// A relay to a port of this host. It takes no more connections when dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    port: u16,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Relay {
    /// Relays to a port.
    ///
    /// # Errors
    ///
    /// Fails when it can't listen.
    pub(crate) fn to(server: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("can't listen")?;
        let port = listener.local_addr().context("no local address")?.port();
        let connections = Arc::new(AtomicUsize::new(0));
        let stopped = Arc::new(AtomicBool::new(false));
        let (count, stop) = (Arc::clone(&connections), Arc::clone(&stopped));
        thread::spawn(move || {
            for client in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                count.fetch_add(1, Ordering::AcqRel);
                if let Err(error) = client.and_then(|client| join(client, server)) {
                    eprintln!("relay: {error}");
                }
            }
        });
        Ok(Self { port, connections, stopped })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the thread; when that fails it only waits until the process ends.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// Connects a client with the server.
fn join(client: TcpStream, server: u16) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (from_client, from_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || pass(from_client, server));
    thread::spawn(move || pass(from_server, client));
    Ok(())
}

/// Passes on one direction, to its end.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    // A connection that breaks is for its two ends to notice.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
