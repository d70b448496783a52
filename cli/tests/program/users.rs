//! `ehlo user`, and the file it makes in use.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::program::{Ehlo, command, run};

/// Runs the program with this on its standard input: exit code, and both outputs.
fn fed(folder: &Path, arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = command(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without having read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn users_are_added_listed_and_changed_and_may_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let add = |name, password| fed(path, &["user", "add", "--users", "u.toml", name], password);
    assert_eq!(add("tim@example.org", "first\n").0, 0);
    assert_eq!(add("anna", "correct horse").0, 0);
    let (code, text) = add("anna", "again");
    assert!(code == 73 && text.contains("already a user \"anna\""), "{text}");
    assert_eq!(add("bob", "\n").0, 65);

    let (code, names, _) = run(path, &["user", "list", "--users", "u.toml"]);
    assert_eq!((code, names.as_str()), (0, "tim@example.org\nanna\n"));
    let file = std::fs::read_to_string(path.join("u.toml")).unwrap();
    assert!(file.contains("$argon2id$") && !file.contains("horse"), "{file}");

    let ehlo = Ehlo::in_folder(folder, &["--discard", "--users", "u.toml"]);
    ehlo.login("anna", "correct horse");
    let path = ehlo.folder();
    let passwd = ["user", "passwd", "--users", "u.toml", "anna"];
    let (code, text) = fed(path, &passwd, "battery staple\r\n");
    assert!(code == 0 && !text.contains("battery"), "{text}");
    #[cfg(unix)]
    {
        ehlo.signal(rustix::process::Signal::HUP);
        ehlo.wait_for_log("users read again");
        ehlo.login("anna", "battery staple");
        assert!(ehlo.tls_client().auth_plain("anna", "correct horse").starts_with("535"));
    }
}

#[test]
fn a_password_comes_from_a_variable_and_is_never_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["user", "add", "--users", "u.toml", "--plain", "--password-env", "PW", "tim"];
    let output = command(folder.path()).args(options).env("PW", "secret").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let file = std::fs::read_to_string(folder.path().join("u.toml")).unwrap();
    assert!(file.contains("{plain}secret"), "{file}");
    let options = ["user", "passwd", "--users", "u.toml", "--password-env", "PW", "tim"];
    let (code, _, line) = run(folder.path(), &options);
    assert!(code == 64 && line.contains("PW is not set"), "{line}");
    let (code, _, line) =
        run(folder.path(), &["user", "add", "--users", "u.toml", "anna", "hunter2"]);
    assert!(code == 64 && !line.contains("hunter2"), "{line}");
}

#[test]
fn unknown_users_and_unreadable_files_have_codes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("u.toml"), "").unwrap();
    let (code, text) =
        fed(folder.path(), &["user", "passwd", "--users", "u.toml", "tim"], "secret");
    assert!(code == 67 && text.contains("no user \"tim\""), "{text}");
    let (code, _, line) = run(folder.path(), &["user", "list", "--users", "missing.toml"]);
    assert!(code == 78 && line.contains("missing.toml"), "{line}");
}
