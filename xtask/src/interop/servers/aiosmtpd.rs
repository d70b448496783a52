//! aiosmtpd, a server library in Python, in a script that keeps what it takes.

use std::path::Path;

use anyhow::Result;

use super::super::REJECTED;
use super::super::table::Need;
use super::daemon::{Daemon, free_port};
use super::kind::{Kind, LineEnds, Running, Takes};
use super::site::{Site, USERS};

/// The packages of `requirements.txt`.
pub(crate) const PACKAGE: Need = Need::Pip;

/// aiosmtpd with two users.
pub(crate) const KIND: Kind = Kind {
    name: "aiosmtpd",
    needs: &[PACKAGE],
    mechanisms: &["PLAIN", "LOGIN"],
    version: &["python/bin/python", "-m", "pip", "show", "aiosmtpd"],
    told: None,
    not_difficult: (&[], ""),
    lacks: "no other mechanisms of its own",
    is_lmtp: false,
    takes: Takes::Utf8,
    line_ends: LineEnds::Kept,
    start,
};

fn start(site: &Site<'_>) -> Result<Running> {
    let folder = site.folder(KIND.name)?;
    let (starttls, implicit) = (free_port()?, free_port()?);
    let more = [implicit.to_string(), site.certificate(), site.key()];
    let users = USERS.into_iter().flat_map(|(user, password)| [user, password]);
    let more: Vec<&str> = more.iter().map(String::as_str).chain(users).collect();
    run(site, &folder, "aiosmtpd", &[starttls, implicit], &more)
}

/// Starts a server that takes everything, without TLS and without users.
///
/// # Errors
///
/// Fails when it does not start.
pub(crate) fn relay(site: &Site<'_>, folder: &Path) -> Result<Running> {
    run(site, folder, "relay", &[free_port()?], &[])
}

/// Starts the script.
fn run(
    site: &Site<'_>,
    folder: &Path,
    name: &'static str,
    ports: &[u16],
    more: &[&str],
) -> Result<Running> {
    let python = site.tools.python().display().to_string();
    let script = super::sources().join("aiosmtpd_server.py").display().to_string();
    let mail = folder.join("mail");
    let (kept, port) = (mail.display().to_string(), ports.first().map(u16::to_string));
    let mut words = vec![python.as_str(), "-I", &script, &kept, port.as_deref().unwrap_or("0")];
    words.extend(more);
    let mut daemon = Daemon::start(name, folder, None, &words, &[("INTEROP_REJECTED", REJECTED)])?;
    daemon.wait_for(ports)?;
    let port = |number: usize| ports.get(number).copied().unwrap_or(0);
    Ok(Running { daemons: vec![daemon], starttls: port(0), implicit: port(1), mail })
}
