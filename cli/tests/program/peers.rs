//! Peers that speak for others, and stores that fail.

use std::fs;

use crate::client::Client;
use crate::program::Ehlo;

#[test]
fn behind_a_proxy_the_address_is_that_of_the_client() {
    let options = ["--proxy-protocol", "127.0.0.0/8", "--accept-any", "--auth-optional"];
    let ehlo = Ehlo::serve(&options);
    let mut client = Client::silent(ehlo.listening[0]);
    client.send(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n");
    assert!(client.reply().starts_with("220"));
    client.ehlo();
    assert!(client.deliver("hello\r\n").starts_with("250"));
    let message = String::from_utf8(ehlo.messages().remove(0)).unwrap();
    assert!(message.contains("([192.0.2.7])"), "{message}");
    ehlo.wait_for_log("192.0.2.7:4711 nobody: me@example.com");

    let mut without = Client::silent(ehlo.listening[0]);
    without.send(b"EHLO client.example\r\n");
    assert_eq!(without.reply(), "");
}

#[test]
fn a_trusted_peer_may_say_who_its_client_is() {
    let ehlo = Ehlo::serve(&["--trust-xclient", "127.0.0.1", "--user", "tim:secret"]);
    let mut client = ehlo.tls_client();
    assert!(client.ehlo().contains("XCLIENT"));
    client.expect("XCLIENT ADDR=192.0.2.9 LOGIN=tim", "220");
    client.ehlo();
    assert!(client.deliver("hello\r\n").starts_with("250"));
    let message = String::from_utf8(ehlo.messages().remove(0)).unwrap();
    assert!(message.contains("([192.0.2.9]) (authenticated as tim)"), "{message}");

    let stranger = Ehlo::serve(&["--trust-xclient", "192.0.2.0/24", "--discard"]);
    assert!(!stranger.tls_client().ehlo().contains("XCLIENT"));
}

#[test]
fn what_a_trusted_peer_does_not_know_is_nobody() {
    let ehlo = Ehlo::serve(&["--trust-xclient", "127.0.0.1", "--user", "tim:secret"]);
    let mut client = ehlo.tls_client();
    client.expect("XCLIENT ADDR=[UNAVAILABLE] LOGIN=[UNAVAILABLE] HELO=[TEMPUNAVAIL]", "220");
    client.ehlo();
    client.expect("MAIL FROM:<me@example.com>", "530");
}

#[test]
fn an_address_that_is_none_does_not_make_a_client_of_the_proxy() {
    let ehlo = Ehlo::serve(&["--trust-xclient", "127.0.0.1", "--discard"]);
    let mut client = ehlo.tls_client();
    client.ehlo();
    for wrong in ["ADDR=999.0.2.9", "ADDR=+FF", "ADDR=192.0.2.9 PORT=65536", "PORT=x"] {
        client.expect(&format!("XCLIENT {wrong}"), "550 5.5.4");
    }
    client.expect("XCLIENT ADDR=IPV6:2001:db8::1 PORT=4711", "220");
}

#[test]
fn a_store_that_fails_is_451_and_tells_the_client_nothing_more() {
    let ehlo = Ehlo::serve(&["--user", "tim:secret"]);
    let mut client = ehlo.login("tim", "secret");
    fs::remove_dir(ehlo.folder().join("mail/tmp")).unwrap();
    let reply = client.deliver("hello\r\n");
    assert_eq!(reply, "451 4.3.0 the message can't be stored, try again later");
    ehlo.wait_for_log("the message can't be stored: ");
    ehlo.wait_for_log("refused, 451 4.3.0");
    fs::create_dir(ehlo.folder().join("mail/tmp")).unwrap();
    assert!(client.deliver("hello\r\n").starts_with("250"));
}

#[test]
fn a_store_that_fails_half_way_is_logged_as_a_refused_message() {
    let ehlo = Ehlo::serve(&["--user", "tim:secret"]);
    let mut client = ehlo.login("tim", "secret");
    fs::remove_dir(ehlo.folder().join("mail/tmp")).unwrap();
    // More than the store keeps in memory, so that it fails before the end.
    let reply = client.deliver(&format!("{}\r\n", "x".repeat(900)).repeat(200));
    assert_eq!(reply, "451 4.3.0 the message can't be stored, try again later");
    ehlo.wait_for_log("octets, refused, 451 4.3.0");
    fs::create_dir(ehlo.folder().join("mail/tmp")).unwrap();
    assert!(client.deliver("hello\r\n").starts_with("250"));
}
