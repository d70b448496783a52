//! LOGIN (draft-murchison-sasl-login): the username, then the password.

use super::server::{Malformed, Password, name};
use crate::secret::Secret;

pub(super) fn read<'a>(username: &'a [u8], password: &'a [u8]) -> Result<Password<'a>, Malformed> {
    Ok(Password {
        authorization_identity: None,
        username: name(username)?,
        password: Secret::new(name(password)?),
    })
}
