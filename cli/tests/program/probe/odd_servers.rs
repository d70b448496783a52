//! Servers that are odd, each in its own way.

use super::odd::{serve, usual};
use super::{Probed, probe};
use crate::client::base64;

fn look(
    script: impl Fn(&[String]) -> Option<String> + Send + Sync + 'static,
    more: &[&str],
) -> Probed {
    let folder = tempfile::tempdir().unwrap();
    let address = serve(script);
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, CA).unwrap();
    let server = address.to_string();
    let usual = [&*server, "--json", "--ca", ca.to_str().unwrap()];
    probe(folder.path(), &[&usual, more].concat())
}

/// Somebody to trust, whom no server here knows.
const CA: &str = include_str!("ca.pem");

#[test]
fn a_server_without_starttls_is_told_about_and_so_is_all_it_lacks() {
    let probed = look(|lines| usual(lines, "HELP"), &[]);
    assert_eq!(probed.code, 0, "{}", probed.out);
    // It is this very machine, so nobody is on the way.
    probed.expect("starttls-missing", "note");
    for id in ["no-size", "no-pipelining", "no-8bitmime", "no-enhanced-codes", "no-auth"] {
        probed.expect(id, "note");
    }
}

#[test]
fn auth_in_clear_and_its_old_form_are_told() {
    let probed = look(|lines| usual(lines, "AUTH=LOGIN PLAIN\nAUTH NTLM\nSIZE 0"), &[]);
    probed.expect("auth-clear-password", "note");
    probed.expect("auth-old-form", "note");
    probed.expect("weak-mechanism", "warning");
    probed.expect("size-open", "note");
    let probed =
        look(|lines| usual(lines, "AUTH=LOGIN\nSIZE 1000\nXCLIENT NAME\nLIMITS RCPTMAX=5"), &[]);
    probed.expect("auth-old-form", "warning");
    probed.expect("size-small", "warning");
    probed.expect("xclient", "note");
    probed.expect("recipients", "warning");
    assert_eq!(probed.json()["mechanisms"][0]["name"], "LOGIN");
}

#[test]
fn an_auth_line_that_is_too_long_is_told() {
    let names: Vec<String> = (0..60).map(|n| format!("X-MECHANISM-{n}")).collect();
    let probed = look(move |lines| usual(lines, &format!("AUTH {}", names.join(" "))), &[]);
    probed.expect("auth-long", "warning");
    probed.expect("long-line", "warning");
    probed.expect("unknown-mechanism", "note");
}

#[test]
fn odd_prompts_of_login_and_a_bare_334_are_told() {
    let login = ["--user", "tim", "--password-env", "PW"];
    let script = |lines: &[String]| {
        let at = lines.iter().position(|line| line.starts_with("AUTH LOGIN"));
        match at.map(|at| lines.len() - at) {
            Some(1) => Some(format!("334 {}", base64("Benutzer"))),
            Some(2) => Some("334".into()),
            Some(3) => Some("235 2.0.0 so be it".into()),
            _ => usual(lines, "AUTH LOGIN\nENHANCEDSTATUSCODES"),
        }
    };
    let probed = look(script, &login);
    assert_eq!(probed.code, 0, "{}", probed.out);
    probed.expect("login-prompt", "note");
    probed.expect("bare-code", "note");
    probed.expect("auth", "ok");
    probed.expect("auth-status", "note");
}

#[test]
fn a_mechanism_does_not_work_where_the_server_has_not_proven_itself() {
    let login = ["--user", "tim", "--password-env", "PW"];
    for mechanism in ["SCRAM-SHA-256", "DIGEST-MD5"] {
        let script = move |lines: &[String]| match lines.last() {
            Some(line) if line.starts_with("AUTH ") => Some("235 2.7.0 come in".into()),
            _ => usual(lines, &format!("AUTH {mechanism}")),
        };
        let probed = look(script, &login);
        assert_eq!(probed.code, 77, "{}", probed.out);
        probed.expect("auth-unproven", "problem");
        assert_eq!(probed.verdict("auth"), None);
        assert_eq!(probed.json()["mechanisms"][0]["tried"]["accepted"], false, "{mechanism}");
    }
}

#[test]
fn plaintext_behind_starttls_is_told_as_an_injection() {
    let script = |lines: &[String]| match lines.last().map(String::as_str) {
        Some("STARTTLS") => Some("220 go\r\n250 injected".into()),
        _ => usual(lines, "STARTTLS"),
    };
    let probed = look(script, &[]);
    assert_eq!(probed.code, 69, "{}", probed.out);
    probed.expect("starttls-injection", "problem");
}

#[test]
fn starttls_that_is_refused_is_told() {
    let script = |lines: &[String]| match lines.last().map(String::as_str) {
        Some("STARTTLS") => Some("454 4.7.0 not now".into()),
        _ => usual(lines, "STARTTLS"),
    };
    let probed = look(script, &[]);
    assert_eq!(probed.code, 0, "{}", probed.out);
    probed.expect("starttls-refused", "problem");
}

#[test]
fn a_server_that_turns_us_away_is_told_with_its_code() {
    let turned = |reply: &'static str| {
        move |lines: &[String]| match lines.last().map(String::as_str) {
            None => Some(reply.to_owned()),
            Some(_) => Some("221 bye".into()),
        }
    };
    let probed = look(turned("554 no service"), &[]);
    assert_eq!(probed.code, 69, "{}", probed.out);
    probed.expect("greeting-refused", "problem");
    let probed = look(turned("421 busy"), &[]);
    assert_eq!(probed.code, 75, "{}", probed.out);
    probed.expect("greeting-refused", "problem");
}

#[test]
fn a_server_that_hangs_is_left_in_time() {
    let begun = std::time::Instant::now();
    let probed = look(
        |lines| if lines.is_empty() { Some(String::new()) } else { None },
        &["--timeout", "1"],
    );
    assert!(begun.elapsed().as_secs() < 15);
    assert_eq!(probed.code, 75, "{}", probed.out);
    probed.expect("timeout", "problem");
}

#[test]
fn a_greeting_of_several_lines_without_a_name_and_helo_alone_are_told() {
    let script = |lines: &[String]| match lines.last().map(String::as_str) {
        None => Some("220-wait\r\n220 here we are".into()),
        Some(line) if line.starts_with("EHLO") => Some("502 no".into()),
        Some(line) if line.starts_with("HELO") => Some("250 hi".into()),
        _ => usual(lines, ""),
    };
    let probed = look(script, &[]);
    assert_eq!(probed.code, 0, "{}", probed.out);
    probed.expect("greeting-lines", "note");
    probed.expect("greeting-esmtp", "note");
    probed.expect("greeting-name", "note");
    probed.expect("helo", "problem");
}

#[test]
fn what_is_no_smtp_is_told() {
    let probed = look(|lines| lines.is_empty().then(|| "SSH-2.0-OpenSSH".to_owned()), &[]);
    assert_eq!(probed.code, 69, "{}", probed.out);
    probed.expect("protocol", "problem");
    let probed = look(|lines| lines.is_empty().then(|| "220 hi\n".to_owned()), &[]);
    probed.expect("bare-newline", "problem");
}

#[test]
fn tls_from_a_server_that_speaks_none_is_told() {
    let probed = look(|lines| usual(lines, "STARTTLS"), &["--tls", "implicit"]);
    assert_eq!(probed.code, 69, "{}", probed.out);
    probed.expect("tls-failed", "problem");
}
