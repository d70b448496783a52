//! A board that QEMU emulates, and what it says on its serial port.

use core::fmt;
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::Board;
use crate::process::is_there;

pub(super) const QEMU: &str = "qemu-system-arm";

/// How a board is started.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) board: Board,
    pub(super) elf: PathBuf,
    /// What the firmware is told.
    pub(super) words: Vec<String>,
    /// Ports of the board that the host can reach, each with one of the host.
    pub(super) ports: Vec<(u16, u16)>,
    /// Whether the board may reach the host.
    pub(super) outwards: bool,
    /// Whether what it says is printed too.
    pub(super) print: bool,
}

impl Start {
    /// QEMU's command. It dies with this process, even where that is killed.
    pub(super) fn command(&self) -> Command {
        let mut command = if is_there("setpriv") {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", QEMU]);
            command
        } else {
            Command::new(QEMU)
        };
        let mut network = format!("user,model={}", self.board.model);
        if !self.outwards {
            network.push_str(",restrict=on");
        }
        for (board, host) in &self.ports {
            network.push_str(&format!(",hostfwd=tcp:127.0.0.1:{host}-:{board}"));
        }
        let mut semihosting = "enable=on,target=native".to_owned();
        // In the notation of QEMU a comma is doubled.
        for word in &self.words {
            semihosting.push_str(&format!(",arg={}", word.replace(',', ",,")));
        }
        command
            .args(["-M", self.board.name, "-display", "none", "-monitor", "none"])
            .args(["-serial", "stdio", "-semihosting-config", &semihosting, "-nic", &network])
            .arg("-kernel")
            .arg(&self.elf);
        command
    }
}

/// A port of this host that nobody listens on.
///
/// # Errors
///
/// Fails when there is none.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A board that runs. It stops when this is dropped.
#[derive(Debug)]
pub(super) struct Machine {
    child: Child,
    console: Arc<Console>,
    pub(super) start: Start,
}

/// What a board has said so far, line by line.
#[derive(Debug, Default)]
struct Console {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

/// Up to where the console was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize);

impl Machine {
    /// Starts a board.
    ///
    /// # Errors
    ///
    /// Fails when QEMU can't be started.
    pub(super) fn start(start: Start) -> Result<Self> {
        let mut command = start.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("can't start {QEMU}"))?;
        let console = Arc::new(Console::default());
        let (said, complained) = (child.stdout.take(), child.stderr.take());
        if let (Some(said), Some(complained)) = (said, complained) {
            listen(said, Arc::clone(&console), start.print);
            listen(complained, Arc::clone(&console), start.print);
        }
        Ok(Self { child, console, start })
    }

    /// The port of the host that leads to a port of the board.
    pub(super) fn port(&self, of_board: u16) -> u16 {
        let pair = self.start.ports.iter().find(|(board, _)| *board == of_board);
        pair.map_or(0, |(_, host)| *host)
    }

    /// From the very beginning.
    pub(super) fn mark_of_start(&self) -> Mark {
        Mark(0)
    }

    /// From here on.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.console.lines().len())
    }

    /// Waits for a line, from the mark on, of which this gives something.
    ///
    /// # Errors
    ///
    /// Fails when it does not come in time, or QEMU ends.
    pub(super) fn wait<T>(
        &mut self,
        from: Mark,
        what: &str,
        seconds: u64,
        mut find: impl FnMut(&str) -> Option<T>,
    ) -> Result<T> {
        let until = Instant::now() + Duration::from_secs(seconds);
        let mut seen = from.0;
        let mut lines = self.console.lines();
        loop {
            for line in lines.iter().skip(seen) {
                if let Some(found) = find(line) {
                    return Ok(found);
                }
            }
            seen = lines.len();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("no line on the serial port within {seconds} s: {what}");
            }
            let turn = left.min(Duration::from_millis(200));
            lines = self.console.wait(lines, turn);
            if lines.len() == seen
                && let Some(status) = self.child.try_wait()?
            {
                bail!("{QEMU} ended with {status} before the line came: {what}");
            }
        }
    }

    /// Everything that was said from the mark on.
    pub(super) fn since(&self, from: Mark) -> Vec<String> {
        self.console.lines().iter().skip(from.0).cloned().collect()
    }

    /// Everything that was said.
    pub(super) fn all(&self) -> Vec<String> {
        self.since(self.mark_of_start())
    }

    /// Cuts the power.
    pub(super) fn cut(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.cut();
    }
}

impl Console {
    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        lines: std::sync::MutexGuard<'a, Vec<String>>,
        time: Duration,
    ) -> std::sync::MutexGuard<'a, Vec<String>> {
        self.more.wait_timeout(lines, time).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Reads lines until there are no more.
fn listen(from: impl Read + Send + 'static, to: Arc<Console>, print: bool) {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if print {
                println!("    | {text}");
            }
            to.lines().push(text);
            to.more.notify_all();
            line.clear();
        }
    });
}

/// A command as a line to paste.
pub(super) struct Line<'a>(pub(super) &'a Command);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Path::new(self.0.get_program()).display())?;
        self.0.get_args().try_for_each(|word| write!(f, " {}", word.to_string_lossy()))
    }
}
