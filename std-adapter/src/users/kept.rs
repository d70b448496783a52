use crate::file::replace_private;
use std::fs;
use std::io;
use std::path::Path;

/// A random secret that is kept in a file, which is made when it isn't there, with its folder; only its owner can read
/// it. It is what the salts of users are made of that don't exist
/// ([`Config::scram_decoys`](ehlo::server::Config::scram_decoys)): were it another one after a restart, these salts would
/// change and those of real users would not, and who asked before and after could tell them apart (RFC 5802 section 9).
///
/// # Errors
/// When the file can't be read or made, or the system has no randomness.
pub fn kept_secret(path: &Path) -> io::Result<[u8; 32]> {
    match fs::read(path) {
        // One of another length was never whole, and nothing hangs on it.
        Ok(octets) => {
            if let Ok(secret) = octets.try_into() {
                return Ok(secret);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    replace_private(path, &secret)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/secret");
        let secret = kept_secret(&path).unwrap();
        assert_ne!(secret, [0; 32]);
        assert_eq!(kept_secret(&path).unwrap(), secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_ne!(kept_secret(&folder.path().join("other")).unwrap(), secret);
        fs::write(&path, "half").unwrap();
        let anew = kept_secret(&path).unwrap();
        assert_eq!((kept_secret(&path).unwrap(), fs::read(&path).unwrap()), (anew, anew.to_vec()));
        assert!(kept_secret(folder.path()).is_err());
    }
}
