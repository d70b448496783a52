//! Digests in lower-case hexadecimal.

/// Hexadecimal digits of an MD5 digest.
pub(super) const HEX: usize = 32;

/// A digest in hexadecimal.
pub(super) fn hexadecimal(digest: &[u8; 16]) -> [u8; HEX] {
    let mut hex = [0; HEX];
    for (pair, octet) in hex.chunks_exact_mut(2).zip(digest) {
        for (digit, value) in pair.iter_mut().zip([octet >> 4, octet & 15]) {
            *digit = if value < 10 { b'0' + value } else { b'a' - 10 + value };
        }
    }
    hex
}
