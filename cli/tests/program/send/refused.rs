//! What goes wrong, and what is said of it.

use std::net::TcpListener;

use super::{fake::Fake, fake::Script, run, send, send_to, serve};

const LOGIN: [&str; 4] = ["--user", "tim", "--password-env", "PASSWORD"];

#[test]
fn a_server_without_starttls_hears_no_credential() {
    let fake = Fake::start(&[("EHLO", "250-fake\n250 AUTH PLAIN LOGIN")]);
    let sent = send_to(&fake.server(), &LOGIN);
    sent.failed(77, "--tls none");
    let heard = fake.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].starts_with("EHLO ["), "{heard:?}");
    assert_eq!(heard[1], "QUIT");
}

#[test]
fn one_that_refuses_starttls_too() {
    let fake = Fake::start(&[
        ("EHLO", "250-fake\n250-AUTH PLAIN\n250 STARTTLS"),
        ("STARTTLS", "454 4.7.0 not now"),
    ]);
    send_to(&fake.server(), &LOGIN).failed(75, "454 4.7.0 not now");
    let heard = fake.heard();
    assert_eq!(heard[1..], ["STARTTLS", "QUIT"]);
}

#[test]
fn a_server_that_wants_a_login_by_any_code_is_told_from_one_that_refuses() {
    const ADVICE: &str = "may want a login";
    const EHLO: (&str, &str) = ("EHLO", "250 fake");
    const REPLIES: [(Script, bool); 4] = [
        (&[EHLO, ("MAIL", "530 5.7.0 authentication required")], true),
        (&[EHLO, ("MAIL", "550 5.7.1 log in first")], true),
        (&[EHLO, ("RCPT", "550 5.7.1 authentication required")], true),
        (&[EHLO, ("RCPT", "550 5.1.1 no such mailbox")], false),
    ];
    for (script, advice) in REPLIES {
        let sent = send_to(&Fake::start(script).server(), &["--tls", "none"]);
        assert_eq!((sent.code, sent.err.contains(ADVICE)), (77, advice), "{script:?}: {sent:?}");
    }
}

#[test]
fn a_self_signed_certificate_needs_to_be_trusted() {
    let ehlo = serve(&[]);
    let other = tempfile::tempdir().unwrap();
    let usual = ["--from", "me@example.com", "--to", "you@example.org", "--body", "x"];
    for hostname in ["localhost", "other.example"] {
        let stranger = serve(&["--hostname", hostname]);
        let trusted = stranger.certificate();
        for (listener, tls) in [(0, "starttls"), (1, "implicit")] {
            let server = format!("localhost:{}", ehlo.listening[listener].port());
            let options = ["--server", &server, "--tls", tls, "--ca", trusted.to_str().unwrap()];
            let sent = run(other.path(), &[&usual, &options[..], &LOGIN].concat(), b"");
            sent.failed(77, "--ca FILE");
        }
    }
    assert!(!ehlo.log().contains("authenticat"), "{}", ehlo.log());
    let server = format!("localhost:{}", ehlo.listening[0].port());
    let options = ["--server", &server, "--dangerous-accept-any-certificate"];
    let sent = run(other.path(), &[&usual, &options[..], &LOGIN].concat(), b"");
    assert_eq!(sent.code, 0, "{sent:?}");
}

#[test]
fn a_closed_port_is_69() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sent = send_to(&free.to_string(), &[]);
    sent.failed(69, "connection refused");
    assert!(sent.err.contains("port"), "{sent:?}");
}

#[test]
fn what_is_no_host_is_68() {
    send_to("no host", &[]).failed(68, "can't be a host's name");
    // Without a network nobody knows.
    let sent = send_to("nowhere.invalid", &["--timeout", "15"]);
    assert!([68, 75].contains(&sent.code), "{sent:?}");
    send_to("localhost:port", &[]).failed(64, "localhost:port");
}

#[test]
fn what_fails_for_now_is_75() {
    for fault in ["connect=421", "mail=451", "rcpt=450", "data=452", "message=452", "auth=454"] {
        let ehlo = serve(&["--discard", "--fail", fault]);
        let sent = send(&ehlo, &["--to", "you@example.org", "--body", "x"], b"");
        assert_eq!(sent.code, 75, "{fault}: {sent:?}");
    }
    for (fault, code) in [("connect=554", 69), ("mail=550", 77), ("message=554", 77)] {
        let ehlo = serve(&["--discard", "--fail", fault]);
        let sent = send(&ehlo, &["--to", "you@example.org", "--body", "x"], b"");
        assert_eq!(sent.code, code, "{fault}: {sent:?}");
    }
}

#[test]
fn too_large_a_message_is_65() {
    let ehlo = serve(&["--max-size", "1K"]);
    let body = "x\n".repeat(1000);
    let sent = send(&ehlo, &["--to", "you@example.org", "--body", &body], b"");
    sent.failed(65, "the server takes 1024 octets");
    let message = format!("Subject: x\r\n\r\n{body}");
    // Nobody knows the size of a stream, so it is the server that says it.
    let sent = send(&ehlo, &["--to", "you@example.org", "--message", "-"], message.as_bytes());
    sent.failed(65, "552 5.3.4");
    ehlo.wait_for_log("closed, QUIT");
}

#[test]
fn a_server_that_says_nothing_is_75_when_the_time_is_over() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap().to_string();
    let sent = send_to(&server, &["--timeout", "1"]);
    sent.failed(75, "it took too long");
    assert!(sent.err.contains("--tls implicit"), "{sent:?}");
    send_to(&server, &["--timeout", "soon"]).failed(64, "--timeout soon");
    // Nor does it wait for ever for standard input.
    let fake = Fake::start(&[("DATA", "")]);
    let sent = send_to(&fake.server(), &["--tls", "none", "--timeout", "1"]);
    sent.failed(75, "it took too long");
    drop(fake.heard());
}

#[test]
fn a_message_that_was_taken_is_sent_though_quit_is_not_answered_in_time() {
    let fake = Fake::start(&[("QUIT", "")]);
    let sent = send_to(&fake.server(), &["--tls", "none", "--timeout", "1"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    drop(fake.heard());
}

#[test]
fn every_refusal_ends_with_quit() {
    const SCRIPTS: [Script; 5] = [
        &[("MAIL", "550 5.7.1 no")],
        &[("RCPT", "550 5.1.1 no")],
        &[("DATA", "554 5.0.0 no")],
        &[(".", "554 5.6.0 no")],
        &[("EHLO", "502 5.5.1 no"), ("HELO", "550 5.7.1 no")],
    ];
    for (script, code) in SCRIPTS.into_iter().zip([77, 77, 77, 65, 69]) {
        let fake = Fake::start(script);
        let sent = send_to(&fake.server(), &["--tls", "none"]);
        assert_eq!(sent.code, code, "{script:?}: {sent:?}");
        assert_eq!(fake.heard().last().unwrap(), "QUIT", "{script:?}");
    }
}

#[test]
fn who_has_to_log_in_is_told_so() {
    let ehlo = serve(&[]);
    let server = format!("localhost:{}", ehlo.listening[0].port());
    let certificate = ehlo.certificate();
    let sent = send_to(&server, &["--ca", certificate.to_str().unwrap()]);
    sent.failed(77, "530 5.7.0");
    assert!(sent.err.contains("--user NAME"), "{sent:?}");
}

#[test]
fn nothing_of_a_reply_moves_the_cursor() {
    let fake = Fake::start(&[(".", "550 5.7.1 a\u{1b}[2Jb\u{202e}c")]);
    let sent = send_to(&fake.server(), &["--tls", "none"]);
    assert_eq!(sent.code, 77);
    assert!(!sent.err.contains(['\u{1b}', '\u{202e}']), "{sent:?}");
    drop(fake.heard());
}

#[test]
fn options_that_make_no_sense_together_are_64() {
    for (options, words) in [
        (&["--tls", "none", "--ca", "x"][..], "--tls none"),
        (&["--auth", "none", "--user", "tim", "--password-env", "PASSWORD"], "--auth none"),
        (&["--auth", "PLAIN"], "--user"),
        (&["--client-cert", "x"], "--client-key"),
        (&["--message", "-"], "--message"),
    ] {
        let sent = send_to("localhost:1", options);
        assert_eq!(sent.code, 64, "{options:?}: {sent:?}");
        assert!(sent.err.contains(words), "{sent:?}");
    }
}
