//! AUTH with an initial response, from the octets of the line to the event and the reply, and the
//! decoder of the `base64` crate alone.

use core::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ehlo::server::Event;
use ehlo_benches::input;
use ehlo_benches::server::{Lent, WITH_AUTH, accept, connection, feed};

/// A name, and a function that returns how many octets of credentials it saw.
pub(crate) type Case = (&'static str, fn(&mut Response) -> usize);

/// Those that take part.
pub(crate) const CASES: [Case; 3] = [
    ("ehlo, AUTH to its reply", Response::authenticate),
    ("base64 crate", Response::decode),
    ("memcpy", Response::copy),
];

/// A response, and a connection that it is sent to.
pub(crate) struct Response {
    line: String,
    encoded: String,
    decoded: Vec<u8>,
    connection: Lent<'static>,
}

impl Response {
    /// A response of so many octets when decoded.
    pub(crate) fn new(size: usize) -> Self {
        let (mechanism, message) = input::auth_message(size);
        let encoded = STANDARD.encode(&message);
        let line = format!("AUTH {mechanism} {encoded}\r\n");
        let mut connection =
            connection(&WITH_AUTH, vec![0; 16 * 1024].leak(), vec![0; 1024].leak());
        feed(&mut connection, b"EHLO client.example.org\r\n", accept);
        let decoded = vec![0; line.len()];
        Self { line, encoded, decoded, connection }
    }

    /// Octets of the response as it is sent.
    pub(crate) fn len(&self) -> usize {
        self.encoded.len()
    }

    fn authenticate(&mut self) -> usize {
        let mut seen = 0;
        let line = black_box(self.line.as_bytes());
        feed(&mut self.connection, line, |event| match event {
            Event::Login(login) => {
                seen = black_box(login.password()).expose().len();
                login.unavailable();
            }
            Event::Token(token) => {
                seen = black_box(token.token()).expose().len();
                token.unavailable();
            }
            other => accept(other),
        });
        seen
    }

    fn decode(&mut self) -> usize {
        let n = STANDARD.decode_slice(black_box(&self.encoded), &mut self.decoded).unwrap_or(0);
        black_box(&self.decoded);
        n
    }

    fn copy(&mut self) -> usize {
        self.decoded.copy_from_slice(black_box(self.line.as_bytes()));
        black_box(&self.decoded).len()
    }
}
