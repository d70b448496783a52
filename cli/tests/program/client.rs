//! A small client: it sends what it is told to, and reads whole replies.

use core::net::SocketAddr;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::program::PATIENCE;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

pub(crate) struct Client {
    stream: Box<dyn Stream>,
    socket: TcpStream,
    received: Vec<u8>,
}

impl Client {
    /// Connects, and reads the greeting.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut client = Self::silent(address);
        let greeting = client.reply();
        assert!(greeting.starts_with("220 "), "{greeting}");
        client
    }

    /// Connects and reads nothing.
    pub(crate) fn silent(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        let stream = Box::new(socket.try_clone().unwrap());
        Self { stream, socket, received: Vec::new() }
    }

    /// Connects under TLS, and reads the greeting.
    pub(crate) fn connect_tls(address: SocketAddr, trusted: &Path) -> Self {
        let mut client = Self::silent(address).start_tls(trusted);
        let greeting = client.reply();
        assert!(greeting.starts_with("220 "), "{greeting}");
        client
    }

    /// The same connection under TLS; the server has to be called localhost.
    pub(crate) fn start_tls(self, trusted: &Path) -> Self {
        assert!(self.received.is_empty());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = StreamOwned::new(connection, self.socket.try_clone().unwrap());
        Self { stream: Box::new(stream), ..self }
    }

    pub(crate) fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).unwrap();
        self.stream.flush().unwrap();
    }

    /// A whole reply, its lines separated by LF; empty at the end of the connection.
    pub(crate) fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            while let Some(end) = self.received.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.received.drain(..end + 2).collect();
                reply.push_str(core::str::from_utf8(&line[..end]).unwrap());
                if line.get(3) != Some(&b'-') {
                    return reply;
                }
                reply.push('\n');
            }
            let mut octets = [0; 4096];
            match self.stream.read(&mut octets) {
                Ok(0) => return reply,
                Ok(n) => self.received.extend_from_slice(&octets[..n]),
                Err(error) => match error.kind() {
                    // A signal, such as that of a child that has ended.
                    ErrorKind::Interrupted => {}
                    ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => return reply,
                    _ => panic!("no reply: {error}"),
                },
            }
        }
    }

    /// A command, and the reply to it.
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// A command whose reply has to begin like this.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str, reply: &str) -> String {
        let said = self.say(line);
        assert!(said.starts_with(reply), "{line}: {said}");
        said
    }

    /// EHLO; gives the reply back.
    pub(crate) fn ehlo(&mut self) -> String {
        self.expect("EHLO client.example", "250")
    }

    pub(crate) fn auth_plain(&mut self, name: &str, password: &str) -> String {
        self.say(&format!("AUTH PLAIN {}", base64(&format!("\0{name}\0{password}"))))
    }

    /// A transaction up to and with DATA.
    #[track_caller]
    pub(crate) fn begin(&mut self, from: &str, to: &str) {
        self.expect(&format!("MAIL FROM:<{from}>"), "250");
        self.expect(&format!("RCPT TO:<{to}>"), "250");
        self.expect("DATA", "354");
    }

    /// A whole transaction with this message, with transparency (RFC 5321 section 4.5.2).
    #[track_caller]
    pub(crate) fn deliver(&mut self, message: &str) -> String {
        self.begin("me@example.com", "you@example.org");
        let dotted = message.replace("\r\n.", "\r\n..");
        let first = if dotted.starts_with('.') { "." } else { "" };
        self.send(format!("{first}{dotted}.\r\n").as_bytes());
        self.reply()
    }
}

/// As SASL has it on the wire.
pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}
