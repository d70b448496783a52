//! SASL libraries as servers: `sasl_server.py`, which is SMTP and TLS and leaves AUTH to a library.

use std::fs;

use anyhow::{Context, Result};

use super::super::REJECTED;
use super::super::table::Need;
use super::daemon::{Daemon, free_port};
use super::kind::{Kind, LineEnds, Running, Takes};
use super::postfix;
use super::site::{Site, USERS};

/// GNU SASL.
pub(crate) const GSASL: Kind = Kind {
    name: "gsasl-library",
    needs: &[Need::Pip, Need::Command(&["gsasl", "--version"], "gsasl")],
    mechanisms: &[
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS",
        "EXTERNAL",
        "ANONYMOUS",
    ],
    told: None,
    not_difficult: (&[], ""),
    lacks: "GNU SASL 2.2 has no SCRAM-SHA-512, no server side of NTLM and no token mechanisms",
    version: &["gsasl", "--version"],
    is_lmtp: false,
    takes: Takes::Utf8,
    line_ends: LineEnds::Kept,
    start: |site| start(site, &GSASL, "gsasl"),
};

/// Cyrus SASL, told of the connection's channel binding, which no mail server does.
pub(crate) const CYRUS: Kind = Kind {
    name: "cyrus-library",
    needs: &[Need::Pip, postfix::SCRAM, Need::File("/usr/sbin/saslpasswd2", "sasl2-bin")],
    mechanisms: &[
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-512",
        "SCRAM-SHA-512-PLUS",
        "NTLM",
        "EXTERNAL",
        "ANONYMOUS",
    ],
    not_difficult: postfix::NOT_DIFFICULT,
    lacks: "no token mechanisms in Debian's Cyrus SASL",
    version: &["dpkg-query", "--show", "--showformat=${Version}", "libsasl2-2"],
    start: |site| start(site, &CYRUS, "cyrus"),
    ..GSASL
};

/// pyspnego, set to take NTLMv2 alone.
pub(crate) const SPNEGO: Kind = Kind {
    name: "pyspnego",
    told: Some("NTLM"),
    needs: &[Need::Pip],
    mechanisms: &["NTLM"],
    lacks: "it has NTLM and Kerberos only",
    version: &["python/bin/python", "-m", "pip", "show", "pyspnego"],
    start: |site| start(site, &SPNEGO, "spnego"),
    ..GSASL
};

/// Starts the script.
fn start(site: &Site<'_>, kind: &Kind, library: &str) -> Result<Running> {
    let folder = site.folder(kind.name)?;
    if library == "cyrus" {
        let names = kind.mechanisms.iter().filter(|name| !name.ends_with("-PLUS")).copied();
        let values = [
            ("MECHANISMS", names.collect::<Vec<_>>().join(" ")),
            ("DATABASE", postfix::add_users(&folder)?.display().to_string()),
        ];
        let filled = site.fill("postfix/smtpd.conf", &folder, &values)?;
        fs::rename(filled, folder.join("interop.conf")).context("no configuration")?;
    }
    let (starttls, implicit) = (free_port()?, free_port()?);
    let script = super::sources().join("sasl_server.py").display().to_string();
    let more = [
        library.to_owned(),
        kind.mechanisms.join(" "),
        folder.display().to_string(),
        starttls.to_string(),
        implicit.to_string(),
        site.certificate(),
        site.key(),
        site.authority().display().to_string(),
    ];
    let python = site.tools.python().display().to_string();
    let mut words = vec![python.as_str(), "-IB", &script];
    words.extend(more.iter().map(String::as_str));
    words.extend(USERS.into_iter().flat_map(|(user, password)| [user, password]));
    let mut daemon =
        Daemon::start(kind.name, &folder, None, &words, &[("INTEROP_REJECTED", REJECTED)])?;
    daemon.wait_for(&[starttls, implicit])?;
    Ok(Running { daemons: vec![daemon], starttls, implicit, mail: folder.join("mail") })
}
