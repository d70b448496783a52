//! Changes to a users file. Everything else in it stays as it is, comments too, and it is replaced in one step.
//! Two changes at the same moment are not kept apart: the later one wins.

use super::file::{parse, read};
use super::prep::{prepare, prepare_secret};
use super::stored::PLAIN;
use super::{Secret, UsersError};
use crate::file::replace_private;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
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

/// Adds a user; the file is made when it isn't there. Takes some 50 ms for the hash.
///
/// # Errors
/// When the user exists, the name or the password is not allowed, or the file can't be read or written.
pub fn add_user(path: &Path, name: &str, password: &str, scheme: Scheme) -> Result<(), UsersError> {
    let name = prepare(name).ok_or(UsersError::BadName)?;
    let value = stored_form(password, scheme)?;
    let text = read_or_empty(path)?;
    if parse(path, &text)?.iter().any(|entry| entry.name == name) {
        return Err(UsersError::Exists { name: name.into_owned() });
    }
    let mut changed =
        Zeroizing::new(String::with_capacity(text.len() + name.len() + value.expose().len() + 64));
    changed.push_str(&text);
    if !text.is_empty() {
        changed.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    changed.push_str("[[user]]\nname = ");
    push_quoted(&mut changed, &name);
    changed.push_str("\npassword = ");
    push_quoted(&mut changed, value.expose());
    changed.push('\n');
    write(path, &changed)
}

/// Gives a user another password. Takes some 50 ms for the hash.
///
/// # Errors
/// When there is no such user, the password is not allowed, or the file can't be read or written.
pub fn set_password(
    path: &Path,
    name: &str,
    password: &str,
    scheme: Scheme,
) -> Result<(), UsersError> {
    let name = prepare(name).ok_or(UsersError::BadName)?;
    let (text, _) = read(path)?;
    let entries = parse(path, &text)?;
    let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
        return Err(UsersError::Unknown { name: name.into_owned() });
    };
    let value = stored_form(password, scheme)?;
    let (Some(before), Some(after)) =
        (text.get(..entry.password.start), text.get(entry.password.end..))
    else {
        return Err(UsersError::Internal("the place of the password was not found"));
    };
    let mut changed =
        Zeroizing::new(String::with_capacity(text.len() + 2 * value.expose().len() + 2));
    changed.push_str(before);
    push_quoted(&mut changed, value.expose());
    changed.push_str(after);
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
