//! Our own server, seen by our own client.

use super::{LOGIN, PASSWORD, at, own, probe};
use crate::program::Ehlo;

#[test]
fn a_server_with_starttls_is_seen_whole() {
    let ehlo = own(&[]);
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let probed =
        probe(ehlo.folder(), &[&[&*at(&ehlo, 0), "--json", "--ca", ca], &LOGIN[..]].concat());
    assert_eq!(probed.code, 0, "{}", probed.err);
    for (id, verdict) in [
        ("greeting", "ok"),
        ("starttls", "ok"),
        ("tls", "ok"),
        ("tls-old", "ok"),
        ("certificate", "ok"),
        ("auth-clear", "ok"),
        ("auth", "ok"),
        ("cram-md5", "note"),
        ("anonymous", "warning"),
    ] {
        probed.expect(id, verdict);
    }
    let json = probed.json();
    assert!(!probed.out.contains("\"problem\""), "{}", probed.out);
    // The shape that --help promises.
    for key in [
        "server",
        "connection",
        "greeting",
        "clear",
        "starttls",
        "tls",
        "secure",
        "difference",
        "mechanisms",
        "wire",
        "end",
        "findings",
    ] {
        assert!(!json[key].is_null(), "{key}: {}", probed.out);
    }
    assert_eq!(json["greeting"]["code"], 220);
    assert_eq!(json["tls"]["protocol"], "TLSv1.3");
    assert_eq!(json["tls"]["verified"], true);
    assert_eq!(json["tls"]["chain"][0]["names"][0], "localhost");
    assert_eq!(json["difference"]["removed"][0], "STARTTLS");
    assert_eq!(json["end"]["polite"], true);
    let after = json["after_auth"].as_array().unwrap();
    assert!(
        !after.is_empty() && !after.iter().any(|line| line.as_str().unwrap().starts_with("AUTH"))
    );
    let mechanisms = json["mechanisms"].as_array().unwrap();
    let accepted = |name: &str| {
        let found = mechanisms.iter().find(|mechanism| mechanism["name"] == name).unwrap();
        found["tried"]["accepted"] == true
    };
    for name in ["CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"] {
        assert!(accepted(name), "{name}: {}", probed.out);
    }
    assert!(!accepted("ANONYMOUS"));
}

#[test]
fn scram_works_beside_its_own_with_channel_binding() {
    let user = format!("tim:{PASSWORD}");
    let ehlo = Ehlo::serve(&["--user", &user, "--auth", "SCRAM-SHA-256,SCRAM-SHA-1", "--discard"]);
    let ca = ehlo.certificate();
    let server = at(&ehlo, 0);
    let arguments = [&[&*server, "--json", "--ca", ca.to_str().unwrap()], &LOGIN[..]].concat();
    let json = probe(ehlo.folder(), &arguments).json();
    let mechanisms = json["mechanisms"].as_array().unwrap();
    let accepted = mechanisms.iter().filter(|one| one["tried"]["accepted"] == true);
    let names: Vec<_> = accepted.map(|one| one["name"].as_str().unwrap()).collect();
    let all = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"];
    assert_eq!(names, all, "{json}");
}

#[test]
fn tls_from_the_first_octet_is_seen_too() {
    let ehlo = own(&[]);
    let ca = ehlo.certificate();
    let server = at(&ehlo, 1);
    let all = [&*server, "--tls", "implicit", "--json", "--ca", ca.to_str().unwrap()];
    let probed = probe(ehlo.folder(), &all);
    assert_eq!(probed.code, 0, "{}", probed.err);
    probed.expect("certificate", "ok");
    probed.expect("tls-old", "ok");
    let json = probed.json();
    assert!(json["clear"].is_null() && json["starttls"].is_null() && json["difference"].is_null());
    assert_eq!(json["mechanisms"].as_array().unwrap().len(), 6);
    assert_eq!(json["mechanisms"][0]["untried"], "no credentials");
}

#[test]
fn a_certificate_nobody_vouches_for_is_a_problem_and_gets_no_password() {
    let ehlo = own(&[]);
    let other = own(&[]);
    let ca = other.certificate();
    let ca = ca.to_str().unwrap();
    let server = at(&ehlo, 1);
    let all = [&[&*server, "--tls", "implicit", "--json", "--ca", ca], &LOGIN[..]].concat();
    let probed = probe(ehlo.folder(), &all);
    assert_eq!(probed.code, 77, "{}", probed.err);
    probed.expect("certificate", "problem");
    probed.expect("auth-not-sent", "warning");
    assert_eq!(probed.json()["tls"]["verified"], false);
    assert!(!ehlo.log().contains("authenticated"), "{}", ehlo.log());

    let dangerous = [&all[..], &["--dangerous-accept-any-certificate", "--auth", "PLAIN"]].concat();
    let probed = probe(ehlo.folder(), &dangerous);
    assert_eq!(probed.code, 0, "{}", probed.out);
    probed.expect("auth", "ok");
    ehlo.wait_for_log("tim authenticated by PLAIN");
}

#[test]
fn a_wrong_password_is_told_and_ends_with_77() {
    let ehlo = own(&["--max-auth-failures", "5"]);
    let ca = ehlo.certificate();
    let mut command = crate::program::command(ehlo.folder());
    command.env("PW", "not-the-password").args(["probe", &at(&ehlo, 0), "--json", "--ca"]).arg(ca);
    command.args(["--user", "tim", "--password-env", "PW", "--auth", "PLAIN"]);
    let output = command.output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(77), "{out}");
    assert!(out.contains("auth-refused") && out.contains("535"), "{out}");
}

#[test]
fn each_stage_can_be_the_last_one() {
    let ehlo = own(&[]);
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let stages = ["connect", "greeting", "ehlo", "starttls", "tls", "ehlo2", "auth"];
    let parts = ["connection", "greeting", "clear", "starttls", "tls", "secure"];
    for (index, stage) in stages.iter().enumerate() {
        let arguments = [&*at(&ehlo, 0), "--json", "--ca", ca, "--quit-after", stage];
        let probed = probe(ehlo.folder(), &arguments);
        assert_eq!(probed.code, 0, "{stage}: {}", probed.out);
        let json = probed.json();
        for (at, part) in parts.iter().enumerate() {
            assert_eq!(json[part].is_null(), at > index, "{part} after {stage}: {}", probed.out);
        }
        let polite = matches!(*stage, "ehlo" | "ehlo2" | "auth");
        assert_eq!(json["end"]["polite"], polite, "{stage}: {}", probed.out);
        assert!(!probed.out.contains("\"problem\""), "{stage}: {}", probed.out);
    }
}

#[test]
fn what_is_found_can_be_the_exit_code() {
    let ehlo = own(&[]);
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let code = |least| probe(ehlo.folder(), &[&at(&ehlo, 0), "--ca", ca, "--fail-on", least]).code;
    assert_eq!((code("problem"), code("warning"), code("note")), (0, 1, 1));
}

#[test]
fn a_table_is_for_people() {
    let ehlo = own(&[]);
    let ca = ehlo.certificate();
    let probed = probe(ehlo.folder(), &[&at(&ehlo, 0), "--ca", ca.to_str().unwrap()]);
    for words in [
        "connected",
        "valid for localhost",
        "- STARTTLS",
        "PLAIN          needs user and password; not tried: no credentials",
        "problems: 0, warnings: 1, notes: 3",
    ] {
        assert!(probed.out.contains(words), "{words} in {}", probed.out);
    }
    assert!(!probed.out.contains('\u{1b}'));
}

#[test]
fn what_is_no_server_is_wrong_usage_and_nobody_there_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(probe(folder.path(), &["host:0"]).code, 64);
    assert_eq!(
        probe(folder.path(), &["localhost:1", "--tls", "none", "--ehlo", "no name"]).code,
        64
    );
    assert_eq!(probe(folder.path(), &["localhost:1", "--tls", "none", "--auth", "NONE"]).code, 64);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let probed = probe(folder.path(), &[&closed.to_string(), "--tls", "none"]);
    assert_eq!(probed.code, 69, "{}", probed.err);
    assert!(probed.err.contains("connection refused"), "{}", probed.err);
    let probed = probe(folder.path(), &["no-such-host.invalid", "--tls", "none"]);
    assert!([68, 75].contains(&probed.code), "{} {}", probed.code, probed.err);
}

#[test]
fn lmtp_is_spoken_where_it_is_asked_for() {
    let ehlo = own(&["--lmtp"]);
    let ca = ehlo.certificate();
    let ca = ca.to_str().unwrap();
    let probed = probe(ehlo.folder(), &[&at(&ehlo, 0), "--json", "--lmtp", "--ca", ca]);
    assert_eq!(probed.code, 0, "{}", probed.out);
    assert!(!probed.json()["secure"].is_null());
    let probed = probe(ehlo.folder(), &[&at(&ehlo, 0), "--json", "--ca", ca]);
    assert_eq!(probed.code, 69, "{}", probed.out);
    probed.expect("hello-refused", "problem");
}
