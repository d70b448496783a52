//! What a users file holds beside a password, made of it for mechanisms that take something else.

use super::form::{DIGEST_MD5, NT_HASH, SCRAM, User};
use super::prep::prepare_secret;
use super::{Scheme, Storage, UsersError, historic, scram};
use ehlo::sasl::{ScramHash, ScramKeys};
use zeroize::Zeroizing;

/// What is made of a password, as it stands in the file; empty where there is nothing.
pub(super) struct Derived {
    scram: Zeroizing<String>,
    digest_md5: Zeroizing<String>,
    nt_hash: Zeroizing<String>,
}

impl Derived {
    /// What the storage asks for, and where it says nothing, what there was before.
    pub(super) fn new(
        name: &str,
        password: &str,
        storage: &Storage,
        before: Option<&User>,
    ) -> Result<Self, UsersError> {
        let prepared = prepare_secret(password).ok_or(UsersError::BadPassword)?;
        let plain = storage.scheme == Scheme::Plain;
        let hashes = storage.scram.clone().unwrap_or_else(|| {
            let mut usual = vec![ScramHash::Sha256, ScramHash::Sha512];
            let had = before.iter().flat_map(|user| &user.scram).map(ScramKeys::hash);
            usual.extend(had.filter(|hash| *hash == ScramHash::Sha1));
            if plain { Vec::new() } else { usual }
        });
        let mut scram = Vec::new();
        for hash in hashes {
            let keys = scram::new_keys(hash, &prepared, storage.iterations);
            let keys = keys.map_err(UsersError::Internal)?;
            let text = scram::to_text(&keys);
            let text = text.ok_or(UsersError::Internal("no such hash function"))?;
            scram.push(Zeroizing::new(text));
        }
        let realms = storage.digest_md5.clone().unwrap_or_else(|| {
            let had = before.iter().flat_map(|user| &user.digest_md5);
            if plain { Vec::new() } else { had.map(|(realm, _)| realm.clone()).collect() }
        });
        let mut digest_md5 = Vec::new();
        for (at, realm) in realms.iter().enumerate() {
            if !historic::is_realm(realm) {
                return Err(UsersError::BadRealm);
            }
            if realms.iter().take(at).any(|before| before == realm) {
                continue;
            }
            let key = historic::digest_key(name, realm, &prepared);
            digest_md5.push(historic::digest_to_text(realm, &key));
        }
        let had = before.is_some_and(|user| user.nt_hash.is_some()) && !plain;
        let mut nt_hash = Zeroizing::default();
        if storage.nt_hash.unwrap_or(had) {
            nt_hash = Zeroizing::new(String::with_capacity(64));
            push_quoted(&mut nt_hash, &historic::nt_to_text(&historic::nt_hash(&prepared)));
        }
        Ok(Self { scram: list(&scram), digest_md5: list(&digest_md5), nt_hash })
    }

    /// The parts there are, by name.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let parts =
            [(SCRAM, &self.scram), (DIGEST_MD5, &self.digest_md5), (NT_HASH, &self.nt_hash)];
        parts
            .into_iter()
            .map(|(part, text)| (part, text.as_str()))
            .filter(|(_, text)| !text.is_empty())
    }

    /// Room for all of them: a string that grows leaves copies behind.
    pub(super) fn length(&self) -> usize {
        self.parts().map(|(part, text)| part.len() + text.len() + 8).sum()
    }
}

/// A list of TOML; empty without anything in it.
fn list(texts: &[Zeroizing<String>]) -> Zeroizing<String> {
    let room = texts.iter().map(|text| text.len() + 8).sum();
    let mut list = Zeroizing::new(String::with_capacity(room));
    for text in texts {
        let before = if list.is_empty() { "[" } else { ", " };
        list.push_str(before);
        push_quoted(&mut list, text);
    }
    if !list.is_empty() {
        list.push(']');
    }
    list
}

/// A basic string of TOML. SASLprep has left no control characters; quotes and backslashes remain.
pub(super) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
