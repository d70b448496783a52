//! Names as NTLM has them: in UTF-16, little-endian; or in an octet for each character, which is of
//! ASCII here, where the client speaks no Unicode.

use core::fmt;

use crate::sasl::server::Malformed;
use crate::wire::print::LineWriter;

/// A name lent out of an NTLM message: whole characters, and no control character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NtlmName<'a> {
    octets: &'a [u8],
    charset: Charset,
}

/// How a message has its names (MS-NLMP section 2.2.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Unicode,
    /// Some code page; only what they all have in common is understood.
    Oem,
}

impl<'a> NtlmName<'a> {
    pub(super) fn read(octets: &'a [u8], charset: Charset) -> Result<Self, Malformed> {
        let name = Self { octets, charset };
        let whole = charset == Charset::Oem || octets.len().is_multiple_of(2);
        let known = charset == Charset::Unicode || octets.is_ascii();
        let sound = char::decode_utf16(name.units()).all(|c| c.is_ok_and(|c| !c.is_control()));
        if whole && known && sound { Ok(name) } else { Err(Malformed) }
    }

    /// Its characters.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        char::decode_utf16(self.units()).map(|c| c.unwrap_or('\u{fffd}'))
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.octets.is_empty()
    }

    fn units(self) -> impl Iterator<Item = u16> + 'a {
        let width = match self.charset {
            Charset::Unicode => 2,
            Charset::Oem => 1,
        };
        let mut rest = self.octets;
        core::iter::from_fn(move || {
            let (unit, behind) = rest.split_at_checked(width)?;
            rest = behind;
            match unit {
                [low, high] => Some(u16::from_le_bytes([*low, *high])),
                [octet] => Some(u16::from(*octet)),
                _ => None,
            }
        })
    }
}

/// Gives the octets of a text in UTF-16.
pub(super) fn encode(chars: impl Iterator<Item = char>, out: &mut dyn FnMut(&[u8])) {
    for c in chars {
        for unit in c.encode_utf16(&mut [0; 2]) {
            out(&unit.to_le_bytes());
        }
    }
}

/// Octets a text has in UTF-16.
pub(super) fn utf16_length(text: &str) -> usize {
    text.chars().map(|c| c.len_utf16().saturating_mul(2)).sum()
}

/// Writes a text in UTF-16.
pub(super) fn write_utf16(text: &str, out: &mut LineWriter<'_>) {
    encode(text.chars(), &mut |octets| out.octets(octets));
}

impl PartialEq<str> for NtlmName<'_> {
    fn eq(&self, text: &str) -> bool {
        self.chars().eq(text.chars())
    }
}

impl fmt::Display for NtlmName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.chars().try_for_each(|c| f.write_char(c))
    }
}

impl fmt::Debug for NtlmName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
