//! A password as a users file holds it.

use super::Secret;
use super::prep::prepare_secret;
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use scrypt::Scrypt;

/// The mark of a password in clear text.
pub(super) const PLAIN: &str = "{plain}";

/// argon2id with the default parameters of the crate; the password is of no use, as nobody has this name.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$i9IBAm1Vb8lRfxQ6u2uWbHvbCqZxC0hzvZkhY9mSrgk";

#[derive(Clone, Debug)]
pub(super) enum Stored {
    /// In the form SASLprep gives.
    Plain(Secret),
    Hash(Hash),
}

/// A PHC string of a known function, checked to be whole.
#[derive(Clone)]
pub(super) struct Hash {
    function: Function,
    phc: Box<PasswordHash>,
}

#[derive(Clone, Copy, Debug)]
enum Function {
    Argon2,
    Scrypt,
}

impl Stored {
    /// The reason never holds a part of `text`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(plain) = text.strip_prefix(PLAIN) {
            let prepared = prepare_secret(plain);
            return prepared
                .map(Self::Plain)
                .ok_or("the password after {plain} is empty or not allowed");
        }
        if !text.starts_with('$') {
            return Err("the password must start with $argon2id$, $scrypt$ or {plain}");
        }
        Hash::parse(text).map(Self::Hash)
    }
}

impl Hash {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let phc =
            PasswordHash::new(text).map_err(|_| "the password is no well-formed PHC string")?;
        let (function, usable) = match phc.algorithm.as_str() {
            "argon2id" | "argon2i" | "argon2d" => {
                (Function::Argon2, argon2::Params::try_from(&phc).is_ok())
            }
            "scrypt" => (Function::Scrypt, scrypt::Params::try_from(&phc).is_ok()),
            _ => {
                return Err(
                    "the password is hashed by an unknown function; argon2id and scrypt are known",
                );
            }
        };
        if !usable || phc.salt.is_none() || phc.hash.is_none() {
            return Err("the hash of the password lacks a part or has a wrong parameter");
        }
        Ok(Self { function, phc: Box::new(phc) })
    }

    /// What an unknown user is checked against where no user has a hash.
    pub(super) fn of_nobody() -> Option<Self> {
        Self::parse(NOBODY).ok()
    }

    /// Takes milliseconds of processor time and megabytes of memory, by design.
    pub(super) fn verify(&self, prepared: &Secret) -> bool {
        let password = prepared.expose().as_bytes();
        match self.function {
            Function::Argon2 => Argon2::default().verify_password(password, self.phc.as_ref()),
            Function::Scrypt => Scrypt::new().verify_password(password, self.phc.as_ref()),
        }
        .is_ok()
    }
}

/// A hash is no password, but it can be guessed against.
impl core::fmt::Debug for Hash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?}", self.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nobody_is_well_formed_and_costs_what_a_new_user_costs() {
        let nobody = Hash::of_nobody().unwrap();
        let params = argon2::Params::try_from(nobody.phc.as_ref()).unwrap();
        let new = argon2::Params::default();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (new.m_cost(), new.t_cost(), new.p_cost())
        );
        assert_eq!(nobody.phc.algorithm.as_str(), "argon2id");
        assert_eq!(nobody.phc.hash.map(|hash| hash.len()), Some(32));
    }

    #[test]
    fn hashes_of_other_programs_verify() {
        // Made by OpenSSL, and an example of the reference implementation of argon2.
        let cases = [
            (
                "$scrypt$ln=8,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$lMNlIW3F+VdDcT2Q9uqO3gJ8oMaySevGOgInVJp9Z4k",
                "password",
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
                "password",
            ),
        ];
        for (text, password) in cases {
            let Ok(Stored::Hash(hash)) = Stored::parse(text) else { panic!("{text}") };
            assert!(hash.verify(&Secret::new(password)), "{text}");
            assert!(!hash.verify(&Secret::new("other")), "{text}");
        }
    }

    #[test]
    fn what_is_no_stored_password_is_refused_without_showing_it() {
        for text in [
            "",
            "hunter2",
            "{plain}",
            "{plain}\u{7}",
            "$argon2id$",
            "$argon2id$v=19$m=1,t=0,p=9$c29tZXNhbHQ$aaaa",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
            "$bcrypt$hunter2",
            "$2b$12$hunter2",
        ] {
            let reason = Stored::parse(text).unwrap_err();
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }
}
