//! What the nonces of a client are made of.

use core::fmt;

/// What the nonces of a client are made of.
#[derive(Clone, Copy, Default)]
pub(crate) struct NonceSeed(pub(crate) [u8; 16]);

impl fmt::Debug for NonceSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceSeed(..)")
    }
}
