//! Transcripts hold every line and no secret.

use super::odd::{serve, usual};
use super::{LOGIN, PASSWORD, TOKEN, at, own, probe};
use crate::client::base64;

fn without_secrets(text: &str) {
    let encoded = [
        base64(PASSWORD),
        base64(TOKEN),
        base64(&format!("\0tim\0{PASSWORD}")),
        base64("tim"),
        base64(&format!("user=tim\u{1}auth=Bearer {TOKEN}\u{1}\u{1}")),
    ];
    for secret in [PASSWORD, TOKEN].into_iter().chain(encoded.iter().map(String::as_str)) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_transcript_has_every_line_and_no_secret() {
    let ehlo = own(&["--max-auth-failures-per-ip", "off"]);
    let ca = ehlo.certificate();
    let usual = [&*at(&ehlo, 0), "--ca", ca.to_str().unwrap()];
    let probed = probe(ehlo.folder(), &[&usual, &LOGIN[..], &["--transcript"]].concat());
    assert_eq!(probed.code, 0, "{}", probed.err);
    without_secrets(&probed.err);
    without_secrets(&probed.out);
    for line in [
        "S: 220 localhost ESMTP",
        "C: STARTTLS",
        "-- TLS: TLSv1.3",
        "C: AUTH PLAIN (",
        "S: 235 2.7.0",
        "C: QUIT",
    ] {
        assert!(probed.err.contains(line), "{line} in {}", probed.err);
    }

    let suite =
        ["--suite", "rfc4954", "--transcript=dialogues", "--junit", "results.xml", "--json"];
    let some = [
        "--only",
        "plain-one-step,plain-junk,login-right,cram-right,cram-upper,xoauth2-right,exchange-pipelined-right",
    ];
    let probed = probe(ehlo.folder(), &[&usual, &LOGIN[..], &suite, &some].concat());
    assert_eq!(probed.code, 0, "{} {}", probed.out, probed.err);
    without_secrets(&probed.out);
    for file in ["dialogues", "results.xml"] {
        let text = std::fs::read_to_string(ehlo.folder().join(file)).unwrap();
        assert!(text.contains("plain-junk"), "{text}");
        without_secrets(&text);
    }
}

#[test]
fn a_server_that_repeats_a_secret_is_not_repeated() {
    let address = serve(|lines| {
        let last = lines.last().cloned().unwrap_or_default();
        match last.strip_prefix("AUTH PLAIN ") {
            Some(response) => Some(format!("535-{response}\r\n535 you said {PASSWORD}")),
            None => usual(lines, "AUTH PLAIN"),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let server = address.to_string();
    for json in [&["--json"][..], &[]] {
        let usual =
            [&*server, "--tls", "none", "--transcript", "--user", "tim", "--password-env", "PW"];
        let probed = probe(folder.path(), &[&usual, json].concat());
        assert_eq!(probed.code, 77, "{}", probed.err);
        assert!(probed.out.contains("you said (hidden)"), "{}", probed.out);
        without_secrets(&probed.out);
        without_secrets(&probed.err);
    }
}
