//! Who may log in, and with what.
//!
//! [`UsersFile`] is a TOML file of names and hashed passwords; [`MemoryUsers`] holds names, passwords and
//! tokens as given, for tests. Both compare names and passwords in the form SASLprep gives them (RFC 4013,
//! as RFC 4616 section 2 asks): names are case-sensitive.
//!
//! ```toml
//! [[user]]
//! name = "me@example.com"
//! password = "$argon2id$v=19$m=19456,t=2,p=1$…"   # or $scrypt$…, or {plain}secret
//! scram = ["SCRAM-SHA-256$15000:salt$StoredKey:ServerKey", "SCRAM-SHA-512$…"]
//! ```
//!
//! SCRAM takes keys of its own, one line for each hash function, beside the hash of the same password: a server
//! can't make them from the hash. [`add_user`] and [`set_password`] write both. Who changes `password` by hand has to
//! take out what else was made of it: that goes on letting the old password in. A `{plain}` user needs none, since they are made from
//! the password.
//!
//! DIGEST-MD5 and NTLM take still other things, which are there for those who ask for them alone: each is as good as the
//! password to whoever logs in by that mechanism, so that such a file is to be kept as one of passwords is.
//!
//! ```toml
//! digest-md5 = ["mail.example.org:5ef…"]   # for each realm, which is the server's host name
//! nt-hash = "8846f7eaee8fb117ad06bdd830b7586c"
//! ```
//!
//! SASLprep is done by the `stringprep` crate: it implements the whole profile, with normalisation, the
//! tables of RFC 3454 and the rule for bidirectional text, has been in wide use since SCRAM came to the
//! PostgreSQL drivers, and returns ASCII unchanged without a copy. A password that can't be prepared is wrong.

mod derived;
mod edit;
mod error;
mod file;
mod form;
mod historic;
mod kept;
mod memory;
pub(crate) mod prep;
mod scram;
mod secret;
mod stored;

pub use edit::{Scheme, Storage, add_user, list_users, set_password};
pub use error::UsersError;
pub use file::UsersFile;
pub use kept::kept_secret;
pub use memory::MemoryUsers;
pub use prep::prepare;
pub(crate) use prep::{prepare_secret, same_name};
pub use scram::ITERATIONS;
pub use secret::Secret;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Name and password, or name and token, belong together.
    Accepted,
    /// They don't, or there is no such user: nobody outside can tell which.
    Rejected,
}

impl Outcome {
    /// Whether the check succeeded.
    #[must_use]
    pub fn is_accepted(self) -> bool {
        self == Self::Accepted
    }

    fn from_bool(accepted: bool) -> Self {
        if accepted { Self::Accepted } else { Self::Rejected }
    }
}

#[cfg(test)]
mod tests;
