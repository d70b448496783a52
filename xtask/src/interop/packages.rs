//! What the clients need: found, installed, compiled; or a clear failure.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::table::{Client, Driver, JARS, Need};
use crate::process;

/// The certificates are made with it.
const OPENSSL: Need = Need::Command(&["openssl", "version"], "openssl");

/// What is ready to run.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The folder of the drivers' sources.
    sources: PathBuf,
    /// The folder of what is compiled or installed for them.
    built: PathBuf,
}

impl Tools {
    /// Installs and compiles what `clients` need.
    ///
    /// # Errors
    ///
    /// Fails, with a list of it, when something is missing in the end, or does not compile.
    pub(crate) fn prepare(clients: &[&Client], built: PathBuf) -> Result<Self> {
        let sources = process::root().join("xtask/interop");
        fs::create_dir_all(&built).with_context(|| format!("can't make {}", built.display()))?;
        let tools = Self { sources, built };

        let needs = clients.iter().flat_map(|client| client.needs);
        let needs: Vec<Need> = needs.copied().chain([OPENSSL]).collect();
        let missing = missing(&needs);
        if !missing.is_empty() {
            process::apt_install(&missing.into_iter().collect::<Vec<_>>())?;
        }
        let missing = self::missing(&needs);
        if !missing.is_empty() {
            let packages = missing.into_iter().collect::<Vec<_>>().join(" ");
            bail!("installed, and still not usable: {packages}");
        }
        if needs.contains(&Need::Npm) {
            tools.npm()?;
        }
        for client in clients {
            tools.compile(client.driver).with_context(|| format!("{}'s driver", client.name))?;
        }
        Ok(tools)
    }

    /// Installs the npm packages as the lock file has them, when it has changed.
    fn npm(&self) -> Result<()> {
        let from = self.sources.join("npm");
        let lock = fs::read(from.join("package-lock.json")).context("npm's lock file")?;
        let done = self.built.join("npm-done.json");
        if fs::read(&done).is_ok_and(|installed| installed == lock) {
            return Ok(());
        }
        for name in ["package.json", "package-lock.json"] {
            fs::copy(from.join(name), self.built.join(name)).context(name)?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]);
        process::run(npm.current_dir(&self.built).stdout(Stdio::null()))
            .context("can't install the npm packages")?;
        fs::write(&done, &lock).with_context(|| format!("can't write {}", done.display()))
    }

    /// Compiles a driver that needs it, when its source is newer.
    fn compile(&self, driver: Driver) -> Result<()> {
        let (source, result) = match driver {
            Driver::Go(file) => (self.source(file), self.built.join("netsmtp")),
            Driver::Java(class) => {
                (self.source(&format!("{class}.java")), self.built.join(format!("{class}.class")))
            }
            Driver::Shell(_) | Driver::Script(..) => return Ok(()),
        };
        if modified(&result).is_some_and(|built| modified(&source).is_some_and(|at| at < built)) {
            return Ok(());
        }
        if let Driver::Java(_) = driver {
            let mut javac = Command::new("javac");
            javac.args(["-cp", &JARS.join(":"), "-d"]).arg(&self.built).arg(&source);
            process::run(&mut javac)
        } else {
            let mut go = Command::new("go");
            go.env("GO111MODULE", "off").env("CGO_ENABLED", "0");
            process::run(go.args(["build", "-o"]).arg(&result).arg(&source))
        }
    }

    /// Where a driver's source is.
    fn source(&self, file: &str) -> PathBuf {
        self.sources.join("clients").join(file)
    }

    /// The command line that runs a client, without the driver's arguments.
    pub(crate) fn command_line(&self, client: &Client) -> Vec<OsString> {
        match client.driver {
            Driver::Shell(file) => vec!["sh".into(), self.source(file).into()],
            Driver::Script(interpreter, file) => {
                let words = interpreter.iter().map(OsString::from);
                words.chain([self.source(file).into()]).collect()
            }
            Driver::Go(_) => vec![self.built.join("netsmtp").into()],
            Driver::Java(class) => {
                let path = format!("{}:{}", JARS.join(":"), self.built.display());
                // These make a short run shorter.
                let options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];
                let words = ["java"].into_iter().chain(options).chain(["-cp", &path, class]);
                words.map(OsString::from).collect()
            }
        }
    }

    /// Where Node.js looks for packages.
    pub(crate) fn node_modules(&self) -> PathBuf {
        self.built.join("node_modules")
    }
}

/// The packages of those needs that are not met.
fn missing(needs: &[Need]) -> BTreeSet<&'static str> {
    let mut missing = BTreeSet::new();
    for need in needs {
        match need {
            Need::Command(words, package) if !succeeds(words) => missing.insert(*package),
            Need::File(path, package) if !Path::new(path).exists() => missing.insert(*package),
            _ => false,
        };
    }
    missing
}

/// Whether a command can be started and exits with 0.
fn succeeds(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    process::output(Command::new(program).args(arguments).stdin(Stdio::null()))
        .is_ok_and(|output| output.status.success())
}

/// When a file was changed.
fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}
