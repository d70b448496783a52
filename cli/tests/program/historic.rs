//! DIGEST-MD5 and NTLM: for who asks for them, with users that have what they take.

use std::path::Path;

use ehlo::client::submission::Security;
use ehlo::sasl::Mechanism;
use ehlo_std::client::{Client, Credentials, Envelope, Error, blocking};
use ehlo_std::tls::ClientTls;

use crate::program::{Ehlo, command, run};

const BOTH: [Mechanism; 2] = [Mechanism::DigestMd5, Mechanism::Ntlm];

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

/// Runs `ehlo user` with this password: its exit code, and what it said.
fn user(folder: &Path, password: &str, arguments: &[&str]) -> (i32, String) {
    let mut command = command(folder);
    command.arg("user").args(arguments).args(["--users", "u.toml", "--password-env", "PW"]);
    let output = command.env("PW", password).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn the_user_of_the_first_minute_can_use_them_and_so_can_one_that_is_given() {
    let ehlo = Ehlo::serve(&["--auth", "NTLM,DIGEST-MD5", "--transcript"]);
    assert!(ehlo.fact("AUTH").starts_with("NTLM, DIGEST-MD5"));
    assert!(ehlo.tls_client().ehlo().contains("AUTH NTLM DIGEST-MD5"));
    let password = ehlo.fact("password").to_owned();
    for mechanism in BOTH {
        send(&ehlo, mechanism, "ehlo", &password).unwrap();
        ehlo.wait_for_log(&format!("ehlo authenticated by {}", mechanism.name()));
        let wrong = send(&ehlo, mechanism, "ehlo", "wrong").unwrap_err().to_string();
        let unknown = send(&ehlo, mechanism, "nobody", "wrong").unwrap_err().to_string();
        assert!(wrong.contains("535") && wrong == unknown, "{wrong}\n{unknown}");
        ehlo.wait_for_log(&format!("nobody failed to authenticate by {}", mechanism.name()));
    }
    assert_eq!(ehlo.messages().len(), 2);
    let log = ehlo.log();
    // What proves a password can be guessed at: `username`, `charset` and `rspauth` in base64, and
    // NTLM's third message.
    assert!(log.contains("S: 334 <secret>") && log.contains("C: <secret>"), "{log}");
    for secret in ["dXNlcm5hbWU", "Y2hhcnNldD", "cnNwYXV0aD", "TlRMTVNTUAADAAAA"] {
        assert!(!log.contains(secret), "{log}");
    }

    let ehlo = Ehlo::serve(&["--user", "tim:secret", "--auth", "NTLM", "--fail", "auth=454"]);
    assert!(send(&ehlo, Mechanism::Ntlm, "tim", "secret").unwrap_err().to_string().contains("454"));
}

#[test]
fn users_in_a_file_can_use_what_was_stored_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let both = ["add", "tim", "--no-scram", "--ntlm", "--digest-md5", "mx.example.org"];
    assert_eq!(user(path, "secret", &both).0, 0);
    assert_eq!(user(path, "secret", &["add", "anna", "--no-scram"]).0, 0);
    let text = std::fs::read_to_string(path.join("u.toml")).unwrap();
    assert_eq!((text.matches("nt-hash").count(), text.matches("digest-md5").count()), (1, 1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path.join("u.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let options =
        ["--users", "u.toml", "--auth", "DIGEST-MD5,NTLM,PLAIN", "--hostname", "mx.example.org"];
    let ehlo = Ehlo::in_folder(folder, &options);
    ehlo.wait_for_log("DIGEST-MD5 will fail for 1 of 2 users in u.toml: it takes a key for the realm mx.example.org");
    ehlo.wait_for_log("NTLM will fail for 1 of 2 users in u.toml: it takes an NT hash");
    for mechanism in BOTH {
        send(&ehlo, mechanism, "tim", "secret").unwrap();
        assert!(send(&ehlo, mechanism, "tim", "secreT").is_err());
        assert!(send(&ehlo, mechanism, "anna", "secret").is_err());
    }
    send(&ehlo, Mechanism::Plain, "anna", "secret").unwrap();

    // A new password makes anew what the user has, and takes the old one away.
    let folder = ehlo.into_folder();
    assert_eq!(user(folder.path(), "other", &["passwd", "tim", "--no-scram"]).0, 0);
    let ehlo = Ehlo::in_folder(folder, &options);
    for mechanism in BOTH {
        send(&ehlo, mechanism, "tim", "other").unwrap();
        assert!(send(&ehlo, mechanism, "tim", "secret").is_err());
    }
    let folder = ehlo.into_folder();
    let none = ["passwd", "tim", "--no-scram", "--no-ntlm", "--no-digest-md5"];
    assert_eq!(user(folder.path(), "other", &none).0, 0);
    let text = std::fs::read_to_string(folder.path().join("u.toml")).unwrap();
    assert!(text.contains("nt-hash = \"\"") && text.contains("digest-md5 = []"), "{text}");
}

#[test]
fn where_nobody_has_what_they_take_it_is_said_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(user(path, "x", &["add", "tim", "--no-scram", "--digest-md5", "elsewhere"]).0, 0);
    let serve = |arguments: &[&str]| {
        let (code, _, error) = run(path, &[&["serve", "--discard"], arguments].concat());
        assert_eq!(code, 78, "{error}");
        error
    };
    let error = serve(&["--users", "u.toml", "--auth", "DIGEST-MD5"]);
    assert!(
        error.contains("takes a key for the realm localhost, and no user in u.toml has one"),
        "{error}"
    );
    assert!(error.contains("`ehlo user passwd --digest-md5 localhost`"), "{error}");
    let error = serve(&["--users", "u.toml", "--auth", "PLAIN,NTLM"]);
    assert!(
        error.contains("takes an NT hash") && error.contains("`ehlo user passwd --ntlm`"),
        "{error}"
    );
    for name in ["NTLM", "DIGEST-MD5"] {
        let error = serve(&["--accept-any", "--auth", name]);
        assert!(
            error.contains("nobody could use it without --user NAME:PASSWORD or --users FILE"),
            "{error}"
        );
    }
    let (code, text) = user(path, "x", &["passwd", "tim", "--digest-md5", "a\"b"]);
    assert!(code == 65 && text.contains("a realm may not be empty nor hold quotes"), "{text}");
    assert_eq!(user(path, "x", &["passwd", "tim", "--ntlm", "--plain"]).0, 64);
    assert_eq!(user(path, "x", &["passwd", "tim", "--ntlm", "--no-ntlm"]).0, 64);
}
