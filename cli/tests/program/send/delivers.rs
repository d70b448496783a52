//! What arrives, and what is said of it.

use super::{fake::Fake, run, send, send_to, serve};
use crate::program::Ehlo;

#[test]
fn over_starttls_with_the_certificate_trusted() {
    let ehlo = serve(&[]);
    let options = ["--to", "you@example.org", "--subject", "grüße", "--body", "hello\n.dot"];
    let sent = send(&ehlo, &options, b"");
    assert_eq!((sent.code, sent.err.as_str()), (0, ""), "{sent:?}");
    let mut lines = sent.out.lines();
    assert!(lines.next().unwrap().starts_with("accepted you@example.org 250 2.1.5 "), "{sent:?}");
    assert!(lines.next().unwrap().starts_with("250 2.0.0 queued as "), "{sent:?}");
    assert_eq!(lines.next(), None);

    let message = String::from_utf8(ehlo.messages().remove(0)).unwrap();
    let (header, body) = message.split_once("\r\n\r\n").unwrap();
    for field in [
        "with ESMTPSA",
        "\r\nFrom: <tim@example.org>\r\n",
        "\r\nTo: <you@example.org>\r\n",
        "\r\nSubject: =?utf-8?",
        "\r\nDate: ",
        "\r\nMessage-ID: <",
        "\r\nMIME-Version: 1.0\r\n",
    ] {
        assert!(header.contains(field), "{field:?} in {header}");
    }
    assert!(!header.contains("Bcc"), "{header}");
    assert_eq!(body.trim_end(), "hello\r\n.dot");
    ehlo.wait_for_log("closed, QUIT, 1 message");
}

#[test]
fn over_implicit_tls() {
    let ehlo = serve(&[]);
    let server = format!("localhost:{}", ehlo.listening[1].port());
    let sent = send(&ehlo, &["--to", "you@example.org", "--body", "hello"], b"");
    assert_eq!(sent.code, 0, "{sent:?}");
    let certificate = ehlo.certificate();
    let certificate = certificate.to_str().unwrap();
    let options = [
        "--server",
        &server,
        "--tls",
        "implicit",
        "--ca",
        certificate,
        "--user",
        "tim@example.org",
        "--password-env",
        "PASSWORD",
        "--to",
        "you@example.org",
        "--body",
        "hello",
        "--quiet",
    ];
    // The sender is the user; this one is not known, but it is asked as the one who logs in.
    let refused = run(ehlo.folder(), &options, b"");
    refused.failed(77, "535 5.7.8");
    let options = options.map(|option| if option == "tim@example.org" { "tim" } else { option });
    let sent = run(ehlo.folder(), &[&options[..], &["--from", "tim@example.org"]].concat(), b"");
    assert_eq!((sent.code, sent.out.as_str(), sent.err.as_str()), (0, "", ""));
    assert_eq!(ehlo.messages().len(), 2);
}

#[test]
fn each_recipient_has_its_line_and_the_others_get_it() {
    let ehlo = serve(&[]);
    let to = ["--to", "a@example.org, no@example.org", "--to", "b@example.org", "--body", "hello"];
    let sent = send(&ehlo, &to, b"");
    sent.failed(77, "1 of 3 recipients refused");
    let lines: Vec<&str> = sent.out.lines().collect();
    assert!(lines[0].starts_with("accepted a@example.org 250 "), "{sent:?}");
    assert!(lines[1].starts_with("refused no@example.org 550 5.1.1 "), "{sent:?}");
    assert!(lines[2].starts_with("accepted b@example.org 250 "), "{sent:?}");
    assert!(lines[3].starts_with("250 2.0.0 queued as "), "{sent:?}");
    assert_eq!(ehlo.messages().len(), 1);

    let sent = send(&ehlo, &["--to", "no@example.org", "--body", "hello"], b"");
    sent.failed(77, "refused every recipient");
    assert!(sent.out.starts_with("refused no@example.org 550 5.1.1 "), "{sent:?}");
    assert_eq!(sent.out.lines().count(), 1, "{sent:?}");
}

#[test]
fn those_refused_for_now_alone_are_75() {
    const SCRIPT: super::fake::Script =
        &[("RCPT TO:<b", "450 4.2.1 later"), ("RCPT TO:<c", "550 5.1.1 no")];
    let fake = Fake::start(SCRIPT);
    let sent = send_to(&fake.server(), &["--tls", "none", "--to", "b@example.org"]);
    sent.failed(75, "1 of 2 recipients refused");
    assert_eq!(fake.heard().last().unwrap(), "QUIT");
    let fake = Fake::start(SCRIPT);
    let sent = send_to(&fake.server(), &["--tls", "none", "--to", "b@example.org,c@example.org"]);
    sent.failed(77, "2 of 3 recipients refused");
}

#[test]
fn json_is_one_object() {
    let ehlo = serve(&[]);
    let to = ["--to", "a@example.org,no@example.org", "--body", "hello", "--json"];
    let sent = send(&ehlo, &to, b"");
    let json = sent.json();
    assert_eq!((sent.code, json["exit"].as_i64()), (77, Some(77)));
    assert_eq!(json["sent"], true);
    assert_eq!(json["reply"]["code"], 250);
    assert_eq!(json["reply"]["enhanced"], "2.0.0");
    assert!(json["reply"]["text"].as_str().unwrap().starts_with("2.0.0 queued as "));
    assert_eq!(json["error"]["kind"], "recipients");
    let refused = &json["recipients"][1];
    assert_eq!(json["recipients"][0]["accepted"], true);
    assert_eq!(refused["address"], "no@example.org");
    assert_eq!(refused["accepted"], false);
    assert_eq!(
        (refused["code"].as_i64(), refused["enhanced"].as_str()),
        (Some(550), Some("5.1.1"))
    );

    let json = send(&ehlo, &["--to", "a@example.org", "--body", "x", "--json"], b"").json();
    assert_eq!((&json["error"], json["exit"].as_i64()), (&serde_json::Value::Null, Some(0)));
}

#[test]
fn json_is_there_whatever_happens() {
    let ehlo = serve(&[]);
    for (options, kind, exit) in [
        (["--to", "no@example.org", "--body", "x"], "recipients", 77),
        (["--to", "you@example.org", "--message", "/nowhere"], "input", 66),
        (["--to", "nobody", "--body", "x"], "message", 65),
        (["--to", "you@example.org", "--tls", "maybe"], "usage", 64),
    ] {
        let sent = send(&ehlo, &[&options[..], &["--json"]].concat(), b"");
        let json = sent.json();
        assert_eq!(json["sent"], false, "{json}");
        assert_eq!(json["error"]["kind"], kind, "{json}");
        assert_eq!(json["exit"], exit, "{json}");
        assert_eq!(sent.code, exit, "{json}");
        assert!(!json["error"]["text"].as_str().unwrap().is_empty());
    }
}

#[test]
fn lmtp_has_a_reply_for_each_recipient() {
    let ehlo = Ehlo::serve(&["--lmtp", "--auth", "none", "--local-domain", "example.org"]);
    let sent = send_to(&ehlo.listening[0].to_string(), &["--lmtp", "--tls", "none"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert!(sent.out.starts_with("accepted you@example.org 250 2.0.0 queued as "), "{sent:?}");
    assert!(String::from_utf8_lossy(&ehlo.messages()[0]).contains(" with LMTP"));
}

#[cfg(unix)]
#[test]
fn lmtp_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    let fake = Fake::start_unix(&path, &[(".", "250 2.0.0 stored\n550 5.2.2 full")]);
    let server = format!("unix:{}", path.display());
    let sent = send_to(&server, &["--lmtp", "--to", "she@example.org"]);
    sent.failed(77, "1 of 2 recipients refused");
    assert_eq!(
        sent.out,
        "accepted you@example.org 250 2.0.0 stored\nrefused she@example.org 550 5.2.2 full\n250 2.0.0 stored\n"
    );
    let heard = fake.heard();
    assert_eq!(heard[0], "LHLO localhost");
    assert_eq!(heard.last().unwrap(), "QUIT");
    send_to(&server, &[]).failed(64, "add --lmtp");
}

#[test]
fn the_name_in_ehlo_can_be_said() {
    let fake = Fake::start(&[]);
    let sent = send_to(&fake.server(), &["--tls", "none", "--ehlo", "me.example.com"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(fake.heard()[0], "EHLO me.example.com");
    send_to("localhost:1", &["--ehlo", "two words"]).failed(64, "--ehlo two words");
}
