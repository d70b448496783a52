//! Exchanges of AUTH that the client ends, and what it says then is to be done.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::fake::{Fake, Script};
use super::{send, send_to};
use crate::client::base64;
use crate::program::Ehlo;

/// Options for a login in clear, to this very machine.
const LOGIN: [&str; 6] = ["--tls", "none", "--user", "tim", "--password-env", "PASSWORD"];

#[test]
fn a_server_that_proves_nothing_gets_no_message() {
    const SCRIPT: Script = &[("EHLO", "250-fake\n250 AUTH SCRAM-SHA-256"), ("AUTH", "235 welcome")];
    let fake = Fake::start(SCRIPT);
    let sent = send_to(&fake.server(), &LOGIN);
    sent.failed(
        77,
        "the server has not proven that it knows the password; another may answer in its place",
    );
    assert!(sent.err.contains("nothing was sent: check --server"), "{sent:?}");
    assert!(!fake.heard().iter().any(|line| line.starts_with("MAIL")));
}

#[test]
fn a_name_that_can_not_be_said_is_told_with_what_can_say_it() {
    // `realm="fake",nonce="abc",qop="auth",charset=utf-8,algorithm=md5-sess`
    const SCRIPT: Script = &[
        ("EHLO", "250-fake\n250 AUTH DIGEST-MD5 PLAIN"),
        (
            "AUTH DIGEST-MD5",
            "334 cmVhbG09ImZha2UiLG5vbmNlPSJhYmMiLHFvcD0iYXV0aCIsY2hhcnNldD11dGYtOCxhbGdvcml0aG09bWQ1LXNlc3M=",
        ),
        ("*", "501 cancelled"),
    ];
    let fake = Fake::start(SCRIPT);
    let login =
        ["--tls", "none", "--user", "t\"im", "--password-env", "PASSWORD", "--auth", "DIGEST-MD5"];
    let sent = send_to(&fake.server(), &login);
    sent.failed(
        77,
        "no name may hold a quote or a backslash there: --auth chooses another mechanism",
    );
    drop(fake.heard());
}

#[test]
fn a_challenge_that_is_none_is_told_with_another_way() {
    const SCRIPT: Script = &[
        ("EHLO", "250-fake\n250 AUTH DIGEST-MD5"),
        ("AUTH DIGEST-MD5", "334 bm9uZQ=="),
        ("*", "501 cancelled"),
    ];
    let fake = Fake::start(SCRIPT);
    let sent = send_to(&fake.server(), &[&LOGIN[..], &["--auth", "DIGEST-MD5"]].concat());
    sent.failed(77, "not the usual one: --auth chooses another");
    drop(fake.heard());
}

#[test]
fn too_few_iterations_are_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = "A".repeat(43);
    let user = format!(
        "[[user]]\nname = \"tim\"\npassword = \"{{plain}}x\"\n\
         scram = [\"SCRAM-SHA-256$4095:c2FsdHNhbHRzYWx0$${zeros}=:{zeros}=\"]\n"
    )
    .replace("$$", "$");
    std::fs::write(folder.path().join("u.toml"), user).unwrap();
    let ehlo = Ehlo::in_folder(folder, &["--users", "u.toml", "--auth", "SCRAM-SHA-256"]);
    let sent = send(&ehlo, &["--to", "you@example.org", "--body", "x"], b"");
    sent.failed(
        77,
        "the server asks for 4095 iterations, which is too few or too many; fewer than 4096",
    );
}

/// A server with SCRAM-SHA-256 that asks for so many iterations, and refuses the proof in place of
/// its own.
fn refusing(iterations: u32) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap().to_string();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(crate::program::PATIENCE)).unwrap();
        let mut heard = Vec::new();
        write!(stream, "220 fake\r\n").unwrap();
        for line in BufReader::new(stream.try_clone().unwrap()).lines() {
            let Ok(line) = line else { break };
            let reply = match line.split(' ').collect::<Vec<_>>()[..] {
                ["EHLO", _] => "250-fake\r\n250 AUTH SCRAM-SHA-256".to_owned(),
                ["AUTH", _, first] => {
                    let first = String::from_utf8(STANDARD.decode(first).unwrap()).unwrap();
                    let (_, nonce) = first.split_once("r=").unwrap();
                    format!(
                        "334 {}",
                        base64(&format!("r={nonce}more,s=c2FsdHNhbHQ=,i={iterations}"))
                    )
                }
                ["*"] => "501 cancelled".to_owned(),
                ["QUIT"] => "221 bye".to_owned(),
                [_] => format!("334 {}", base64("e=invalid-proof")),
                _ => "500 what".to_owned(),
            };
            heard.push(line);
            // The client may have gone.
            let _ = write!(stream, "{reply}\r\n");
        }
        heard
    });
    (server, heard)
}

#[test]
fn a_proof_that_is_refused_is_told_as_a_wrong_password_is() {
    let (server, heard) = refusing(4096);
    let sent = send_to(&server, &LOGIN);
    sent.failed(77, "the server refused the proof of the password; check --user and its password");
    assert!(!heard.join().unwrap().iter().any(|line| line.starts_with("MAIL")));
}

#[test]
fn too_many_iterations_are_not_counted_either() {
    let (server, heard) = refusing(10_000_001);
    let sent = send_to(&server, &LOGIN);
    sent.failed(
        77,
        "10000001 iterations, which is too few or too many; to count so many would take minutes",
    );
    drop(heard.join().unwrap());
}
