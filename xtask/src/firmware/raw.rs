//! A client that does what no program does: stops half-way, is slow, hangs up.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};

use super::clients::{FROM, TO};

/// AUTH with the right password, by PLAIN.
const AUTH: &str = "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm";

/// A connection to a board.
#[derive(Debug)]
pub(super) struct Raw {
    stream: BufReader<TcpStream>,
    /// Whether the next octet of a message begins a line.
    line_begins: bool,
}

impl Raw {
    /// Connects and reads the greeting.
    ///
    /// # Errors
    ///
    /// Fails when there is none within 20 seconds.
    pub(super) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_nodelay(true)?;
        let mut raw = Self { stream: BufReader::new(stream), line_begins: true };
        raw.expect(220)?;
        Ok(raw)
    }

    /// Writes octets as they are.
    ///
    /// # Errors
    ///
    /// Fails when the connection is lost.
    pub(super) fn write(&mut self, octets: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(octets)?)
    }

    /// Says a command and waits for a reply with this code.
    ///
    /// # Errors
    ///
    /// Fails when the reply is another one, or doesn't come.
    pub(super) fn say(&mut self, command: &str, code: u16) -> Result<()> {
        self.write(format!("{command}\r\n").as_bytes())?;
        self.expect(code).with_context(|| command.to_owned())
    }

    /// Waits for a reply with this code.
    ///
    /// # Errors
    ///
    /// Fails when the reply is another one, or doesn't come.
    pub(super) fn expect(&mut self, code: u16) -> Result<()> {
        loop {
            let mut line = String::new();
            let n = self.stream.read_line(&mut line).context("no reply")?;
            ensure!(n > 0, "the connection was closed");
            ensure!(line.starts_with(&code.to_string()), "the reply is {}", line.trim_end());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }

    /// Goes so far towards a message: EHLO, AUTH, MAIL, RCPT, DATA.
    ///
    /// # Errors
    ///
    /// Fails when a step does.
    pub(super) fn advance(&mut self, steps: usize) -> Result<()> {
        let commands = [
            ("EHLO client.example".to_owned(), 250),
            (AUTH.to_owned(), 235),
            (format!("MAIL FROM:<{FROM}>"), 250),
            (format!("RCPT TO:<{TO}>"), 250),
            ("DATA".to_owned(), 354),
        ];
        commands.iter().take(steps).try_for_each(|(command, code)| self.say(command, *code))
    }

    /// Steps up to DATA.
    pub(super) const TO_DATA: usize = 5;

    /// Sends a part of a message as it goes over the wire, without the end.
    ///
    /// # Errors
    ///
    /// Fails when the connection is lost.
    pub(super) fn content(&mut self, octets: &[u8]) -> Result<()> {
        let mut wire = Vec::with_capacity(octets.len());
        for octet in octets {
            if self.line_begins && *octet == b'.' {
                wire.push(b'.');
            }
            wire.push(*octet);
            self.line_begins = *octet == b'\n';
        }
        self.write(&wire)
    }
}
