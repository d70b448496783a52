use super::prep::{prepare, prepare_secret};
use super::scram::Made;
use super::{Outcome, Secret, UsersError, historic};
use ehlo::sasl::{DigestMd5Key, NtHash, ScramHash, ScramKeys};
use std::collections::HashMap;
use std::sync::Arc;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Names with passwords and tokens, kept as given: for tests, where every mechanism must work, also those
/// that need the password itself.
#[derive(Clone, Debug, Default)]
pub struct MemoryUsers {
    /// Both in the form SASLprep gives.
    passwords: HashMap<String, Secret>,
    tokens: Vec<(String, Secret)>,
    made: Arc<Made>,
}

impl MemoryUsers {
    /// Nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nobody; with salts (SCRAM) that stay as long as the secret does, as
    /// [`UsersFile::open_salted`](super::UsersFile::open_salted) has it.
    #[must_use]
    pub fn salted(secret: [u8; 32]) -> Self {
        Self { made: Arc::new(Made::of(secret)), ..Self::default() }
    }

    /// Adds a user, or gives it another password. `false` when SASLprep prohibits the name or the password,
    /// or one of them is empty: nothing is added then.
    #[must_use]
    pub fn add_password(&mut self, name: &str, password: &str) -> bool {
        let (Some(name), Some(password)) = (prepare(name), prepare_secret(password)) else {
            return false;
        };
        self.passwords.insert(name.into_owned(), password);
        self.made = Arc::new(self.made.anew());
        true
    }

    /// Adds a token for XOAUTH2 and OAUTHBEARER; a user may have several. `false` when SASLprep prohibits the
    /// name, or name or token is empty.
    #[must_use]
    pub fn add_token(&mut self, name: &str, token: &str) -> bool {
        let Some(name) = prepare(name) else { return false };
        if token.is_empty() {
            return false;
        }
        self.tokens.push((name.into_owned(), Secret::new(token)));
        true
    }

    /// Whether nobody was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.passwords.is_empty() && self.tokens.is_empty()
    }

    /// Whether there is a user of this name, with a password or a token: what EXTERNAL asks.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        prepare(name).is_some_and(|name| {
            self.passwords.contains_key(name.as_ref())
                || self.tokens.iter().any(|(owner, _)| *owner == name)
        })
    }

    /// Checks a password. At once: there is nothing to compute.
    pub fn verify(&self, name: &str, password: &str) -> Outcome {
        let (Some(name), Some(password)) = (prepare(name), prepare_secret(password)) else {
            return Outcome::Rejected;
        };
        Outcome::from_bool(
            self.passwords.get(name.as_ref()).is_some_and(|known| *known == password),
        )
    }

    /// The password of a user, for mechanisms that compute with it.
    #[must_use]
    pub fn plain_password(&self, name: &str) -> Option<Secret> {
        self.passwords.get(prepare(name)?.as_ref()).cloned()
    }

    /// The keys of a user for SCRAM with this hash function. They are made the first time they are asked for, on a
    /// thread for blocking work.
    ///
    /// # Errors
    /// When that can't be done because the program ends: a temporary failure, 454 4.7.0.
    pub async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
    ) -> Result<Option<ScramKeys>, UsersError> {
        let Some(name) = prepare(name) else { return Ok(None) };
        let Some(password) = self.passwords.get(name.as_ref()).cloned() else { return Ok(None) };
        let (name, made) = (name.into_owned(), Arc::clone(&self.made));
        tokio::task::spawn_blocking(move || made.keys(hash, &name, &password))
            .await
            .map_err(|_| UsersError::Internal("the look-up of a user was stopped"))
    }

    /// The key of a user for DIGEST-MD5 in this realm, made of the password.
    #[must_use]
    pub fn digest_md5_key(&self, name: &str, realm: &str) -> Option<DigestMd5Key> {
        let name = prepare(name)?;
        let password = self.passwords.get(name.as_ref())?;
        Some(historic::digest_key(&name, realm, password))
    }

    /// The NT hash of a user's password, for NTLM.
    #[must_use]
    pub fn nt_hash(&self, name: &str) -> Option<NtHash> {
        self.passwords.get(prepare(name)?.as_ref()).map(historic::nt_hash)
    }

    /// Checks that the token belongs to the user of this name.
    pub fn verify_token(&self, name: &str, token: &str) -> Outcome {
        let Some(name) = prepare(name) else { return Outcome::Rejected };
        let mut found = Choice::from(0);
        for (owner, known) in &self.tokens {
            let same = known.expose().as_bytes().ct_eq(token.as_bytes());
            found |= same & Choice::from(u8::from(*owner == name));
        }
        Outcome::from_bool(found.into())
    }

    /// Whose token it is: OAUTHBEARER may leave the name out (RFC 7628 section 3.1).
    #[must_use]
    pub fn token_owner(&self, token: &str) -> Option<&str> {
        // All are compared, so that the time doesn't tell how far down the list the token is.
        let mut found = u64::MAX;
        for (index, (_, known)) in (0_u64..).zip(&self.tokens) {
            let same = known.expose().as_bytes().ct_eq(token.as_bytes());
            found = u64::conditional_select(&found, &index, same);
        }
        let index = usize::try_from(found).ok()?;
        self.tokens.get(index).map(|(owner, _)| owner.as_str())
    }
}
