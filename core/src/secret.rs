//! Credentials.

use core::fmt;

/// A password, token or digest: one that a client sent, lent out of the receive buffer, or one that
/// the caller gave.
///
/// It never prints: `Debug` shows `Secret(..)` in every build profile and there is no `Display`.
/// What a client sent is overwritten as soon as the event that lends it is answered.
#[derive(Clone, Copy)]
pub struct Secret<'a>(&'a str);

impl<'a> Secret<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The credential itself. What becomes of it from here on is the caller's care.
    #[must_use]
    pub const fn expose(self) -> &'a str {
        self.0
    }

    /// Compares in constant time: how long it takes tells nothing but the lengths.
    #[must_use]
    pub fn matches(self, expected: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.0.as_bytes().ct_eq(expected).into()
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
