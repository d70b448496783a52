//! PLAIN (RFC 4616).

use super::client::Exchange;
use super::server::{Malformed, Password, name};
use crate::secret::Secret;
use crate::wire::find;
use crate::wire::print::{LineWriter, Sink as _};

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd`, each of `1*SAFE` (RFC 4616 section 2):
/// exactly two NULs, no empty user or password.
pub(super) fn read(message: &[u8]) -> Result<Password<'_>, Malformed> {
    let (authzid, rest) = split(message).ok_or(Malformed)?;
    let (authcid, passwd) = split(rest).ok_or(Malformed)?;
    let authorization_identity = if authzid.is_empty() { None } else { Some(name(authzid)?) };
    let (username, password) = (name(authcid)?, Secret::new(name(passwd)?));
    Ok(Password { authorization_identity, username, password })
}

/// What stands before and behind the first NUL. A third NUL is found when the password is read.
fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, tail) = octets.split_at_checked(find::first(0, octets)?)?;
    Some((head, tail.get(1..)?))
}

/// The client's only message.
pub(super) fn write(exchange: &Exchange<'_>, out: &mut LineWriter<'_>) {
    let credentials = &exchange.credentials;
    out.text(credentials.authorization_identity.unwrap_or_default());
    out.octets(&[0]);
    out.text(credentials.username);
    out.octets(&[0]);
    out.text(credentials.password.map_or("", Secret::expose));
}
