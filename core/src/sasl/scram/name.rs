//! Names in SCRAM messages.

use core::fmt;

use crate::sasl::server::Malformed;

/// A name as it stands in a message: `,` is `=2C` and `=` is `=3D` (RFC 5802 section 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SaslName<'a>(&'a str);

impl<'a> SaslName<'a> {
    /// `saslname = 1*(value-safe-char / "=2C" / "=3D")`
    pub(crate) fn read(octets: &'a [u8]) -> Result<Self, Malformed> {
        let text = crate::sasl::server::name(octets)?;
        let mut rest = octets;
        while let Some((first, behind)) = rest.split_first() {
            rest = match first {
                b'=' => behind
                    .strip_prefix(b"2C")
                    .or_else(|| behind.strip_prefix(b"3D"))
                    .ok_or(Malformed)?,
                b',' => return Err(Malformed),
                _ => behind,
            };
        }
        Ok(Self(text))
    }

    /// As it stands in the message. Without an `=` in it, that is the name itself.
    #[must_use]
    pub const fn as_encoded(self) -> &'a str {
        self.0
    }

    /// The characters of the name.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut chars = self.0.chars();
        core::iter::from_fn(move || match chars.next()? {
            '=' => match (chars.next(), chars.next()) {
                (Some('2'), _) => Some(','),
                _ => Some('='),
            },
            c => Some(c),
        })
    }
}

impl PartialEq<str> for SaslName<'_> {
    fn eq(&self, name: &str) -> bool {
        self.chars().eq(name.chars())
    }
}

impl fmt::Display for SaslName<'_> {
    /// The name itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.chars().try_for_each(|c| f.write_char(c))
    }
}

impl fmt::Debug for SaslName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}
