//! Keys of SCRAM (RFC 5802): what a server stores for it in place of a password.

use super::Secret;
use core::fmt::Write as _;
use ehlo::sasl::{ScramHash, ScramKeys};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Iterations that new keys have.
///
/// RFC 7677 section 4 counts 15,000 for a tenth of a second and wants at least 4,096. It is the client that
/// counts them, at each login, and the smallest ones are small: an embedded one takes some seconds for as many.
/// More protects a password better from whoever gets hold of the file, and is a matter of one number; a long
/// random password needs none of it.
pub const ITERATIONS: u32 = 15_000;

/// Octets of a salt: as many as those have that a server makes up for users that don't exist.
const SALT: usize = 16;

/// The longest text that is looked at; the keys of SHA-512 with the longest salt have less than 300.
const LONGEST: usize = 400;

/// The hash functions that can be in a users file.
const HASHES: [(ScramHash, &str); 3] = [
    (ScramHash::Sha1, "SCRAM-SHA-1"),
    (ScramHash::Sha256, "SCRAM-SHA-256"),
    (ScramHash::Sha512, "SCRAM-SHA-512"),
];

/// New keys with a random salt. Takes milliseconds of processor time, by design.
pub(super) fn new_keys(
    hash: ScramHash,
    prepared: &Secret,
    iterations: u32,
) -> Result<ScramKeys, &'static str> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|_| "the system has no randomness for a salt")?;
    derive(hash, prepared, &salt, iterations)
}

fn derive(
    hash: ScramHash,
    prepared: &Secret,
    salt: &[u8],
    iterations: u32,
) -> Result<ScramKeys, &'static str> {
    ScramKeys::derive(hash, prepared.expose().as_bytes(), salt, iterations)
        .map_err(|_| "keys need a salt and an iteration")
}

/// Keys as text: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, the octets in base64. That is how RFC 5803
/// names the parts, and how PostgreSQL writes them.
pub(super) fn to_text(keys: &ScramKeys) -> Option<String> {
    let (_, name) = HASHES.iter().find(|(hash, _)| *hash == keys.hash())?;
    let mut text = String::with_capacity(LONGEST);
    let [salt, stored, server] = [keys.salt(), keys.stored_key(), keys.server_key()].map(base64_of);
    write!(text, "{name}${}:{salt}${stored}:{server}", keys.iterations()).ok()?;
    Some(text)
}

/// The reason never holds a part of `text`.
pub(super) fn from_text(text: &str) -> Result<ScramKeys, &'static str> {
    const FORM: &str = "SCRAM keys are written SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey";
    let parts = || {
        let (name, rest) = text.split_once('$')?;
        let (count, keys) = rest.split_once('$')?;
        let (iterations, salt) = count.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        let (hash, _) = HASHES.iter().find(|(_, known)| *known == name)?;
        let decoded = [octets_of(salt)?, octets_of(stored)?, octets_of(server)?];
        Some((*hash, iterations.parse::<u32>().ok()?, decoded))
    };
    if text.len() > LONGEST {
        return Err(FORM);
    }
    let (hash, iterations, [salt, stored, server]) = parts().ok_or(FORM)?;
    ScramKeys::from_parts(hash, &salt, iterations, &stored, &server)
        .map_err(|_| "the SCRAM keys have a part of the wrong length")
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_of(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for chunk in octets.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4_usize {
            let sign = usize::try_from(group >> (18 - 6 * place) & 63).unwrap_or(0);
            let sign = ALPHABET.get(sign).copied().map_or('=', char::from);
            text.push(if place <= chunk.len() { sign } else { '=' });
        }
    }
    text
}

/// Octets from base64, written as [`base64_of`] writes it and no other way.
fn octets_of(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    let digits = text.trim_end_matches('=').as_bytes();
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for place in 0..4 {
            let value = match chunk.get(place) {
                Some(sign) => ALPHABET.iter().position(|known| known == sign)?,
                None => 0,
            };
            group = group << 6 | u32::try_from(value).ok()?;
        }
        let [_, first, second, third] = group.to_be_bytes();
        let whole = [first, second, third];
        octets.extend_from_slice(whole.get(..chunk.len().checked_sub(1)?)?);
    }
    (base64_of(&octets) == text).then_some(octets)
}

/// Keys of users whose password is there as it is: made when they are asked for, and kept.
pub(super) struct Made {
    /// What the salts are made of: they have to stay the same as long as the process runs, at least.
    secret: [u8; 32],
    keys: Mutex<HashMap<(ScramHash, String), ScramKeys>>,
}

impl Default for Made {
    fn default() -> Self {
        let mut secret = [0; 32];
        // A salt is no secret: without randomness it is still another one for each user.
        let _ = getrandom::fill(&mut secret);
        Self::of(secret)
    }
}

impl Made {
    /// With salts made of this.
    pub(super) fn of(secret: [u8; 32]) -> Self {
        Self { secret, keys: Mutex::default() }
    }

    /// The same salts, and no keys: the passwords have changed.
    pub(super) fn anew(&self) -> Self {
        Self { secret: self.secret, keys: Mutex::default() }
    }

    /// Takes milliseconds of processor time, by design, where the keys were not made yet.
    pub(super) fn keys(&self, hash: ScramHash, name: &str, password: &Secret) -> Option<ScramKeys> {
        use sha2::{Digest, Sha256};
        let place = (hash, name.to_owned());
        let lock = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = lock().get(&place) {
            return Some(keys.clone());
        }
        // Another one for each hash function, as users have whose keys are kept, and users who don't exist.
        let (_, kind) = HASHES.iter().find(|(known, _)| *known == hash)?;
        let salt = Sha256::new().chain_update(self.secret).chain_update(kind).chain_update(name);
        let salt = salt.finalize();
        let keys = derive(hash, password, salt.get(..SALT)?, ITERATIONS).ok()?;
        lock().insert(place, keys.clone());
        Some(keys)
    }
}

impl core::fmt::Debug for Made {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 section 3, as other programs store it.
    const RFC_7677: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$\
        WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn keys_print_and_read_back_as_others_write_them() {
        let keys = from_text(RFC_7677).unwrap();
        assert_eq!(to_text(&keys).unwrap(), RFC_7677);
        let made = derive(ScramHash::Sha256, &Secret::new("pencil"), keys.salt(), 4096).unwrap();
        assert_eq!(to_text(&made).unwrap(), RFC_7677);
        for (hash, name) in HASHES {
            let keys = new_keys(hash, &Secret::new("secret"), 2).unwrap();
            let text = to_text(&keys).unwrap();
            assert!(text.starts_with(&format!("{name}$2:")) && text.len() <= LONGEST, "{text}");
            assert_eq!(to_text(&from_text(&text).unwrap()).unwrap(), text);
            assert_eq!(keys.salt().len(), SALT);
        }
    }

    #[test]
    fn what_is_not_keys_is_refused_without_showing_it() {
        for (from, to) in [
            ("SCRAM-SHA-256", "SCRAM-SHA-2"),
            ("SHA-256", "SHA-1"),
            ("SHA-256", "SHA-512"),
            ("4096", "0"),
            ("4096", "-1"),
            ("4096", "x"),
            ("4096", "99999999999"),
            ("W22ZaJ0SNY7soEsUEjb6gQ==", ""),
            ("gQ==", "gQ="),
            ("gQ==", "gR=="),
            ("gQ==", "g!=="),
            ("$WG5d", "WG5d"),
            (":wfPL", "$wfPL"),
            (":wfPL", ":"),
        ] {
            let text = RFC_7677.replace(from, to);
            let reason = from_text(&text).unwrap_err();
            assert!(!reason.contains("WG5d") && !reason.contains("W22Z"), "{text}: {reason}");
        }
        assert!(from_text("").is_err());
        assert!(from_text(&format!("{RFC_7677}{}", "A".repeat(400))).is_err());
    }

    #[test]
    fn keys_that_are_made_have_a_salt_for_each_hash_function() {
        let made = Made::default();
        let salt = |hash: ScramHash, name| {
            made.keys(hash, name, &Secret::new("secret")).unwrap().salt().to_vec()
        };
        let mut salts: Vec<Vec<u8>> = HASHES.iter().map(|(hash, _)| salt(*hash, "tim")).collect();
        salts.push(salt(ScramHash::Sha256, "tom"));
        salts.sort();
        salts.dedup();
        assert_eq!(salts.len(), 4);
    }

    #[test]
    fn keys_that_are_made_stay_until_the_password_changes() {
        let made = Made::default();
        let text = |made: &Made, name, password| {
            to_text(&made.keys(ScramHash::Sha1, name, &Secret::new(password)).unwrap()).unwrap()
        };
        let first = text(&made, "tim", "one");
        assert_eq!(text(&made, "tim", "one"), first);
        assert_ne!(text(&made, "tom", "one"), first);
        let (salt, _) = first.rsplit_once('$').unwrap();
        let anew = text(&made.anew(), "tim", "two");
        assert!(anew.starts_with(salt) && anew != first);
    }
}
