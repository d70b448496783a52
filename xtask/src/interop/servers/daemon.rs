//! A server program that runs as long as its value lives, and no longer.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicU16, Ordering};
use core::time::Duration;
use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(15);

/// A daemon in a process group of its own, which is killed when this is dropped. When this process is
/// killed itself, a guard does it: the daemon's children would not notice.
#[derive(Debug)]
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
    guard: Child,
    logs: Vec<PathBuf>,
}

impl Daemon {
    /// Starts a daemon that stays in the foreground. What it prints goes to a file in `folder`; `log` is
    /// the name of the file there that it logs to, where it has one.
    ///
    /// # Errors
    ///
    /// Fails when it, or its guard, can't be started.
    pub(crate) fn start(
        name: &'static str,
        folder: &Path,
        log: Option<&str>,
        words: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let printed = folder.join(format!("{name}.printed.log"));
        let failed = || format!("can't make {}", printed.display());
        let output = File::create(&printed).with_context(failed)?;
        let child = Command::new("setsid")
            .args(words)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(output.try_clone().with_context(failed)?)
            .stdout(output)
            .spawn()
            .with_context(|| format!("can't start {name}"))?;
        let guard = Command::new("sh")
            .arg(super::sources().join("guard.sh"))
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let guard = match guard {
            Ok(guard) => guard,
            Err(error) => {
                let mut child = child;
                // The error is what there is to tell.
                let _ = child.kill().and_then(|()| child.wait());
                return Err(anyhow!(error).context(format!("can't start the guard of {name}")));
            }
        };
        let logs = log.map(|log| folder.join(log)).into_iter().chain([printed]).collect();
        Ok(Self { name, child, guard, logs })
    }

    /// Waits until it listens on all of its ports, and greets on the first.
    ///
    /// # Errors
    ///
    /// Fails, with its log, when it does not or ends.
    pub(crate) fn wait_for(&mut self, ports: &[u16]) -> Result<()> {
        let begun = Instant::now();
        while !is_up(ports) {
            if let Some(status) = self.child.try_wait().context("can't wait for a daemon")? {
                bail!("{} ended with {status}:\n{}", self.name, self.log());
            }
            if begun.elapsed() > START {
                bail!("{} does not answer on {ports:?}:\n{}", self.name, self.log());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        Ok(())
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|end| end.is_none())
    }

    /// All it has logged.
    pub(crate) fn log(&self) -> String {
        let read = |log: &PathBuf| fs::read(log).unwrap_or_default();
        String::from_utf8_lossy(&self.logs.iter().flat_map(read).collect::<Vec<_>>()).into_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The guard kills when its standard input ends. It waits for the group, in which a daemon that
        // has ended still counts until somebody has asked how.
        drop(self.guard.stdin.take());
        let _ = self.child.wait();
        let _ = self.guard.wait();
    }
}

/// Whether something listens on every port, and the first one greets.
fn is_up(ports: &[u16]) -> bool {
    let connect = |port: &u16| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).ok();
    let streams: Option<Vec<_>> = ports.iter().map(connect).collect();
    let Some(mut first) = streams.and_then(|streams| streams.into_iter().next()) else {
        return false;
    };
    let mut greeting = [0; 3];
    first.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && first.read_exact(&mut greeting).is_ok()
        && greeting == *b"220"
}

/// A port that nobody listens on. It is below those that outgoing connections take, so that none of them
/// takes it until the daemon does.
///
/// # Errors
///
/// Fails when there is none.
pub(crate) fn free_port() -> Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs at the same time begin at different places.
    let begin = u16::try_from(std::process::id() * 50 % u32::from(COUNT))?;
    for _ in 0..COUNT {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (begin + offset) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}
