//! The runner of transcripts finds what is wrong: each of these differs in one place from a dialogue that
//! holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ehlo_tests::client;
use ehlo_tests::transcript::{Transcript, run_every_way};

const RIGHT: &str = "\
# A dialogue that holds.
config: auth PLAIN
config: tls
begin: hello

C: AUTH PLAIN AHRpbQBwdw==
E: Login PLAIN tim pw
A: reject
W: 1s
S: 535 5.7.8 authentication failed
C: AUTH PLAIN AHRpbQBwdw==
E: Login PLAIN tim pw
A: accept as 3
S: 235 2.7.0 authentication succeeded
F: ESMTPSA ehlo tls authenticated by PLAIN as 3
C: MAIL FROM:<a@b> SIZE=5
C: RCPT TO:<c@d>
C: DATA
E: Mail <a@b> SIZE=5
E: Rcpt <c@d>
E: Data
S: 250 2.1.0 sender OK
S: 250 2.1.5 recipient OK
S: 354 end the message with <CRLF>.<CRLF>
C: ..text
C: .
E: Body .text\\r\\n
E: EndOfData 7
S: 250 2.0.0 message accepted
T: 300s
S: 421 4.4.2 timed out, closing connection
E: Closed Ended(TimedOut)
";

fn outcome(text: &str) -> Result<(), String> {
    run_every_way(&Transcript::parse("a transcript", text)?)
}

#[test]
fn a_dialogue_that_holds_passes() {
    outcome(RIGHT).unwrap();
}

#[test]
fn each_difference_is_found() {
    for (right, wrong) in [
        ("E: Login PLAIN tim pw\nA: reject", "E: Login PLAIN tim pww\nA: reject"),
        ("W: 1s\n", ""),
        ("W: 1s\n", "W: 2s\n"),
        ("S: 535 5.7.8 authentication failed\n", ""),
        ("S: 535 5.7.8 authentication failed\n", "S: 535 5.7.8 authentication failed\\x20\n"),
        ("S: 235 2.7.0", "S: 235 2.7.1"),
        ("A: accept as 3", "A: accept as 4"),
        ("tls authenticated by PLAIN as 3", "tls"),
        ("E: Mail <a@b> SIZE=5\n", "E: Mail <a@b>\n"),
        ("E: Rcpt <c@d>\n", ""),
        ("E: Data\n", "E: Data chunked\n"),
        ("E: Mail <a@b> SIZE=5\nE: Rcpt <c@d>\n", "E: Rcpt <c@d>\nE: Mail <a@b> SIZE=5\n"),
        ("S: 250 2.1.0 sender OK\nS: 250 2.1.5 recipient OK\n", "S: 250 2.1.5 recipient OK\n"),
        ("E: Body .text\\r\\n", "E: Body ..text\\r\\n"),
        ("E: Body .text\\r\\n", "E: Body .text\\r\\nx"),
        ("E: Body .text\\r\\n", "E: Body .text"),
        ("E: Body .text\\r\\n\n", ""),
        ("E: EndOfData 7", "E: EndOfData 8"),
        ("T: 300s", "T: 299s"),
        ("E: Closed Ended(TimedOut)\n", ""),
        ("E: Closed Ended(TimedOut)\n", "E: Closed Quit\n"),
        ("config: tls\n", ""),
    ] {
        assert_eq!(RIGHT.matches(right).count(), 1, "{right}");
        let text = RIGHT.replace(right, wrong);
        assert!(outcome(&text).is_err(), "{wrong:?} in place of {right:?} goes unnoticed");
    }
}

#[test]
fn what_is_no_transcript_is_refused() {
    for text in [
        "C: NOOP\n",
        "# x\nQ: NOOP\n",
        "# x\nA: accept\n",
        "# x\nC: \\q\n",
        "# x\nT: soon\n",
        "# x\nC: NOOP\nconfig: tls\n",
        "# x\nconfig: limit recipients=many\n",
        "# x\nconfig: something\n",
        "# x\nbegin: somewhere\n",
        "# x\nE: Connected\nA: maybe\n",
    ] {
        assert!(Transcript::parse("a transcript", text).is_err(), "{text}");
    }
}

const CLIENT: &str = "\
# A dialogue of the client that holds.
config: journey starttls
config: password tim tanstaaf

S: 220 hello
E: Reply Greeting: 220 hello
C: EHLO client.example.org
S: 250-x
S: 250 STARTTLS
E: Reply Hello: 250 x STARTTLS
C: STARTTLS
S: 220 go
E: Reply StartTls: 220 go
E: Upgrade
A: tls mail.example.org
C: EHLO client.example.org
S: 250-x
S: 250 AUTH PLAIN
E: Reply Hello: 250 x AUTH PLAIN
C: AUTH PLAIN AHRpbQB0YW5zdGFhZg==
F: Tls AUTH=PLAIN
S: 235 ok
E: Reply Auth: 235 ok
E: Next
A: begin <a@b> SMTPUTF8 => NotOffered(Extensions(8))
A: begin <a@b>
C: MAIL FROM:<a@b>
S: 250 ok
E: Reply Mail: 250 ok
E: Recipient 0
A: add <c@d>
C: RCPT TO:<c@d>
S: 250 ok
E: Reply Rcpt 0: 250 ok
E: Recipient 1
A: no-more
C: DATA
S: 354 go
E: Reply Data: 354 go
E: Content
A: write .text\\r\\n
A: finish
C: ..text
C: .
T: 600s
E: Closed TimedOut
";

fn outcome_of_client(text: &str) -> Result<(), String> {
    client::run_every_way(&client::Script::parse("a dialogue", text)?)
}

#[test]
fn a_dialogue_of_the_client_that_holds_passes() {
    outcome_of_client(CLIENT).unwrap();
}

#[test]
fn each_difference_in_a_dialogue_of_the_client_is_found() {
    for (right, wrong) in [
        ("E: Reply Greeting: 220 hello\n", ""),
        ("E: Reply Greeting: 220 hello\n", "E: Reply Greeting: 220 hallo\n"),
        ("C: STARTTLS\n", ""),
        ("C: STARTTLS\n", "C: STARTTLS\\x20\n"),
        ("A: tls mail.example.org\n", "A: tls unverified\n"),
        ("A: tls mail.example.org\n", "A: failed\n"),
        ("F: Tls AUTH=PLAIN\n", "F: Tls authenticated AUTH=PLAIN\n"),
        ("S: 235 ok\n", "S: 235 okay\n"),
        ("AHRpbQB0YW5zdGFhZg==", "AHRpbQB0YW5zdGFhZw=="),
        ("A: begin <a@b>\n", "A: begin <a@c>\n"),
        (" => NotOffered(Extensions(8))", ""),
        ("NotOffered(Extensions(8))", "NotOffered(Extensions(4))"),
        ("A: add <c@d>\n", "A: add <c@d> => OutOfOrder\n"),
        ("E: Reply Rcpt 0: 250 ok\n", "E: Reply Rcpt 1: 250 ok\n"),
        ("A: write .text\\r\\n\n", "A: write text\\r\\n\n"),
        ("A: write .text\\r\\n\n", "A: write .text\\r\\n => Nul\n"),
        ("A: finish\n", "A: abort\n"),
        ("C: ..text\n", "C: .text\n"),
        ("T: 600s", "T: 601s"),
        ("E: Closed TimedOut\n", ""),
        ("E: Closed TimedOut\n", "E: Closed Quit\n"),
        ("config: password tim tanstaaf\n", ""),
        // The password goes out in the open, which is found however the dialogue ends.
        ("config: journey starttls\n", "config: journey cleartext\n"),
    ] {
        assert_eq!(CLIENT.matches(right).count(), 1, "{right}");
        let text = CLIENT.replace(right, wrong);
        assert!(
            outcome_of_client(&text).is_err(),
            "{wrong:?} in place of {right:?} goes unnoticed"
        );
    }
}

#[test]
fn a_password_that_goes_out_in_the_open_is_found() {
    let text = "\
# A server that is said a password's letters as a name.
config: password tim tanstaaf
begin: hello

E: Ready
A: vrfy tanstaaf
C: VRFY tanstaaf
";
    assert!(outcome_of_client(text).is_err_and(|error| error.contains("in the open")));
    outcome_of_client(
        &text.replace("VRFY tanstaaf", "VRFY tim").replace("vrfy tanstaaf", "vrfy tim"),
    )
    .unwrap();
}

#[test]
fn what_is_no_dialogue_of_the_client_is_refused() {
    for text in [
        "S: 220 x\n",
        "# x\nQ: 220 x\n",
        "# x\nA: noop\n",
        "# x\nS: \\q\n",
        "# x\nT: soon\n",
        "# x\nS: 220 x\nconfig: tls\n",
        "# x\nconfig: something\n",
        "# x\nconfig: prefer \\q\n",
        "# x\nbegin: somewhere\n",
        "# x\nE: Ready\nA: maybe\n",
    ] {
        assert!(client::Script::parse("a dialogue", text).is_err(), "{text}");
    }
}
