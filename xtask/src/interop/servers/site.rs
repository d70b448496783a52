//! What every server is given: a folder, certificates, users, and the user its files belong to.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use super::super::packages::Tools;
use super::super::work::Work;
use super::super::{PASSWORD, REJECTED, USER};
use crate::process;

/// A user with a password that has what is special to shells, configuration files, SCRAM, DIGEST-MD5 and
/// printf, and an octet pair that is no Latin-1.
pub(crate) const SPECIAL_USER: &str = "anna@example.org";
/// That password.
pub(crate) const SPECIAL_PASSWORD: &str = "x ж\"\\:%s,=2C$HOME'&{}~!#`|<>@/";
/// Both users.
pub(crate) const USERS: [(&str, &str); 2] = [(USER, PASSWORD), (SPECIAL_USER, SPECIAL_PASSWORD)];

/// The user that mail is delivered as, where a server does not do that as the user who starts it. Every
/// Debian has it.
const OWNER: &str = "mail";
/// What the tokens are signed with.
const TOKEN_KEY: &str = "a key that nobody knows";

/// Where the servers of a run live.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    /// Certificates and messages.
    pub(crate) work: &'a Work,
    /// What is installed.
    pub(crate) tools: &'a Tools,
    /// A token of the first user, a JSON Web Token.
    pub(crate) token: String,
    /// The user and the group mail is delivered as.
    pub(crate) owner: (u32, u32),
}

impl<'a> Site<'a> {
    /// Makes it ready.
    ///
    /// # Errors
    ///
    /// Fails when there is no token or no user to deliver as.
    pub(crate) fn new(work: &'a Work, tools: &'a Tools) -> Result<Self> {
        let id = |option| -> Result<u32> {
            let id = process::capture(Command::new("id").args([option, OWNER]))?;
            id.trim().parse().with_context(|| format!("no user {OWNER}"))
        };
        let owner = (id("-u")?, id("-g")?);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        // A clock that is a little behind makes no token of the future.
        let made = (now - Duration::from_secs(60)).as_secs().to_string();
        let mut command = Command::new("sh");
        command.arg(super::sources().join("token.sh")).args([TOKEN_KEY, USER, &made]);
        let token = process::capture(&mut command).context("no token")?;
        Ok(Self { work, tools, token, owner })
    }

    /// Makes the folder of a server.
    ///
    /// # Errors
    ///
    /// Fails when it can't be made.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.work.path(name);
        fs::create_dir(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        Ok(folder)
    }

    /// Makes a folder, or leaves a file, that belongs to the user mail is delivered as.
    ///
    /// # Errors
    ///
    /// Fails when it can't be made, or can't be given away.
    pub(crate) fn give(&self, path: &Path) -> Result<()> {
        if !path.exists() {
            fs::create_dir(path).with_context(|| format!("can't make {}", path.display()))?;
        }
        let (user, group) = self.owner;
        chown(path, Some(user), Some(group))
            .with_context(|| format!("can't give {} to {OWNER}; only root can", path.display()))
    }

    /// Writes a configuration file: a template of `xtask/interop/servers` with every `@NAME@` filled in.
    ///
    /// # Errors
    ///
    /// Fails when a name has no value, or a file can't be read or written.
    pub(crate) fn fill(
        &self,
        template: &str,
        folder: &Path,
        values: &[(&str, String)],
    ) -> Result<PathBuf> {
        let from = super::sources().join(template);
        let text = fs::read_to_string(&from).with_context(|| format!("no {}", from.display()))?;
        let (user, group) = self.owner;
        let common = [
            ("FOLDER", folder.display().to_string()),
            ("CERT", self.certificate()),
            ("KEY", self.key()),
            ("CA", self.authority().display().to_string()),
            ("REJECTED", REJECTED.to_owned()),
            ("UID", user.to_string()),
            ("GID", group.to_string()),
        ];
        let mut filled = text;
        for (name, value) in values.iter().chain(&common) {
            filled = filled.replace(&format!("@{name}@"), value);
        }
        let is_name = |word: &&str| {
            !word.is_empty() && word.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')
        };
        if let Some(name) = filled.split('@').skip(1).find(is_name) {
            bail!("{template} wants @{name}@, which nobody fills in");
        }
        let name = Path::new(template).file_name().unwrap_or_default();
        let into = folder.join(name);
        fs::write(&into, filled).with_context(|| format!("can't write {}", into.display()))?;
        Ok(into)
    }

    /// The server's certificate.
    pub(crate) fn certificate(&self) -> String {
        self.work.path("server.pem").display().to_string()
    }

    /// Its key.
    pub(crate) fn key(&self) -> String {
        self.work.path("server.key").display().to_string()
    }

    /// Who has signed it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.work.path("ca.pem")
    }

    /// What tokens are signed with.
    pub(crate) fn token_key(&self) -> &'static str {
        TOKEN_KEY
    }
}

/// A folder for the run: below the build folder, unless the users that servers run as can't go there, or
/// its name leaves no room for that of a socket.
pub(crate) fn folder(cache: &Path) -> PathBuf {
    const LONGEST: usize = 60;
    let name = format!("run-{}", std::process::id());
    let may_enter = |folder: &Path| {
        fs::metadata(folder).is_ok_and(|facts| facts.permissions().mode() & 0o001 != 0)
    };
    let is_open =
        cache.ancestors().all(|folder| folder.as_os_str().is_empty() || may_enter(folder));
    if is_open && cache.as_os_str().len() <= LONGEST {
        cache.join(name)
    } else {
        std::env::temp_dir().join(format!("ehlo-interop-{name}"))
    }
}
