//! A server that says what a test wants it to, and remembers what it heard.

use core::net::SocketAddr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::program::PATIENCE;

/// What a command is answered with, by how it begins; the first that fits counts.
pub(crate) type Script = &'static [(&'static str, &'static str)];

/// What is said where the script says nothing.
const USUAL: Script = &[
    ("", "220 fake"),
    ("EHLO", "250 fake"),
    ("LHLO", "250 fake"),
    ("DATA", "354 go on"),
    ("QUIT", "221 bye"),
    ("", "250 ok"),
];

/// A server for one connection.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    heard: JoinHandle<Vec<String>>,
}

impl Fake {
    /// `("", …)` as the first of the script is the greeting, an empty answer none at all, `*` in an answer what was
    /// heard, and the message itself is answered as the command `.`.
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            speak(BufReader::new(stream.try_clone().unwrap()), stream, script)
        });
        Self { address, heard }
    }

    /// The same over a Unix socket.
    #[cfg(unix)]
    pub(crate) fn start_unix(path: &std::path::Path, script: Script) -> Self {
        let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
        let heard = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            speak(BufReader::new(stream.try_clone().unwrap()), stream, script)
        });
        Self { address: SocketAddr::from(([0, 0, 0, 0], 0)), heard }
    }

    /// Its address, as an option has it.
    pub(crate) fn server(&self) -> String {
        self.address.to_string()
    }

    /// All it has heard, line by line, once the connection is over.
    pub(crate) fn heard(self) -> Vec<String> {
        self.heard.join().unwrap()
    }
}

fn speak(mut input: impl BufRead, mut output: impl Write, script: Script) -> Vec<String> {
    let greeting = script.first().filter(|(command, _)| command.is_empty());
    let script = if greeting.is_some() { &script[1..] } else { script };
    let mut heard = Vec::new();
    let mut in_data = false;
    let mut answer = |to: &str, answer: &str| {
        if !answer.is_empty() {
            // The client may have gone.
            let _ = write!(output, "{}\r\n", answer.replace('*', to).replace('\n', "\r\n"));
        }
    };
    answer("", greeting.unwrap_or(&USUAL[0]).1);
    loop {
        let mut line = Vec::new();
        if !matches!((&mut input).take(1 << 20).read_until(b'\n', &mut line), Ok(n) if n > 0) {
            return heard;
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        heard.push(line.clone());
        if in_data && line != "." {
            continue;
        }
        let found = script.iter().chain(&USUAL[1..]).find(|(command, _)| line.starts_with(command));
        let said = found.unwrap().1;
        answer(&line, said);
        in_data = said.starts_with("354");
        if line == "QUIT" {
            return heard;
        }
    }
}
