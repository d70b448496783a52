//! nodemailer's smtp-server, in a script that keeps what it takes.

use anyhow::Result;

use super::super::REJECTED;
use super::super::clients::{NODE, NPM};
use super::super::table::Need;
use super::daemon::{Daemon, free_port};
use super::kind::{Kind, LineEnds, Running, Takes};
use super::site::{Site, USERS};

/// smtp-server with two users, and a token for the first.
pub(crate) const KIND: Kind = Kind {
    name: "smtp-server",
    needs: &[NODE, NPM, Need::Npm],
    mechanisms: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
    version: &["node", "-p", "require('./node_modules/smtp-server/package.json').version"],
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
    let mail = folder.join("mail");
    let script = super::sources().join("smtp_server.js").display().to_string();
    let arguments = [
        mail.display().to_string(),
        starttls.to_string(),
        implicit.to_string(),
        site.certificate(),
        site.key(),
        site.token.clone(),
    ];
    let users = USERS.into_iter().flat_map(|(user, password)| [user, password]);
    let words = ["node", &script].into_iter().chain(arguments.iter().map(String::as_str));
    let words: Vec<&str> = words.chain(users).collect();
    let modules = site.tools.node_modules().display().to_string();
    let environment = [("NODE_PATH", modules.as_str()), ("INTEROP_REJECTED", REJECTED)];
    let mut daemon = Daemon::start("smtp-server", &folder, None, &words, &environment)?;
    daemon.wait_for(&[starttls, implicit])?;
    Ok(Running { daemons: vec![daemon], starttls, implicit, mail })
}
