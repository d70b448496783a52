//! `cargo xtask interop --kerberos`: GSSAPI, with a KDC of its own.
//!
//! Clients with tickets submit to `ehlo serve` (built with the feature `gssapi`), and `ehlo send` to servers
//! that have the keys of a service. With a good ticket the message is stored octet by octet as it was
//! sent; without one, with one that has expired or is for another service, with a token that was sent
//! before or changed, nothing is. [`realm`] is the KDC, [`clients`] and [`servers`] are the peers, [`wire`]
//! is what no client would say.

mod cells;
mod clients;
mod realm;
mod servers;
mod wire;

use core::time::Duration;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::clients::{CLIENTS, Client, End, Way};
use self::realm::Realm;
use self::servers::Server;
use super::maildir::{difference, find, read};
use super::matrix::Matrix;
use super::work::{Work, message};
use crate::process;

/// What has to be there, and the package that has it.
const NEEDS: [(&str, &str); 12] = [
    ("/usr/sbin/krb5kdc", "krb5-kdc"),
    ("/usr/sbin/kadmin.local", "krb5-admin-server"),
    ("/usr/bin/kinit", "krb5-user"),
    ("/usr/include/gssapi/gssapi_ext.h", "libkrb5-dev"),
    ("/usr/bin/curl", "curl"),
    ("/usr/bin/gsasl", "gsasl"),
    ("/usr/bin/msmtp", "msmtp"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/lib/postfix/sbin/master", "postfix"),
    ("/usr/sbin/dovecot", "dovecot-core"),
    ("/usr/lib/dovecot/submission", "dovecot-submissiond"),
    ("/usr/lib/dovecot/modules/auth/libmech_gssapi.so", "dovecot-gssapi"),
];

/// The same, in folders that have the name of the architecture, or a version.
const SOMEWHERE: [(&str, &str); 2] = [
    ("/usr/lib/*/sasl2/libgssapiv2.so", "libsasl2-modules-gssapi-mit"),
    ("/usr/lib/*/libclang-[0-9]*.so* /usr/lib/llvm-*/lib/libclang.so*", "libclang-dev"),
];

/// The user who has tickets, somebody of the same name with an instance, and two services.
const PRINCIPALS: [&str; 4] = ["tim", "tim/admin", "smtp/localhost", "smtp/other"];

/// How long tickets are good that are meant to expire.
const SHORT: u32 = 4;

/// What every check has.
struct Bench {
    program: PathBuf,
    work: Work,
    realm: Realm,
}

/// Tickets and keys.
struct Keys {
    /// Of `smtp/localhost`.
    service: PathBuf,
    /// Of `smtp/other`.
    other: PathBuf,
    /// Of the user.
    user: PathBuf,
    good: PathBuf,
    expired: PathBuf,
    /// Of `tim/admin`.
    instance: PathBuf,
    none: PathBuf,
}

/// A check: who, what, and why it has failed.
struct Check {
    peer: String,
    column: &'static str,
    failure: Option<String>,
}

/// Runs all of it.
///
/// # Errors
///
/// Fails when something needed is missing, or a check fails.
pub(crate) fn run(program: Option<&Path>, keep: bool, matrix: &mut Matrix) -> Result<()> {
    install()?;
    let program = program.map_or_else(build, |program| {
        program.canonicalize().with_context(|| format!("no {}", program.display()))
    })?;
    let begun = Instant::now();
    // The users that servers run as can't go everywhere.
    let folder = std::env::temp_dir().join(format!("ehlo-kerberos-{}", std::process::id()));
    let work = Work::create(folder, keep)?;
    let mut realm = Realm::start(&work.path("realm"), &PRINCIPALS)?;
    let user = realm.keytab("user.keytab", "tim")?;
    let instance = realm.keytab("instance.keytab", "tim/admin")?;
    let keys = Keys {
        service: realm.keytab("service.keytab", "smtp/localhost")?,
        other: realm.keytab("other.keytab", "smtp/other")?,
        good: realm.tickets("good", &user, "tim", 3600)?,
        expired: realm.tickets("expired", &user, "tim", SHORT)?,
        instance: realm.tickets("instance", &instance, "tim/admin", 3600)?,
        none: work.path("realm").join("no-tickets"),
        user,
    };
    let bench = Bench { program, work, realm };
    let mut checks = Vec::new();
    // While the ticket is good.
    let late = wire::token(&bench, &keys.expired)?;
    std::thread::sleep(Duration::from_secs(u64::from(SHORT) + 3));
    to_ehlo(&bench, &keys, &late, &mut checks).context("clients")?;
    from_ehlo(&bench, &keys, &mut checks).context("servers")?;
    matrix.extend(cells::cells(&checks));
    report(&checks, begun.elapsed().as_secs())
}

/// Installs what is missing, without starting any of it.
fn install() -> Result<()> {
    let is_missing = |(path, _): &&(&str, &str)| !Path::new(path).exists();
    let mut missing: Vec<_> =
        NEEDS.iter().filter(is_missing).map(|(_, package)| *package).collect();
    for (patterns, package) in SOMEWHERE {
        let look = format!("for file in {patterns}; do [ -e \"$file\" ] && exit 0; done; exit 1");
        if process::capture(Command::new("sh").args(["-c", &look])).is_err() {
            missing.push(package);
        }
    }
    if missing.is_empty() { Ok(()) } else { process::apt_install(&missing) }
}

/// Whether a program was built with Kerberos: it says so when it wasn't.
pub(crate) fn is_in(program: &Path) -> bool {
    let mut serve = Command::new(program);
    serve.args(["serve", "--auth", "GSSAPI", "--keytab", "/dev/null", "--listen", "127.0.0.1:0"]);
    process::output(&mut serve).is_ok_and(|output| {
        output.status.code() == Some(78)
            && !String::from_utf8_lossy(&output.stderr).contains("built without Kerberos")
    })
}

/// Builds the program with Kerberos.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(process::root());
    command.args(["build", "--release", "-p", "ehlo-cli", "--features", "gssapi"]);
    process::run(&mut command)?;
    Ok(process::cache("release").join("ehlo"))
}

/// Clients against `ehlo serve`.
fn to_ehlo(bench: &Bench, keys: &Keys, late: &str, checks: &mut Vec<Check>) -> Result<()> {
    let keytab = keys.service.display().to_string();
    let other = keys.other.display().to_string();
    let options = ["--auth", "GSSAPI", "--service-name", "smtp@localhost", "--keytab", &keytab];
    let mut right = servers::ehlo(bench, "right", &options)?;
    let mut wrong = servers::ehlo(bench, "wrong", &["--auth", "GSSAPI", "--keytab", &other])?;
    for client in &CLIENTS {
        for (column, implicit) in [("STARTTLS, ticket", false), ("TLS, ticket", true)] {
            if implicit && client.name == "gsasl" {
                continue;
            }
            let outcome = sent(bench, client, &right, implicit, &keys.good);
            checks.push(Check::new(client.name, column, outcome));
        }
        for (column, server, cache) in [
            ("no ticket", &right, &keys.none),
            ("expired ticket", &right, &keys.expired),
            ("another service's keys", &wrong, &keys.good),
            ("tim/admin for tim", &right, &keys.instance),
        ] {
            let outcome = not_sent(bench, client, server, cache);
            checks.push(Check::new(client.name, column, outcome));
        }
    }
    checks.push(Check::new("ehlo send", "to act as another", acts_as_another(bench, keys, &right)));

    let clear = ["--allow-insecure-auth"];
    let mut clear = servers::ehlo(bench, "clear", &[&options[..], &clear].concat())?;
    let port = clear.starttls;
    let fresh = wire::token(bench, &keys.good)?;
    let challenged = |said: &str| said.starts_with("334 ");
    let refused = |said: &str| said.starts_with("535 ");
    for (column, token, expected) in [
        ("a token", &fresh, challenged as fn(&str) -> bool),
        ("the same token again", &fresh, refused),
        ("a changed token", &wire::changed(&wire::token(bench, &keys.good)?), refused),
        ("an expired token", &late.to_owned(), refused),
    ] {
        let outcome = wire::say(port, token).and_then(|said| match expected(&said) {
            true => Ok(()),
            false => bail!("it was answered {said}\n{}", clear.log()),
        });
        checks.push(Check::new("(token by token)", column, outcome));
    }
    let outcome = quiet(&clear, &[&fresh, late]);
    checks.push(Check::new("(token by token)", "no token in the log", outcome));
    for (name, server) in [("right", &mut right), ("wrong", &mut wrong), ("clear", &mut clear)] {
        let alive = server.is_alive();
        let outcome = if alive { Ok(()) } else { Err(anyhow::anyhow!("{}", server.log())) };
        checks.push(Check::new(&format!("ehlo serve ({name})"), "still runs", outcome));
    }
    Ok(())
}

/// `ehlo send` and `ehlo probe` against servers.
fn from_ehlo(bench: &Bench, keys: &Keys, checks: &mut Vec<Check>) -> Result<()> {
    let [client, ..] = &CLIENTS;
    for (name, server) in [
        ("Postfix, Cyrus SASL", servers::postfix(bench, &keys.service)),
        ("Dovecot submission", servers::dovecot(bench, &keys.service)),
    ] {
        let peer = format!("to {name}");
        let server = match server {
            Ok(server) => server,
            Err(error) => {
                checks.push(Check::new(&peer, "starts", Err(error)));
                continue;
            }
        };
        for (column, implicit) in [("STARTTLS, ticket", false), ("TLS, ticket", true)] {
            let outcome = sent(bench, client, &server, implicit, &keys.good);
            checks.push(Check::new(&peer, column, outcome));
        }
        for (column, cache) in [("no ticket", &keys.none), ("expired ticket", &keys.expired)] {
            checks.push(Check::new(&peer, column, not_sent(bench, client, &server, cache)));
        }
        checks.push(Check::new(&peer, "keytab", by_keytab(bench, keys, &server)));
        let outcome = other_service(bench, keys, &server);
        checks.push(Check::new(&peer, "ticket for another service", outcome));
        checks.push(Check::new(&peer, "probe", probed(bench, keys, &server)));
    }
    Ok(())
}

/// A client with a ticket sends a message, which is stored as it was sent.
fn sent(
    bench: &Bench,
    client: &Client,
    server: &Server,
    implicit: bool,
    cache: &Path,
) -> Result<()> {
    let (id, path) = letter(bench)?;
    let port = if implicit { server.implicit } else { server.starttls };
    let way = Way { port, implicit, cache, message: &path };
    let (end, said) = client.run(bench, way)?;
    if end != End::Sent {
        bail!("it was refused\n{said}\n{}", server.log());
    }
    if client.sends { is_stored(server, &id) } else { Ok(()) }
}

/// A client that has no good ticket sends nothing, and says so.
fn not_sent(bench: &Bench, client: &Client, server: &Server, cache: &Path) -> Result<()> {
    let (id, path) = letter(bench)?;
    let way = Way { port: server.starttls, implicit: false, cache, message: &path };
    let (end, said) = client.run(bench, way)?;
    refused(end, &said, server, &id)
}

fn refused(end: End, said: &str, server: &Server, id: &str) -> Result<()> {
    if end == End::Sent {
        bail!("it says that it was let in\n{said}\n{}", server.log());
    }
    match find(&server.mail, id)?.len() {
        0 => Ok(()),
        _ => bail!("the message was stored\n{said}"),
    }
}

/// The ticket is tim's, and anna is to be acted as.
fn acts_as_another(bench: &Bench, keys: &Keys, server: &Server) -> Result<()> {
    let (id, path) = letter(bench)?;
    let mut command = clients::send(bench, server.starttls, false);
    command.args(["--auth", "GSSAPI", "--user", "anna"]);
    let (end, said) = clients::run(bench, command, Some(&keys.good), &path)?;
    refused(end, &said, server, &id)
}

/// The tickets are got with a key, for the occasion.
fn by_keytab(bench: &Bench, keys: &Keys, server: &Server) -> Result<()> {
    let (id, path) = letter(bench)?;
    let mut command = clients::send(bench, server.starttls, false);
    command.args(["--user", "tim", "--keytab"]).arg(&keys.user);
    match clients::run(bench, command, None, &path)? {
        (End::Sent, _) => is_stored(server, &id),
        (End::Refused, said) => bail!("it was refused\n{said}\n{}", server.log()),
    }
}

/// The ticket is for a service whose keys the server has not.
fn other_service(bench: &Bench, keys: &Keys, server: &Server) -> Result<()> {
    let (id, path) = letter(bench)?;
    let mut command = clients::send(bench, server.starttls, false);
    command.args(["--service-name", "smtp@other", "--ccache"]).arg(&keys.good);
    let (end, said) = clients::run(bench, command, None, &path)?;
    refused(end, &said, server, &id)
}

/// `ehlo probe` says that GSSAPI works.
fn probed(bench: &Bench, keys: &Keys, server: &Server) -> Result<()> {
    let mut command = Command::new(&bench.program);
    command.args(["probe", &format!("localhost:{}", server.starttls), "--auth", "GSSAPI", "--ca"]);
    command.arg(bench.work.path("ca.pem"));
    let (end, said) = clients::run(bench, command, Some(&keys.good), Path::new("/dev/null"))?;
    if end == End::Sent && said.contains("GSSAPI works") { Ok(()) } else { bail!("{said}") }
}

/// No token stands in what the server has printed.
fn quiet(server: &Server, tokens: &[&str]) -> Result<()> {
    let log = server.log();
    let shown = tokens.iter().any(|token| log.contains(&token[..64.min(token.len())]));
    if shown { bail!("a token is in the log\n{log}") } else { Ok(()) }
}

/// A message of its own.
fn letter(bench: &Bench) -> Result<(String, PathBuf)> {
    use core::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let id = format!("kerberos-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let path = bench.work.write(&format!("{id}.eml"), &message(&id))?;
    Ok((id, path))
}

/// Waits until the message is there, and compares it with what was sent.
fn is_stored(server: &Server, id: &str) -> Result<()> {
    const DELIVERY: Duration = Duration::from_secs(15);
    let begun = Instant::now();
    loop {
        // While it is delivered, it is a file of another folder, or half of one.
        let found = read(&server.mail).unwrap_or_default();
        let found = found.into_iter().map(|stored| match stored.message.contains(&b'\r') {
            true => stored,
            false => stored.with_line_ends(),
        });
        let found: Vec<_> = found.filter(|stored| stored.is_of(id)).collect();
        match found.as_slice() {
            [stored] => match difference(&message(id), &stored.message, false) {
                None => return Ok(()),
                Some(difference) => bail!("{difference}"),
            },
            [] if begun.elapsed() < DELIVERY => std::thread::sleep(Duration::from_millis(100)),
            found => bail!("{} times stored\n{}", found.len(), server.log()),
        }
    }
}

impl Check {
    fn new(peer: &str, column: &'static str, outcome: Result<()>) -> Self {
        let failure = outcome.err().map(|error| format!("{error:#}"));
        eprintln!("{peer}, {column}: {}", if failure.is_some() { "FAILED" } else { "ok" });
        Self { peer: peer.to_owned(), column, failure }
    }
}

/// Prints the table, and writes it down.
fn report(checks: &[Check], seconds: u64) -> Result<()> {
    let mut text = String::from("| peer | check | |\n| --- | --- | --- |\n");
    for Check { peer, column, failure } in checks {
        let verdict = if failure.is_some() { "**FAILED**" } else { "ok" };
        text += &format!("| {peer} | {column} | {verdict} |\n");
    }
    let failed: Vec<_> =
        checks.iter().filter_map(|check| Some((check, check.failure.as_ref()?))).collect();
    let passed = checks.len() - failed.len();
    text += &format!("\n{passed} passed, {} failed ({seconds} s)\n", failed.len());
    for (Check { peer, column, .. }, failure) in &failed {
        text += &format!("\n### {peer}, {column}\n\n```text\n{}\n```\n", failure.trim_end());
    }
    println!("{text}");
    let file = process::cache("interop").join("report-kerberos.md");
    let written =
        fs::create_dir_all(process::cache("interop")).and_then(|()| fs::write(&file, &text));
    written.with_context(|| format!("can't write {}", file.display()))?;
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("{} of {} checks failed", failed.len(), checks.len())
    }
}

/// Writes a configuration: a template with every `@NAME@` filled in.
fn fill(template: &str, folder: &Path, values: &[(&str, String)]) -> Result<PathBuf> {
    let from = process::root().join("xtask/interop/kerberos").join(template);
    let text = fs::read_to_string(&from).with_context(|| format!("no {}", from.display()))?;
    let fill =
        |text: String, (name, value): &(&str, String)| text.replace(&format!("@{name}@"), value);
    let filled = values.iter().fold(text, fill);
    let into = folder.join(template);
    fs::write(&into, filled).with_context(|| format!("can't write {}", into.display()))?;
    Ok(into)
}

/// The user and the group that mail is delivered as. Every Debian has them.
fn owner() -> Result<(u32, u32)> {
    let id = |option| -> Result<u32> {
        let id = process::capture(Command::new("id").args([option, "mail"]))?;
        id.trim().parse().context("no user mail")
    };
    Ok((id("-u")?, id("-g")?))
}

/// Makes a folder that belongs to that user.
fn give(path: &Path) -> Result<()> {
    fs::create_dir(path).with_context(|| format!("can't make {}", path.display()))?;
    let (user, group) = owner()?;
    chown(path, Some(user), Some(group))
        .with_context(|| format!("can't give {} away; only root can", path.display()))
}
