//! Scripted faults.

use core::time::Duration;
use std::time::Instant;

use crate::client::Client;
use crate::program::Ehlo;

#[test]
fn a_fault_strikes_at_its_stage() {
    let ehlo = Ehlo::serve(&[
        "--user",
        "tim:secret",
        "--fail",
        "rcpt=450:0",
        "--fail",
        "message=452",
        "--fail",
        "auth=454:0",
    ]);
    let reply = ehlo.login("tim", "secret").deliver("hello\r\n");
    assert!(reply.starts_with("452 4.3.0 scripted fault at message"), "{reply}");
    assert!(ehlo.messages().is_empty());
    let left = std::fs::read_dir(ehlo.folder().join("mail/tmp")).unwrap().count();
    assert_eq!(left, 0);
    assert!(ehlo.fact("faults").contains("452 at message"));
}

#[test]
fn each_stage_before_the_message_can_fail() {
    let serve = |fault| Ehlo::serve(&["--discard", "--user", "tim:secret", "--fail", fault]);
    let ehlo = serve("connect=421");
    let mut client = Client::silent(ehlo.listening[0]);
    assert!(client.reply().starts_with("421 4.3.0"));
    assert_eq!(client.reply(), "");

    serve("hello=550").client().expect("EHLO client.example", "550 5.3.0");
    let reply = serve("auth=454").tls_client().auth_plain("tim", "secret");
    assert!(reply.starts_with("454"), "{reply}");
    serve("mail=451").login("tim", "secret").expect("MAIL FROM:<me@example.com>", "451");

    let ehlo = serve("data=554");
    let mut client = ehlo.login("tim", "secret");
    client.expect("MAIL FROM:<me@example.com>", "250");
    client.expect("RCPT TO:<you@example.org>", "250");
    client.expect("DATA", "554");
}

#[test]
fn a_delay_holds_its_stage_back() {
    let ehlo = Ehlo::serve(&["--discard", "--user", "tim:secret", "--delay", "mail=400"]);
    let mut client = ehlo.login("tim", "secret");
    let begun = Instant::now();
    client.expect("MAIL FROM:<me@example.com>", "250");
    assert!(begun.elapsed() >= Duration::from_millis(400));
    let begun = Instant::now();
    client.expect("RCPT TO:<you@example.org>", "250");
    assert!(begun.elapsed() < Duration::from_millis(400));
}
