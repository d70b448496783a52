//! `ehlo send`.

mod delivers;
mod exchanges;
mod fake;
mod login;
mod message;
mod refused;

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Ehlo, command};

/// The password of the user `tim` in these tests.
const PASSWORD: &str = "corr3ct-horse";

/// What a run of `ehlo send` has come to.
#[derive(Debug)]
pub(crate) struct Sent {
    code: i32,
    out: String,
    err: String,
}

impl Sent {
    /// Its only line of JSON.
    fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    #[track_caller]
    fn failed(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(words), "{words:?} in {self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
    }
}

/// Runs `ehlo send` with these options and this on standard input.
fn run(folder: &Path, options: &[&str], stdin: &[u8]) -> Sent {
    let mut command = command(folder);
    command.arg("send").args(options).env("PASSWORD", PASSWORD).env("WRONG", "wr0ng-battery");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may end without having read.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    let sent = Sent {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    for secret in [PASSWORD, "wr0ng-battery"] {
        assert!(!sent.out.contains(secret) && !sent.err.contains(secret), "{sent:?}");
    }
    sent
}

/// A server that knows `tim`.
fn serve(options: &[&str]) -> Ehlo {
    let user = format!("tim:{PASSWORD}");
    Ehlo::serve(&[&["--user", &user, "--reject-recipient", "no@example.org"], options].concat())
}

/// Sends to it as `tim`, over STARTTLS with its certificate trusted.
fn send(ehlo: &Ehlo, options: &[&str], stdin: &[u8]) -> Sent {
    let server = format!("localhost:{}", ehlo.listening[0].port());
    let certificate = ehlo.certificate();
    let usual = [
        "--server",
        &server,
        "--ca",
        certificate.to_str().unwrap(),
        "--user",
        "tim",
        "--password-env",
        "PASSWORD",
        "--from",
        "tim@example.org",
    ];
    run(ehlo.folder(), &[&usual, options].concat(), stdin)
}

/// Sends to a server without TLS, without a login.
fn send_to(server: &str, options: &[&str]) -> Sent {
    let folder = tempfile::tempdir().unwrap();
    let usual = [
        "--server",
        server,
        "--from",
        "me@example.com",
        "--to",
        "you@example.org",
        "--body",
        "hello",
    ];
    run(folder.path(), &[&usual, options].concat(), b"")
}
