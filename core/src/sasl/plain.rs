//! PLAIN (RFC 4616).

use super::server::{Malformed, Password, name};
use crate::secret::Secret;

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd`, each of `1*SAFE` (RFC 4616 section 2):
/// exactly two NULs, no empty user or password.
pub(super) fn read(message: &[u8]) -> Result<Password<'_>, Malformed> {
    let mut parts = message.split(|octet| *octet == 0);
    let (Some(authzid), Some(authcid), Some(passwd), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Malformed);
    };
    let authorization_identity = if authzid.is_empty() { None } else { Some(name(authzid)?) };
    let (username, password) = (name(authcid)?, Secret::new(name(passwd)?));
    Ok(Password { authorization_identity, username, password })
}
