//! Where in some octets one of them stands.

use super::WIDE;

/// The first place of `wanted`.
pub(crate) fn first(wanted: u8, octets: &[u8]) -> Option<usize> {
    if WIDE {
        memchr::memchr(wanted, octets)
    } else {
        octets.iter().position(|octet| *octet == wanted)
    }
}

/// The last place of `wanted`.
#[cfg(feature = "_scram")]
pub(crate) fn last(wanted: u8, octets: &[u8]) -> Option<usize> {
    if WIDE {
        memchr::memrchr(wanted, octets)
    } else {
        octets.iter().rposition(|octet| *octet == wanted)
    }
}

/// The first place of either.
pub(crate) fn first_of(one: u8, other: u8, octets: &[u8]) -> Option<usize> {
    if WIDE {
        memchr::memchr2(one, other, octets)
    } else {
        octets.iter().position(|octet| *octet == one || *octet == other)
    }
}
