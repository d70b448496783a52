//! Building and linking one probe.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::arm_tool;
use crate::bare_metal::Toolchain;
use crate::process::{cache, output, root};

/// The function that a probe's panic handler calls, and that nobody has.
const MISSING: &str = "a_panic_is_reachable";

/// How a probe is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// The optimisation level.
    pub(super) level: &'static str,
    /// Whether an overflow panics.
    pub(super) overflow_checks: bool,
}

/// What the linker makes of a probe.
#[derive(Debug)]
pub(super) enum Linked {
    /// Nothing reachable is missing.
    Whole {
        /// The linked program.
        elf: PathBuf,
    },
    /// The panic handler is reachable.
    PanicReachable,
}

/// The sizes of a linked probe, in octets.
#[derive(Debug)]
pub(super) struct Size {
    /// Instructions.
    pub(super) text: u64,
    /// Constants, and what initialised variables copy.
    pub(super) rodata: u64,
}

/// A package of `xtask/probes`.
#[derive(Debug)]
pub(super) struct Probe<'t> {
    toolchain: &'t Toolchain,
    package: PathBuf,
    name: &'static str,
    target: PathBuf,
}

impl<'t> Probe<'t> {
    /// The probe of this name, with the dependencies' versions of the workspace.
    ///
    /// # Errors
    ///
    /// Fails when the lock file can't be copied.
    pub(super) fn new(toolchain: &'t Toolchain, name: &'static str) -> Result<Self> {
        let package = root().join("xtask/probes").join(name);
        fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock"))
            .with_context(|| format!("can't lock the versions of {}", package.display()))?;
        Ok(Self { toolchain, package, name, target: cache("bare-metal").join("probes") })
    }

    /// Compiles the probe to a static library. What the compiler said is the inner error.
    ///
    /// # Errors
    ///
    /// Fails when cargo can't be started.
    pub(super) fn build(
        &self,
        features: &str,
        profile: Profile,
    ) -> Result<core::result::Result<PathBuf, String>> {
        let mut cargo = self.toolchain.cargo("build");
        cargo
            .current_dir(&self.package)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", profile.level)
            .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", profile.overflow_checks.to_string())
            .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
            .args(["--quiet", "--release", "--features", features]);
        let done = output(&mut cargo)?;
        if !done.status.success() {
            return Ok(Err(String::from_utf8_lossy(&done.stderr).into_owned()));
        }
        Ok(Ok(self.archive()))
    }

    /// Links what `probe` reaches and nothing else.
    ///
    /// # Errors
    ///
    /// Fails when the linker does, for another reason than a reachable panic.
    pub(super) fn link(&self, archive: &Path) -> Result<Linked> {
        let elf = self.target.join(format!("{}.elf", self.name));
        let done = output(&mut linker(archive, &elf))?;
        if done.status.success() {
            return Ok(Linked::Whole { elf });
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let undefined: Vec<&str> =
            said.lines().filter(|line| line.contains("undefined reference to")).collect();
        if !undefined.is_empty() && undefined.iter().all(|line| line.contains(MISSING)) {
            return Ok(Linked::PanicReachable);
        }
        bail!("the linker failed:\n{said}")
    }

    /// Links a probe that can panic, so that the way to the panic can be looked up.
    ///
    /// # Errors
    ///
    /// Fails when the linker does.
    pub(super) fn link_anyhow(&self, archive: &Path) -> Result<PathBuf> {
        let elf = self.target.join(format!("{}-panics.elf", self.name));
        let stub = format!("-Wl,--defsym={MISSING}=0");
        let done = output(linker(archive, &elf).arg(stub))?;
        if !done.status.success() {
            bail!("the linker failed:\n{}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(elf)
    }

    /// The size of a linked probe: what it takes of the flash memory.
    ///
    /// # Errors
    ///
    /// Fails when `arm-none-eabi-size` does.
    pub(super) fn size(&self, elf: &Path) -> Result<Size> {
        let mut size = Size { text: 0, rodata: 0 };
        for line in arm_tool("size", &["-A", "-d", &elf.to_string_lossy()])?.lines() {
            let mut words = line.split_whitespace();
            let (Some(section), Some(octets)) = (words.next(), words.next()) else { continue };
            let Ok(octets) = octets.parse::<u64>() else { continue };
            if section.starts_with(".text") {
                size.text += octets;
            } else if section.starts_with(".rodata") || section.starts_with(".data") {
                size.rodata += octets;
            }
        }
        Ok(size)
    }

    /// Those statics of the program built last that are there, and how large they are.
    ///
    /// # Errors
    ///
    /// Fails when `arm-none-eabi-nm` does.
    pub(super) fn sizes_of(
        &self,
        names: &[(&str, &'static str)],
    ) -> Result<Vec<(&'static str, u64)>> {
        let archive = self.archive();
        let symbols = arm_tool("nm", &["-S", "--defined-only", &archive.to_string_lossy()])?;
        let size = |name: &str| {
            let line = symbols.lines().find(|line| line.ends_with(name))?;
            u64::from_str_radix(line.split_whitespace().nth(1)?, 16).ok()
        };
        Ok(names.iter().filter_map(|(name, what)| Some((*what, size(name)?))).collect())
    }

    /// Where the compiler puts the static library.
    fn archive(&self) -> PathBuf {
        self.target.join(format!("{}/release/lib{}.a", super::TARGET, self.name))
    }
}

/// The linker's command: the static library from `probe` on.
fn linker(archive: &Path, elf: &Path) -> Command {
    let mut gcc = Command::new("arm-none-eabi-gcc");
    gcc.args(["-mcpu=cortex-m3", "-mthumb", "-nostdlib"])
        .args(["-Wl,--gc-sections", "-Wl,-u,probe", "-Wl,-e,probe"])
        .arg(archive)
        .arg("-o")
        .arg(elf);
    gcc
}
