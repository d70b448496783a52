//! `ehlo serve` without more: what it prints is all it takes.

use std::fs;

use crate::client::Client;
use crate::program::Ehlo;

const MESSAGE: &str = ".Subject: dots\r\n\r\n.\r\n..\r\nline\r\n.\r\n";

#[test]
fn what_is_printed_is_all_it_takes_to_send_over_both_kinds_of_tls() {
    let ehlo = Ehlo::serve(&[]);
    let (user, password) = (ehlo.fact("user"), ehlo.fact("password"));
    assert_eq!(user, "ehlo");
    assert!(password.len() >= 16);
    assert!(ehlo.fact("certificate").starts_with(ehlo.certificate().to_str().unwrap()));

    let over_starttls = ehlo.login(user, password).deliver(MESSAGE);
    assert!(over_starttls.starts_with("250 2.0.0 queued as "), "{over_starttls}");

    let mut client = Client::connect_tls(ehlo.listening[1], &ehlo.certificate());
    client.ehlo();
    assert!(client.auth_plain(user, password).starts_with("235"));
    let over_tls = client.deliver(MESSAGE);
    assert!(over_tls.starts_with("250 2.0.0 queued as "), "{over_tls}");

    let messages = ehlo.messages();
    assert_eq!(messages.len(), 2);
    for message in messages {
        let text = String::from_utf8(message).unwrap();
        let trace = text.strip_suffix(MESSAGE).unwrap();
        for part in [
            "Return-Path: <me@example.com>\r\n",
            "Delivered-To: you@example.org\r\n",
            "Received: from client.example ([127.0.0.1]) (authenticated as ehlo)",
            " with ESMTPSA ",
            " tls TLS_AES_",
        ] {
            assert!(trace.contains(part), "{part} in {trace}");
        }
    }
    let id = over_tls.trim_start_matches("250 2.0.0 queued as ");
    assert!(ehlo.folder().join("mail/new").join(id).exists());
}

#[test]
fn the_lines_to_paste_have_all_that_is_printed() {
    let ehlo = Ehlo::serve(&["--discard"]);
    assert!(ehlo.said[0].ends_with(" (STARTTLS)"), "{:?}", ehlo.said);
    assert!(ehlo.said[1].ends_with(" (implicit TLS)"), "{:?}", ehlo.said);
    assert!(!ehlo.said.concat().contains('\u{1b}'));
    assert!(ehlo.fact("mail goes to").starts_with("nowhere"));
    let (swaks, curl) = (ehlo.fact("swaks"), ehlo.fact("printf"));
    for (line, port) in [(swaks, ehlo.listening[0].port()), (curl, ehlo.listening[1].port())] {
        for part in [
            ehlo.fact("password"),
            ehlo.certificate().to_str().unwrap(),
            &format!("localhost:{port} "),
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}

#[test]
fn the_certificate_is_kept_and_the_password_is_new() {
    let first = Ehlo::serve(&["--discard"]);
    let (certificate, password) =
        (fs::read(first.certificate()).unwrap(), first.fact("password").to_owned());
    let folder = first.into_folder();
    let second = Ehlo::in_folder(folder, &["--discard"]);
    assert_eq!(fs::read(second.certificate()).unwrap(), certificate);
    assert_ne!(second.fact("password"), password);
}

#[test]
fn auth_is_hidden_and_refused_before_tls_and_the_log_says_why() {
    let ehlo = Ehlo::serve(&["--discard"]);
    let mut client = ehlo.client();
    let offered = client.ehlo();
    assert!(offered.contains("STARTTLS") && !offered.contains("AUTH"), "{offered}");
    assert!(client.auth_plain("ehlo", "x").starts_with("538 5.7.11"));
    client.expect("MAIL FROM:<me@example.com>", "530 5.7.0");
    ehlo.wait_for_log("538: AUTH is hidden and refused until TLS is active");
    client.expect("QUIT", "221");
    ehlo.wait_for_log("AUTH is offered under TLS alone; --allow-insecure-auth would");
}

#[test]
fn auth_is_there_without_tls_when_that_is_allowed() {
    let ehlo = Ehlo::serve(&["--discard", "--allow-insecure-auth", "--user", "tim:secret"]);
    let mut client = ehlo.client();
    assert!(client.ehlo().contains("AUTH SCRAM-SHA-256 PLAIN LOGIN"));
    assert!(client.auth_plain("tim", "secret").starts_with("235"));
}

#[test]
fn a_wrong_password_is_535() {
    let ehlo = Ehlo::serve(&["--discard", "--user", "tim:secret"]);
    let mut client = ehlo.tls_client();
    assert!(client.auth_plain("tim", "Secret").starts_with("535 5.7.8"));
    assert!(client.auth_plain("tim", "secret").starts_with("235"));
    ehlo.wait_for_log("tim failed to authenticate by PLAIN, 5.7.8");
}
