//! Where the message comes from, and that it is not changed.

use std::fs;

use base64::Engine as _;

use super::{fake::Fake, send, serve};

/// A message of some megabytes with all that a dot can be part of.
fn large() -> Vec<u8> {
    let lines = b".\r\n..\r\n.a\r\n\r\na.\r\n \xe4\xff.\r\n";
    [b"Subject: large\r\nX: .\r\n\r\n".as_slice(), &lines.repeat(150_000)].concat()
}

#[test]
fn a_large_file_arrives_octet_for_octet() {
    let ehlo = serve(&[]);
    let path = ehlo.folder().join("letter.eml");
    fs::write(&path, large()).unwrap();
    let path = path.to_str().unwrap();
    let sent = send(&ehlo, &["--to", "you@example.org", "--message", path], b"");
    assert_eq!((sent.code, sent.err.as_str()), (0, ""), "{sent:?}");
    assert!(ehlo.messages()[0].ends_with(&[b"\r\n", large().as_slice()].concat()));
}

#[test]
fn so_does_standard_input() {
    let ehlo = serve(&[]);
    let sent = send(&ehlo, &["--to", "you@example.org", "--message", "-"], &large());
    assert_eq!((sent.code, sent.err.as_str()), (0, ""), "{sent:?}");
    assert!(ehlo.messages()[0].ends_with(&[b"\r\n", large().as_slice()].concat()));
}

#[test]
fn line_ends_are_made_crlf_and_the_size_is_said_for_that() {
    let message = "Subject: x\n\nhello\r\n.\nend";
    let fake = Fake::start(&[("EHLO", "250-fake\n250 SIZE 1000")]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter");
    fs::write(&path, message).unwrap();
    let path = path.to_str().unwrap();
    let options =
        ["--server", &fake.server(), "--tls", "none", "--from", "<>", "--to", "you@example.org"];
    let sent = super::run(folder.path(), &[&options[..], &["--message", path]].concat(), b"");
    assert_eq!(sent.code, 0, "{sent:?}");
    let heard = fake.heard();
    let size = message.len() + 3 + 2;
    assert!(heard.contains(&format!("MAIL FROM:<> SIZE={size}")), "{heard:?}");
    let at = heard.iter().position(|line| line == "DATA").unwrap();
    assert_eq!(heard[at + 1..], ["Subject: x", "", "hello", "..", "end", ".", "QUIT"]);
}

#[test]
fn a_bcc_field_in_a_file_stays() {
    let ehlo = serve(&[]);
    let message = b"Subject: x\r\nBcc: she@example.org\r\n\r\nhello\r\n";
    let sent = send(&ehlo, &["--to", "you@example.org", "--message", "-"], message);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert!(ehlo.messages()[0].ends_with(message));
}

#[test]
fn what_is_no_message_is_refused_before_anything_is_connected() {
    let folder = tempfile::tempdir().unwrap();
    let server = ["--server", "127.0.0.1:1", "--from", "me@example.com", "--to", "you@example.org"];
    for (message, words) in [
        ("", "nothing in it"),
        ("\r\nSubject: x\r\n", "no header: the first line is empty"),
        ("Hello, you!\r\n", "no header: the first line is no field such as"),
        ("From me@example.com Sat Nov 21\r\nSubject: x\r\n", "mbox"),
    ] {
        let options = [&server[..], &["--message", "-"]].concat();
        let sent = super::run(folder.path(), &options, message.as_bytes());
        sent.failed(65, words);
        let path = folder.path().join("letter");
        fs::write(&path, message).unwrap();
        let options = [&server[..], &["--message", path.to_str().unwrap()]].concat();
        super::run(folder.path(), &options, b"").failed(65, words);
    }
    let path = folder.path().join("letter");
    fs::write(&path, "Subject: x\r\n\r\n\0").unwrap();
    let options = [&server[..], &["--message", path.to_str().unwrap()]].concat();
    super::run(folder.path(), &options, b"").failed(65, "NUL");
}

#[test]
fn files_that_are_not_there_are_66() {
    for option in [["--message", "/nowhere"], ["--attach", "/nowhere"], ["--body", "@/nowhere"]] {
        let server =
            ["--server", "127.0.0.1:1", "--from", "me@example.com", "--to", "you@example.org"];
        let folder = tempfile::tempdir().unwrap();
        let sent = super::run(folder.path(), &[&server[..], &option].concat(), b"");
        sent.failed(66, "/nowhere");
    }
}

#[test]
fn an_attachment_arrives_as_mime() {
    let ehlo = serve(&[]);
    let octets: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    fs::write(ehlo.folder().join("picture.png"), &octets).unwrap();
    fs::write(ehlo.folder().join("odd \"name\".xyzzy"), "text\r\n").unwrap();
    fs::write(ehlo.folder().join("letter.eml"), "Subject: x\r\n\r\n").unwrap();
    let sent = send(
        &ehlo,
        &[
            "--to",
            "you@example.org",
            "--body",
            "-",
            "--attach",
            "picture.png",
            "--attach",
            "odd \"name\".xyzzy",
            "--attach",
            "letter.eml",
        ],
        "Grüße\n".as_bytes(),
    );
    assert_eq!(sent.code, 0, "{sent:?}");
    let message = String::from_utf8(ehlo.messages().remove(0)).unwrap();
    assert!(message.contains("\r\nContent-Type: multipart/mixed;"), "{message}");
    assert!(message.contains("\r\nContent-Type: image/png\r\n"), "{message}");
    assert!(message.contains("\r\nContent-Type: application/octet-stream\r\n"), "{message}");
    assert!(message.contains("filename=\"picture.png\""), "{message}");
    // What is encoded can't be called a message.
    assert!(!message.contains("message/rfc822"), "{message}");
    let part = message.split("filename=\"picture.png\"").nth(1).unwrap();
    let encoded = part.split("\r\n\r\n").nth(1).unwrap().replace("\r\n", "");
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap(), octets);
}

#[test]
fn there_has_to_be_something_to_send() {
    let folder = tempfile::tempdir().unwrap();
    let server = ["--server", "127.0.0.1:1", "--to", "you@example.org"];
    let sent = super::run(folder.path(), &server, b"");
    sent.failed(64, "--from ADDRESS");
    let options = [&server[..], &["--from", "me@example.com"]].concat();
    super::run(folder.path(), &options, b"").failed(64, "--message FILE");
    let options = [&options[..], &["--subject", "two\nlines"]].concat();
    super::run(folder.path(), &options, b"").failed(64, "one line");
}
