//! base64 (RFC 4648 section 4), strict: padding is required, nothing outside the alphabet is
//! skipped, no bits are left over.
//!
//! Encoding is the `base64` crate's. Decoding is our own, four octets at a time where they lie, so
//! that a token of 12 KiB needs no second buffer: the crate's decoder keeps a bounds check that the
//! optimiser can't prove away, and with it a panic path in every firmware. The crate, set as strict,
//! is what the tests compare it with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{WIDE, copy};

/// The octets are not base64 as RFC 4648 section 4 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// An octet that is not in the alphabet.
const NONE: u8 = 0xff;

/// The six bits of each octet of the alphabet.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut rest: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while let [octet, behind @ ..] = rest {
        #[allow(
            clippy::indexing_slicing,
            reason = "an octet is below 256, and this runs when built"
        )]
        {
            values[*octet as usize] = value;
        }
        value += 1;
        rest = behind;
    }
    values
};

/// How many octets `n` octets become when encoded.
pub(crate) const fn encoded_len(n: usize) -> usize {
    n.div_ceil(3).saturating_mul(4)
}

/// Octets of text decoded at once, while they can't be the last ones.
const BLOCK: usize = 64;

/// Decodes `text` into its own front; returns how many octets it became.
pub(crate) fn decode_in_place(text: &mut [u8]) -> Result<usize, Invalid> {
    if !text.len().is_multiple_of(4) {
        return Err(Invalid);
    }
    let (mut read, mut written) = (0_usize, 0_usize);
    // What the last four octets are is known only when all others are gone.
    while WIDE && text.len() > read.saturating_add(BLOCK) {
        let block = text.get(read..).and_then(<[u8]>::first_chunk::<BLOCK>).ok_or(Invalid)?;
        let decoded = decode_block(block)?;
        copy(text.get_mut(written..).unwrap_or(&mut []), &decoded);
        read = read.saturating_add(BLOCK);
        written = written.saturating_add(decoded.len());
    }
    while let Some(&[a, b, c, d]) = text.get(read..read.saturating_add(4)) {
        read = read.saturating_add(4);
        let last = read == text.len();
        // The `=` stand for zero bits, and only at the very end (RFC 4648 section 4).
        let (octets, padding) = match (c, d) {
            (b'=', b'=') if last => (quad(a, b, b'A', b'A')?, 2),
            (_, b'=') if last => (quad(a, b, c, b'A')?, 1),
            _ => (quad(a, b, c, d)?, 0),
        };
        let [first, second, third] = octets;
        // Bits that stand for nothing have to be zero (RFC 4648 section 3.5).
        if (padding > 0 && third != 0) || (padding > 1 && second != 0) {
            return Err(Invalid);
        }
        if let Some([x, y, z]) = text.get_mut(written..written.saturating_add(3)) {
            (*x, *y, *z) = (first, second, third);
        }
        written = written.saturating_add(3 - padding);
    }
    Ok(written)
}

/// Whether `text` stands for exactly these octets.
#[cfg(feature = "_scram")]
pub(crate) fn says(text: &[u8], octets: impl Iterator<Item = u8>) -> bool {
    let mut octets = octets;
    let mut padded = false;
    for chunk in text.chunks(4) {
        let mut four = [0; 4];
        copy(&mut four, chunk);
        let text = four.get_mut(..chunk.len()).unwrap_or(&mut []);
        let Ok(length) = decode_in_place(text) else { return false };
        let decoded = text.get(..length).unwrap_or(&[]);
        // Padding may only stand at the very end.
        if padded || !decoded.iter().all(|octet| octets.next() == Some(*octet)) {
            return false;
        }
        padded = length < 3;
    }
    octets.next().is_none()
}

/// A block without padding.
fn decode_block(block: &[u8; BLOCK]) -> Result<[u8; BLOCK / 4 * 3], Invalid> {
    let mut decoded = [0; BLOCK / 4 * 3];
    let mut seen = 0;
    let (quads, triples) = (block.as_chunks::<4>().0, decoded.as_chunks_mut::<3>().0);
    for (&[a, b, c, d], triple) in quads.iter().zip(triples) {
        let (a, b, c, d) = (value(a), value(b), value(c), value(d));
        seen |= a | b | c | d;
        *triple = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    // A value has six bits, so a seventh shows the one that is none.
    if seen > 63 { Err(Invalid) } else { Ok(decoded) }
}

/// The six bits of an octet of the alphabet.
fn value(octet: u8) -> u8 {
    if !WIDE {
        return match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => NONE,
        };
    }
    VALUES.get(usize::from(octet)).copied().unwrap_or(NONE)
}

/// Four octets of the alphabet as three.
fn quad(a: u8, b: u8, c: u8, d: u8) -> Result<[u8; 3], Invalid> {
    let (a, b, c, d) = (value(a), value(b), value(c), value(d));
    if (a | b | c | d) > 63 {
        return Err(Invalid);
    }
    Ok([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d])
}

/// Encodes `octets` into the front of `out`; `None` when it does not fit.
pub(crate) fn encode(octets: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut written = 0_usize;
    // Three at a time, so that the crate's own loops are of a length the optimiser knows.
    for chunk in octets.chunks(3) {
        let mut three = [0; 3];
        copy(&mut three, chunk);
        let mut four = [b'='; 4];
        STANDARD.encode_slice(three, &mut four).ok()?;
        // Octets that were not there are padding.
        if chunk.len() < 3 {
            four[3] = b'=';
        }
        if chunk.len() < 2 {
            four[2] = b'=';
        }
        copy(out.get_mut(written..written.saturating_add(4))?, &four);
        written = written.saturating_add(4);
    }
    Some(written)
}

/// Encodes the first `n` octets of a buffer where they lie; `None` when it is too small, and then
/// nothing has changed. From the end to the front, so that no octet is overwritten before it is
/// read.
pub(crate) fn encode_in_place(buffer: &mut [u8], n: usize) -> Option<usize> {
    let encoded = encoded_len(n);
    if encoded > buffer.len() {
        return None;
    }
    for chunk in (0..n.div_ceil(3)).rev() {
        let from = chunk.checked_mul(3)?;
        let mut three = [0; 3];
        let octets = buffer.get(from..n.min(from.checked_add(3)?))?;
        let length = octets.len();
        copy(&mut three, octets);
        let mut four = [0; 4];
        encode(three.get(..length)?, &mut four)?;
        let to = chunk.checked_mul(4)?;
        copy(buffer.get_mut(to..to.checked_add(4)?)?, &four);
    }
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate alloc;
    use alloc::vec::Vec;
    use base64::alphabet;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

    /// The crate, as strict as it can be.
    const ORACLE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
            .with_decode_allow_trailing_bits(false),
    );

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut octets = text.to_vec();
        let n = decode_in_place(&mut octets).ok()?;
        octets.truncate(n);
        Some(octets)
    }

    fn agrees_with_the_crate(text: &[u8]) {
        let mut out = [0; 64];
        let expected = ORACLE.decode_slice(text, &mut out).ok().map(|n| out[..n].to_vec());
        assert_eq!(decoded(text), expected, "{}", text.escape_ascii());
    }

    #[test]
    fn every_last_quad_of_a_small_alphabet_decodes_as_the_crate_does() {
        let some = b"AQgwBZ+/9=-_ \n";
        for (a, b) in some.iter().flat_map(|a| some.iter().map(move |b| (*a, *b))) {
            for (c, d) in some.iter().flat_map(|c| some.iter().map(move |d| (*c, *d))) {
                agrees_with_the_crate(&[a, b, c, d]);
                agrees_with_the_crate(&[b'Z', b'm', b'9', b'v', a, b, c, d]);
                agrees_with_the_crate(&[a, b, c, d, b'Z', b'm', b'9', b'v']);
            }
        }
    }

    #[test]
    fn every_octet_is_in_the_alphabet_or_not() {
        for octet in 0..=255 {
            agrees_with_the_crate(&[b'A', octet, b'A', b'A']);
        }
    }

    #[test]
    fn what_is_encoded_decodes() {
        let octets: Vec<u8> = (0..=255).collect();
        for n in 0..octets.len() {
            let mut out = [0; 400];
            let length = encode(&octets[..n], &mut out).unwrap();
            assert_eq!(length, encoded_len(n));
            assert_eq!(decoded(&out[..length]).unwrap(), &octets[..n]);
            assert!(n == 0 || encode(&octets[..n], &mut out[..length - 1]).is_none());
            let mut buffer = [0; 400];
            buffer[..n].copy_from_slice(&octets[..n]);
            assert!(n == 0 || encode_in_place(&mut buffer[..length - 1], n).is_none());
            assert_eq!(encode_in_place(&mut buffer, n), Some(length));
            assert_eq!(&buffer[..length], &out[..length]);
        }
    }
}
