//! Small files that must be whole or not there: keys, certificates, the users file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file at `path` by `octets` in one step: a reader sees the old file or the new one, also
/// after a power cut. The new file can be read by its owner alone, and keeps the owner of the old one.
pub(crate) fn replace_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    // A symbolic link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = parent(&path);
    let temporary = temporary_name(&path)?;
    let result =
        write_new(&temporary, octets, owner(&path)).and_then(|()| fs::rename(&temporary, &path));
    if result.is_err() {
        // The first error is the one worth telling; the file may not even exist.
        let _ = fs::remove_file(&temporary);
    }
    result?;
    sync_folder(&folder)
}

/// Makes a folder's entries durable; without it a rename can be lost in a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Options that create a file which must not exist yet, readable by its owner alone.
pub(crate) fn create_private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

fn write_new(path: &Path, octets: &[u8], owner: Option<(u32, u32)>) -> io::Result<()> {
    let mut file = create_private().open(path)?;
    keep_owner(&file, owner)?;
    file.write_all(octets)?;
    file.sync_all()
}

/// An administrator's edit must not take the file away from the account the server runs as.
#[cfg(unix)]
fn keep_owner(file: &File, owner: Option<(u32, u32)>) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let Some((user, group)) = owner else { return Ok(()) };
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (user, group) {
        return Ok(());
    }
    fchown(file, Some(user), Some(group))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: Option<(u32, u32)>) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn owner(path: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|m| (m.uid(), m.gid()))
}

#[cfg(not(unix))]
fn owner(_: &Path) -> Option<(u32, u32)> {
    None
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let number = getrandom::u64().map_err(io::Error::other)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{number:016x}"));
    Ok(parent(path).join(temporary))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_replaced_file_is_private_and_leaves_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace_private(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        replace_private(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(replace_private(&folder.path().join("no/such"), b"x").is_err());
    }
}
