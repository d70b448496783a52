//! What the clients and servers need: found, installed, compiled; or a clear failure.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::table::{Client, Driver, JARS, Need, Unpacked, Version};
use crate::process;

/// The certificates are made with it.
const OPENSSL: Need = Need::Command(&["openssl", "version"], "openssl");

/// Python packages are installed with it.
const PIP: [&str; 3] = ["python3", "-c", "import venv, ensurepip"];

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
        let needs: Vec<Need> = clients.iter().flat_map(|client| client.needs).copied().collect();
        let tools = Self::install(&needs, built)?;
        for client in clients {
            tools.compile(client.driver).with_context(|| format!("{}'s driver", client.name))?;
        }
        Ok(tools)
    }

    /// Installs what is needed.
    ///
    /// # Errors
    ///
    /// Fails, with a list of it, when something is missing in the end.
    pub(crate) fn install(needs: &[Need], built: PathBuf) -> Result<Self> {
        let sources = process::root().join("xtask/interop");
        fs::create_dir_all(&built).with_context(|| format!("can't make {}", built.display()))?;
        let tools = Self { sources, built };

        let needs: Vec<Need> = needs.iter().copied().chain([OPENSSL]).collect();
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
        if needs.contains(&Need::Pip) {
            tools.pip()?;
        }
        for need in &needs {
            if let Need::Unpacked(what) = need {
                tools.unpack(what).with_context(|| format!("can't unpack {}", what.package))?;
            }
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

    /// Installs the Python packages in an environment of their own, when their list has changed.
    fn pip(&self) -> Result<()> {
        let from = self.sources.join("servers/requirements.txt");
        let list = fs::read(&from).with_context(|| format!("no {}", from.display()))?;
        let (folder, done) = (self.built.join("python"), self.built.join("python-done.txt"));
        if fs::read(&done).is_ok_and(|installed| installed == list) {
            return Ok(());
        }
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
            .context("can't make an environment for Python packages")?;
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--only-binary", ":all:", "--requirement"]).arg(&from);
        process::run(&mut pip).context("can't install the Python packages")?;
        fs::write(&done, &list).with_context(|| format!("can't write {}", done.display()))
    }

    /// Downloads and unpacks a package, when that has not been done, and installs the libraries it
    /// depends on.
    fn unpack(&self, what: &Unpacked) -> Result<()> {
        let (program, folder) = (self.unpacked(what), self.built.join(what.package));
        if program.exists() {
            return Ok(());
        }
        let begun = self.built.join(format!("{}.part", what.package));
        for old in [&begun, &folder] {
            if old.exists() {
                fs::remove_dir_all(old)
                    .with_context(|| format!("in the way: {}", old.display()))?;
            }
        }
        fs::create_dir(&begun).with_context(|| format!("can't make {}", begun.display()))?;
        let download = || {
            let mut apt = Command::new("apt-get");
            process::run(apt.current_dir(&begun).args([
                "-qq",
                "-o",
                "APT::Sandbox::User=root",
                "download",
                what.package,
            ]))
        };
        // A list of packages that is missing or old has no address that is good.
        download().or_else(|_| {
            process::run(Command::new("apt-get").args(["-qq", "update"])).and_then(|()| download())
        })?;
        let file = fs::read_dir(&begun)?.next().context("nothing was downloaded")??.path();
        let mut depends = Command::new("dpkg-deb");
        let depends = process::capture(depends.arg("--field").arg(&file).arg("Depends"))?;
        let names = depends.split([',', '|']).filter_map(|one| one.split_whitespace().next());
        let names = names.filter(|name| !what.without.contains(name));
        // Those that are there would be brought up to date, with all that belongs to them.
        let missing: Vec<&str> = names.filter(|name| !process::is_installed(name)).collect();
        if !missing.is_empty() {
            process::apt_install(&missing)?;
        }
        process::run(Command::new("dpkg-deb").arg("--extract").arg(&file).arg(&begun))?;
        // It may be set-user-ID, which is not for a program of a build folder.
        let program = begun.join(what.program);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        fs::rename(&begun, &folder)?;
        Ok(())
    }

    /// The program of a package that is unpacked.
    pub(crate) fn unpacked(&self, what: &Unpacked) -> PathBuf {
        self.built.join(what.package).join(what.program)
    }

    /// The Python that has the packages.
    pub(crate) fn python(&self) -> PathBuf {
        self.built.join("python/bin/python")
    }

    /// Compiles a driver that needs it, when its source is newer.
    fn compile(&self, driver: Driver) -> Result<()> {
        let (source, result) = match driver {
            Driver::Go(file) => (self.source(file), self.built.join("netsmtp")),
            Driver::Java(class) => {
                (self.source(&format!("{class}.java")), self.built.join(format!("{class}.class")))
            }
            Driver::Shell(_) | Driver::Script(..) | Driver::Python(_) => return Ok(()),
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
            // Debian's packages of Go code are there, and nothing is fetched.
            go.env("GO111MODULE", "off").env("CGO_ENABLED", "0");
            go.env("GOPATH", "/usr/share/gocode");
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
            Driver::Python(file) => {
                vec![self.python().into(), "-I".into(), self.source(file).into()]
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

    /// The folder of what is compiled or installed.
    pub(crate) fn folder(&self) -> &Path {
        &self.built
    }

    /// The version of a peer, or a word for that it can't be told.
    pub(crate) fn version(&self, command: Version) -> String {
        let unknown = "of some version".to_owned();
        let Some((program, arguments)) = command.split_first() else { return unknown };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.built).stdin(Stdio::null());
        let Ok(output) = process::output(&mut command) else { return unknown };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        version_in(&said).map_or(unknown, str::to_owned)
    }

    /// Where Node.js looks for packages.
    pub(crate) fn node_modules(&self) -> PathBuf {
        self.built.join("node_modules")
    }
}

/// The first word that begins with a digit, but for what is around it, and has a dot.
fn version_in(said: &str) -> Option<&str> {
    let words = said.split_whitespace();
    let trimmed = words.map(|word| {
        word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).trim_start_matches("go")
    });
    let mut versions =
        trimmed.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'));
    versions.next()
}

/// The packages of those needs that are not met.
fn missing(needs: &[Need]) -> BTreeSet<&'static str> {
    let mut missing = BTreeSet::new();
    for need in needs {
        match need {
            Need::Command(words, package) if !succeeds(words) => missing.insert(*package),
            Need::File(path, package) if !Path::new(path).exists() => missing.insert(*package),
            Need::Pip if !succeeds(&PIP) => missing.insert("python3-venv"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_say() {
        for (said, version) in [
            ("gsasl (GNU SASL) 2.2.0\nCopyright 2022", "2.2.0"),
            ("go version go1.19.8 linux/amd64", "1.19.8"),
            ("cyrus-imapd (3.6.1-4+deb12u5) bookworm; urgency=high", "3.6.1-4+deb12u5"),
            ("swaks version 20201014.0", "20201014.0"),
        ] {
            assert_eq!(version_in(said), Some(version));
        }
        assert_eq!(version_in("no such thing in 2026"), None);
    }
}
