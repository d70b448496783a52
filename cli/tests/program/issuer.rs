//! Who issues tokens: a key to sign with, and a little HTTPS server that answers.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ehlo_std::tls::Tls;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// A key that signs.
pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        let octets = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(octets.as_ref()).unwrap())
    }

    /// Its JSON Web Key Set.
    pub(crate) fn set(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "alg": "EdDSA", "x": x}]})
    }

    /// A token of `https://id.example` for `smtp`, good for so many seconds.
    pub(crate) fn token(&self, user: &str, seconds: i64) -> String {
        let expires = now() + seconds;
        let text = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!(
            "{}.{}",
            text(json!({"alg": "EdDSA", "kid": "1", "typ": "at+jwt"})),
            text(json!({"iss": "https://id.example", "aud": "smtp", "upn": user, "exp": expires}))
        );
        let signature = self.0.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The time, as JWT have it.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A server over TLS that answers each request with what it is told to.
pub(crate) struct Issuer {
    port: u16,
    /// What a client has to trust.
    pub(crate) certificate: PathBuf,
    answer: Arc<Mutex<Value>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Issuer {
    /// Its certificate is kept in the folder.
    pub(crate) fn start(folder: &Path, answer: Value) -> Self {
        let (_, files) = Tls::self_signed(folder.join("issuer"), &["localhost"]).unwrap();
        let chain =
            vec![CertificateDer::from_pem_slice(&fs::read(&files.certificate).unwrap()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(&fs::read(&files.key).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let config = Arc::new(config);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, asked) = (Arc::new(Mutex::new(answer)), Arc::default());
        let issuer = Self {
            port,
            certificate: files.certificate,
            answer: Arc::clone(&answer),
            asked: Arc::clone(&asked),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(tls, stream.unwrap()));
                while let Some(request) = request(&mut stream) {
                    asked.lock().unwrap().push(request);
                    let body = answer.lock().unwrap().to_string();
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                    // The client may be gone.
                    let _ = stream.get_mut().write_all((head + &body).as_bytes());
                }
            }
        });
        issuer
    }

    /// What it answers from now on.
    pub(crate) fn answers(&self, answer: Value) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What it was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/", self.port)
    }
}

fn request(stream: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    let mut length = 0;
    loop {
        let before = text.len();
        if stream.read_line(&mut text).ok()? == 0 {
            return None;
        }
        let line = text[before..].trim_end().to_ascii_lowercase();
        if let Some(octets) = line.strip_prefix("content-length: ") {
            length = octets.parse().unwrap();
        }
        if line.is_empty() {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).ok()?;
            return Some(text + &String::from_utf8(body).unwrap());
        }
    }
}
