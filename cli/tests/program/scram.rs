//! SCRAM: offered where everybody can use it, and tied to TLS where there is TLS.

use std::path::Path;

use ehlo::client::submission::Security;
use ehlo::sasl::Mechanism;
use ehlo_std::client::{Client, Credentials, Envelope, Error, blocking};
use ehlo_std::tls::ClientTls;

use crate::program::{Ehlo, command};

/// Sends a message by this mechanism.
fn send(ehlo: &Ehlo, mechanism: Mechanism, name: &str, password: &str) -> Result<(), Box<Error>> {
    let client = Client::new(format!("localhost:{}", ehlo.listening[0].port()))
        .security(Security::StartTls)
        .tls(ClientTls::roots_file(ehlo.certificate()).unwrap())
        .login(Credentials::password(name, password))
        .mechanisms([mechanism]);
    let envelope = Envelope::new("me@example.com", ["you@example.org"]).unwrap();
    let client = blocking::Client::new(client).unwrap();
    client.send(envelope, "Subject: x\n\nhello\n").map(|_| ()).map_err(Box::new)
}

#[test]
fn the_user_of_the_first_minute_can_use_it() {
    let ehlo = Ehlo::serve(&[]);
    assert!(ehlo.fact("AUTH").starts_with("SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN"));
    let mut client = ehlo.tls_client();
    assert!(client.ehlo().contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"));
    let password = ehlo.fact("password").to_owned();
    for mechanism in [Mechanism::ScramSha256Plus, Mechanism::ScramSha256, Mechanism::Plain] {
        send(&ehlo, mechanism, "ehlo", &password).unwrap();
        ehlo.wait_for_log(&format!("ehlo authenticated by {}", mechanism.name()));
    }
    let wrong = send(&ehlo, Mechanism::ScramSha256Plus, "ehlo", "wrong");
    assert!(wrong.unwrap_err().to_string().contains("535"));
    ehlo.wait_for_log("ehlo failed to authenticate by SCRAM-SHA-256-PLUS, 5.7.8");
    assert_eq!(ehlo.messages().len(), 3);
}

#[test]
fn a_transcript_shows_neither_proof() {
    let ehlo = Ehlo::serve(&["--user", "tim:secret", "--discard", "--transcript"]);
    send(&ehlo, Mechanism::ScramSha256Plus, "tim", "secret").unwrap();
    ehlo.wait_for_log("S: 235 ");
    let log = ehlo.log();
    assert!(log.contains("S: 334 <secret>") && log.contains("C: AUTH SCRAM-SHA-256-PLUS <secret>"));
    // `v=` and `c=` in base64.
    assert!(!log.contains(" dj") && !log.contains(" Yz"), "{log}");
}

#[test]
fn users_in_a_file_can_use_it_when_they_have_keys() {
    let folder = tempfile::tempdir().unwrap();
    let add = |name: &str, options: &[&str]| {
        let options = [&["user", "add", "--users", "u.toml"], options, &[name]].concat();
        let (code, error) = run_with_password(folder.path(), &options);
        assert_eq!(code, Some(0), "{error}");
    };
    add("tim", &["--scram-iterations", "4096"]);
    add("anna", &["--scram-sha-1"]);
    let options = ["--users", "u.toml", "--auth", "SCRAM-SHA-512,SCRAM-SHA-256,SCRAM-SHA-1"];
    let ehlo = Ehlo::in_folder(folder, &options);
    ehlo.wait_for_log("SCRAM-SHA-1 will fail for 1 of 2 users");
    for mechanism in [Mechanism::ScramSha512Plus, Mechanism::ScramSha256] {
        send(&ehlo, mechanism, "tim", "secret").unwrap();
    }
    send(&ehlo, Mechanism::ScramSha1Plus, "anna", "secret").unwrap();
    assert!(send(&ehlo, Mechanism::ScramSha1, "tim", "secret").is_err());
    assert!(send(&ehlo, Mechanism::ScramSha256, "nobody", "secret").is_err());
}

#[test]
fn it_is_not_offered_of_itself_where_somebody_has_no_keys() {
    let folder = tempfile::tempdir().unwrap();
    for (name, options) in [("tim", &["--no-scram"][..]), ("anna", &[])] {
        let options = [&["user", "add", "--users", "u.toml"], options, &[name]].concat();
        assert_eq!(run_with_password(folder.path(), &options).0, Some(0));
    }
    let ehlo = Ehlo::in_folder(folder, &["--users", "u.toml", "--discard"]);
    assert!(ehlo.tls_client().ehlo().contains("AUTH PLAIN LOGIN"));
    ehlo.wait_for_log("SCRAM is not offered: 1 of 2 users");
    ehlo.login("tim", "secret");
}

#[test]
fn anybody_has_no_password_to_prove() {
    let ehlo = Ehlo::serve(&["--accept-any", "--discard"]);
    assert!(ehlo.tls_client().ehlo().contains("AUTH PLAIN LOGIN"));
}

#[test]
fn a_fault_at_auth_strikes_once_in_an_exchange() {
    let ehlo = Ehlo::serve(&["--user", "tim:secret", "--discard", "--fail", "auth=454:0"]);
    send(&ehlo, Mechanism::ScramSha256, "tim", "secret").unwrap();
    let ehlo = Ehlo::serve(&["--user", "tim:secret", "--discard", "--fail", "auth=454"]);
    let error = send(&ehlo, Mechanism::ScramSha256, "tim", "secret").unwrap_err();
    assert!(error.to_string().contains("454"), "{error}");
}

/// Runs the program with a password in its environment.
fn run_with_password(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(folder)
        .args(arguments)
        .args(["--password-env", "PW"])
        .env("PW", "secret")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The salt and the number of iterations that a user is said to have.
fn salt_of(ehlo: &Ehlo, name: &str) -> String {
    use base64::Engine as _;
    let mut client = ehlo.tls_client();
    let first = crate::client::base64(&format!("n,,n={name},r=0123456789abcdef"));
    let reply = client.say(&format!("AUTH SCRAM-SHA-256 {first}"));
    let challenge = reply.strip_prefix("334 ").unwrap().trim_end();
    let challenge = base64::engine::general_purpose::STANDARD.decode(challenge).unwrap();
    let challenge = String::from_utf8(challenge).unwrap();
    challenge[challenge.find(",s=").unwrap()..].to_owned()
}

#[test]
fn the_salts_of_users_stay_over_a_restart_whether_they_exist_or_not() {
    let names = ["tim", "anna", "nobody"];
    let options = ["--user", "tim:secret", "--users", "u.toml", "--discard"];
    let folder = tempfile::tempdir().unwrap();
    let user = "[[user]]\nname = \"anna\"\npassword = \"{plain}secret\"\n";
    std::fs::write(folder.path().join("u.toml"), user).unwrap();
    let ehlo = Ehlo::in_folder(folder, &options);
    let before = names.map(|name| salt_of(&ehlo, name));
    assert_eq!(names.map(|name| salt_of(&ehlo, name)), before);
    assert!(before.iter().all(|salt| salt.ends_with(",i=15000")), "{before:?}");
    let ehlo = Ehlo::in_folder(ehlo.into_folder(), &options);
    assert_eq!(names.map(|name| salt_of(&ehlo, name)), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = ehlo.certificate().with_file_name("salt-secret");
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Another secret, other salts.
    let other = Ehlo::in_folder(tempfile::tempdir().unwrap(), &options[..2]);
    assert_ne!(salt_of(&other, "nobody"), before[2]);
}

#[test]
fn nothing_is_kept_for_it_where_it_is_not_offered() {
    let ehlo = Ehlo::serve(&["--user", "tim:secret", "--auth", "PLAIN", "--discard"]);
    assert!(!ehlo.certificate().with_file_name("salt-secret").exists());
}
