//! Servers with the keys of a service.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::super::servers::daemon::{Daemon, free_port};
use super::realm::REALM;
use super::{Bench, fill, give, owner};
use crate::process;

/// Where Debian has the programs of the mail system.
const MASTER: &str = "/usr/lib/postfix/sbin/master";

/// A server that runs.
#[derive(Debug)]
pub(super) struct Server {
    daemons: Vec<Daemon>,
    /// The port with STARTTLS, or without TLS.
    pub(super) starttls: u16,
    /// The port with implicit TLS.
    pub(super) implicit: u16,
    /// The folder with its mail.
    pub(super) mail: PathBuf,
}

impl Server {
    /// All it has logged.
    pub(super) fn log(&self) -> String {
        self.daemons.iter().map(Daemon::log).collect()
    }

    /// Whether all of it still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        self.daemons.iter_mut().all(Daemon::is_alive)
    }
}

/// Starts `ehlo serve` with these options and the keys in a keytab.
///
/// # Errors
///
/// Fails when it does not start.
pub(super) fn ehlo(bench: &Bench, name: &'static str, more: &[&str]) -> Result<Server> {
    let folder = bench.work.path(name);
    fs::create_dir(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let (starttls, implicit) = (free_port()?, free_port()?);
    let mail = folder.join("mail");
    let text = |path: PathBuf| path.display().to_string();
    let program = text(bench.program.clone());
    let (certificate, key) =
        (text(bench.work.path("server.pem")), text(bench.work.path("server.key")));
    let (listen, listen_tls) = (format!("127.0.0.1:{starttls}"), format!("127.0.0.1:{implicit}"));
    let maildir = text(mail.clone());
    let words = [
        &program,
        "serve",
        "--listen",
        &listen,
        "--listen-tls",
        &listen_tls,
        "--cert",
        &certificate,
        "--key",
        &key,
        "--hostname",
        "localhost",
        "--maildir",
        &maildir,
        "--transcript",
        "--max-auth-failures-per-ip",
        "off",
    ];
    let words = [&words, more].concat();
    let environment = bench.realm.environment();
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut daemon = Daemon::start("ehlo", &folder, None, &words, &environment)?;
    daemon.wait_for(&[starttls, implicit])?;
    Ok(Server { daemons: vec![daemon], starttls, implicit, mail })
}

/// Starts Postfix, which asks Cyrus SASL.
///
/// # Errors
///
/// Fails when it does not start.
pub(super) fn postfix(bench: &Bench, keytab: &Path) -> Result<Server> {
    let folder = bench.work.path("postfix");
    let configuration = folder.join("configuration");
    let (starttls, implicit) = (free_port()?, free_port()?);
    for path in [configuration.join("sasl"), folder.join("queue")] {
        fs::create_dir_all(&path).with_context(|| format!("can't make {}", path.display()))?;
    }
    let values = values(bench, &folder, keytab, (starttls, implicit))?;
    for name in ["main.cf", "master.cf"] {
        fill(name, &configuration, &values)?;
    }
    fill("smtpd.conf", &configuration.join("sasl"), &values)?;
    let mail = folder.join("mail");
    give(&mail)?;
    replays(&folder)?;
    let mut check = Command::new("/usr/sbin/postfix");
    check.arg("-c").arg(&configuration).arg("check");
    process::capture(&mut check).with_context(|| {
        let log = fs::read_to_string(folder.join("mail.log")).unwrap_or_default();
        format!("Postfix refuses its configuration; only root can start it\n{log}")
    })?;
    let configuration = configuration.display().to_string();
    let words = [MASTER, "-d", "-c", &configuration];
    let mut daemon = Daemon::start("postfix", &folder, Some("mail.log"), &words, &[])?;
    daemon.wait_for(&[starttls, implicit])?;
    Ok(Server { daemons: vec![daemon], starttls, implicit, mail })
}

/// Starts Dovecot's submission server, which passes on to `ehlo serve`.
///
/// # Errors
///
/// Fails when one of the two does not start.
pub(super) fn dovecot(bench: &Bench, keytab: &Path) -> Result<Server> {
    let relay = ehlo(
        bench,
        "relay",
        &["--accept-any", "--auth-optional", "--allow-insecure-auth", "--auth", "PLAIN"],
    )?;
    let folder = bench.work.path("dovecot");
    fs::create_dir(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let (starttls, implicit) = (free_port()?, free_port()?);
    let mut values = values(bench, &folder, keytab, (starttls, implicit))?;
    values.push(("RELAY_PORT", relay.starttls.to_string()));
    let configuration = fill("dovecot.conf", &folder, &values)?;
    // It wants to know where its user's mail is, though it keeps none.
    give(&folder.join("boxes"))?;
    replays(&folder)?;
    let configuration = configuration.display().to_string();
    let words = ["/usr/sbin/dovecot", "-F", "-c", &configuration];
    let mut daemon = Daemon::start("dovecot", &folder, Some("dovecot.log"), &words, &[])?;
    daemon.wait_for(&[starttls, implicit])?;
    let daemons = [daemon].into_iter().chain(relay.daemons).collect();
    Ok(Server { daemons, starttls, implicit, mail: relay.mail })
}

fn values(
    bench: &Bench,
    folder: &Path,
    keytab: &Path,
    (starttls, implicit): (u16, u16),
) -> Result<Vec<(&'static str, String)>> {
    let (user, group) = owner()?;
    Ok(vec![
        ("FOLDER", folder.display().to_string()),
        ("KRB5_CONFIG", bench.realm.configuration().display().to_string()),
        ("KEYTAB", keytab.display().to_string()),
        ("REALM", REALM.to_owned()),
        ("CERT", bench.work.path("server.pem").display().to_string()),
        ("KEY", bench.work.path("server.key").display().to_string()),
        ("PORT", starttls.to_string()),
        ("TLS_PORT", implicit.to_string()),
        ("UID", user.to_string()),
        ("GID", group.to_string()),
    ])
}

/// A folder for the cache of replays, which whoever runs as another user can write to.
fn replays(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("replays");
    fs::create_dir(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o1777)).context("a folder for replays")
}
