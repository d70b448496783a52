//! A password against SCRAM's keys, in slices: thousands of hashes, and other sessions want to go on.

use ehlo::Secret;
use ehlo::sasl::{Derivation, ScramHash, ScramKeys};
use ehlo::server::Identity;
use subtle::ConstantTimeEq;

use crate::users::{self, ITERATIONS, User};

/// Iterations at a time: a few milliseconds of a Cortex-M3.
const SLICE: u32 = 32;

/// Who nobody is checked against, so that a user who doesn't exist takes as long as one who does.
const NOBODY: [u8; 16] = [0; 16];

/// A password that is being checked.
pub(crate) struct Check {
    user: Option<(u32, &'static User)>,
    derivation: Derivation,
}

impl Check {
    pub(crate) fn new(username: &str, password: Secret<'_>) -> Self {
        let user = users::find(|name| name == username);
        let keys = user.and_then(|(_, user)| user.scram());
        let salt = keys.as_ref().map_or(NOBODY.as_slice(), ScramKeys::salt);
        let password = password.expose().as_bytes();
        Self { user, derivation: Derivation::new(ScramHash::Sha256, password, salt, ITERATIONS) }
    }

    /// Goes on for a slice; whether it is done.
    pub(crate) fn run(&mut self) -> bool {
        self.derivation.run(SLICE)
    }

    /// Who has logged in, if the password is right.
    pub(crate) fn verdict(&self) -> Option<Identity> {
        let (number, user) = self.user?;
        let keys = user.scram()?;
        let made = ScramKeys::finish(&self.derivation, keys.salt(), ITERATIONS).ok()?;
        bool::from(made.stored_key().ct_eq(keys.stored_key())).then_some(Identity(number))
    }
}
