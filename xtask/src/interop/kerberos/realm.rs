//! A realm of its own: a KDC on the loopback interface, with keys and tickets.

use core::time::Duration;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::super::servers::daemon::{Daemon, free_port};
use crate::process;

/// Its name.
pub(super) const REALM: &str = "EXAMPLE.ORG";

/// A realm whose KDC runs.
#[derive(Debug)]
pub(super) struct Realm {
    folder: PathBuf,
    kdc: Daemon,
}

impl Realm {
    /// Makes a realm with these principals, and starts its KDC.
    ///
    /// # Errors
    ///
    /// Fails when a program of Kerberos does.
    pub(super) fn start(folder: &Path, principals: &[&str]) -> Result<Self> {
        fs::create_dir(folder).with_context(|| format!("can't make {}", folder.display()))?;
        // Those who accept tickets run as other users.
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        let replays = folder.join("replays");
        fs::create_dir(&replays)?;
        let values = [
            ("FOLDER", folder.display().to_string()),
            ("REALM", REALM.to_owned()),
            ("PORT", free_port()?.to_string()),
        ];
        for name in ["krb5.conf", "kdc.conf"] {
            super::fill(name, folder, &values)?;
        }
        let environment = environment(folder);
        let mut create = Command::new("/usr/sbin/kdb5_util");
        create.args(["-r", REALM, "create", "-s", "-W", "-P", "a password that nobody knows"]);
        process::capture(create.envs(pairs(&environment))).context("no database")?;
        let words = ["/usr/sbin/krb5kdc", "-n", "-P", "kdc.pid"];
        let lent: Vec<(&str, &str)> = pairs(&environment).collect();
        let kdc = Daemon::start("krb5kdc", folder, Some("kdc.log"), &words, &lent)?;
        let realm = Self { folder: folder.to_owned(), kdc };
        for principal in principals {
            realm.administer(&format!("add_principal -randkey {principal}"))?;
        }
        Ok(realm)
    }

    /// What a program that speaks Kerberos has to have in its environment.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        environment(&self.folder)
    }

    /// Its configuration.
    pub(super) fn configuration(&self) -> PathBuf {
        self.folder.join("krb5.conf")
    }

    fn administer(&self, query: &str) -> Result<()> {
        let mut command = Command::new("/usr/sbin/kadmin.local");
        command.args(["-r", REALM, "-q", query]).envs(self.environment());
        let output = process::output(&mut command)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // It exits with 0 also when it did nothing.
        let failed = said.lines().any(|line| line.contains(" while "));
        if failed || !output.status.success() { bail!("{query}: {said}") } else { Ok(()) }
    }

    /// Writes the keys of a principal to a file that anybody may read. They stay as they are.
    ///
    /// # Errors
    ///
    /// Fails when there are none.
    pub(super) fn keytab(&self, name: &str, principal: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        self.administer(&format!("ktadd -norandkey -k {} {principal}", path.display()))?;
        fs::set_permissions(&path, Permissions::from_mode(0o644)).context("the keytab")?;
        Ok(path)
    }

    /// Gets tickets, which are good for so many seconds.
    ///
    /// # Errors
    ///
    /// Fails when the KDC gives none.
    pub(super) fn tickets(
        &mut self,
        name: &str,
        keytab: &Path,
        principal: &str,
        seconds: u32,
    ) -> Result<PathBuf> {
        const START: Duration = Duration::from_secs(15);
        let path = self.folder.join(name);
        let begun = Instant::now();
        loop {
            let mut command = Command::new("kinit");
            command.arg("-k").arg("-t").arg(keytab).arg("-c").arg(&path);
            command.args(["-l", &format!("{seconds}s"), principal]).envs(self.environment());
            match process::capture(&mut command) {
                Ok(_) => return Ok(path),
                // The KDC may still be about to listen.
                Err(_) if begun.elapsed() < START && self.kdc.is_alive() => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(error) => return Err(error.context(self.kdc.log())),
            }
        }
    }
}

fn environment(folder: &Path) -> Vec<(String, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    vec![
        ("KRB5_CONFIG".to_owned(), path("krb5.conf")),
        ("KRB5_KDC_PROFILE".to_owned(), path("kdc.conf")),
        ("KRB5RCACHEDIR".to_owned(), path("replays")),
        // Nobody finds tickets by chance.
        ("KRB5CCNAME".to_owned(), path("none")),
    ]
}

fn pairs(environment: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
