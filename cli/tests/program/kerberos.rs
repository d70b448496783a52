//! GSSAPI in a build that has it, and in one that hasn't. What a ticket does is `cargo xtask interop --kerberos`'s
//! to try, which has a KDC.

use std::path::Path;

use crate::program::run;

/// Runs the program to its end, which is not a good one: the exit code, and the one line it says.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let (code, _, said) = run(folder, arguments);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("ehlo: ") || said.starts_with("error: "), "{said}");
    (code, said)
}

const LETTER: [&str; 9] = [
    "send",
    "--server",
    "127.0.0.1:1",
    "--from",
    "me@example.org",
    "--to",
    "you@example.org",
    "--body",
    "x",
];

#[cfg(not(feature = "gssapi"))]
#[test]
fn a_build_without_kerberos_says_how_to_get_one_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let send = |options: &[&'static str]| [&LETTER[..], options].concat();
    for (arguments, code) in [
        (vec!["serve", "--keytab", "x"], 78),
        (vec!["serve", "--auth", "GSSAPI"], 78),
        (vec!["probe", "127.0.0.1:1", "--auth", "gssapi"], 64),
        (send(&["--auth", "PLAIN,GSSAPI"]), 64),
        (send(&["--ccache", "x"]), 64),
        (send(&["--user", "tim", "--keytab", "x"]), 64),
    ] {
        let (ended, said) = refused(folder.path(), &arguments);
        assert_eq!(ended, code, "{arguments:?}: {said}");
        assert!(said.contains("--features gssapi"), "{arguments:?}: {said}");
    }
}

#[cfg(feature = "gssapi")]
#[test]
fn what_a_server_lacks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (options, words) in [
        (&["--auth", "GSSAPI"][..], "nobody could use it without --keytab FILE"),
        (&["--keytab", "missing.keytab"], "missing.keytab: No such file"),
        (&["--service-name", "smtp@localhost"], "give both"),
    ] {
        let (code, said) = refused(folder.path(), &[&["serve"], options].concat());
        assert_eq!(code, 78, "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[cfg(feature = "gssapi")]
#[test]
fn a_keytab_needs_a_user() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, said) = run(folder.path(), &[&LETTER[..], &["--keytab", "x"]].concat());
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("--user"), "{said}");
}
