//! Stopping and reading again.

use core::time::Duration;
use std::time::Instant;

use rustix::process::Signal;

use crate::client::Client;
use crate::program::Ehlo;

const USER: [&str; 2] = ["--user", "tim:secret"];

#[test]
fn after_the_last_message_the_server_ends() {
    let mut ehlo = Ehlo::serve(&[&USER[..], &["--exit-after", "2"]].concat());
    let mut client = ehlo.login("tim", "secret");
    assert!(client.deliver("one\r\n").starts_with("250"));
    assert!(ehlo.is_running());
    assert!(client.deliver("two\r\n").starts_with("250"));
    assert_eq!(ehlo.end().code(), Some(0));
    assert_eq!(ehlo.messages().len(), 2);
}

#[test]
fn a_transaction_that_runs_may_finish_and_others_get_421() {
    let mut ehlo = Ehlo::serve(&USER);
    let mut busy = ehlo.login("tim", "secret");
    busy.begin("me@example.com", "you@example.org");
    busy.send(b"half a mess");
    let mut idle = ehlo.client();
    ehlo.signal(Signal::TERM);
    assert!(idle.reply().starts_with("421"));
    assert!(ehlo.is_running());
    busy.send(b"age\r\n.\r\n");
    assert!(busy.reply().starts_with("250"));
    assert!(busy.reply().starts_with("421"));
    assert_eq!(ehlo.end().code(), Some(0));
    assert!(ehlo.messages()[0].ends_with(b"half a message\r\n"));
}

#[test]
fn a_second_signal_stops_at_once_and_leaves_nothing_half_written() {
    let mut ehlo = Ehlo::serve(&USER);
    let mut busy = ehlo.login("tim", "secret");
    busy.begin("me@example.com", "you@example.org");
    // Enough for the store to begin with a file.
    busy.send(
        &[b'x'; 998]
            .repeat(100)
            .chunks(998)
            .flat_map(|l| [l, b"\r\n"].concat())
            .collect::<Vec<_>>(),
    );
    ehlo.signal(Signal::INT);
    ehlo.wait_for_log("stopping");
    assert!(ehlo.is_running());
    ehlo.signal(Signal::INT);
    assert_eq!(ehlo.end().code(), Some(130));
    assert!(ehlo.messages().is_empty());
    assert_eq!(std::fs::read_dir(ehlo.folder().join("mail/tmp")).unwrap().count(), 0);
}

#[test]
fn a_hangup_reads_the_certificate_again_and_the_server_goes_on() {
    let mut ehlo = Ehlo::serve(&USER);
    // Another certificate in the same place, made by another start.
    let other = Ehlo::serve(&["--discard"]);
    for name in ["cert.pem", "key.pem"] {
        let path = |ehlo: &Ehlo| ehlo.certificate().with_file_name(name);
        std::fs::copy(path(&other), path(&ehlo)).unwrap();
    }
    ehlo.signal(Signal::HUP);
    ehlo.wait_for_log("certificate read again");
    // It trusts the new certificate alone.
    assert!(ehlo.login("tim", "secret").deliver("hello\r\n").starts_with("250"));
    assert!(ehlo.is_running());
}

#[test]
fn a_client_that_never_begins_tls_does_not_hold_up_the_end() {
    let mut ehlo = Ehlo::serve(&USER);
    let _silent = Client::silent(ehlo.listening[1]);
    let mut upgrading = ehlo.client();
    upgrading.ehlo();
    upgrading.expect("STARTTLS", "220");
    ehlo.signal(Signal::TERM);
    let begun = Instant::now();
    assert_eq!(ehlo.end().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
