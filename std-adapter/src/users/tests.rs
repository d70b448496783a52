use super::*;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

/// "password", hashed cheaply.
const HASH: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn user(name: &str, password: &str) -> String {
    format!("[[user]]\nname = \"{name}\"\npassword = \"{password}\"\n")
}

#[tokio::test]
async fn passwords_are_checked_against_hashes_and_plain_entries() {
    let (_folder, path) = file(&(user("hashed", HASH) + &user("plain", "{plain}secret")));
    let users = UsersFile::open(path).unwrap();
    let cases = [
        ("hashed", "password", true),
        ("hashed", "Password", false),
        ("hashed", "", false),
        ("Hashed", "password", false),
        ("plain", "secret", true),
        ("plain", "secre", false),
        ("plain", "{plain}secret", false),
        ("nobody", "password", false),
        ("", "", false),
    ];
    for (name, password, accepted) in cases {
        let outcome = users.verify(name, password).await.unwrap();
        assert_eq!(outcome.is_accepted(), accepted, "{name} {password}");
    }
    assert_eq!(users.plain_password("plain").await.unwrap(), Some(Secret::new("secret")));
    assert_eq!(users.plain_password("hashed").await.unwrap(), None);
    assert!(users.contains("hashed").await.unwrap());
    assert!(!users.contains("nobody").await.unwrap());
    assert_eq!(users.count(), (2, 1));
}

#[test]
fn a_password_without_its_quotes_is_not_shown() {
    let (_folder, path) = file("[[user]]\nname = \"tim\"\npassword = 12345678\n");
    let error = UsersFile::open(path).unwrap_err().to_string();
    assert!(error.contains("line 3: a string is expected") && !error.contains("1234"), "{error}");
}

#[tokio::test]
async fn names_and_passwords_are_compared_after_saslprep() {
    // A soft hyphen maps to nothing, a roman numeral to its letters (RFC 4013 section 3).
    let (_folder, path) = file(&user("IX", "{plain}I\u{ad}X"));
    let users = UsersFile::open(path).unwrap();
    assert!(users.verify("I\u{ad}X", "\u{2168}").await.unwrap().is_accepted());
    assert!(users.verify("\u{2168}", "IX").await.unwrap().is_accepted());
    // Prohibited: a control character, and mixed directions.
    assert_eq!(users.verify("IX", "IX\u{7}").await.unwrap(), Outcome::Rejected);
    assert_eq!(users.verify("\u{627}1", "IX").await.unwrap(), Outcome::Rejected);
}

#[tokio::test]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    // More costly than the noise of a busy machine.
    let costly = HASH.replace("m=256,t=2", "m=2048,t=2");
    let (_folder, path) = file(&user("me", &costly));
    let users = UsersFile::open(path).unwrap();
    let mut best = [Duration::MAX; 2];
    // The shortest of many is free of what else the machine does; without a hash it would be far shorter in
    // every round.
    for _ in 0..50 {
        for (best, name) in best.iter_mut().zip(["me", "nobody"]) {
            let start = Instant::now();
            assert_eq!(users.verify(name, "wrong").await.unwrap(), Outcome::Rejected);
            *best = start.elapsed().min(*best);
        }
        let [wrong, unknown] = best;
        if unknown * 2 > wrong && wrong * 2 > unknown {
            return;
        }
    }
    panic!("wrong password and unknown user: {best:?}");
}

#[tokio::test]
async fn a_file_without_users_still_costs_a_hash() {
    let (_folder, path) = file("");
    let users = UsersFile::open(path).unwrap();
    let start = Instant::now();
    assert_eq!(users.verify("me", "x").await.unwrap(), Outcome::Rejected);
    assert!(start.elapsed() > Duration::from_millis(2));
}

#[tokio::test]
async fn a_changed_file_is_seen_and_a_broken_one_is_not_used() {
    let (_folder, path) = file(&user("old", "{plain}x"));
    let users = UsersFile::open(&path).unwrap();
    fs::write(&path, user("new", "{plain}y")).unwrap();
    // At most once a second is the file looked at.
    assert!(users.verify("old", "x").await.unwrap().is_accepted());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(users.verify("new", "y").await.unwrap().is_accepted());
    assert!(!users.contains("old").await.unwrap());

    fs::write(&path, "[[user]\n").unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(users.verify("new", "y").await.unwrap().is_accepted());
    assert!(users.reload().is_err());
    assert!(users.verify("new", "y").await.unwrap().is_accepted());

    fs::write(&path, user("third", "{plain}z")).unwrap();
    users.reload().unwrap();
    assert!(users.verify("third", "z").await.unwrap().is_accepted());
}

#[tokio::test]
async fn two_changes_with_the_same_time_and_length_are_both_seen() {
    let (_folder, path) = file(&user("old", "{plain}x"));
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let users = UsersFile::open(&path).unwrap();
    fs::write(&path, user("new", "{plain}y")).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(users.verify("new", "y").await.unwrap().is_accepted());
}

#[test]
fn errors_name_the_line_and_never_the_password() {
    let good = user("a", "{plain}hunter2");
    let cases = [
        (format!("{good}[[user]\n"), 4, "line"),
        (format!("{good}[[user]]\nname = \"b\"\n"), 4, "password"),
        (format!("{good}[[user]]\nname = \"b\"\npassword = hunter2\n"), 6, ""),
        (format!("{good}[[user]]\nname = \"b\"\npassword = \"hunter2\"\n"), 6, "{plain}"),
        (format!("{good}[[user]]\nname = \"b\"\npassword = \"hunter2\n"), 6, ""),
        (format!("{good}[[user]]\nname = \"b\"\npassword = 7\n"), 6, ""),
        (format!("{good}{good}"), 5, "twice"),
        (format!("{good}admin = \"hunter2\"\n"), 4, "admin"),
        (format!("{good}[[user]]\nname = \"\"\npassword = \"{{plain}}x\"\n"), 5, "name"),
    ];
    for (text, line, words) in cases {
        let (_folder, path) = file(&text);
        let error = UsersFile::open(path).unwrap_err().to_string();
        assert!(error.contains(&format!("line {line}:")), "{line}: {error}");
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("hunter2") && !error.contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn users_are_added_and_changed_and_the_rest_of_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    add_user(&path, "first", "one", Scheme::Plain).unwrap();
    let text = format!("# ours\n{}# the end", fs::read_to_string(&path).unwrap());
    fs::write(&path, text).unwrap();
    add_user(&path, "say \"hi\" \\", "tw\\o\"", Scheme::Plain).unwrap();
    add_user(&path, "third", "three", Scheme::Argon2id).unwrap();
    set_password(&path, "first", "o\"ne\\2", Scheme::Plain).unwrap();

    assert_eq!(list_users(&path).unwrap(), ["first", "say \"hi\" \\", "third"]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# ours\n") && text.contains("# the end"), "{text}");
    assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !text.contains("three"));
    let users = UsersFile::open(&path).unwrap();
    for (name, password) in
        [("first", "o\"ne\\2"), ("say \"hi\" \\", "tw\\o\""), ("third", "three")]
    {
        assert!(users.verify(name, password).await.unwrap().is_accepted(), "{name}");
    }
    assert!(!users.verify("first", "one").await.unwrap().is_accepted());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn changes_that_make_no_sense_are_refused_and_nothing_is_written() {
    let (_folder, path) = file(&user("me", "{plain}x"));
    let before = fs::read(&path).unwrap();
    let refused = [
        add_user(&path, "me", "y", Scheme::Plain),
        add_user(&path, "m\u{ad}e", "y", Scheme::Plain),
        add_user(&path, "", "y", Scheme::Plain),
        add_user(&path, "you\n", "y", Scheme::Plain),
        add_user(&path, "you", "", Scheme::Plain),
        set_password(&path, "you", "y", Scheme::Plain),
        set_password(&path, "me", "a\u{0}b", Scheme::Plain),
    ];
    for result in refused {
        assert!(!result.unwrap_err().to_string().contains('\n'));
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn memory_users_serve_passwords_and_tokens() {
    let mut users = MemoryUsers::new();
    assert!(users.is_empty());
    assert!(users.add_password("me", "secret") && users.add_token("me", "t1"));
    assert!(users.add_token("you", "t2"));
    assert!(
        !users.add_password("", "x") && !users.add_password("x", "") && !users.add_token("x", "")
    );

    assert!(users.verify("me", "secret").is_accepted());
    for (name, password) in
        [("me", "Secret"), ("Me", "secret"), ("you", "secret"), ("me", ""), ("you", "")]
    {
        assert!(!users.verify(name, password).is_accepted(), "{name} {password}");
    }
    assert_eq!(users.plain_password("me"), Some(Secret::new("secret")));
    assert_eq!(users.plain_password("you"), None);
    assert!(users.verify_token("me", "t1").is_accepted());
    assert!(!users.verify_token("me", "t2").is_accepted());
    assert!(!users.verify_token("me", "").is_accepted());
    assert_eq!(users.token_owner("t2"), Some("you"));
    assert_eq!(users.token_owner("t3"), None);
    assert!(users.contains("you") && !users.contains("they"));
}

#[test]
fn nothing_secret_is_printed() {
    let mut users = MemoryUsers::new();
    assert!(users.add_password("me", "hunter2") && users.add_token("me", "hunter2"));
    let (_folder, path) = file(&user("me", "{plain}hunter2"));
    let text =
        format!("{users:?} {:?} {:?}", UsersFile::open(path).unwrap(), Secret::new("hunter2"));
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_logins_at_once_are_all_answered() {
    let (_folder, path) = file(&user("me", HASH));
    let users = UsersFile::open(path).unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let users = users.clone();
            tokio::spawn(async move {
                let password = if n % 2 == 0 { "password" } else { "wrong" };
                users.verify("me", password).await.unwrap().is_accepted() == (n % 2 == 0)
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
}

#[tokio::test]
async fn keys_of_scram_stand_beside_the_hash_and_change_with_the_password() {
    use ehlo::sasl::ScramHash::{Sha1, Sha256, Sha512};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    add_user(&path, "me", "one", Storage::default().iterations(4096)).unwrap();
    add_user(&path, "old", "one", Storage::default().scram([])).unwrap();
    add_user(&path, "plain", "one", Scheme::Plain).unwrap();
    let all = [Sha1, Sha256, Sha512];
    add_user(&path, "all", "one", Storage::default().scram(all).iterations(1)).unwrap();
    let users = UsersFile::open(&path).unwrap();
    assert_eq!(users.scram_iterations(), Some(4096), "fewer than that nobody takes");
    assert_eq!(all.map(|hash| users.count_scram(hash)), [2, 3, 3]);
    for (name, hash, there) in [
        ("me", Sha1, false),
        ("me", Sha256, true),
        ("me", Sha512, true),
        ("m\u{ad}e", Sha512, true),
        ("old", Sha256, false),
        ("all", Sha1, true),
        ("plain", Sha1, true),
        ("plain", Sha256, true),
        ("nobody", Sha256, false),
        ("", Sha256, false),
    ] {
        let keys = users.scram_keys(name, hash).await.unwrap();
        assert_eq!(keys.is_some(), there, "{name} {hash:?}");
        let again = users.scram_keys(name, hash).await.unwrap();
        let salt = |keys: &Option<ehlo::sasl::ScramKeys>| keys.as_ref().map(|k| k.salt().to_vec());
        assert_eq!(salt(&keys), salt(&again));
        if let Some(keys) = keys {
            let made = ehlo::sasl::ScramKeys::derive(hash, b"one", keys.salt(), keys.iterations());
            assert_eq!(made.unwrap().stored_key(), keys.stored_key());
        }
    }
    let before = users.scram_keys("me", Sha256).await.unwrap().unwrap();
    set_password(&path, "me", "two", Scheme::Argon2id).unwrap();
    set_password(&path, "old", "two", Scheme::Argon2id).unwrap();
    set_password(&path, "all", "two", Scheme::Plain).unwrap();
    users.reload().unwrap();
    for (name, iterations) in [("me", ITERATIONS), ("old", ITERATIONS), ("all", ITERATIONS)] {
        let keys = users.scram_keys(name, Sha256).await.unwrap().unwrap();
        assert_ne!(keys.stored_key(), before.stored_key());
        assert_eq!(keys.iterations(), iterations);
        let made = ehlo::sasl::ScramKeys::derive(Sha256, b"two", keys.salt(), iterations).unwrap();
        assert_eq!(made.stored_key(), keys.stored_key(), "{name}");
        assert!(users.verify(name, "two").await.unwrap().is_accepted());
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("password = \"{plain}two\"\nscram = []\n"), "{text}");
    assert_eq!(text.matches("\nscram = [\"SCRAM-SHA-256$15000:").count(), 2, "{text}");
}

#[test]
fn keys_are_put_where_they_belong_however_the_file_is_laid_out() {
    let cases = [
        ("[[user]]\nname = \"me\"\npassword = \"{plain}x\"", "\nscram = ["),
        ("[[user]]\nname = \"me\"\npassword = \"{plain}x\" # mine\n# end\n", "# mine\nscram = ["),
        ("[[user]]\npassword = \"{plain}x\"\nname = \"me\"\n", "\nscram = ["),
        ("user = [{ name = \"me\", password = \"{plain}x\" }]\n", "\", scram = ["),
        ("user = [{ password = \"{plain}x\", name = \"me\" }]\n", "\", scram = ["),
        ("[[user]]\nscram = []\nname = \"me\"\npassword = \"{plain}x\"\n", "\nscram = [\"SCRAM-"),
    ];
    for (text, expected) in cases {
        let (_folder, path) = file(text);
        set_password(&path, "me", "two", Storage::default().iterations(4096)).unwrap();
        let changed = fs::read_to_string(&path).unwrap();
        assert!(changed.contains(expected), "{changed}");
        let users = UsersFile::open(&path).unwrap();
        assert_eq!(users.count_scram(ehlo::sasl::ScramHash::Sha256), 1, "{changed}");
    }
}

#[test]
fn wrong_keys_are_told_by_their_line_and_not_shown() {
    let keys = "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:\
        D+CSWLOsisEqVUjbIP6S6zWVAf0=";
    let entry = |scram: &str| user("a", "{plain}x") + &format!("scram = {scram}\n");
    let (_folder, path) = file(&entry(&format!("[\"{keys}\"]")));
    assert_eq!(UsersFile::open(path).unwrap().scram_iterations(), Some(4096));
    for (scram, words) in [
        (format!("[\"{keys}\",\n \"{keys}\"]"), "line 5: the user has two"),
        (format!("[\"{}\"]", keys.replace("SHA-1", "SHA-256")), "line 4: the SCRAM keys"),
        (format!("[\"x{keys}\"]"), "line 4: SCRAM keys are written"),
        (format!("\"{keys}\""), "line 4: a list of strings is expected"),
        ("[7]".to_owned(), "line 4: a list of strings is expected"),
    ] {
        let (_folder, path) = file(&entry(&scram));
        let error = UsersFile::open(path).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("6dlGYM"), "{error}");
    }
}

#[tokio::test]
async fn memory_users_have_keys_of_their_passwords() {
    use ehlo::sasl::ScramHash::Sha256;
    let mut users = MemoryUsers::new();
    assert!(users.add_password("me", "one"));
    let one = users.scram_keys("me", Sha256).await.unwrap().unwrap();
    let again = users.clone().scram_keys("m\u{ad}e", Sha256).await.unwrap().unwrap();
    assert_eq!(one.stored_key(), again.stored_key());
    assert!(users.add_password("me", "two"));
    let two = users.scram_keys("me", Sha256).await.unwrap().unwrap();
    assert!(one.salt() == two.salt() && one.stored_key() != two.stored_key());
    assert!(users.scram_keys("you", Sha256).await.unwrap().is_none());
}

#[tokio::test]
async fn what_digest_md5_and_ntlm_take_is_there_for_who_asked_for_it_and_changes_with_the_password()
{
    use ehlo::sasl::{DigestMd5Key, NtHash};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    let realms = |realms: &[&str]| realms.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>();
    let cheap = || Storage::default().scram([]);
    // A realm that is said twice has one key all the same.
    let storage = cheap().digest_md5(realms(&["a", "b:c", "a"])).nt_hash(true);
    add_user(&path, "me", "one", storage).unwrap();
    add_user(&path, "none", "one", Storage::default()).unwrap();
    add_user(&path, "plain", "one", Scheme::Plain).unwrap();
    let users = UsersFile::open(&path).unwrap();
    assert_eq!(["a", "b:c", "d"].map(|realm| users.count_digest_md5(realm)), [2, 2, 1]);
    assert_eq!(users.count_nt_hash(), 2);
    let check = async |name: &str, realm: &str, password: Option<&str>| {
        let key = users.digest_md5_key(name, realm).await.unwrap().map(|key| key.to_bytes());
        let expected = password.map(|p| DigestMd5Key::new(name, realm, p.as_bytes()).to_bytes());
        assert_eq!(key, expected, "{name} {realm}");
        let hash = users.nt_hash(name).await.unwrap().map(|hash| hash.to_bytes());
        let expected = password.map(|password| NtHash::new(password).to_bytes());
        assert!(realm == "d" || hash == expected, "{name}");
    };
    for (name, realm, password) in [
        ("me", "a", Some("one")),
        ("me", "b:c", Some("one")),
        ("me", "d", None),
        ("none", "a", None),
        ("plain", "anything", Some("one")),
        ("nobody", "a", None),
        ("", "a", None),
    ] {
        check(name, realm, password).await;
    }
    // What a user has is made anew, and another has still none.
    set_password(&path, "me", "two", Scheme::Argon2id).unwrap();
    set_password(&path, "none", "two", Scheme::Argon2id).unwrap();
    users.reload().unwrap();
    for (name, realm, password) in [
        ("me", "a", Some("two")),
        ("me", "b:c", Some("two")),
        ("me", "d", None),
        ("none", "a", None),
    ] {
        check(name, realm, password).await;
    }
    // Other realms in place of those there were; then nothing that would let an old password in.
    set_password(&path, "me", "three", cheap().digest_md5(realms(&["d"])).nt_hash(false)).unwrap();
    users.reload().unwrap();
    check("me", "d", Some("three")).await;
    assert_eq!((users.count_digest_md5("a"), users.count_nt_hash()), (1, 1));
    set_password(&path, "me", "four", cheap().nt_hash(true)).unwrap();
    set_password(&path, "me", "five", Scheme::Plain).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let entry = "password = \"{plain}five\"\nscram = []\ndigest-md5 = []\nnt-hash = \"\"\n";
    assert!(text.contains(entry), "{text}");
    users.reload().unwrap();
    check("me", "d", Some("five")).await;
    check("me", "a", Some("five")).await;
    let refused = set_password(&path, "me", "six", cheap().digest_md5(realms(&["a\"b"])));
    assert!(matches!(refused, Err(UsersError::BadRealm)));
    assert!(matches!(
        add_user(&path, "new", "six", cheap().digest_md5(realms(&[""]))),
        Err(UsersError::BadRealm)
    ));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn every_kind_of_key_finds_its_place_however_the_file_is_laid_out() {
    let old = "8846f7eaee8fb117ad06bdd830b7586c";
    for text in [
        "[[user]]\nname = \"me\"\npassword = \"{plain}x\"".to_owned(),
        "[[user]]\npassword = \"{plain}x\" # mine\nname = \"me\"\n".to_owned(),
        "user = [{ name = \"me\", password = \"{plain}x\" }]\n".to_owned(),
        format!("[[user]]\nnt-hash = \"{old}\"\nname = \"me\"\npassword = \"{{plain}}x\"\n"),
        format!(
            "[[user]]\nname = \"me\"\ndigest-md5 = [\"r:{old}\", \"s:{old}\"]\npassword = \"{{plain}}x\""
        ),
        format!(
            "user = [{{ nt-hash = \"{old}\", name = \"me\", password = \"{{plain}}x\", scram = [] }}]\n"
        ),
    ] {
        let (_folder, path) = file(&text);
        let storage =
            Storage::default().iterations(4096).digest_md5(["r".to_owned()]).nt_hash(true);
        set_password(&path, "me", "two", storage).unwrap();
        let users = UsersFile::open(&path).unwrap();
        let changed = fs::read_to_string(&path).unwrap();
        assert!(!changed.contains(old) && !changed.contains("{plain}"), "{changed}");
        assert_eq!(changed.contains("# mine"), text.contains("# mine"));
        let sha_256 = users.count_scram(ehlo::sasl::ScramHash::Sha256);
        assert_eq!(
            (sha_256, users.count_digest_md5("r"), users.count_nt_hash()),
            (1, 1, 1),
            "{changed}"
        );
        assert_eq!(users.count_digest_md5("s"), 0, "{changed}");
    }
}

#[test]
fn a_user_with_keys_for_sha_1_gets_them_anew_too() {
    use ehlo::sasl::ScramHash::{Sha1, Sha256, Sha512};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    add_user(&path, "me", "one", Storage::default().scram([Sha1])).unwrap();
    set_password(&path, "me", "two", Storage::default()).unwrap();
    let users = UsersFile::open(&path).unwrap();
    assert_eq!([Sha1, Sha256, Sha512].map(|hash| users.count_scram(hash)), [1, 1, 1]);
}

#[test]
fn wrong_keys_of_the_historic_mechanisms_are_told_by_their_line_and_not_shown() {
    let hex = "8846f7eaee8fb117ad06bdd830b7586c";
    for (line, words) in [
        (format!("digest-md5 = [\"r:{hex}\",\n \"r:{hex}\"]"), "line 5: the user has two"),
        (format!("digest-md5 = [\"{hex}\"]"), "line 4: a DIGEST-MD5 key"),
        (format!("digest-md5 = \"r:{hex}\""), "line 4: a list of strings is expected"),
        (format!("nt-hash = \"{hex}0\""), "line 4: an NT hash"),
        (format!("nt-hash = [\"{hex}\"]"), "line 4: a string is expected"),
        ("nt-hash = 8846".to_owned(), "line 4: a string is expected"),
    ] {
        let (_folder, path) = file(&(user("a", "{plain}x") + &line + "\n"));
        let error = UsersFile::open(path).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("8846"), "{error}");
    }
}

#[test]
fn memory_users_have_what_the_historic_mechanisms_take() {
    use ehlo::sasl::{DigestMd5Key, NtHash};
    let mut users = MemoryUsers::new();
    assert!(users.add_password("me", "one"));
    let key = users.digest_md5_key("m\u{ad}e", "r").unwrap();
    assert_eq!(key.to_bytes(), DigestMd5Key::new("me", "r", b"one").to_bytes());
    assert_eq!(users.nt_hash("me").unwrap().to_bytes(), NtHash::new("one").to_bytes());
    assert!(users.digest_md5_key("you", "r").is_none() && users.nt_hash("you").is_none());
}
