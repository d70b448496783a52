//! The server under test: our own, one process a client program, or another that is running already.

use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use super::table::Mechanism;
use super::work::Work;
use super::{MAX_SIZE, PASSWORD, REJECTED, USER, token};
use crate::process;

/// How long a server may take to say where it listens.
const START: Duration = Duration::from_secs(10);

/// Which server to test.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// Ours.
    Own {
        /// The path of the program.
        program: PathBuf,
        /// Mechanisms that it has not.
        lacks: Vec<&'static str>,
    },
    /// Another one.
    Peer {
        /// The port with STARTTLS.
        starttls: u16,
        /// The port with implicit TLS.
        implicit: u16,
        /// The authority of its certificate.
        ca: PathBuf,
        /// Its Maildir, when that can be read.
        maildir: Option<PathBuf>,
    },
}

/// Builds our program.
///
/// # Errors
///
/// Fails when it does not build.
pub(crate) fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(process::root()).args(["build", "--release", "-p", "ehlo-cli"]);
    process::run(&mut command)?;
    Ok(process::cache("release").join("ehlo"))
}

impl Target {
    /// Our server: a program, which is asked which of the mechanisms it has.
    ///
    /// # Errors
    ///
    /// Fails when it does not start with those it says it has.
    pub(crate) fn own(program: PathBuf, work: &Work, mechanisms: &[&Mechanism]) -> Result<Self> {
        let mut lacks: Vec<&'static str> = Vec::new();
        loop {
            let rest: Vec<&Mechanism> =
                mechanisms.iter().copied().filter(|one| !lacks.contains(&one.base())).collect();
            let Err(error) = Server::start(&program, work, "mechanisms", &rest) else {
                return Ok(Self::Own { program, lacks });
            };
            let told = format!("{error:#}");
            let named = |one: &&&Mechanism| told.contains(&format!("--auth {}: ", one.base()));
            match rest.iter().find(named) {
                Some(mechanism) => lacks.push(mechanism.base()),
                None => return Err(error),
            }
        }
    }

    /// Whether the server has a mechanism, as far as that is known.
    pub(crate) fn has(&self, mechanism: &Mechanism) -> bool {
        match self {
            Self::Own { lacks, .. } => !lacks.contains(&mechanism.base()),
            Self::Peer { .. } => true,
        }
    }

    /// Makes it ready for one client program; `name` is that of its files.
    ///
    /// # Errors
    ///
    /// Fails when our server does not start.
    pub(crate) fn start(
        &self,
        work: &Work,
        name: &str,
        mechanisms: &[&Mechanism],
    ) -> Result<Server> {
        match self {
            Self::Own { program, .. } => {
                let has = mechanisms.iter().copied().filter(|one| self.has(one));
                Server::start(program, work, name, &has.collect::<Vec<_>>())
            }
            Self::Peer { starttls, implicit, ca, maildir } => Ok(Server {
                child: None,
                starttls: *starttls,
                implicit: *implicit,
                ca: ca.clone(),
                maildir: maildir.clone(),
                log: None,
            }),
        }
    }
}

/// A server that runs. Our own is killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Option<Child>,
    /// The port with STARTTLS.
    pub(crate) starttls: u16,
    /// The port with implicit TLS.
    pub(crate) implicit: u16,
    /// The authority of its certificate.
    pub(crate) ca: PathBuf,
    /// Where it stores, when that can be read.
    pub(crate) maildir: Option<PathBuf>,
    /// What it prints.
    log: Option<PathBuf>,
}

impl Server {
    /// Starts our server and waits until it has said where it listens.
    fn start(program: &Path, work: &Work, name: &str, mechanisms: &[&Mechanism]) -> Result<Self> {
        let maildir = work.path(&format!("{name}.maildir"));
        let log = work.path(&format!("{name}.server.log"));
        let output = File::options().create(true).append(true).open(&log);
        let output = output.with_context(|| format!("can't make {}", log.display()))?;
        let begin = file_length(&log);
        // With each goes the one that is bound.
        let mut names: Vec<&str> = mechanisms.iter().map(|mechanism| mechanism.base()).collect();
        names.dedup();
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0"])
            .args(["--hostname", "localhost", "--auth", &names.join(",")])
            .args(["--user", &format!("{USER}:{PASSWORD}")])
            .args(["--token", &format!("{USER}:{}", token())])
            .args(["--max-size", &MAX_SIZE.to_string(), "--reject-recipient", REJECTED])
            .arg("--cert")
            .arg(work.path("server.pem"))
            .arg("--key")
            .arg(work.path("server.key"))
            .arg("--client-ca")
            .arg(work.path("ca.pem"))
            .arg("--maildir")
            .arg(&maildir)
            .arg("--transcript")
            .stdin(Stdio::null())
            .stderr(output.try_clone().context("can't share the log")?)
            .stdout(output);
        let child = command.spawn().with_context(|| format!("can't run {}", program.display()))?;
        let mut server = Self {
            child: Some(child),
            starttls: 0,
            implicit: 0,
            ca: work.path("ca.pem"),
            maildir: Some(maildir),
            log: Some(log),
        };
        server.wait_for_ports(begin)?;
        Ok(server)
    }

    /// Reads the ports from what the server prints.
    fn wait_for_ports(&mut self, begin: usize) -> Result<()> {
        let begun = Instant::now();
        loop {
            let said = self.log_from(begin);
            if let Some((starttls, implicit)) = ports(&said) {
                (self.starttls, self.implicit) = (starttls, implicit);
                return Ok(());
            }
            let child = self.child.as_mut().ok_or_else(|| anyhow!("no server"))?;
            if let Some(status) = child.try_wait().context("can't wait for the server")? {
                bail!("`ehlo serve` ended with {status}:\n{said}");
            }
            if begun.elapsed() > START {
                bail!("`ehlo serve` has not said where it listens:\n{said}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How long the log is.
    pub(crate) fn log_length(&self) -> usize {
        self.log.as_deref().map_or(0, file_length)
    }

    /// The log from an offset on.
    pub(crate) fn log_from(&self, offset: usize) -> String {
        let octets = self.log.as_ref().and_then(|log| fs::read(log).ok()).unwrap_or_default();
        String::from_utf8_lossy(octets.get(offset..).unwrap_or_default()).into_owned()
    }

    /// Whether our server is still there.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|end| end.is_none()))
    }

    /// Kills our own server.
    pub(crate) fn stop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended already; there is nothing else to do about a failure here.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether it is our own.
    pub(crate) fn is_own(&self) -> bool {
        self.child.is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How many octets a file has.
fn file_length(path: &Path) -> usize {
    fs::metadata(path).ok().and_then(|facts| usize::try_from(facts.len()).ok()).unwrap_or(0)
}

/// Finds the two ports in what the server prints: `listening on 127.0.0.1:2525 (STARTTLS)`, and a
/// line with `(implicit TLS)`.
fn ports(said: &str) -> Option<(u16, u16)> {
    let port = |kind: &str| {
        let addresses =
            said.lines().filter_map(|line| line.strip_prefix("listening on 127.0.0.1:"));
        let mut ports = addresses.filter_map(|address| address.strip_suffix(kind));
        ports.next()?.trim_end().parse().ok()
    };
    Some((port("(STARTTLS)")?, port("(implicit TLS)")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_are_those_it_listens_on_and_not_those_of_its_peers() {
        let said = "closed peer=127.0.0.1:5\nlistening on 127.0.0.1:1 (STARTTLS)\n";
        assert_eq!(ports(said), None);
        let more = format!("{said}listening on 127.0.0.1:2 (implicit TLS)\nmail goes to x\n");
        assert_eq!(ports(&more), Some((1, 2)));
    }
}
