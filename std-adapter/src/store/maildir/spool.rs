//! The blocking half: names, files and folders.

use crate::file::{create_private, sync_folder};
use crate::store::StoreError;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// After this time a file in `tmp` belongs to nobody any more.
const STALE: Duration = Duration::from_secs(36 * 60 * 60);

/// What all writers of one Maildir share.
#[derive(Debug)]
pub(super) struct Shared {
    root: PathBuf,
    tmp: PathBuf,
    new: PathBuf,
    hostname: String,
    /// Two containers may have the same host name, the same process id and the same time.
    random: u32,
    count: AtomicU64,
}

impl Shared {
    pub(super) fn open(root: PathBuf, hostname: &str) -> Result<Self, StoreError> {
        let (tmp, new) = (root.join("tmp"), root.join("new"));
        let missing: Vec<&Path> = root.ancestors().take_while(|folder| !folder.exists()).collect();
        for folder in [&tmp, &new, &root.join("cur")] {
            make_folder(folder).map_err(|error| {
                StoreError::io(&format!("cannot make {}", folder.display()), error)
            })?;
        }
        sync_folder(&root)
            .map_err(|error| StoreError::io(&format!("cannot sync {}", root.display()), error))?;
        for folder in missing.iter().filter_map(|folder| folder.parent()) {
            // Best effort: a folder that was made can be written, and need not be readable.
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let _ = sync_folder(here);
        }
        let random =
            getrandom::u32().map_err(|_| StoreError::new("the system has no random numbers"))?;
        let hostname = hostname.replace('/', "\\057").replace(':', "\\072");
        let shared = Self { root, tmp, new, hostname, random, count: AtomicU64::new(0) };
        shared.remove_stale();
        // Better a word at the start than with the first message.
        drop(shared.create()?);
        Ok(shared)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn create(&self) -> Result<Temporary, StoreError> {
        // The name was never given out: something already there is a clock that jumped, and the next name
        // gets past it.
        let mut tries = 3;
        loop {
            let name = self.unique_name();
            let path = self.tmp.join(&name);
            tries -= 1;
            match create_private().open(&path) {
                Ok(file) => return Ok(Temporary { file, name, path, renamed: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries > 0 => {}
                Err(error) => {
                    return Err(StoreError::io(
                        &format!("cannot create {}", path.display()),
                        error,
                    ));
                }
            }
        }
    }

    /// Seconds, then everything that can tell two deliveries apart, then the host.
    fn unique_name(&self) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!(
            "{}.R{:08x}M{}P{}Q{}.{}",
            now.as_secs(),
            self.random,
            now.subsec_micros(),
            std::process::id(),
            count,
            self.hostname
        )
    }

    /// Best effort: what can't be removed now is tried again at the next start.
    fn remove_stale(&self) {
        let Ok(entries) = fs::read_dir(&self.tmp) else { return };
        for entry in entries.flatten() {
            let age = entry
                .metadata()
                .and_then(|m| m.modified())
                .ok()
                .and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > STALE) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Where the octets of a message have gone so far.
#[derive(Debug)]
pub(super) enum Spool {
    /// All are in the buffer.
    Nothing,
    /// Into this file.
    File(Temporary),
    /// They are gone: an error, or a future that was dropped.
    Lost,
}

impl Spool {
    pub(super) fn take(&mut self) -> Self {
        core::mem::replace(self, Self::Lost)
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Lost => Err(lost()),
            Self::Nothing | Self::File(_) => Ok(()),
        }
    }

    pub(super) fn into_file(self, shared: &Shared) -> Result<Temporary, StoreError> {
        match self {
            Self::Nothing => shared.create(),
            Self::File(temporary) => Ok(temporary),
            Self::Lost => Err(lost()),
        }
    }
}

fn lost() -> StoreError {
    StoreError::new("the message was given up after an error")
}

/// A file in `tmp`, removed when dropped before it was renamed.
#[derive(Debug)]
pub(super) struct Temporary {
    file: File,
    name: String,
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    pub(super) fn write(&mut self, octets: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(octets).map_err(|error| {
            StoreError::io(&format!("cannot write {}", self.path.display()), error)
        })
    }

    /// The octets first, then the name, then the folder that holds the name: after a power cut there is
    /// either the whole message or none.
    pub(super) fn commit(mut self, shared: &Shared) -> Result<String, StoreError> {
        self.file.sync_all().map_err(|error| {
            StoreError::io(&format!("cannot sync {}", self.path.display()), error)
        })?;
        let path = shared.new.join(&self.name);
        fs::rename(&self.path, &path).map_err(|error| {
            StoreError::io(&format!("cannot rename to {}", path.display()), error)
        })?;
        self.renamed = true;
        if let Err(error) = sync_folder(&shared.new) {
            // The client will hear of an error and send the message again.
            let _ = fs::remove_file(&path);
            return Err(StoreError::io(&format!("cannot sync {}", shared.new.display()), error));
        }
        Ok(core::mem::take(&mut self.name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}
