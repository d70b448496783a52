//! A compiler for boards: found on this machine, or put together from Debian's packages.
//!
//! Two kinds are known, tried in this order:
//!
//! 1. the toolchain in use has the target (`rustup target add thumbv7m-none-eabi`);
//! 2. Debian's `rustc-web`, which carries the sources of its own `core`. They are compiled once for the
//!    target and kept as a sysroot below `target/`, so that later builds are plain builds. That sysroot
//!    holds `core` alone, so that a crate that wants `alloc` does not build with it; there is another one
//!    for those that may.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};

use crate::process::{apt_install, cache, capture, is_there, root, run};

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core/src/lib.rs";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];

/// The oldest compiler that builds the workspace, as in its `Cargo.toml`.
const MSRV: (u32, u32) = (1, 88);

/// A compiler that builds for one bare-metal target.
#[derive(Debug)]
pub(crate) struct Toolchain {
    target: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The toolchain that runs this task has the target.
    Installed,
    /// The same, with a sysroot of ours that holds `core` alone.
    Reduced { sysroot: PathBuf },
    /// Debian's compiler with a sysroot of ours.
    Debian { sysroot: PathBuf },
}

/// What of the standard library there is for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Library {
    Core,
    Alloc,
}

impl Library {
    /// What `-Zbuild-std` is told.
    const fn crates(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Alloc => "core,alloc",
        }
    }

    /// The beginnings of the files' names.
    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Core => &["libcore-", "libcompiler_builtins-"],
            Self::Alloc => &["libcore-", "libcompiler_builtins-", "liballoc-"],
        }
    }

    /// What its sysroots are called.
    const fn sysroot(self) -> &'static str {
        match self {
            Self::Core => "sysroot",
            Self::Alloc => "sysroot-alloc",
        }
    }
}

impl Toolchain {
    /// Finds a toolchain for `target`, or makes one.
    ///
    /// # Errors
    ///
    /// Fails, saying what to install, when there is none and none can be made.
    pub(crate) fn find(target: &str) -> Result<Self> {
        Self::find_with(target, Library::Core)
    }

    /// As [`find`](Self::find), for programs that allocate.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub(crate) fn find_with_alloc(target: &str) -> Result<Self> {
        Self::find_with(target, Library::Alloc)
    }

    /// As [`find`](Self::find), with nothing but `core` there, however much is installed.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub(crate) fn find_core_alone(target: &str) -> Result<Self> {
        let mut found = Self::find(target)?;
        if matches!(found.kind, Kind::Installed) {
            let libraries = installed_libraries(target)?;
            let sysroot = cache("bare-metal").join("core-alone");
            let kept = sysroot.join("lib/rustlib").join(target).join("lib");
            // Made anew each time: it may be of another release.
            let _ = fs::remove_dir_all(&kept);
            copy_libraries(Library::Core, &libraries, &kept)?;
            found.kind = Kind::Reduced { sysroot };
        }
        Ok(found)
    }

    fn find_with(target: &str, library: Library) -> Result<Self> {
        let target = target.to_owned();
        if has_core(&installed_libraries(&target)?) {
            return Ok(Self { target, kind: Kind::Installed });
        }
        let kind = debian_sysroot(&target, library).with_context(|| {
            format!("no compiler for {target}: `rustup target add {target}` is the usual remedy")
        })?;
        Ok(Self { target, kind })
    }

    /// A `cargo` command with its verb (`build`, `run`), set up for the target.
    ///
    /// Compiler flags that a `.cargo/config.toml` has for the target are kept.
    pub(crate) fn cargo(&self, verb: &str) -> Command {
        self.cargo_with(verb, &[])
    }

    /// As [`cargo`](Self::cargo), with flags for the compiler.
    pub(crate) fn cargo_with(&self, verb: &str, flags: &[&str]) -> Command {
        let mut flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut command = match &self.kind {
            Kind::Installed | Kind::Reduced { .. } => {
                Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            }
            Kind::Debian { .. } => {
                let mut command = Command::new(DEBIAN_CARGO);
                command.env("RUSTC", DEBIAN_RUSTC).env(self.variable("LINKER"), "ld.lld");
                command
            }
        };
        if let Kind::Reduced { sysroot } | Kind::Debian { sysroot } = &self.kind {
            flags.push(format!("--sysroot={}", sysroot.display()));
        }
        // In the notation of TOML, where a string in single quotes has no escapes.
        let flags: Vec<String> = flags.iter().map(|flag| format!("'{flag}'")).collect();
        let setting = format!("target.{}.rustflags=[{}]", self.target, flags.join(","));
        command.args(["--config", &setting]);
        // Either of these would push out the flags of the target.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        command.arg(verb).args(["--target", &self.target]);
        command
    }

    /// The compiler's version and where it is from, for a heading.
    ///
    /// # Errors
    ///
    /// Fails when the compiler can't be run.
    pub(crate) fn describe(&self) -> Result<String> {
        let (rustc, origin) = match &self.kind {
            Kind::Installed | Kind::Reduced { .. } => ("rustc", "with the target installed"),
            Kind::Debian { .. } => (DEBIAN_RUSTC, "of Debian, core built from its source"),
        };
        let version = capture(Command::new(rustc).arg("--version"))?;
        let version = version.split(" (").next().unwrap_or_default().trim();
        Ok(format!("{} by {version} {origin}", self.target))
    }

    /// The name of cargo's environment variable for this target.
    fn variable(&self, what: &str) -> String {
        let target = self.target.to_uppercase().replace(['-', '.'], "_");
        format!("CARGO_TARGET_{target}_{what}")
    }
}

/// Where the toolchain in use would have the libraries of the target.
fn installed_libraries(target: &str) -> Result<PathBuf> {
    let arguments = ["--print", "target-libdir", "--target", target];
    Ok(PathBuf::from(capture(Command::new("rustc").args(arguments))?.trim()))
}

/// Whether a folder of libraries holds `core`.
fn has_core(libraries: &Path) -> bool {
    let Ok(files) = fs::read_dir(libraries) else { return false };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
}

/// Debian's compiler with a sysroot for the target, installed and built where needed.
fn debian_sysroot(target: &str, library: Library) -> Result<Kind> {
    need_debian()?;
    // The file's age stands for the package's revision.
    let version = capture(Command::new(DEBIAN_RUSTC).arg("--version"))?;
    let version = version.split(' ').nth(1).unwrap_or("unknown");
    let age = fs::metadata(DEBIAN_RUSTC)?.modified()?.duration_since(UNIX_EPOCH)?.as_secs();
    let home = cache("bare-metal");
    let sysroot = home.join(format!("{}-{version}-{age}", library.sysroot()));
    let libraries = sysroot.join("lib/rustlib").join(target).join("lib");
    if !has_core(&libraries) {
        build_library(library, target, &home, &libraries)?;
    }
    Ok(Kind::Debian { sysroot })
}

/// A `cargo check` of what is named by its arguments for a target of which there is no library to be had:
/// `core` is checked with it, from its source.
///
/// # Errors
///
/// Fails, saying what to install, when Debian's compiler is not there and can't be installed.
pub(crate) fn check_from_source(target: &str, flags: &str) -> Result<Command> {
    need_debian()?;
    let mut command = Command::new(DEBIAN_CARGO);
    command
        .env("RUSTC", DEBIAN_RUSTC)
        // -Zbuild-std is not stable; the compiler and the sources are of one release, so it works.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", flags)
        .args(["check", "-Zbuild-std=core", "--target", target]);
    Ok(command)
}

/// Makes sure that Debian's compiler is there with its sources.
fn need_debian() -> Result<()> {
    if !debian_is_usable() || !is_there("ld.lld") {
        apt_install(&DEBIAN_PACKAGES)?;
    }
    if !debian_is_usable() {
        bail!("{DEBIAN_RUSTC} is older than {}.{} or has no sources beside it", MSRV.0, MSRV.1);
    }
    Ok(())
}

/// Whether Debian's compiler is new enough and its sources are there.
fn debian_is_usable() -> bool {
    let Ok(version) = capture(Command::new(DEBIAN_RUSTC).arg("--version")) else { return false };
    let mut numbers = version.split([' ', '.']).skip(1).map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= MSRV && Path::new(DEBIAN_CARGO).exists() && Path::new(DEBIAN_SOURCE).exists()
}

/// Compiles `core`, or `core` and `alloc`, for the target and copies what comes of it to `libraries`.
fn build_library(library: Library, target: &str, home: &Path, libraries: &Path) -> Result<()> {
    let package = home.join("core-of").join(target);
    fs::create_dir_all(&package)?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n",
    )?;
    fs::write(package.join("lib.rs"), "#![no_std]\n")?;
    println!("building {} for {target}, once", library.crates());
    run(Command::new(DEBIAN_CARGO)
        .current_dir(&package)
        .env("RUSTC", DEBIAN_RUSTC)
        // -Zbuild-std is not stable; the compiler and the sources are of one release, so it works.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // As the distributed libraries are built: without it they take no part in a fat LTO.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", package.join("target"))
        .args(["build", "--quiet", "--release", "--target", target])
        .arg(format!("-Zbuild-std={}", library.crates())))?;

    // Filled beside its place and moved there whole, so that an interrupted run leaves nothing usable.
    let partial = package.join("lib");
    let _ = fs::remove_dir_all(&partial);
    copy_libraries(library, &package.join("target").join(target).join("release/deps"), &partial)?;
    fs::create_dir_all(libraries.parent().unwrap_or(root()))?;
    let _ = fs::remove_dir_all(libraries);
    fs::rename(&partial, libraries)?;
    fs::remove_dir_all(package.join("target"))?;
    Ok(())
}

/// Copies the files of a library, and nothing else that is there.
fn copy_libraries(library: Library, from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)?.flatten() {
        let name = file.file_name();
        let text = name.to_string_lossy();
        let wanted = library.files().iter().any(|begin| text.starts_with(begin));
        if wanted && text.ends_with(".rlib") {
            fs::copy(file.path(), to.join(&name))?;
        }
    }
    if !has_core(to) {
        bail!("there is no libcore in {}", from.display());
    }
    Ok(())
}
