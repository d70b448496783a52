//! What is shown of sessions and messages.

use crate::client::base64;
use crate::program::Ehlo;

const USER: [&str; 3] = ["--discard", "--user", "tim:hunter2"];

#[test]
fn a_message_and_a_session_are_one_readable_line_each() {
    let ehlo = Ehlo::serve(&USER);
    let mut client = ehlo.login("tim", "hunter2");
    assert!(client.deliver("hello\r\n").starts_with("250"));
    client.expect("QUIT", "221");
    ehlo.wait_for_log("closed, QUIT, 1 message");
    let log = ehlo.log();
    let line = log.lines().find(|line| line.contains(" → ")).unwrap();
    assert!(
        line.ends_with(
            " tim (PLAIN, TLSv1.3): me@example.com → you@example.org, 7 octets, queued as 1"
        ),
        "{line}"
    );
    assert!(line.contains(" #1 127.0.0.1:"), "{line}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[test]
fn a_transcript_shows_both_sides_and_no_secret() {
    let ehlo = Ehlo::serve(&[&USER[..], &["--transcript", "-vv", "--token", "tim:t0ken"]].concat());
    let mut client = ehlo.tls_client();
    assert!(client.auth_plain("tim", "wrong1").starts_with("535"));
    client.expect("AUTH LOGIN", "334");
    client.expect(&base64("tim"), "334");
    client.expect(&base64("hunter2"), "235");
    client.expect("QUIT", "221");
    ehlo.wait_for_log("closed, QUIT");
    let log = ehlo.log();
    for shown in ["#1 C: EHLO client.example", "#1 S: 250-", "#1 C: AUTH PLAIN ", "S: 221 "] {
        assert!(log.contains(shown), "{shown} in {log}");
    }
    let secrets = ["hunter2", "wrong1", "t0ken", &base64("hunter2"), &base64("\0tim\0wrong1")];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn the_log_for_programs_is_json() {
    let ehlo = Ehlo::serve(&[&USER[..], &["--log-format", "json"]].concat());
    assert!(ehlo.login("tim", "hunter2").deliver("hello\r\n").starts_with("250"));
    ehlo.wait_for_log("message accepted");
    let log = ehlo.log();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let message = lines.iter().find(|line| line["message"] == "message accepted").unwrap();
    assert_eq!(message["session"], 1);
    assert_eq!(message["user"], "tim");
    assert_eq!(message["tls"], "TLSv1.3");
    assert_eq!(message["size"], 7);
}

#[test]
fn quiet_is_quiet() {
    let ehlo = Ehlo::serve(&[&USER[..], &["--quiet"]].concat());
    assert!(ehlo.login("tim", "hunter2").deliver("hello\r\n").starts_with("250"));
    assert_eq!(ehlo.log(), "");
}
