//! Starting the program, and looking at what it prints and stores.

use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::client::Client;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs in a folder of its own, and is killed when dropped.
pub(crate) struct Ehlo {
    child: Child,
    folder: Option<tempfile::TempDir>,
    pub(crate) said: Vec<String>,
    pub(crate) listening: Vec<SocketAddr>,
}

/// The program, with nothing of the environment that would change what it does.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
    command.current_dir(folder).env("HOME", folder).env_remove("XDG_STATE_HOME");
    command.env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// Runs the program to its end: exit code, standard output, standard error.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = command(folder).args(arguments).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

impl Ehlo {
    /// `ehlo serve` with these options, on free ports for STARTTLS and for implicit TLS.
    pub(crate) fn serve(options: &[&str]) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), options)
    }

    /// The same in a folder that is there.
    pub(crate) fn in_folder(folder: tempfile::TempDir, options: &[&str]) -> Self {
        let listen = ["serve", "--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0"];
        Self::start(folder, &[&listen, options].concat())
    }

    /// The program with these arguments; waits until it is ready.
    pub(crate) fn start(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = command(folder.path());
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut ehlo =
            Self { child, folder: Some(folder), said: Vec::new(), listening: Vec::new() };
        while !ehlo.said.last().is_some_and(|line| line.starts_with("ready")) {
            let Some(Ok(line)) = lines.next() else {
                panic!("it did not start: {:?} {}", ehlo.said, ehlo.log());
            };
            if let Some(rest) = line.strip_prefix("listening on ") {
                let address = rest.split(' ').next().unwrap().parse().unwrap();
                ehlo.listening.push(address);
            }
            ehlo.said.push(line);
        }
        ehlo
    }

    /// A connection to the first listener, greeted.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.listening[0])
    }

    /// A connection under TLS by STARTTLS, which has said EHLO again.
    pub(crate) fn tls_client(&self) -> Client {
        let mut client = self.client();
        client.ehlo();
        assert!(client.say("STARTTLS").starts_with("220 "));
        let mut client = client.start_tls(&self.certificate());
        client.ehlo();
        client
    }

    /// The same, authenticated as this user.
    pub(crate) fn login(&self, name: &str, password: &str) -> Client {
        let mut client = self.tls_client();
        let reply = client.auth_plain(name, password);
        assert!(reply.starts_with("235 2.7.0"), "{reply}");
        client
    }

    /// A fact that was printed.
    pub(crate) fn fact(&self, name: &str) -> &str {
        let line = self.said.iter().find_map(|line| line.trim_start().strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {:?}", self.said)).trim_start()
    }

    /// The self-signed certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder().join(".local/state/ehlo/cert.pem")
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Stops it, and leaves its folder.
    pub(crate) fn into_folder(mut self) -> tempfile::TempDir {
        self.folder.take().unwrap()
    }

    /// What is in `mail/new`, in the order it came.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(self.folder().join("mail/new")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    /// Standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder().join("log")).unwrap()
    }

    /// Waits until the log has this in it.
    pub(crate) fn wait_for_log(&self, words: &str) {
        let begun = Instant::now();
        while !self.log().contains(words) {
            assert!(begun.elapsed() < PATIENCE, "no {words:?} in {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Whether it runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Ehlo {
    fn drop(&mut self) {
        let ended = self.child.try_wait();
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() && self.folder.is_some() {
            // For whoever reads why the test failed.
            println!("{}\n{}ended before: {ended:?}", self.said.join("\n"), self.log());
        }
    }
}
