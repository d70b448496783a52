//! The runner of transcripts finds what is wrong: each of these differs in one place from a dialogue that
//! holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

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
