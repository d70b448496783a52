//! One HTTP request to the issuer of tokens, within what it may cost.

mod endpoint;
mod error;

use core::time::Duration;
use std::io;
use std::sync::{Mutex, PoisonError};

pub(super) use endpoint::Endpoint;
pub use endpoint::EndpointError;
#[cfg(feature = "jwt")]
pub(super) use endpoint::is_url;
pub(super) use error::HttpError;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connect::connect;
use crate::tls::ClientTls;

/// How long a request may take in all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Octets of the head of a response.
const HEAD: usize = 16 * 1024;
/// Octets of its body.
const BODY: usize = 256 * 1024;
/// Requests at one time; more wait.
const REQUESTS: usize = 16;
/// Connections that are kept for the next request.
const KEPT: usize = 4;

/// A client of one URL. Redirects are not followed, and there are no proxies.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) endpoint: Endpoint,
    /// Whom to trust; what the system trusts is read at the first request.
    tls: OnceCell<ClientTls>,
    pub(super) timeout: Duration,
    requests: Semaphore,
    kept: Mutex<Vec<Connection>>,
}

/// A connection, with the task that moves its octets; that ends with it.
#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Http {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            tls: OnceCell::new(),
            timeout: TIMEOUT,
            requests: Semaphore::new(REQUESTS),
            kept: Mutex::default(),
        }
    }

    pub(super) fn trusting(self, tls: ClientTls) -> Self {
        Self { tls: OnceCell::new_with(Some(tls)), ..self }
    }

    /// Sends a request, and gives the body of the response to it, which has to be 200.
    pub(super) async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Bytes, HttpError> {
        *request.uri_mut() = self.endpoint.target().clone();
        let headers = request.headers_mut();
        headers.insert(HOST, self.endpoint.authority().clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("ehlo/", env!("CARGO_PKG_VERSION"))),
        );
        let sent = async {
            // The semaphore is never closed.
            let _permit = self.requests.acquire().await;
            self.exchange(request).await
        };
        timeout(self.timeout, sent).await.unwrap_or(Err(HttpError::TimedOut(self.timeout)))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Bytes, HttpError> {
        while let Some(mut connection) = self.take() {
            // It may have been closed meanwhile, also just now: then the request goes over another.
            if connection.sender.ready().await.is_err() {
                continue;
            }
            if let Ok(response) = connection.sender.send_request(request.clone()).await {
                return self.read(connection, response).await;
            }
        }
        let mut connection = self.connect().await?;
        let response = connection.sender.send_request(request).await.map_err(HttpError::Http)?;
        self.read(connection, response).await
    }

    async fn read(
        &self,
        connection: Connection,
        response: Response<Incoming>,
    ) -> Result<Bytes, HttpError> {
        let status = response.status();
        if status.is_redirection() {
            return Err(HttpError::Redirect(status));
        }
        if status != StatusCode::OK {
            return Err(HttpError::Status(status));
        }
        let body = Limited::new(response.into_body(), BODY).collect().await.map_err(|error| {
            match error.downcast::<hyper::Error>() {
                Ok(error) => HttpError::Http(*error),
                Err(error) if error.is::<LengthLimitError>() => HttpError::TooLong(BODY),
                Err(error) => HttpError::Io(io::Error::other(error)),
            }
        })?;
        self.keep(connection);
        Ok(body.to_bytes())
    }

    async fn connect(&self) -> Result<Connection, HttpError> {
        let endpoint = &self.endpoint;
        let stream = connect(endpoint.host(), endpoint.port(), self.timeout).await;
        let stream = stream.map_err(HttpError::Connect)?;
        if !endpoint.is_tls() {
            let peer = stream.peer_addr().map_err(HttpError::Io)?.ip();
            // A name that leads elsewhere than its own says: nothing goes there in clear.
            return if peer.is_loopback() {
                talk(stream).await
            } else {
                Err(HttpError::NotLocal(peer))
            };
        }
        let (stream, _) = self
            .tls()
            .await?
            .connect(endpoint.host(), stream)
            .await
            .map_err(HttpError::Handshake)?;
        talk(stream).await
    }

    async fn tls(&self) -> Result<&ClientTls, HttpError> {
        let platform = || async {
            // Hundreds of files are read for it.
            let read = tokio::task::spawn_blocking(ClientTls::platform).await;
            read.map_err(|error| HttpError::Io(io::Error::other(error)))?.map_err(HttpError::Tls)
        };
        self.tls.get_or_try_init(platform).await
    }

    fn take(&self) -> Option<Connection> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: Connection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && !connection.sender.is_closed() {
            kept.push(connection);
        }
    }
}

async fn talk<S>(stream: S) -> Result<Connection, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD).max_headers(64);
    let (sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(HttpError::Http)?;
    let driver = tokio::spawn(async move {
        // What went wrong is told to whoever waits for the response.
        let _ = connection.await;
    });
    Ok(Connection { sender, driver })
}
