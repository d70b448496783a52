//! Building an application and measuring it.

use core::fmt;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use object::{Object as _, ObjectSection as _, SectionKind};

use crate::bare_metal::Toolchain;
use crate::process::{cache, output, root};

/// Where an application says how large the state of its connection is.
const SECTION: &str = ".figures";

/// What makes SHA-256 and SHA-512 a loop in place of 64 and 80 rounds in a row: for firmware.
const COMPACT: &str = "--cfg=sha2_backend_soft=\"compact\"";

/// Features of the core that are no mechanism by themselves.
const NO_MECHANISM: [&str; 2] = ["default", "scram"];

/// What a program takes, in octets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    /// Instructions.
    pub(super) text: u64,
    /// Constants.
    pub(super) rodata: u64,
    /// What initialised variables are copied from; they are in the RAM too.
    pub(super) data: u64,
    /// The state of a connection without its buffers.
    pub(super) state: u64,
}

impl Size {
    /// Octets of the flash memory.
    pub(super) fn flash(&self) -> u64 {
        self.text + self.rodata + self.data
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, rodata, data, state } = self;
        write!(f, "{text:>7}{rodata:>8}{data:>6}{:>8}{state:>8}", self.flash())
    }
}

/// The applications, for one target.
#[derive(Debug)]
pub(super) struct Build<'t> {
    toolchain: &'t Toolchain,
    target: String,
    folder: PathBuf,
}

/// The applications' package.
fn package() -> PathBuf {
    root().join("xtask/probes/figures")
}

/// Makes sure that no mechanism of the core is left out.
///
/// # Errors
///
/// Fails when `all` has not every feature of the core.
pub(super) fn check_features(all: &str) -> Result<()> {
    let manifest = fs::read_to_string(root().join("core/Cargo.toml"))?;
    let manifest: toml::Table = manifest.parse()?;
    let features = manifest.get("features").and_then(toml::Value::as_table);
    let features = features.context("core has no features")?;
    let measured: BTreeSet<&str> = all.split(',').collect();
    let left_out = features.keys().map(String::as_str).filter(|name| {
        !name.starts_with('_') && !NO_MECHANISM.contains(name) && !measured.contains(name)
    });
    let left_out: Vec<&str> = left_out.collect();
    ensure!(left_out.is_empty(), "features of the core are not measured: {}", left_out.join(", "));
    Ok(())
}

impl<'t> Build<'t> {
    /// For this target, with the dependencies' versions of the workspace.
    ///
    /// # Errors
    ///
    /// Fails when the lock file can't be copied.
    pub(super) fn new(toolchain: &'t Toolchain, target: &str) -> Result<Self> {
        let package = package();
        fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock"))
            .with_context(|| format!("can't lock the versions of {}", package.display()))?;
        let folder = cache("bare-metal").join("figures");
        Ok(Self { toolchain, target: target.to_owned(), folder })
    }

    /// Builds an application with these features, and says where it is.
    ///
    /// # Errors
    ///
    /// Fails when it does not build.
    pub(super) fn link(&self, binary: &str, features: &str) -> Result<PathBuf> {
        let mut cargo = self.toolchain.cargo_with("build", &[COMPACT]);
        cargo.current_dir(package()).env("CARGO_TARGET_DIR", &self.folder).args([
            "--quiet",
            "--release",
            "--bin",
            binary,
            "--features",
            features,
        ]);
        let done = output(&mut cargo)?;
        if !done.status.success() {
            bail!("{binary} does not build:\n{}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(self.folder.join(&self.target).join("release").join(binary))
    }

    /// Builds an application and measures it.
    ///
    /// # Errors
    ///
    /// Fails when it does not build, or says nothing of its state.
    pub(super) fn size(&self, binary: &str, features: &str) -> Result<Size> {
        let elf = self.link(binary, features)?;
        measure(&elf).with_context(|| elf.display().to_string())
    }
}

/// The sections of a linked program, added up.
fn measure(elf: &Path) -> Result<Size> {
    let octets = fs::read(elf)?;
    let file = object::File::parse(&*octets)?;
    let mut size = Size::default();
    let mut state = None;
    for section in file.sections() {
        match (section.name()?, section.kind()) {
            (SECTION, _) => {
                let figure = section.data()?.first_chunk().context("no figure")?;
                state = Some(u32::from_le_bytes(*figure));
            }
            (_, SectionKind::Text) => size.text += section.size(),
            // Tables for unwinding, which the linker scripts of firmware drop.
            (name, _) if name.starts_with(".ARM.") || name.starts_with(".eh_frame") => {}
            (_, SectionKind::ReadOnlyData | SectionKind::ReadOnlyString) => {
                size.rodata += section.size();
            }
            (_, SectionKind::Data) => size.data += section.size(),
            _ => {}
        }
    }
    size.state = state.context("it says nothing of its state")?.into();
    ensure!(size.text > 1000, "there is nothing in it");
    Ok(size)
}
