//! Options, the configuration file, and what is said of wrong ones.

use std::fs;

use crate::program::{Ehlo, run};

/// Runs `ehlo serve` with options it can't start with: the exit code and the one line.
#[track_caller]
fn refused(options: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hashed.toml"), HASHED).unwrap();
    refused_in(folder.path(), options)
}

#[track_caller]
fn refused_in(folder: &std::path::Path, options: &[&str]) -> (i32, String) {
    let (code, said, line) = run(folder, &[&["serve"], options].concat());
    assert_eq!(said, "");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("ehlo: "), "{line}");
    (code, line)
}

const HASHED: &str = "[[user]]\nname = \"tim\"\npassword = \
    \"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\"\n";

#[test]
fn a_port_that_is_taken_is_69() {
    let ehlo = Ehlo::serve(&["--discard"]);
    let taken = ehlo.listening[0].to_string();
    let (code, line) = refused(&["--discard", "--listen", &taken]);
    assert_eq!(code, 69);
    assert!(line.contains(&taken) && line.contains("choose another port"), "{line}");
}

#[test]
fn contradictions_and_wrong_values_are_78_with_what_is_right() {
    let cases: [(&[&str], &str); 23] = [
        (&["--maildir", "x", "--discard"], "choose one"),
        (&["--cert", "c.pem"], "--key"),
        (&["--require-tls", "--no-starttls"], "--listen-tls alone"),
        (&["--require-tls", "--allow-insecure-auth"], "choose one"),
        (&["--accept-any", "--user", "tim:secret"], "leave out"),
        (&["--offer", "ETRN", "--hide", "ETRN"], "choose one"),
        (&["--auth", "PLAIN,NTML"], "NTML: no mechanism known here; there are SCRAM-SHA-512-PLUS"),
        (&["--auth", "EXTERNAL"], "--client-ca"),
        (&["--auth", "XOAUTH2"], "--token"),
        (&["--auth", "none,PLAIN"], "stands alone"),
        (&["--auth", "CRAM-MD5", "--users", "hashed.toml"], "hashed"),
        (&["--auth", "SCRAM-SHA-256", "--users", "hashed.toml"], "ehlo user passwd"),
        (&["--auth", "SCRAM-SHA-256", "--accept-any"], "--user NAME:PASSWORD"),
        (&["--offer", "TELEPATHY"], "DELIVERBY, FUTURERELEASE"),
        (&["--max-recipients", "0"], "off"),
        (&["--fail", "quit=450"], "connect, hello, auth"),
        (&["--delay", "mail"], "STAGE=MILLISECONDS"),
        (&["--listen", "2525"], "HOST:PORT"),
        (&["--local-domain", "example.org,example.net"], "not a domain"),
        (&["--reject-recipient", "nobody"], "user@domain"),
        (&["--trust-xclient", "10.1.2.3/8"], "10.0.0.0/8"),
        (&["--users", "missing.toml"], "missing.toml"),
        (&["--cert", "missing.pem", "--key", "missing.pem"], "missing.pem"),
    ];
    for (options, words) in cases {
        let (code, line) = refused(options);
        assert_eq!(code, 78, "{options:?}: {line}");
        assert!(line.contains(words), "{options:?}: {line}");
    }
}

#[test]
fn options_for_tokens_and_certificates_that_come_to_nothing_are_78_with_what_is_right() {
    let introspection = ["--token-introspection", "https://id.example/"];
    let cases: [(&[&str], &str); 13] = [
        (&["--auth", "OAUTHBEARER"], "--token-jwks FILE|URL or --token-introspection URL"),
        (&["--token-issuer", "x"], "--token-issuer says nothing without --token-jwks"),
        (&["--token-client", "x"], "without --token-introspection URL"),
        (&["--token-jwks", "missing.json"], "missing.json"),
        (&["--token-jwks", "hashed.toml"], "no JSON Web Key Set"),
        (&["--token-jwks", "https://id.example/"], "--token-issuer and --token-audience"),
        (&["--token-jwks", "http://id.example/"], "https alone"),
        (&["--token-introspection", "id.example"], "https://"),
        (&["--token-introspection", "https://me:hunter2@id.example/"], "a user or a password"),
        (&[&introspection[..], &["--token-client", "x"]].concat(), "--token-secret-file FILE"),
        (&[&introspection[..], &["--token-secret-env", "NOT_SET"]].concat(), "NOT_SET"),
        (&[&introspection[..], &["--token-algorithm", "RS256"]].concat(), "--token-jwks"),
        (&[&introspection[..], &["--accept-any"]].concat(), "leave out --token-jwks"),
    ];
    for (options, words) in cases {
        let (code, line) = refused(options);
        assert_eq!(code, 78, "{options:?}: {line}");
        assert!(line.contains(words) && !line.contains("hunter2"), "{options:?}: {line}");
    }
    for (rule, words) in [
        ("common-name=gate", "without --client-ca FILE"),
        ("user=tim", "something to go by"),
        ("fingerprint=xyz,user=tim", "64 hexadecimal digits"),
    ] {
        let (code, line) = refused(&["--client-certificate", rule]);
        assert_eq!(code, 78, "{line}");
        assert!(line.contains(words), "{line}");
    }
    let (_, line) = refused(&["--token-jwks", "x", "--token-algorithm", "HS256"]);
    assert!(line.contains("HS256: no algorithm known here; there are RS256"), "{line}");
}

#[test]
fn a_password_is_in_no_error() {
    for options in [
        &["--user", "hunter2"][..],
        &["--user", ":hunter2"],
        &["--user", "tim:\u{7}hunter2"],
        &["--token", "hunter2"],
        &["--user", "tim:correct", "hunter2"],
    ] {
        let (code, line) = refused(options);
        assert!(matches!(code, 64 | 78), "{options:?}: {line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
    let folder = tempfile::tempdir().unwrap();
    for text in
        ["user = [\"tim:hunter2\"", "users = { tim = \"hunter2\" }", "user = [[\"hunter2\"]]"]
    {
        fs::write(folder.path().join("ehlo.toml"), text).unwrap();
        let (code, line) = refused_in(folder.path(), &["--config", "ehlo.toml"]);
        assert_eq!(code, 78);
        assert!(line.contains("ehlo.toml, line 1") && !line.contains("hunter2"), "{line}");
    }
}

#[test]
fn wrong_usage_is_64_and_help_is_0() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["serv"], &["serve", "--lissen", "x"], &["serve", "--user"]] {
        assert_eq!(run(folder.path(), arguments).0, 64, "{arguments:?}");
    }
    let (code, help, _) = run(folder.path(), &["serve", "--help"]);
    assert_eq!(code, 0);
    for words in ["Who may send:", "Limits:", "Examples:", "127.0.0.1:2525"] {
        assert!(help.contains(words), "{words}");
    }
}

#[test]
fn a_configuration_file_does_what_the_options_do() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
        listen = \"127.0.0.1:0\"\n\
        listen-tls = []\n\
        hostname = \"mx.example.org\"\n\
        user = [\"tim:secret\", \"anna:other\"]\n\
        auth = [\"LOGIN\", \"PLAIN\"]\n\
        max-size = \"1M\"\n\
        max-recipients = 7\n\
        max-unauthenticated-commands = false\n\
        reject-recipient = \"nobody@example.org\"\n\
        hide = \"CHUNKING, DSN\"\n\
        maildir = \"box\"\n";
    fs::write(folder.path().join("ehlo.toml"), text).unwrap();
    let options = ["serve", "--config", "ehlo.toml", "--max-size", "2M"];
    let ehlo = Ehlo::start(folder, &options);
    let mut client = ehlo.login("anna", "other");
    let offered = client.ehlo();
    for line in ["250-mx.example.org", "SIZE 2097152", "RCPTMAX=7"] {
        assert!(offered.contains(line), "{line} in {offered}");
    }
    assert!(!offered.contains("CHUNKING") && !offered.contains("DSN"), "{offered}");
    let mut other = ehlo.tls_client();
    assert!(other.ehlo().contains("AUTH LOGIN PLAIN"));
    assert!(client.deliver("hello\r\n").starts_with("250"));
    client.expect("MAIL FROM:<me@example.com>", "250");
    client.expect("RCPT TO:<nobody@example.org>", "550 5.1.1");
    assert_eq!(fs::read_dir(ehlo.folder().join("box/new")).unwrap().count(), 1);
}

#[test]
fn an_unknown_key_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ehlo.toml"), "lmtp = true\nmax-sise = 5\n").unwrap();
    let (code, line) = refused_in(folder.path(), &["--config", "ehlo.toml"]);
    assert_eq!(code, 78);
    assert!(line.contains("ehlo.toml, line 2: unknown field `max-sise`"), "{line}");
}
