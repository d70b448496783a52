//! The message about security layers, once it is unwrapped (RFC 4752 sections 3.1 and 3.2): an octet of
//! bits, three octets that are a size, and from the client the authorization identity.

use super::{Error, IDENTITY_MAX};
use crate::wire::words;

/// No security layer (RFC 4752 section 3.3). The other two are integrity and confidentiality.
const NONE: u8 = 1;

/// No security layer and, as it has to be then, no octets: what the server offers and the client chooses.
pub(super) const CHOICE: [u8; 4] = [NONE, 0, 0, 0];

/// The bits, the size and what follows them.
fn split(plaintext: &[u8]) -> Result<(u8, [u8; 3], &[u8]), Error> {
    match plaintext.split_first_chunk() {
        Some((&[bits, a, b, c], rest)) => Ok((bits, [a, b, c], rest)),
        None => Err(Error::Malformed),
    }
}

/// Sees that what the server offers can be chosen of. The size of messages it takes is for layers that
/// are not chosen, and is not looked at: it should be zero where there are none, and with Dovecot it isn't.
pub(super) fn read_offer(plaintext: &[u8]) -> Result<(), Error> {
    match split(plaintext)? {
        (_, _, [_, ..]) => Err(Error::Malformed),
        (bits, ..) if bits & NONE == 0 => Err(Error::Layer),
        _ => Ok(()),
    }
}

/// Reads what the client has chosen: its authorization identity, where it has one.
pub(super) fn read_choice(plaintext: &[u8]) -> Result<Option<&str>, Error> {
    let (bits, size, identity) = split(plaintext)?;
    if bits != NONE {
        return Err(Error::Layer);
    }
    if size != [0; 3] {
        return Err(Error::Size);
    }
    if identity.is_empty() {
        return Ok(None);
    }
    let identity = core::str::from_utf8(identity).map_err(|_| Error::Identity)?;
    check_identity(identity).map(|()| Some(identity))
}

/// Sees that somebody can be acted as.
pub(super) fn check_identity(identity: &str) -> Result<(), Error> {
    let bad = identity.is_empty() || identity.len() > IDENTITY_MAX || words::has_control(identity);
    if bad { Err(Error::Identity) } else { Ok(()) }
}
