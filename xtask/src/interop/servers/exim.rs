//! Exim, unpacked and not installed, beside Postfix.

use std::fs;

use anyhow::{Context, Result};

use super::super::table::{Need, Unpacked};
use super::daemon::{Daemon, free_port};
use super::kind::{Kind, LineEnds, Running, Takes};
use super::site::{Site, USERS};
use super::{dovecot, postfix};

/// Debian's Exim with everything. Its base package takes Postfix's place, and only has scripts, manuals
/// and a configuration.
const EXIM: Unpacked = Unpacked {
    package: "exim4-daemon-heavy",
    program: "usr/sbin/exim4",
    without: &["exim4-base", "debconf", "debconf-2.0"],
};

/// Exim with its own authenticators, those of Cyrus SASL, and Dovecot for tokens.
pub(crate) const KIND: Kind = Kind {
    name: "exim",
    needs: &[
        Need::Unpacked(&EXIM),
        Need::Command(&["sh", "-c", "ls /usr/lib/*/libnss_wrapper.so"], "libnss-wrapper"),
        Need::File("/usr/sbin/saslpasswd2", "sasl2-bin"),
        dovecot::CORE,
        dovecot::LMTPD,
        dovecot::SUBMISSIOND,
    ],
    mechanisms: &[
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SCRAM-SHA-512",
        "XOAUTH2",
        "OAUTHBEARER",
        "EXTERNAL",
    ],
    version: &[
        "sh",
        "-c",
        "zcat exim4-daemon-heavy/usr/share/doc/exim4-daemon-heavy/changelog.Debian.gz | head -n 1",
    ],
    told: None,
    not_difficult: (&[], ""),
    lacks: "4.96 tells Cyrus SASL of no channel binding, its NTLM is of version 1, and it has no ANONYMOUS",
    is_lmtp: false,
    takes: Takes::Utf8,
    line_ends: LineEnds::LineFeed,
    start,
};

fn start(site: &Site<'_>) -> Result<Running> {
    let folder = site.folder(KIND.name)?;
    let dovecot = dovecot::start(site, &folder, free_port()?)?;
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
        Ok::<_, anyhow::Error>(path)
    };

    let users: String = USERS.iter().map(|(user, word)| format!("{user}: {word}\n")).collect();
    write("users", users)?;
    let (starttls, implicit) = (free_port()?, free_port()?);
    let database = postfix::add_users(&folder)?;
    let key = folder.join("server.key");
    fs::copy(site.key(), &key).context("no key")?;
    let mail = folder.join("mail");
    for path in [&mail, &folder.join("spool"), &key, &folder] {
        site.give(path)?;
    }
    let sasl = [
        ("DATABASE", database.display().to_string()),
        ("MECHANISMS", "DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512".to_owned()),
    ];
    let sasl = site.fill("postfix/smtpd.conf", &folder, &sasl)?;
    fs::rename(sasl, folder.join("exim.conf")).context("no configuration of Cyrus SASL")?;
    // It starts itself anew as the user it delivers as, who may not see the build folder.
    let program = folder.join("exim4");
    fs::copy(site.tools.unpacked(&EXIM), &program).context("no program")?;
    let program = program.display().to_string();
    let values = [
        ("PROGRAM", program.clone()),
        ("PORT", starttls.to_string()),
        ("TLS_PORT", implicit.to_string()),
        ("PRIVATE_KEY", key.display().to_string()),
        ("AUTH_SOCKET", dovecot.socket.display().to_string()),
    ];
    let configuration = site.fill("exim/exim4.conf", &folder, &values)?;

    // The program insists on a user of its package, which is not installed.
    let (user, group) = site.owner;
    let known = |file: &str| fs::read_to_string(file).with_context(|| format!("no {file}"));
    let line = format!("Debian-exim:x:{user}:{group}::/:/bin/false\n");
    let users = write("passwd", known("/etc/passwd")? + &line)?.display().to_string();
    let line = format!("Debian-exim:x:{group}:\n");
    let groups = write("group", known("/etc/group")? + &line)?.display().to_string();

    let configuration = configuration.display().to_string();
    let here = folder.display().to_string();
    let words = [&program, "-C", &configuration, "-bdf"];
    let environment = [
        ("LD_PRELOAD", "libnss_wrapper.so"),
        ("NSS_WRAPPER_PASSWD", &users),
        ("NSS_WRAPPER_GROUP", &groups),
        ("SASL_CONF_PATH", &here),
    ];
    let mut daemon = Daemon::start("exim", &folder, Some("mainlog"), &words, &environment)?;
    daemon.wait_for(&[starttls, implicit])?;
    Ok(Running { daemons: vec![daemon, dovecot.daemon], starttls, implicit, mail })
}
