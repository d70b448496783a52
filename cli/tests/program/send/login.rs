//! Where secrets come from, and that they go nowhere else.

use std::fs;

use super::fake::{Fake, Script};
use super::{PASSWORD, run, send, send_to, serve};
use crate::client::base64;

#[test]
fn a_wrong_password_is_77_and_nowhere_in_the_output() {
    let ehlo = serve(&[]);
    for json in [&[][..], &["--json"]] {
        let options = ["--to", "you@example.org", "--body", "x", "--password-env", "WRONG"];
        // Given twice it is wrong usage, so the usual one is left out.
        let server = format!("localhost:{}", ehlo.listening[0].port());
        let certificate = ehlo.certificate();
        let usual = [
            "--server",
            &server,
            "--ca",
            certificate.to_str().unwrap(),
            "--user",
            "tim",
            "--from",
            "tim@example.org",
        ];
        let sent = run(ehlo.folder(), &[&usual, &options[..], json].concat(), b"");
        sent.failed(77, "535 5.7.8");
        assert!(sent.err.contains("check --user"), "{sent:?}");
    }
    ehlo.wait_for_log("closed, QUIT, 0 messages");
    assert!(!ehlo.log().contains("wr0ng-battery"));
}

#[test]
fn a_server_that_repeats_a_password_is_not_repeated() {
    const SCRIPTS: [Script; 2] = [
        &[("EHLO", "250-fake\n250 AUTH PLAIN"), ("AUTH", "535 5.7.8 no corr3ct-horse, * at all")],
        &[
            ("EHLO", "250-fake\n250 AUTH LOGIN"),
            ("AUTH", "334 VXNlcm5hbWU6"),
            ("dGlt", "334 UGFzc3dvcmQ6"),
            ("Y29y", "535 5.7.8 not *"),
        ],
    ];
    for script in SCRIPTS {
        let fake = Fake::start(script);
        let login = ["--tls", "none", "--user", "tim", "--password-env", "PASSWORD", "--json"];
        let sent = send_to(&fake.server(), &login);
        sent.failed(77, "535 5.7.8 no");
        for secret in [base64(PASSWORD), base64(&format!("\0tim\0{PASSWORD}"))] {
            assert!(!sent.out.contains(&secret) && !sent.err.contains(&secret), "{sent:?}");
        }
        drop(fake.heard());
    }
}

#[test]
fn a_password_comes_from_a_file_and_a_token_from_the_environment() {
    let ehlo = serve(&["--token", "tim:corr3ct-horse", "--auth", "PLAIN,XOAUTH2"]);
    let path = ehlo.folder().join("secret");
    fs::write(&path, format!("{PASSWORD}\r\nnot this\n")).unwrap();
    let server = format!("localhost:{}", ehlo.listening[0].port());
    let certificate = ehlo.certificate();
    let usual = [
        "--server",
        &server,
        "--ca",
        certificate.to_str().unwrap(),
        "--user",
        "tim",
        "--from",
        "tim@example.org",
        "--to",
        "you@example.org",
        "--body",
        "x",
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let options = ["--password-file", path.to_str().unwrap()];
        let sent = run(ehlo.folder(), &[&usual, &options[..]].concat(), b"");
        assert_eq!(sent.code, 0, "{sent:?}");
        assert!(
            sent.err.contains("other users of this machine can read it; chmod 600"),
            "{sent:?}"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    for options in [["--password-file", path.to_str().unwrap()], ["--token-env", "PASSWORD"]] {
        let sent = run(ehlo.folder(), &[&usual, &options[..]].concat(), b"");
        assert_eq!((sent.code, sent.err.as_str()), (0, ""), "{sent:?}");
    }
    ehlo.wait_for_log("authenticated by XOAUTH2");
}

#[test]
fn without_a_password_and_without_a_terminal_it_says_which_options_there_are() {
    let sent = send_to("127.0.0.1:1", &["--user", "tim"]);
    sent.failed(64, "--password-env");
    let sent = send_to("127.0.0.1:1", &["--user", "tim", "--password-env", "NOT_SET"]);
    sent.failed(64, "NOT_SET is not set");
}

#[test]
fn mechanisms_can_be_chosen() {
    let ehlo = serve(&["--auth", "PLAIN,LOGIN,CRAM-MD5"]);
    let to = ["--to", "you@example.org", "--body", "x"];
    for (mechanism, log) in [("login,plain", "LOGIN"), ("CRAM-MD5", "CRAM-MD5"), ("PLAIN", "PLAIN")]
    {
        let sent = send(&ehlo, &[&to[..], &["--auth", mechanism]].concat(), b"");
        assert_eq!(sent.code, 0, "{sent:?}");
        ehlo.wait_for_log(&format!("tim authenticated by {log}"));
    }
    send(&ehlo, &[&to[..], &["--auth", "KERBEROS_V4"]].concat(), b"").failed(64, "CRAM-MD5");
    let ehlo = serve(&["--auth", "LOGIN"]);
    let sent = send(&ehlo, &[&to[..], &["--auth", "PLAIN"]].concat(), b"");
    sent.failed(77, "(offered: LOGIN)");
    assert!(sent.err.contains("--auth"), "{sent:?}");
}

/// Linux takes this address for the machine itself, and no rule does.
#[cfg(target_os = "linux")]
#[test]
fn a_password_is_not_said_in_clear_unless_that_is_asked_for() {
    const SCRIPT: Script = &[("EHLO", "250-fake\n250 AUTH PLAIN LOGIN"), ("AUTH", "235 ok")];
    let options = ["--tls", "none", "--user", "tim", "--password-env", "PASSWORD"];
    let fake = Fake::start(SCRIPT);
    let server = format!("0.0.0.0:{}", fake.address.port());
    send_to(&server, &options).failed(77, "--dangerous-cleartext-auth");
    let heard = fake.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[1], "QUIT");

    let fake = Fake::start(SCRIPT);
    let server = format!("0.0.0.0:{}", fake.address.port());
    let sent = send_to(&server, &[&options[..], &["--dangerous-cleartext-auth"]].concat());
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(fake.heard()[1], format!("AUTH PLAIN {}", base64(&format!("\0tim\0{PASSWORD}"))));
}
