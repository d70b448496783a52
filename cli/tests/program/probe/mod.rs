//! `ehlo probe`: against our own server, and against servers that are odd.

mod odd;
mod odd_servers;
mod own_server;
mod suite;
mod transcript;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::program::{self, Ehlo};

/// What a probe came to.
pub(super) struct Probed {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Probed {
    /// Its JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }

    /// The verdict of a finding; `None` where there is no such finding.
    #[track_caller]
    pub(super) fn verdict(&self, id: &str) -> Option<String> {
        let json = self.json();
        let mut findings = json["findings"].as_array().unwrap().iter();
        let found = findings.find(|finding| finding["id"] == id)?;
        Some(found["verdict"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    pub(super) fn expect(&self, id: &str, verdict: &str) {
        assert_eq!(self.verdict(id).as_deref(), Some(verdict), "{id}: {}", self.out);
    }
}

/// `ehlo probe` with these arguments; the password and the token are in the environment.
pub(super) fn probe(folder: &Path, arguments: &[&str]) -> Probed {
    let mut command: Command = program::command(folder);
    command.env("PW", PASSWORD).env("TOKEN", TOKEN).arg("probe");
    let output = command.args(arguments).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    Probed {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

pub(super) const PASSWORD: &str = "tanstaaf-2195";
pub(super) const TOKEN: &str = "a.bearer-token_7628";

/// A server with a user, a token and every mechanism.
pub(super) fn own(options: &[&str]) -> Ehlo {
    let user = format!("tim:{PASSWORD}");
    let token = format!("tim:{TOKEN}");
    let mechanisms = "CRAM-MD5,PLAIN,LOGIN,XOAUTH2,OAUTHBEARER,ANONYMOUS";
    let usual = ["--user", &user, "--token", &token, "--auth", mechanisms, "--discard"];
    Ehlo::serve(&[&usual, options].concat())
}

/// `localhost:PORT` of a listener.
pub(super) fn at(ehlo: &Ehlo, listener: usize) -> String {
    format!("localhost:{}", ehlo.listening[listener].port())
}

pub(super) const LOGIN: [&str; 6] =
    ["--user", "tim", "--password-env", "PW", "--token-env", "TOKEN"];
