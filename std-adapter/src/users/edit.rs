//! Changes to a users file. Everything else in it stays as it is, comments too, and it is replaced in one step.
//! Two changes at the same moment are not kept apart: the later one wins.

use super::derived::{Derived, push_quoted};
use super::file::read;
use super::form::{DIGEST_MD5, NT_HASH, Places, SCRAM, parse};
use super::prep::{prepare, prepare_secret};
use super::stored::PLAIN;
use super::{ITERATIONS, Secret, UsersError};
use crate::file::replace_private;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use core::ops::Range;
use ehlo::sasl::ScramHash;
use std::path::Path;
use zeroize::Zeroizing;

/// How a new password is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Hashed by argon2id with 19 MiB of memory, two passes and one lane (RFC 9106 and OWASP).
    #[default]
    Argon2id,
    /// As it is: for CRAM-MD5, which computes with the password itself.
    Plain,
}

/// How a new password is stored, and what else is made of it for mechanisms that take something else. What isn't said
/// here, a new user has not, and a user that has it gets it anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    pub(super) scheme: Scheme,
    pub(super) scram: Option<Vec<ScramHash>>,
    pub(super) iterations: u32,
    pub(super) digest_md5: Option<Vec<String>>,
    pub(super) nt_hash: Option<bool>,
}

impl Default for Storage {
    fn default() -> Self {
        Scheme::default().into()
    }
}

impl From<Scheme> for Storage {
    /// With keys of SCRAM for SHA-256 and SHA-512, of [`ITERATIONS`]. Where the password stays as it is there are none of
    /// any kind: they are made from it when they are needed.
    fn from(scheme: Scheme) -> Self {
        Self { scheme, scram: None, iterations: ITERATIONS, digest_md5: None, nt_hash: None }
    }
}

impl Storage {
    /// Keys of SCRAM for these hash functions, and for no others.
    #[must_use]
    pub fn scram(self, hashes: impl Into<Vec<ScramHash>>) -> Self {
        Self { scram: Some(hashes.into()), ..self }
    }

    /// Keys of DIGEST-MD5 for these realms, and for no others: a server's realm is its host name. Each is as good as the
    /// password to whoever logs in by DIGEST-MD5 in that realm.
    #[must_use]
    pub fn digest_md5(self, realms: impl Into<Vec<String>>) -> Self {
        Self { digest_md5: Some(realms.into()), ..self }
    }

    /// Whether there is an NT hash, for NTLM. It is as good as the password to whoever logs in by NTLM, wherever this
    /// password is the user's.
    #[must_use]
    pub fn nt_hash(self, stored: bool) -> Self {
        Self { nt_hash: Some(stored), ..self }
    }

    /// So many iterations; at least 4,096, which is what clients ask for (RFC 7677 section 4).
    #[must_use]
    pub fn iterations(self, iterations: u32) -> Self {
        Self { iterations: iterations.max(4096), ..self }
    }
}

/// Adds a user; the file is made when it isn't there. Takes some 50 ms for the hash.
///
/// # Errors
/// When the user exists, the name, the password or a realm is not allowed, or the file can't be read or written.
pub fn add_user(
    path: &Path,
    name: &str,
    password: &str,
    storage: impl Into<Storage>,
) -> Result<(), UsersError> {
    let name = prepare(name).ok_or(UsersError::BadName)?;
    let storage = storage.into();
    let value = stored_form(password, storage.scheme)?;
    let made = Derived::new(&name, password, &storage, None)?;
    let text = read_or_empty(path)?;
    if parse(path, &text)?.iter().any(|entry| entry.name == name) {
        return Err(UsersError::Exists { name: name.into_owned() });
    }
    let length = text.len() + name.len() + value.expose().len() + made.length() + 64;
    let mut changed = Zeroizing::new(String::with_capacity(length));
    changed.push_str(&text);
    if !text.is_empty() {
        changed.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    changed.push_str("[[user]]\nname = ");
    push_quoted(&mut changed, &name);
    changed.push_str("\npassword = ");
    push_quoted(&mut changed, value.expose());
    changed.push('\n');
    for (part, text) in made.parts() {
        push_part(&mut changed, part, text, "", "\n");
    }
    write(path, &changed)
}

/// Gives a user another password, and makes anew what else is made of it. Takes some 100 ms for both.
///
/// # Errors
/// When there is no such user, the password or a realm is not allowed, or the file can't be read or written.
pub fn set_password(
    path: &Path,
    name: &str,
    password: &str,
    storage: impl Into<Storage>,
) -> Result<(), UsersError> {
    let name = prepare(name).ok_or(UsersError::BadName)?;
    let (text, _) = read(path)?;
    let entries = parse(path, &text)?;
    let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
        return Err(UsersError::Unknown { name: name.into_owned() });
    };
    let storage = storage.into();
    let mut value = Zeroizing::new(String::with_capacity(2 * LONGEST));
    push_quoted(&mut value, stored_form(password, storage.scheme)?.expose());
    let made = Derived::new(&name, password, &storage, Some(&entry.user))?;
    let mut inserted = Zeroizing::new(String::with_capacity(made.length()));
    let (at, before, behind) = place_of_more(&text, &entry.places.password);
    let mut changes = vec![(entry.places.password.clone(), value.as_str())];
    for (part, new) in made.parts() {
        if entry.places.of(part).is_none() {
            push_part(&mut inserted, part, new, before, behind);
        }
    }
    for (part, none) in [(SCRAM, "[]"), (DIGEST_MD5, "[]"), (NT_HASH, "\"\"")] {
        // Nothing, in place of what would let the old password in.
        let new = made.parts().find(|(made, _)| *made == part).map_or(none, |(_, new)| new);
        changes.extend(entry.places.of(part).map(|place| (place, new)));
    }
    if !inserted.is_empty()
        && before.is_empty()
        && !text.get(..at).is_some_and(|text| text.ends_with('\n'))
    {
        inserted.insert(0, '\n');
    }
    changes.push((at..at, inserted.as_str()));
    changes.sort_by_key(|(range, _)| range.start);
    let length = changes.iter().map(|(_, new)| new.len()).sum::<usize>();
    let mut changed = Zeroizing::new(String::with_capacity(text.len() + length));
    let mut done = 0;
    let lost = UsersError::Internal("the place of the password was not found");
    for (range, new) in changes {
        let Some(before) = text.get(done..range.start) else { return Err(lost) };
        changed.push_str(before);
        changed.push_str(new);
        done = range.end;
    }
    let Some(rest) = text.get(done..) else { return Err(lost) };
    changed.push_str(rest);
    write(path, &changed)
}

/// Where more parts of an entry go, behind its password, and what stands before and behind each: the entry is a table
/// over several lines, or one within a line.
fn place_of_more(text: &str, password: &Range<usize>) -> (usize, &'static str, &'static str) {
    let behind = text.get(password.end..).unwrap_or_default();
    let line = behind.split_inclusive('\n').next().unwrap_or_default();
    let rest = line.trim();
    if rest.is_empty() || rest.starts_with('#') {
        (password.end + line.len(), "", "\n")
    } else {
        (password.end, ", ", "")
    }
}

fn push_part(out: &mut String, part: &str, text: &str, before: &str, behind: &str) {
    for piece in [before, part, " = ", text, behind] {
        out.push_str(piece);
    }
}

impl Places {
    fn of(&self, part: &str) -> Option<Range<usize>> {
        match part {
            SCRAM => self.scram.clone(),
            DIGEST_MD5 => self.digest_md5.clone(),
            _ => self.nt_hash.clone(),
        }
    }
}

/// The names in a users file, in its order.
///
/// # Errors
/// When the file can't be read, or is wrong.
pub fn list_users(path: &Path) -> Result<Vec<String>, UsersError> {
    let (text, _) = read(path)?;
    Ok(parse(path, &text)?.into_iter().map(|entry| entry.name).collect())
}

fn read_or_empty(path: &Path) -> Result<Zeroizing<String>, UsersError> {
    match read(path) {
        Ok((text, _)) => Ok(text),
        Err(UsersError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(Zeroizing::default())
        }
        Err(error) => Err(error),
    }
}

fn write(path: &Path, text: &str) -> Result<(), UsersError> {
    // A file laid out in a way the change doesn't fit must not be broken by it.
    parse(path, text)?;
    replace_private(path, text.as_bytes())
        .map_err(|source| UsersError::Write { path: path.to_path_buf(), source })
}

/// Room for a stored password: a string that grows leaves copies behind.
const LONGEST: usize = 1024;

fn stored_form(password: &str, scheme: Scheme) -> Result<Secret, UsersError> {
    let prepared = prepare_secret(password).ok_or(UsersError::BadPassword)?;
    match scheme {
        Scheme::Plain => {
            let mut text = String::with_capacity(PLAIN.len() + prepared.expose().len());
            text.push_str(PLAIN);
            text.push_str(prepared.expose());
            Ok(Secret::new(text))
        }
        Scheme::Argon2id => {
            let hash: Result<PasswordHash, _> =
                Argon2::default().hash_password(prepared.expose().as_bytes());
            let hash = hash.map_err(|_| UsersError::Internal("the password can't be hashed"))?;
            Ok(Secret::new(hash.to_string()))
        }
    }
}
