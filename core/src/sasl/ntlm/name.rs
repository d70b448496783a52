//! Text as NTLM has it: UTF-16, little-endian.

use core::fmt;

use crate::sasl::server::Malformed;
use crate::wire::print::LineWriter;

/// A text in UTF-16, lent out of a message: whole characters, and no control character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Utf16<'a>(&'a [u8]);

impl<'a> Utf16<'a> {
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, Malformed> {
        let whole = octets.len().is_multiple_of(2);
        let sound = char::decode_utf16(units(octets)).all(|c| c.is_ok_and(|c| !c.is_control()));
        if whole && sound { Ok(Self(octets)) } else { Err(Malformed) }
    }

    /// Its characters.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        char::decode_utf16(units(self.0)).map(|c| c.unwrap_or('\u{fffd}'))
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

fn units(octets: &[u8]) -> impl Iterator<Item = u16> + '_ {
    octets.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    })
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
pub(super) fn length(text: &str) -> usize {
    text.chars().map(|c| c.len_utf16().saturating_mul(2)).sum()
}

/// Writes a text in UTF-16.
pub(super) fn write(text: &str, out: &mut LineWriter<'_>) {
    encode(text.chars(), &mut |octets| out.octets(octets));
}

impl PartialEq<str> for Utf16<'_> {
    fn eq(&self, text: &str) -> bool {
        self.chars().eq(text.chars())
    }
}

impl fmt::Display for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.chars().try_for_each(|c| f.write_char(c))
    }
}

impl fmt::Debug for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
