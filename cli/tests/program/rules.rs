//! Who may send what to whom, and how much.

use crate::client::{Client, base64};
use crate::program::Ehlo;

const TIM: [&str; 3] = ["--discard", "--user", "tim:secret"];

fn tim(options: &[&str]) -> Ehlo {
    Ehlo::serve(&[&TIM, options].concat())
}

#[test]
fn a_rejected_recipient_is_550_and_the_others_are_not() {
    let ehlo = tim(&["--reject-recipient", "nobody@example.org"]);
    let mut client = ehlo.login("tim", "secret");
    client.expect("MAIL FROM:<me@example.com>", "250");
    client.expect("RCPT TO:<nobody@EXAMPLE.org>", "550 5.1.1");
    client.expect("RCPT TO:<you@example.org>", "250");
    ehlo.wait_for_log("nobody@EXAMPLE.org: refused, 550 5.1.1");
}

#[test]
fn a_message_above_the_size_is_552_when_said_and_when_it_comes() {
    let ehlo = tim(&["--max-size", "64K"]);
    let mut client = ehlo.login("tim", "secret");
    client.expect("MAIL FROM:<me@example.com> SIZE=65537", "552 5.3.4");
    client.expect("MAIL FROM:<me@example.com> SIZE=65536", "250");
    client.expect("RSET", "250");
    let line = "x".repeat(510) + "\r\n";
    let reply = client.deliver(&line.repeat(129));
    assert!(reply.starts_with("552 5.3.4"), "{reply}");
    let reply = client.deliver(&line.repeat(128));
    assert!(reply.starts_with("250"), "{reply}");
}

#[test]
fn too_many_recipients_are_452() {
    let ehlo = tim(&["--max-recipients", "2"]);
    let mut client = ehlo.login("tim", "secret");
    client.expect("MAIL FROM:<me@example.com>", "250");
    client.expect("RCPT TO:<a@example.org>", "250");
    client.expect("RCPT TO:<b@example.org>", "250");
    client.expect("RCPT TO:<c@example.org>", "452 4.5.3");
}

#[test]
fn connections_above_those_of_an_address_are_421_until_one_closes() {
    let ehlo = tim(&["--max-connections-per-ip", "2"]);
    let mut first = ehlo.client();
    let _second = ehlo.client();
    let mut third = Client::silent(ehlo.listening[0]);
    assert!(third.reply().starts_with("421 4.7.0"));
    assert_eq!(third.reply(), "");
    first.expect("QUIT", "221");
    assert_eq!(first.reply(), "");
    ehlo.wait_for_log("closed, QUIT, 0 messages");
    // The place is free a moment after the line.
    let greeting = || Client::silent(ehlo.listening[0]).reply();
    assert!((0..100).any(|_| greeting().starts_with("220")));
}

#[test]
fn too_many_failed_authentications_end_the_connection() {
    let ehlo = tim(&["--max-auth-failures", "1"]);
    let mut client = ehlo.tls_client();
    let reply = client.auth_plain("tim", "wrong");
    assert!(reply.starts_with("535") || reply.starts_with("421"), "{reply}");
    let rest = if reply.starts_with("535") { client.reply() } else { reply };
    assert!(rest.starts_with("421 4.7.0"), "{rest}");
}

#[test]
fn commands_before_authentication_can_be_limited_and_off_is_off() {
    let few = tim(&["--max-unauthenticated-commands", "3"]);
    let mut client = few.tls_client();
    let replies: Vec<String> = (0..4).map(|_| client.say("NOOP")).collect();
    assert!(replies.iter().any(|reply| reply.starts_with("421")), "{replies:?}");
    let off = tim(&["--max-unauthenticated-commands", "off"]);
    let mut client = off.tls_client();
    for _ in 0..50 {
        client.expect("NOOP", "250");
    }
}

#[test]
fn who_has_not_authenticated_writes_to_local_domains_alone() {
    let ehlo = tim(&["--auth-optional", "--local-domain", "example.org"]);
    let mut client = ehlo.client();
    client.ehlo();
    client.expect("MAIL FROM:<me@example.com>", "250");
    client.expect("RCPT TO:<you@EXAMPLE.org>", "250");
    client.expect("RCPT TO:<postmaster>", "250");
    client.expect("RCPT TO:<you@sub.example.org>", "550 5.7.1");
    client.expect("RCPT TO:<you@example.net>", "550 5.7.1");
    client.expect("RCPT TO:<you@[127.0.0.1]>", "550 5.7.1");
    let mut client = ehlo.login("tim", "secret");
    client.expect("MAIL FROM:<me@example.com>", "250");
    client.expect("RCPT TO:<you@example.net>", "250");
}

#[test]
fn without_local_domains_who_has_not_authenticated_writes_to_nobody() {
    for option in [["--auth-optional"].as_slice(), &["--auth", "none"]] {
        let ehlo = tim(option);
        let mut client = ehlo.client();
        client.ehlo();
        client.expect("MAIL FROM:<me@example.com>", "250");
        client.expect("RCPT TO:<you@localhost>", "550 5.7.1");
    }
}

#[test]
fn a_catch_all_takes_everything_from_everybody() {
    let ehlo = Ehlo::serve(&["--accept-any", "--auth-optional"]);
    let mut client = ehlo.client();
    client.ehlo();
    assert!(client.deliver("hello\r\n").starts_with("250"));
    assert!(ehlo.login("whoever", "whatever").deliver("hello\r\n").starts_with("250"));
    assert_eq!(ehlo.messages().len(), 2);
}

#[test]
fn the_sender_can_be_tied_to_who_has_authenticated() {
    let user = ["--discard", "--user", "tim@example.com:secret", "--sender-must-match"];
    let ehlo = Ehlo::serve(&user);
    let mut client = ehlo.login("tim@example.com", "secret");
    client.expect("MAIL FROM:<anna@example.com>", "550 5.7.1");
    client.expect("MAIL FROM:<tim@EXAMPLE.com>", "250");
    client.expect("RSET", "250");
    client.expect("MAIL FROM:<>", "250");
}

#[test]
fn a_token_belongs_to_its_user() {
    let ehlo = Ehlo::serve(&["--discard", "--token", "tim:t0ken", "--user", "anna:secret"]);
    let bearer =
        |user: &str, token: &str| base64(&format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let mut client = ehlo.tls_client();
    let other = bearer("anna", "t0ken");
    client.expect(&format!("AUTH XOAUTH2 {other}"), "334 ");
    client.expect("", "535");
    client.expect(&format!("AUTH XOAUTH2 {}", bearer("tim", "t0ken")), "235");
}

#[test]
fn a_token_without_a_name_is_that_of_its_owner() {
    let ehlo = Ehlo::serve(&["--token", "tim:t0ken"]);
    let mut client = ehlo.tls_client();
    let bearer = base64("n,,\u{1}auth=Bearer t0ken\u{1}\u{1}");
    client.expect(&format!("AUTH OAUTHBEARER {bearer}"), "235");
    assert!(client.deliver("hello\r\n").starts_with("250"));
    ehlo.wait_for_log("tim authenticated by OAUTHBEARER");
    ehlo.wait_for_log("tim (OAUTHBEARER, TLSv1.3): me@example.com");
}

#[test]
fn anonymous_is_taken_when_asked_for() {
    let ehlo = Ehlo::serve(&["--discard", "--auth", "ANONYMOUS"]);
    let mut client = ehlo.tls_client();
    client.expect(&format!("AUTH ANONYMOUS {}", base64("me")), "235");
    assert!(client.deliver("hello\r\n").starts_with("250"));
}

#[test]
fn extensions_are_offered_and_hidden_and_what_is_asked_for_is_noted() {
    let ehlo = Ehlo::serve(&[
        "--user",
        "tim:secret",
        "--offer",
        "DELIVERBY,FUTURERELEASE,MT-PRIORITY,REQUIRETLS,ETRN",
        "--hide",
        "chunking,DSN",
    ]);
    let mut client = ehlo.login("tim", "secret");
    let offered = client.ehlo();
    for keyword in ["DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "REQUIRETLS", "ETRN", "SIZE"] {
        assert!(offered.contains(keyword), "{keyword} in {offered}");
    }
    for keyword in ["CHUNKING", "BINARYMIME", "DSN"] {
        assert!(!offered.contains(keyword), "{keyword} in {offered}");
    }
    client.expect("ETRN example.org", "250");
    let asked = "BY=120;R HOLDFOR=60 MT-PRIORITY=3 REQUIRETLS SIZE=9";
    client.expect(&format!("MAIL FROM:<me@example.com> {asked}"), "250");
    client.expect("RCPT TO:<you@example.org>", "250");
    client.expect("DATA", "354");
    client.expect("hello\r\n.", "250");
    let message = String::from_utf8(ehlo.messages().remove(0)).unwrap();
    for noted in ["(BY=120;R)", "(HOLDFOR=60)", "(MT-PRIORITY=3)", "(REQUIRETLS)"] {
        assert!(message.contains(noted), "{noted} in {message}");
    }
    assert!(!message.contains("SIZE=9"));
}

#[test]
fn lmtp_replies_for_each_recipient() {
    let ehlo = Ehlo::serve(&["--lmtp", "--auth", "none", "--local-domain", "example.org"]);
    let mut client = ehlo.client();
    client.expect("EHLO client.example", "5");
    client.expect("LHLO client.example", "250");
    client.expect("MAIL FROM:<me@example.com>", "250");
    client.expect("RCPT TO:<a@example.org>", "250");
    client.expect("RCPT TO:<b@example.org>", "250");
    client.expect("DATA", "354");
    client.expect("hello\r\n.", "250 2.0.0 queued as ");
    assert!(client.reply().starts_with("250 2.0.0 queued as "));
    let messages = ehlo.messages();
    assert_eq!(messages.len(), 1);
    let text = String::from_utf8(messages[0].clone()).unwrap();
    assert!(text.contains(" with LMTP"), "{text}");
}

#[test]
fn a_bare_newline_is_refused_accepted_or_converted() {
    for (how, stored) in
        [("refuse", None), ("accept", Some("a\nb\r\n")), ("convert", Some("a\r\nb\r\n"))]
    {
        let ehlo = Ehlo::serve(&["--user", "tim:secret", "--bare-newline", how]);
        let reply = ehlo.login("tim", "secret").deliver("a\nb\r\n");
        match stored {
            None => {
                assert!(reply.starts_with("5"), "{reply}");
                assert!(ehlo.messages().is_empty());
                ehlo.wait_for_log("bare CR or LF");
            }
            Some(stored) => {
                assert!(reply.starts_with("250"), "{reply}");
                assert!(ehlo.messages()[0].ends_with(format!("\r\n{stored}").as_bytes()));
            }
        }
    }
}

#[test]
fn without_tls_nothing_is_done_where_it_is_required() {
    let ehlo = tim(&["--require-tls", "--auth-optional", "--local-domain", "example.org"]);
    let mut client = ehlo.client();
    client.ehlo();
    client.expect("MAIL FROM:<me@example.com>", "530 5.7.0");
    let mut client = ehlo.tls_client();
    client.expect("MAIL FROM:<me@example.com>", "250");
}

#[test]
fn a_machine_with_an_underscore_in_its_name_is_welcome_unless_names_are_to_be_strict() {
    let ehlo = Ehlo::serve(&["--accept-any", "--auth-optional"]);
    let mut client = ehlo.client();
    assert!(client.say("EHLO MY_PC").contains("PIPELINING"));
    assert!(client.deliver("hello\r\n").starts_with("250"));
    let message = String::from_utf8(ehlo.messages().remove(0)).unwrap();
    assert!(message.contains("\r\nReceived: from MY_PC (["), "{message}");
    client.expect("EHLO my;pc", "501 5.5.4");

    let strict = Ehlo::serve(&["--accept-any", "--auth-optional", "--strict-hello"]);
    let mut client = strict.client();
    client.expect("EHLO MY_PC", "501 5.5.4");
    assert!(client.say("EHLO my-pc").contains("PIPELINING"));
}
