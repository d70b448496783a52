//! What no client does: a token that was sent before, that has expired, that was changed, and one for
//! somebody else. It is said to the server octet by octet, over a connection without TLS.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Bench;
use crate::process;

/// A token that a client would send first, in base64, as GNU SASL makes it.
///
/// # Errors
///
/// Fails when there is no ticket.
pub(super) fn token(bench: &Bench, cache: &Path) -> Result<String> {
    let mut command = Command::new("gsasl");
    command.args(["--client", "--quiet", "--mechanism=GSSAPI", "--service=smtp"]);
    command.args(["--hostname=localhost", "--authentication-id=tim", "--authorization-id="]);
    command.envs(bench.realm.environment()).env("KRB5CCNAME", cache).stdin(Stdio::null());
    // It goes on to wait for the server, whom nobody plays.
    let output = process::output(&mut command)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let token = said.lines().find(|line| line.len() > 100).map(str::to_owned);
    token.with_context(|| format!("no token: {said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// The token with a bit of one of its octets changed, near its end, which is encrypted.
pub(super) fn changed(token: &str) -> String {
    let mut octets = token.as_bytes().to_vec();
    let at = octets.len().saturating_sub(40);
    if let Some(octet) = octets.get_mut(at) {
        *octet = if *octet == b'A' { b'B' } else { b'A' };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// Begins an exchange with this token, and then hangs up: what the server said to it.
///
/// # Errors
///
/// Fails when the server does not talk.
pub(super) fn say(port: u16, token: &str) -> Result<String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("no connection")?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    reply(&mut lines)?;
    for (line, code) in [("EHLO client.example.org", "250"), ("AUTH GSSAPI", "334")] {
        write!(stream, "{line}\r\n")?;
        let said = reply(&mut lines)?;
        ensure!(said.starts_with(code), "{line} was answered {said}");
    }
    write!(stream, "{token}\r\n")?;
    reply(&mut lines)
}

/// The last line of a reply.
fn reply(lines: &mut impl BufRead) -> Result<String> {
    loop {
        let mut line = String::new();
        ensure!(lines.read_line(&mut line)? > 0, "the server hung up");
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line.trim_end().to_owned());
        }
    }
}
