//! What a users file looks like.

use super::historic;
use super::prep::prepare;
use super::stored::Stored;
use super::{Secret, UsersError, scram};
use core::ops::Range;
use ehlo::sasl::{DigestMd5Key, NtHash, ScramKeys};
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

/// One user, and where what belongs to it stands in the text, with its quotes and brackets.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) user: User,
    pub(super) places: Places,
}

/// What one user can authenticate with.
#[derive(Debug)]
pub(super) struct User {
    pub(super) stored: Stored,
    pub(super) scram: Vec<ScramKeys>,
    /// A key for each realm.
    pub(super) digest_md5: Vec<(String, DigestMd5Key)>,
    pub(super) nt_hash: Option<NtHash>,
}

/// Where the parts of an entry stand.
pub(super) struct Places {
    pub(super) password: Range<usize>,
    pub(super) scram: Option<Range<usize>>,
    pub(super) digest_md5: Option<Range<usize>>,
    pub(super) nt_hash: Option<Range<usize>>,
}

/// The names of the parts that are made of the password.
pub(super) const SCRAM: &str = "scram";
pub(super) const DIGEST_MD5: &str = "digest-md5";
pub(super) const NT_HASH: &str = "nt-hash";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    #[serde(default)]
    user: Vec<EntryForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EntryForm {
    name: Spanned<String>,
    password: Spanned<Secret>,
    scram: Option<Spanned<KeysForm>>,
    digest_md5: Option<Spanned<KeysForm>>,
    nt_hash: Option<Spanned<Secret>>,
}

struct KeysForm(Vec<Spanned<Secret>>);

impl<'de> Deserialize<'de> for KeysForm {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The usual error would quote what stands there.
        let list = Vec::deserialize(deserializer);
        list.map(Self).map_err(|_| serde::de::Error::custom("a list of strings is expected here"))
    }
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Entry>, UsersError> {
    let wrong = |at: Option<usize>, reason: String| UsersError::Content {
        path: path.to_path_buf(),
        line: at.map(|at| line_of(text, at)),
        reason,
    };
    // The message alone: the full text of the error quotes the line, and with it a password.
    let form: FileForm = toml::from_str(text).map_err(|error| {
        wrong(error.span().map(|span| span.start), error.message().replace('\n', ", "))
    })?;
    let mut entries: Vec<Entry> = Vec::with_capacity(form.user.len());
    for user in form.user {
        let at = user.name.span().start;
        let Some(name) = prepare(user.name.get_ref()) else {
            return Err(wrong(Some(at), UsersError::BadName.to_string()));
        };
        let password = user.password.span();
        let stored = Stored::parse(user.password.get_ref().expose())
            .map_err(|reason| wrong(Some(password.start), reason.to_owned()))?;
        if entries.iter().any(|entry| entry.name == name) {
            return Err(wrong(Some(at), format!("the user {name:?} is there twice")));
        }
        let mut scram: Vec<ScramKeys> = Vec::new();
        for text in user.scram.iter().flat_map(|keys| &keys.get_ref().0) {
            let at = Some(text.span().start);
            let keys = scram::from_text(text.get_ref().expose())
                .map_err(|why| wrong(at, why.to_owned()))?;
            if scram.iter().any(|others| others.hash() == keys.hash()) {
                let why = "the user has two SCRAM keys of one hash function";
                return Err(wrong(at, why.to_owned()));
            }
            scram.push(keys);
        }
        let mut digest_md5: Vec<(String, DigestMd5Key)> = Vec::new();
        for text in user.digest_md5.iter().flat_map(|keys| &keys.get_ref().0) {
            let at = Some(text.span().start);
            let (realm, key) = historic::digest_from_text(text.get_ref().expose())
                .map_err(|why| wrong(at, why.to_owned()))?;
            if digest_md5.iter().any(|(other, _)| *other == realm) {
                return Err(wrong(at, "the user has two DIGEST-MD5 keys of one realm".to_owned()));
            }
            digest_md5.push((realm, key));
        }
        let nt_hash = match &user.nt_hash {
            Some(text) if !text.get_ref().expose().is_empty() => {
                let hash = historic::nt_from_text(text.get_ref().expose());
                Some(hash.map_err(|why| wrong(Some(text.span().start), why.to_owned()))?)
            }
            _ => None,
        };
        let places = Places {
            password,
            scram: user.scram.as_ref().map(Spanned::span),
            digest_md5: user.digest_md5.as_ref().map(Spanned::span),
            nt_hash: user.nt_hash.as_ref().map(Spanned::span),
        };
        let user = User { stored, scram, digest_md5, nt_hash };
        entries.push(Entry { name: name.into_owned(), user, places });
    }
    Ok(entries)
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|octet| *octet == b'\n').count() + 1
}
