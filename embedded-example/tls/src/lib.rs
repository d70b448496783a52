//! TLS 1.3 for a device, server and client, as the hooks of [`ehlo_embedded`]: rustls without `std`, over the
//! algorithms of RustCrypto.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`ServerTls`] | a certificate and its key; `&ServerTls` is a [`TlsAcceptor`](ehlo_embedded::tls::TlsAcceptor) |
//! | [`ClientTls`] | who is trusted; `&ClientTls` is a [`TlsConnector`](ehlo_embedded::tls::TlsConnector) |
//! | [`TlsStream`] | the encrypted stream, over any `embedded_io_async` socket |
//! | [`provider`] | the algorithms: ChaCha20-Poly1305 and AES-128-GCM, X25519 and P-256, ECDSA with P-256 and SHA-256 |
//!
//! This is the one part of the firmware that has a heap: rustls wants `alloc`. Two things it can't know by
//! itself are given by the device: [`Entropy`], and for a client the time.
#![no_std]
#![forbid(unsafe_code)]
#![allow(async_fn_in_trait, reason = "as the traits of embedded-io-async")]

extern crate alloc;

mod client;
mod error;
mod exporter;
pub mod provider;
mod server;
mod stream;

pub use client::ClientTls;
pub use error::TlsError;
pub use provider::Entropy;
pub use rustls::client::UnbufferedClientConnection;
pub use rustls::server::UnbufferedServerConnection;
pub use server::ServerTls;
pub use stream::{Side, TlsStream};
