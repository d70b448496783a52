//! Changes to a users file. Everything else in it stays as it is, comments too, and it is replaced in one step.
//! Two changes at the same moment are not kept apart: the later one wins.

use super::file::{parse, read};
use super::prep::{prepare, prepare_secret};
use super::stored::PLAIN;
use super::{ITERATIONS, Secret, UsersError, scram};
use crate::file::replace_private;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
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

/// How a new password is stored, and the keys of SCRAM that are made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    scheme: Scheme,
    scram: Vec<ScramHash>,
    iterations: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Scheme::default().into()
    }
}

impl From<Scheme> for Storage {
    /// With keys for SHA-256 and SHA-512 of [`ITERATIONS`], but where the password stays as it is: they are made from it
    /// when they are needed.
    fn from(scheme: Scheme) -> Self {
        let scram = match scheme {
            Scheme::Argon2id => vec![ScramHash::Sha256, ScramHash::Sha512],
            Scheme::Plain => Vec::new(),
        };
        Self { scheme, scram, iterations: ITERATIONS }
    }
}

impl Storage {
    /// Keys of SCRAM for these hash functions, and for no others.
    #[must_use]
    pub fn scram(self, hashes: impl Into<Vec<ScramHash>>) -> Self {
        Self { scram: hashes.into(), ..self }
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
/// When the user exists, the name or the password is not allowed, or the file can't be read or written.
pub fn add_user(
    path: &Path,
    name: &str,
    password: &str,
    storage: impl Into<Storage>,
) -> Result<(), UsersError> {
    let name = prepare(name).ok_or(UsersError::BadName)?;
    let storage = storage.into();
    let value = stored_form(password, storage.scheme)?;
    let keys = keys_form(password, &storage)?;
    let text = read_or_empty(path)?;
    if parse(path, &text)?.iter().any(|entry| entry.name == name) {
        return Err(UsersError::Exists { name: name.into_owned() });
    }
    let length = text.len() + name.len() + value.expose().len() + keys.len() + 64;
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
    if !keys.is_empty() {
        changed.push_str("scram = ");
        changed.push_str(&keys);
        changed.push('\n');
    }
    write(path, &changed)
}

/// Gives a user another password, and other keys of SCRAM. Takes some 100 ms for both.
///
/// # Errors
/// When there is no such user, the password is not allowed, or the file can't be read or written.
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
    let keys = keys_form(password, &storage)?;
    let mut changes = vec![(entry.password.clone(), value.as_str())];
    let inserted;
    match &entry.keys {
        // An empty list in place of keys that let the old password in.
        Some(old) => changes.push((old.clone(), if keys.is_empty() { "[]" } else { &keys })),
        None if keys.is_empty() => {}
        None => {
            let behind = text.get(entry.password.end..).unwrap_or_default();
            let line = behind.split_inclusive('\n').next().unwrap_or_default();
            let rest = line.trim();
            // A table over several lines, or one within a line.
            let (at, insert) = if rest.is_empty() || rest.starts_with('#') {
                let newline = if line.ends_with('\n') { "" } else { "\n" };
                (entry.password.end + line.len(), format!("{newline}scram = {keys}\n"))
            } else {
                (entry.password.end, format!(", scram = {keys}"))
            };
            inserted = insert;
            changes.push((at..at, inserted.as_str()));
        }
    }
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

/// The keys of SCRAM as a list of TOML; empty without any.
fn keys_form(password: &str, storage: &Storage) -> Result<String, UsersError> {
    let prepared = prepare_secret(password).ok_or(UsersError::BadPassword)?;
    let mut text = String::new();
    for hash in &storage.scram {
        let keys = scram::new_keys(*hash, &prepared, storage.iterations);
        let keys = keys.map_err(UsersError::Internal)?;
        let keys = scram::to_text(&keys).ok_or(UsersError::Internal("no such hash function"))?;
        text.push_str(if text.is_empty() { "[" } else { ", " });
        push_quoted(&mut text, &keys);
    }
    if !text.is_empty() {
        text.push(']');
    }
    Ok(text)
}

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

/// A basic string of TOML. SASLprep has left no control characters; quotes and backslashes remain.
fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
