//! The suite: our own server fails nothing, and a bad one does.

use serde_json::Value;

use super::odd::{serve, usual};
use super::{LOGIN, PASSWORD, Probed, at, own, probe};
use crate::client::base64;
use crate::program::Ehlo;

/// The results of each scenario, by its id.
fn results(probed: &Probed) -> Vec<(String, String, Value)> {
    let json = probed.json();
    let scenarios = json["scenarios"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    scenarios.into_iter().map(|one| (text(&one["id"]), text(&one["result"]), one)).collect()
}

fn failed(probed: &Probed) -> Vec<String> {
    let failed = results(probed).into_iter().filter(|(_, result, _)| result == "fail");
    failed.map(|(id, _, one)| format!("{id}: {one}")).collect()
}

#[test]
fn our_own_server_fails_nothing() {
    let ehlo = own(&["--max-auth-failures-per-ip", "off", "--max-auth-failures", "2"]);
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let server = at(&ehlo, 0);
    let arguments =
        [&server, "--suite", "rfc4954", "--ca", ca, "--json", "--jobs", "16", "--junit", "j.xml"];
    let probed = probe(ehlo.folder(), &[&arguments, &LOGIN[..]].concat());
    assert_eq!(failed(&probed), [""; 0]);
    assert_eq!(probed.code, 0, "{}", probed.err);
    let results = results(&probed);
    assert!(results.len() >= 60);
    let passed = results.iter().filter(|(_, result, _)| result == "pass").count();
    assert!(passed >= 140, "{passed}");
    let noted = results.iter().filter(|(_, result, _)| result == "note");
    let noted: Vec<&str> = noted.map(|(id, ..)| id.as_str()).collect();
    assert_eq!(noted, [""; 0]);
    for (id, result, one) in &results {
        // Nothing is left out in silence.
        assert!(result != "skipped" || !one["reason"].as_str().unwrap().is_empty(), "{id}");
        assert!(result == "skipped" || !one["rounds"].as_array().unwrap().is_empty(), "{id}");
    }
    let document = std::fs::read_to_string(ehlo.folder().join("j.xml")).unwrap();
    well_formed(&document, results.len());
}

#[test]
fn without_credentials_what_needs_them_is_skipped_and_the_rest_is_run() {
    let ehlo = own(&["--max-auth-failures-per-ip", "off", "--max-auth-failures", "2"]);
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let arguments = [&*at(&ehlo, 0), "--suite", "rfc4954", "--ca", ca, "--json", "--jobs", "16"];
    let probed = probe(ehlo.folder(), &arguments);
    assert_eq!(failed(&probed), [""; 0]);
    let results = results(&probed);
    let (_, result, one) = results.iter().find(|(id, ..)| id == "plain-one-step").unwrap();
    assert_eq!(
        (result.as_str(), one["reason"].as_str().unwrap()),
        ("skipped", "there are no credentials")
    );
    assert!(results.iter().filter(|(_, result, _)| result == "pass").count() >= 60);
}

#[test]
fn auth_in_clear_and_mail_without_auth_fail_nothing_either() {
    let more = ["--allow-insecure-auth", "--auth-optional", "--local-domain", "localhost"];
    let usual = ["--max-auth-failures-per-ip", "off", "--max-auth-failures", "2"];
    let ehlo = own(&[&more[..], &usual].concat());
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let arguments = [&*at(&ehlo, 0), "--suite", "rfc4954", "--ca", ca, "--json", "--jobs", "16"];
    let probed = probe(ehlo.folder(), &[&arguments, &LOGIN[..]].concat());
    assert_eq!(failed(&probed), [""; 0]);
    for id in ["order-in-transaction", "starttls-forgets-auth", "starttls-in-exchange"] {
        let results = results(&probed);
        let (_, result, one) = results.iter().find(|(other, ..)| other == id).unwrap();
        assert_eq!(result, "pass", "{one}");
    }
}

#[test]
fn no_scenario_says_the_password_in_clear_to_a_host_that_is_not_local() {
    let ehlo = own(&["--allow-insecure-auth"]);
    let ca = ehlo.certificate();
    // Certificates know no case; only `localhost` in lower case is this very machine.
    let server = format!("LOCALHOST:{}", ehlo.listening[0].port());
    let arguments =
        [&*server, "--suite", "rfc4954", "--ca", ca.to_str().unwrap(), "--json", "--only"];
    let only = ["starttls-forgets-auth", "--only", "order-twice-bare"];
    let probed = probe(ehlo.folder(), &[&arguments[..], &only, &LOGIN].concat());
    let results = results(&probed);
    let result = |id: &str| results.iter().find(|(other, ..)| other == id).unwrap();
    let (_, result_in_clear, one) = result("starttls-forgets-auth");
    assert_eq!(result_in_clear, "skipped", "{one}");
    assert!(one["reason"].as_str().unwrap().contains("use TLS"), "{one}");
    assert_eq!(result("order-twice-bare").1, "pass");
}

#[test]
fn a_challenge_that_repeats_the_password_is_not_repeated() {
    let address = serve(|lines| match lines.last().map(String::as_str) {
        Some("AUTH LOGIN") => Some(format!("334 {}", base64(&format!("<{PASSWORD}>")))),
        _ => usual(lines, "AUTH LOGIN"),
    });
    let folder = tempfile::tempdir().unwrap();
    let server = address.to_string();
    let arguments = [&*server, "--tls", "none", "--suite", "rfc4954", "--json", "--jobs", "32"];
    let probed = probe(folder.path(), &[&arguments[..], &LOGIN].concat());
    assert!(probed.out.contains("it was"), "{}", probed.out);
    assert!(!probed.out.contains(PASSWORD), "{}", probed.out);
}

#[test]
fn a_server_with_one_mechanism_alone_fails_nothing() {
    let user = format!("tim:{PASSWORD}");
    for name in ["CRAM-MD5", "LOGIN", "PLAIN"] {
        let limits = ["--max-auth-failures-per-ip", "off", "--max-auth-failures", "2"];
        let options = ["--user", &user, "--auth", name, "--discard"];
        let ehlo = Ehlo::serve(&[&options[..], &limits].concat());
        let ca = ehlo.certificate();
        let ca = ca.to_str().unwrap();
        let server = at(&ehlo, 1);
        let arguments = [&*server, "--suite", "rfc4954", "--tls", "implicit", "--ca", ca, "--json"];
        let login = ["--jobs", "16", "--user", "tim", "--password-env", "PW"];
        let probed = probe(ehlo.folder(), &[&arguments[..], &login].concat());
        assert_eq!(failed(&probed), [""; 0], "{name}");
        let results = results(&probed);
        let (_, result, one) = results.iter().find(|(id, ..)| id == "order-rset").unwrap();
        assert_eq!(result, "pass", "{one}");
    }
}

#[test]
fn a_server_that_is_lax_fails() {
    // It takes anything for a password, commands within an exchange, and the same challenge each time.
    let address = serve(|lines| {
        let last = lines.last().map(|line| line.to_ascii_uppercase()).unwrap_or_default();
        match last.as_str() {
            "AUTH PLAIN" => Some("334 ".into()),
            "AUTH CRAM-MD5" => Some(format!("334 {}", base64("<1@odd.example>"))),
            "AUTH" => Some("250 fine".into()),
            "*" => Some("250 as you like".into()),
            line if line.starts_with("AUTH ") => Some("235 2.7.0 come in".into()),
            "!!!!" => Some("535 5.7.8 no".into()),
            _ => usual(lines, "AUTH PLAIN CRAM-MD5"),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let server = address.to_string();
    let arguments = [
        &*server,
        "--tls",
        "none",
        "--suite",
        "rfc4954",
        "--json",
        "--timeout",
        "2",
        "--jobs",
        "32",
    ];
    let probed = probe(folder.path(), &arguments);
    assert_eq!(probed.code, 1, "{}", probed.err);
    let results = results(&probed);
    for id in [
        "syntax-bare",
        "syntax-unknown",
        "base64-junk",
        "base64-junk-initial",
        "cancel-plain",
        "exchange-noop",
        "plain-wrong",
        "plain-three-nuls",
        "cram-unique",
        "cram-unique-connections",
        "cram-initial",
        "anonymous-not-offered",
    ] {
        let (_, result, one) = results.iter().find(|(other, ..)| other == id).unwrap();
        assert_eq!(result, "fail", "{one}");
        assert!(one["reason"].as_str().unwrap().contains("expected"), "{one}");
    }
    // What is only better is a note.
    let (_, result, one) = results.iter().find(|(id, ..)| id == "order-before-hello").unwrap();
    assert_eq!(result, "note", "{one}");
}

#[test]
fn some_scenarios_can_be_run_alone_and_one_that_is_none_is_refused() {
    let ehlo = own(&[]);
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let arguments = [&*at(&ehlo, 0), "--suite", "rfc4954", "--ca", ca, "--only", "syntax-bare"];
    let probed = probe(ehlo.folder(), &arguments);
    assert_eq!(probed.code, 0, "{}", probed.err);
    assert!(
        probed.out.contains(
            "pass    AUTH without a mechanism is refused with 501 [syntax-bare, RFC 4954"
        )
    );
    assert!(probed.out.ends_with("passed: 1, notes: 0, failed: 0, skipped: 0\n"), "{}", probed.out);
    let none = [&*at(&ehlo, 0), "--suite", "rfc4954", "--ca", ca, "--only", "none"];
    assert_eq!(probe(ehlo.folder(), &none).code, 64);
}

/// Every element is closed in order, every reference is known, and there are so many cases.
fn well_formed(document: &str, cases: usize) {
    let mut rest = document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut count = 0;
    while let Some((text, behind)) = rest.split_once('<') {
        assert!(!text.contains('>'), "{text}");
        for entity in text.split('&').skip(1) {
            assert!(
                ["lt;", "gt;", "amp;", "quot;"].iter().any(|known| entity.starts_with(known)),
                "{entity}"
            );
        }
        let (tag, behind) = behind.split_once('>').unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            let name = tag.split([' ', '\n']).next().unwrap();
            count += usize::from(name == "testcase");
            open.push(name);
        }
        rest = behind;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    assert_eq!(count, cases);
    assert!(document.chars().all(|c| c >= ' ' || c == '\n' || c == '\t'));
}
