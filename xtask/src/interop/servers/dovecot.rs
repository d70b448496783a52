//! Dovecot: who others ask about passwords, a submission server, and an LMTP server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::super::REJECTED;
use super::super::table::Need;
use super::daemon::{Daemon, free_port};
use super::kind::{Kind, LineEnds, Running, Takes};
use super::site::{Site, USERS};
use super::{aiosmtpd, feed};

pub(crate) const CORE: Need = Need::File("/usr/sbin/dovecot", "dovecot-core");
pub(crate) const LMTPD: Need = Need::File("/usr/lib/dovecot/lmtp", "dovecot-lmtpd");
pub(crate) const SUBMISSIOND: Need =
    Need::File("/usr/lib/dovecot/submission", "dovecot-submissiond");

/// All that Dovecot 2.3 has and needs nothing outside for; its own servers never offer ANONYMOUS.
const MECHANISMS: &[&str] = &[
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "XOAUTH2",
    "OAUTHBEARER",
    "EXTERNAL",
];

/// Dovecot's submission server, which passes on to a server without users.
pub(crate) const SUBMISSION: Kind = Kind {
    name: "dovecot-submission",
    needs: &[CORE, LMTPD, SUBMISSIOND, aiosmtpd::PACKAGE],
    mechanisms: MECHANISMS,
    version: &["dovecot", "--version"],
    told: None,
    not_difficult: (&[], ""),
    lacks: "Dovecot 2.3 has no channel binding, no SCRAM-SHA-512, and NTLM only with Samba; its submission server never \
            offers ANONYMOUS",
    is_lmtp: false,
    takes: Takes::EightBit,
    line_ends: LineEnds::Kept,
    start: submission,
};

/// Dovecot's LMTP server.
pub(crate) const LMTP: Kind = Kind {
    name: "dovecot-lmtp",
    needs: &[CORE, LMTPD, SUBMISSIOND],
    mechanisms: &[],
    version: &["dovecot", "--version"],
    told: None,
    not_difficult: (&[], ""),
    lacks: "",
    is_lmtp: true,
    takes: Takes::EightBit,
    line_ends: LineEnds::Kept,
    start: lmtp,
};

/// A Dovecot that runs.
#[derive(Debug)]
pub(crate) struct Dovecot {
    /// Its master.
    pub(crate) daemon: Daemon,
    /// Where others ask it.
    pub(crate) socket: PathBuf,
    /// Submission, with STARTTLS and with implicit TLS.
    pub(crate) submission: (u16, u16),
    /// LMTP, the same.
    pub(crate) lmtp: (u16, u16),
    /// Its Maildir.
    pub(crate) mail: PathBuf,
}

/// Starts Dovecot with all its services; messages that are submitted go to a port.
///
/// # Errors
///
/// Fails when it does not start.
pub(crate) fn start(site: &Site<'_>, parent: &Path, relay: u16) -> Result<Dovecot> {
    let folder = parent.join("dovecot");
    let keys = folder.join("keys/default/HS256");
    fs::create_dir_all(&keys).with_context(|| format!("can't make {}", keys.display()))?;
    let mail = folder.join("mail");
    site.give(&mail)?;
    let key = encode(site.token_key())?;
    fs::write(keys.join("default"), key).context("no key for tokens")?;
    fs::write(folder.join("users"), users()?).context("no users")?;
    let (user, group) = site.owner;
    let unlucky = format!("{REJECTED}:::{user}:{group}::/::userdb_mail=maildir:/proc/none\n");
    fs::write(folder.join("unlucky"), unlucky).context("no user that is refused")?;

    let submission = (free_port()?, free_port()?);
    let lmtp = (free_port()?, free_port()?);
    let values = [
        ("PORT", submission.0.to_string()),
        ("TLS_PORT", submission.1.to_string()),
        ("LMTP_PORT", lmtp.0.to_string()),
        ("LMTP_TLS_PORT", lmtp.1.to_string()),
        ("RELAY_PORT", relay.to_string()),
    ];
    site.fill("dovecot/oauth2.conf", &folder, &[])?;
    let configuration = site.fill("dovecot/dovecot.conf", &folder, &values)?;
    let configuration = configuration.display().to_string();
    let words = ["/usr/sbin/dovecot", "-F", "-c", &configuration];
    let mut daemon = Daemon::start("dovecot", &folder, Some("dovecot.log"), &words, &[])?;
    for ports in [submission, lmtp] {
        daemon.wait_for(&[ports.0, ports.1])?;
    }
    Ok(Dovecot { daemon, socket: folder.join("auth"), submission, lmtp, mail })
}

fn submission(site: &Site<'_>) -> Result<Running> {
    let folder = site.folder(SUBMISSION.name)?;
    let relay = aiosmtpd::relay(site, &folder)?;
    let dovecot = start(site, &folder, relay.starttls)?;
    let daemons = [dovecot.daemon].into_iter().chain(relay.daemons).collect();
    let (starttls, implicit) = dovecot.submission;
    Ok(Running { daemons, starttls, implicit, mail: relay.mail })
}

fn lmtp(site: &Site<'_>) -> Result<Running> {
    let folder = site.folder(LMTP.name)?;
    let dovecot = start(site, &folder, free_port()?)?;
    let (starttls, implicit) = dovecot.lmtp;
    Ok(Running { daemons: vec![dovecot.daemon], starttls, implicit, mail: dovecot.mail })
}

/// The file of users. A password has colons, which separate the fields there.
fn users() -> Result<String> {
    let line = |(user, password)| Ok(format!("{user}:{{PLAIN.b64}}{}::::::\n", encode(password)?));
    USERS.into_iter().map(line).collect()
}

/// Text in base64.
fn encode(text: &str) -> Result<String> {
    feed(Command::new("openssl").args(["base64", "-A"]), text)
}
