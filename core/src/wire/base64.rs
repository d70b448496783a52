//! base64 (RFC 4648 section 4), strict: padding is required, nothing outside the alphabet is
//! skipped, no bits are left over.
//!
//! The alphabet and its rules are the `base64` crate's. What is ours is to decode where the octets
//! lie, a small chunk at a time, so that a token of 12 KiB needs no second buffer.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const STRICT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(false),
);

/// Encoded octets taken at once; a multiple of four.
const ENCODED: usize = 64;
const DECODED: usize = ENCODED / 4 * 3;

/// The octets are not base64 as RFC 4648 section 4 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// How many octets `n` octets become when encoded.
pub(crate) const fn encoded_len(n: usize) -> usize {
    n.div_ceil(3).saturating_mul(4)
}

/// Decodes `text` into its own front; returns how many octets it became.
pub(crate) fn decode_in_place(text: &mut [u8]) -> Result<usize, Invalid> {
    if !text.len().is_multiple_of(4) {
        return Err(Invalid);
    }
    let (mut read, mut written) = (0, 0);
    while read < text.len() {
        let mut encoded = [0; ENCODED];
        let n = ENCODED.min(text.len() - read);
        let (Some(source), Some(chunk)) = (text.get(read..read + n), encoded.get_mut(..n)) else {
            return Err(Invalid);
        };
        chunk.copy_from_slice(source);
        read += n;
        let mut decoded = [0; DECODED];
        let m = STRICT.decode_slice(chunk, &mut decoded).map_err(|_| Invalid)?;
        // Padding may only stand at the very end, and the crate sees one chunk at a time.
        if read < text.len() && m != DECODED {
            return Err(Invalid);
        }
        let (Some(target), Some(octets)) = (text.get_mut(written..written + m), decoded.get(..m))
        else {
            return Err(Invalid);
        };
        target.copy_from_slice(octets);
        written += m;
        zeroize::Zeroize::zeroize(&mut encoded);
        zeroize::Zeroize::zeroize(&mut decoded);
    }
    Ok(written)
}

/// Encodes `octets` into the front of `out`; `None` when it does not fit.
pub(crate) fn encode(octets: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut written = 0;
    for chunk in octets.chunks(DECODED) {
        let target = out.get_mut(written..written + encoded_len(chunk.len()))?;
        written += STRICT.encode_slice(chunk, target).ok()?;
    }
    Some(written)
}
