//! A little HTTP server that says what it is told to, and remembers what it was asked.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex};

use ehlo_std::tls::{ClientTls, Tls};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Request line and header fields.
    pub(crate) head: String,
    pub(crate) body: String,
    /// Which connection it came over.
    pub(crate) connection: usize,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// 200, with this.
    Json(Value),
    /// 200 with this, and the connection is closed without a word of it.
    JsonAndClose(Value),
    /// These octets, and then the connection is closed.
    Octets(Vec<u8>),
    /// These octets, and these again and again.
    Endless(&'static str, Vec<u8>),
    /// Nothing, for so long.
    Nothing(Duration),
}

impl Say {
    /// A status and nothing in it.
    pub(crate) fn status(line: &str) -> Self {
        Self::Octets(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into())
    }
}

/// A server that runs as long as the runtime does.
pub(crate) struct Issuer {
    pub(crate) port: u16,
    tls: bool,
    asked: Arc<Mutex<Vec<Asked>>>,
    say: Arc<Mutex<Say>>,
    /// Connections that are open.
    pub(crate) open: Arc<AtomicUsize>,
    trusted: Option<ClientTls>,
}

impl Issuer {
    pub(crate) async fn start(say: Say) -> Self {
        Self::with(say, None, None).await
    }

    pub(crate) async fn with_tls(say: Say) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (tls, files) = Tls::self_signed(folder.path(), &["localhost"]).unwrap();
        let trusted = ClientTls::roots_file(&files.certificate).unwrap();
        Self::with(say, Some(tls), Some(trusted)).await
    }

    async fn with(say: Say, tls: Option<Tls>, trusted: Option<ClientTls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = Self {
            port,
            tls: tls.is_some(),
            asked: Arc::default(),
            say: Arc::new(Mutex::new(say)),
            open: Arc::default(),
            trusted,
        };
        let (asked, say, open) =
            (Arc::clone(&issuer.asked), Arc::clone(&issuer.say), Arc::clone(&issuer.open));
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, asked, say, open) =
                    (tls.clone(), Arc::clone(&asked), Arc::clone(&say), Arc::clone(&open));
                tokio::spawn(async move {
                    open.fetch_add(1, Ordering::SeqCst);
                    match tls {
                        Some(tls) => {
                            if let Ok((stream, _)) = tls.acceptor().accept(stream).await {
                                serve(stream, connection, &asked, &say).await;
                            }
                        }
                        None => serve(stream, connection, &asked, &say).await,
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        issuer
    }

    /// What it says from now on.
    pub(crate) fn says(&self, say: Say) {
        *self.say.lock().unwrap() = say;
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://localhost:{}/ask?realm=mail", self.port)
    }

    pub(crate) fn trusted(&self) -> ClientTls {
        self.trusted.clone().unwrap()
    }

    /// Waits until so many connections are open.
    pub(crate) async fn wait_for_open(&self, connections: usize) {
        for _ in 0..500 {
            if self.open.load(Ordering::SeqCst) == connections {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} connections are open, not {connections}", self.open.load(Ordering::SeqCst));
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    asked: &Mutex<Vec<Asked>>,
    say: &Mutex<Say>,
) {
    while let Some((head, body)) = request(&mut stream).await {
        asked.lock().unwrap().push(Asked { head, body, connection });
        let say = say.lock().unwrap().clone();
        let close = matches!(say, Say::JsonAndClose(_));
        match say {
            Say::Json(json) | Say::JsonAndClose(json) => {
                let json = json.to_string();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", json.len());
                if stream.write_all((head + &json).as_bytes()).await.is_err() || close {
                    return;
                }
            }
            Say::Octets(octets) => {
                // The client may have seen enough.
                let _ = stream.write_all(&octets).await;
                return;
            }
            Say::Endless(head, octets) => {
                let mut more = stream.write_all(head.as_bytes()).await.is_ok();
                while more {
                    more = stream.write_all(&octets).await.is_ok();
                }
                return;
            }
            Say::Nothing(time) => {
                // Until the time is over, or the client has gone.
                let mut octets = [0; 64];
                let _ = tokio::time::timeout(time, stream.read(&mut octets)).await;
                return;
            }
        }
    }
}

async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let mut octets = Vec::new();
    let end = loop {
        if let Some(end) = octets.windows(4).position(|octets| octets == b"\r\n\r\n") {
            break end + 4;
        }
        octets.push(stream.read_u8().await.ok()?);
    };
    let head = String::from_utf8(octets[..end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}
