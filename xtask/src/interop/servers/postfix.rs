//! Postfix, with the SASL of Dovecot or of Cyrus.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::super::table::Need;
use super::daemon::{Daemon, free_port};
use super::kind::{Kind, LineEnds, Running, Takes};
use super::site::{Site, USERS};
use super::{dovecot, feed};
use crate::process;

/// Where Debian has the programs of the mail system.
const MASTER: &str = "/usr/lib/postfix/sbin/master";
const POSTFIX: Need = Need::File(MASTER, "postfix");
/// The plugins of Cyrus SASL, in a folder that has the name of the architecture.
pub(crate) const SCRAM: Need =
    Need::Command(&["sh", "-c", "ls /usr/lib/*/sasl2/libscram.so"], "libsasl2-modules");

/// The mechanisms for which Cyrus SASL needs nothing but a password in its database.
const CYRUS: &[&str] = &[
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-512",
    "NTLM",
    "ANONYMOUS",
];

/// What Cyrus SASL does to a password that is not ASCII.
pub(crate) const NOT_DIFFICULT: (&[&str], &str) =
    (&["NTLM"], "its NTLM makes a character of each octet of a password in UTF-8");

/// The mechanisms of Dovecot that need nothing but what a client sends.
const DOVECOT: &[&str] = &[
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "XOAUTH2",
    "OAUTHBEARER",
    "ANONYMOUS",
];

/// Postfix asks Dovecot.
pub(crate) const WITH_DOVECOT: Kind = Kind {
    name: "postfix-dovecot",
    needs: &[POSTFIX, dovecot::CORE, dovecot::LMTPD, dovecot::SUBMISSIOND],
    mechanisms: DOVECOT,
    version: &["/usr/sbin/postconf", "-h", "mail_version"],
    told: None,
    not_difficult: (&[], ""),
    lacks: "Dovecot 2.3 has no channel binding, no SCRAM-SHA-512, and NTLM only with Samba; Postfix 3.7 \
            tells it nothing of a certificate",
    is_lmtp: false,
    takes: Takes::Utf8,
    line_ends: LineEnds::LineFeed,
    start: with_dovecot,
};

/// Postfix asks a library of Cyrus SASL.
pub(crate) const WITH_CYRUS: Kind = Kind {
    name: "postfix-cyrus",
    needs: &[POSTFIX, SCRAM, Need::File("/usr/sbin/saslpasswd2", "sasl2-bin")],
    mechanisms: CYRUS,
    version: &["/usr/sbin/postconf", "-h", "mail_version"],
    told: None,
    not_difficult: NOT_DIFFICULT,
    lacks: "Postfix tells Cyrus SASL of no channel binding and of no certificate; Debian's has no token \
            mechanisms",
    is_lmtp: false,
    takes: Takes::Utf8,
    line_ends: LineEnds::LineFeed,
    start: with_cyrus,
};

/// Postfix as servers were twenty years ago, but for TLS.
pub(crate) const BARE: Kind = Kind {
    name: "postfix-bare",
    mechanisms: &["PLAIN", "LOGIN", "CRAM-MD5"],
    lacks: "set to have no extension but STARTTLS and AUTH, and to offer what was there twenty years ago",
    takes: Takes::Ascii,
    start: bare,
    ..WITH_CYRUS
};

/// What it hides.
const HIDDEN: &str = "pipelining,size,8bitmime,smtputf8,chunking,dsn,enhancedstatuscodes,vrfy,etrn";

fn with_dovecot(site: &Site<'_>) -> Result<Running> {
    let folder = site.folder(WITH_DOVECOT.name)?;
    let dovecot = dovecot::start(site, &folder, free_port()?)?;
    let socket = dovecot.socket.display().to_string();
    let mut running = start(site, folder, ["dovecot", &socket, ""])?;
    running.daemons.push(dovecot.daemon);
    Ok(running)
}

fn with_cyrus(site: &Site<'_>) -> Result<Running> {
    cyrus(site, &WITH_CYRUS, "")
}

fn bare(site: &Site<'_>) -> Result<Running> {
    cyrus(site, &BARE, HIDDEN)
}

fn cyrus(site: &Site<'_>, kind: &Kind, hidden: &str) -> Result<Running> {
    let folder = site.folder(kind.name)?;
    let sasl = folder.join("postfix/sasl");
    fs::create_dir_all(&sasl).context("no folder for Cyrus SASL")?;
    let database = add_users(&folder)?;
    let mechanisms = vec![
        ("MECHANISMS", kind.mechanisms.join(" ")),
        ("DATABASE", database.display().to_string()),
    ];
    site.fill("postfix/smtpd.conf", &sasl, &mechanisms)?;
    start(site, folder, ["cyrus", "smtpd", hidden])
}

/// Puts the users into a database of Cyrus SASL.
pub(crate) fn add_users(folder: &Path) -> Result<PathBuf> {
    let database = folder.join("sasldb2");
    for (user, password) in USERS {
        let (name, realm) = user.split_once('@').unwrap_or((user, "localhost"));
        let mut command = Command::new("saslpasswd2");
        command.args(["-p", "-c", "-u", realm, "-f"]).arg(&database).arg(name);
        feed(&mut command, password).with_context(|| format!("no user {user}"))?;
    }
    // Who reads it is not who has made it.
    fs::set_permissions(&database, Permissions::from_mode(0o644)).context("the database")?;
    Ok(database)
}

/// Starts Postfix in a folder that may have things in it: with this kind of SASL, which is found there,
/// and without these extensions.
fn start(site: &Site<'_>, folder: PathBuf, [sasl, path, hidden]: [&str; 3]) -> Result<Running> {
    let (starttls, implicit) = (free_port()?, free_port()?);
    let values = [
        ("FOLDER", folder.display().to_string()),
        ("PORT", starttls.to_string()),
        ("TLS_PORT", implicit.to_string()),
        ("SASL_TYPE", sasl.to_owned()),
        ("SASL_PATH", path.to_owned()),
        ("HIDDEN", hidden.to_owned()),
    ];
    let configuration = folder.join("postfix");
    for path in [&configuration, &folder.join("queue")] {
        fs::create_dir_all(path).with_context(|| format!("can't make {}", path.display()))?;
    }
    for template in ["postfix/main.cf", "postfix/master.cf"] {
        site.fill(template, &configuration, &values)?;
    }
    let mail = folder.join("mail");
    site.give(&mail)?;

    // It makes the folders of the queue.
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
    Ok(Running { daemons: vec![daemon], starttls, implicit, mail })
}
