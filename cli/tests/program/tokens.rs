//! OAuth tokens: `ehlo send` logs in at `ehlo serve`, which asks their issuer.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::client::base64;
use crate::issuer::{Issuer, Signer};
use crate::program::{Ehlo, command};

const JWT: [&str; 6] =
    ["--token-issuer", "https://id.example", "--token-audience", "smtp", "--token-claim", "upn"];

/// `ehlo send` with this token by this mechanism; it is in no output.
fn send(ehlo: &Ehlo, mechanism: &str, user: &str, token: &str) -> (i32, String) {
    let server = format!("localhost:{}", ehlo.listening[0].port());
    let mut command = command(ehlo.folder());
    command.args(["send", "--server", &server, "--auth", mechanism, "--user", user]);
    command.args(["--token-env", "TOKEN", "--from", "me@example.com", "--to", "you@example.org"]);
    command.args(["--body", "hello", "--ca"]).arg(ehlo.certificate()).env("TOKEN", token);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert!(!text.contains(token), "{text}");
    assert!(!ehlo.log().contains(token), "{}", ehlo.log());
    (status.code().unwrap(), text)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_jwt_logs_in_by_the_keys_in_a_file() {
    let (folder, signer, stranger) = (tempfile::tempdir().unwrap(), Signer::new(), Signer::new());
    fs::write(folder.path().join("jwks.json"), signer.set().to_string()).unwrap();
    let options = [&["--token-jwks", "jwks.json"], &JWT[..]].concat();
    let ehlo = Ehlo::in_folder(folder, &options);
    assert_eq!(ehlo.fact("AUTH"), "OAUTHBEARER, XOAUTH2 (under TLS alone)");
    let good = signer.token("tim@example.org", 600);
    for mechanism in ["OAUTHBEARER", "XOAUTH2"] {
        let (code, said) = send(&ehlo, mechanism, "tim@example.org", &good);
        assert_eq!(code, 0, "{said}");
        ehlo.wait_for_log(&format!("tim@example.org authenticated by {mechanism}"));
    }
    assert_eq!(ehlo.messages().len(), 2);
    for (user, token, why) in [
        ("anna@example.org", &good, "it is another user's"),
        ("tim@example.org", &signer.token("tim@example.org", -61), "it has expired"),
        ("tim@example.org", &stranger.token("tim@example.org", 600), "its signature is wrong"),
        ("tim@example.org", &"opaque".to_owned(), "it is no signed JWT"),
    ] {
        let (code, said) = send(&ehlo, "OAUTHBEARER", user, token);
        assert_eq!(code, 77, "{said}");
        assert!(said.contains("invalid_token") && !said.contains(why), "{said}");
        ehlo.wait_for_log(&format!("token refused: invalid token: {why}"));
    }
    assert_eq!(ehlo.messages().len(), 2);
}

#[test]
fn the_keys_come_from_an_https_url_too() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new());
    let issuer = Issuer::start(folder.path(), signer.set());
    let (url, ca) = (issuer.url(), issuer.certificate.clone());
    let options = [&["--token-jwks", &url, "--token-ca", path(&ca)], &JWT[..]].concat();
    let ehlo = Ehlo::in_folder(folder, &options);
    let (code, said) = send(&ehlo, "OAUTHBEARER", "tim", &signer.token("tim", 600));
    assert_eq!(code, 0, "{said}");
    assert_eq!(issuer.asked().len(), 1);
    // An issuer nobody vouches for.
    let options = [&["--token-jwks", &url, "--token-ca", "other.pem"], &JWT[..]].concat();
    let folder = tempfile::tempdir().unwrap();
    let other = Issuer::start(folder.path(), json!({}));
    fs::copy(&other.certificate, folder.path().join("other.pem")).unwrap();
    let ehlo = Ehlo::in_folder(folder, &options);
    let (code, said) = send(&ehlo, "OAUTHBEARER", "tim", &signer.token("tim", 600));
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("454 4.7.0"), "{said}");
    ehlo.wait_for_log("the token can't be verified now: its issuer's keys");
}

#[test]
fn introspection_logs_in_and_everything_of_it_can_be_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let answer = json!({"active": true, "username": "tim", "scope": "send", "aud": "smtp"});
    let issuer = Issuer::start(folder.path(), answer.clone());
    fs::write(folder.path().join("secret"), "hunter2\n").unwrap();
    let text = format!(
        "listen = \"127.0.0.1:0\"\nauth = \"OAUTHBEARER\"\n\
         token = \"anna:t0ken-of-anna\"\n\
         token-introspection = \"{}\"\ntoken-ca = {:?}\n\
         token-client = \"mail\"\ntoken-secret-file = \"secret\"\n\
         token-audience = \"smtp\"\ntoken-scope = [\"send\"]\ntoken-cache = false\ntoken-timeout = 3\n",
        issuer.url(),
        issuer.certificate
    );
    fs::write(folder.path().join("ehlo.toml"), text).unwrap();
    let ehlo = Ehlo::start(folder, &["serve", "--config", "ehlo.toml"]);
    let (code, said) = send(&ehlo, "OAUTHBEARER", "tim", "opaque-t0ken");
    assert_eq!(code, 0, "{said}");
    let asked = issuer.asked();
    assert!(asked[0].contains(&format!("Basic {}\r\n", base64("mail:hunter2"))), "{asked:?}");
    assert!(asked[0].ends_with("&token=opaque-t0ken"), "{asked:?}");
    // The list is asked first.
    let (code, said) = send(&ehlo, "OAUTHBEARER", "anna", "t0ken-of-anna");
    assert_eq!((code, issuer.asked().len()), (0, 1), "{said}");

    for (name, value, code, words) in [
        ("active", json!(false), 77, "invalid_token"),
        ("username", json!("anna"), 77, "invalid_token"),
        ("aud", json!("imap"), 77, "invalid_token"),
        ("scope", json!("read"), 77, "insufficient_scope"),
        ("active", json!("yes"), 75, "454 4.7.0"),
    ] {
        let mut changed = answer.clone();
        changed[name] = value;
        issuer.answers(changed);
        let (ended, said) = send(&ehlo, "OAUTHBEARER", "tim", "opaque-t0ken");
        assert_eq!(ended, code, "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!ehlo.log().contains("hunter2"), "{}", ehlo.log());
}

#[test]
fn a_session_ends_with_its_token() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new());
    fs::write(folder.path().join("jwks.json"), signer.set().to_string()).unwrap();
    let options = [&["--token-jwks", "jwks.json", "--token-leeway", "off"], &JWT[..]].concat();
    let ehlo = Ehlo::in_folder(folder, &options);
    let mut client = ehlo.tls_client();
    let token = signer.token("tim", 4);
    let bearer = base64(&format!("n,a=tim,\u{1}auth=Bearer {token}\u{1}\u{1}"));
    client.expect(&format!("AUTH OAUTHBEARER {bearer}"), "235");
    assert!(client.deliver("hello\r\n").starts_with("250"));
    std::thread::sleep(core::time::Duration::from_secs(5));
    client.expect("MAIL FROM:<me@example.com>", "421 4.7.0");
}
