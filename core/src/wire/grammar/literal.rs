//! Address literals (RFC 5321 section 4.1.3).

use nom::Parser;
use nom::combinator::verify;
use nom::sequence::delimited;

use super::Parsed;
use super::class::Class;
use super::octets::{octet, take_while1};

/// `address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
/// General-address-literal ) "]"`: what stands between the brackets.
pub(crate) fn address_literal(input: &[u8]) -> Parsed<'_, &[u8]> {
    // `dcontent = %d33-90 / %d94-126`, which the other two are made of as well.
    let content = take_while1(|c: u8| matches!(c, 33..=90 | 94..=126));
    delimited(octet(b'['), verify(content, is_address), octet(b']')).parse(input)
}

/// `General-address-literal = Standardized-tag ":" 1*dcontent`, `Standardized-tag = Ldh-str`; with the
/// tag `IPv6` it is an `IPv6-address-literal`, and without one an `IPv4-address-literal`.
fn is_address(content: &[u8]) -> bool {
    let Some(at) = content.iter().position(|c| *c == b':') else {
        return ipv4_address(content).is_some();
    };
    let (tag, address) = content.split_at_checked(at).unwrap_or((content, &[]));
    let address = address.get(1..).unwrap_or(&[]);
    if tag.eq_ignore_ascii_case(b"IPv6") {
        return ipv6_address(address).is_some();
    }
    tag.iter().all(|c| Class::LDH.contains(*c))
        && tag.last().is_some_and(|c| *c != b'-')
        && !address.is_empty()
}

/// `IPv4-address-literal = Snum 3("." Snum)`, `Snum = 1*3DIGIT`, a value in the range 0 through 255.
pub(crate) fn ipv4_address(text: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut slots = address.iter_mut();
    for digits in text.split(|c| *c == b'.') {
        *slots.next()? = u8::try_from(number(digits, 3, 10)?).ok()?;
    }
    if slots.next().is_none() { Some(address) } else { None }
}

/// `IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp`: eight groups; or at most six with
/// a `::` that stands for two or more; an IPv4 address may stand for the last two.
pub(crate) fn ipv6_address(text: &[u8]) -> Option<[u16; 8]> {
    let mut address = [0; 8];
    let Some(at) = text.windows(2).position(|pair| pair == b"::") else {
        return if groups(text, &mut address, true)? == 8 { Some(address) } else { None };
    };
    let mut behind = [0; 8];
    let before = groups(text.get(..at)?, &mut address, false)?;
    let after = groups(text.get(at.saturating_add(2)..)?, &mut behind, true)?;
    let (last, first) = (address.iter_mut().rev(), behind.iter().take(after).rev());
    for (segment, group) in last.zip(first) {
        *segment = *group;
    }
    if before.saturating_add(after) <= 6 { Some(address) } else { None }
}

/// `[IPv6-hex *(":" IPv6-hex)]`, `IPv6-hex = 1*4HEXDIG`, of which the last may be an IPv4 address:
/// how many groups there are.
fn groups(text: &[u8], out: &mut [u16; 8], with_ipv4: bool) -> Option<usize> {
    let mut count = 0_usize;
    if text.is_empty() {
        return Some(count);
    }
    let mut parts = text.split(|c| *c == b':').peekable();
    while let Some(part) = parts.next() {
        let slots = out.get_mut(count..)?;
        match (number(part, 4, 16), slots) {
            (Some(group), [slot, ..]) => {
                *slot = group;
                count += 1;
            }
            (None, [first, second, ..]) if with_ipv4 && parts.peek().is_none() => {
                let [a, b, c, d] = ipv4_address(part)?;
                *first = u16::from_be_bytes([a, b]);
                *second = u16::from_be_bytes([c, d]);
                count += 2;
            }
            _ => return None,
        }
    }
    Some(count)
}

/// One to `most` digits in this base.
fn number(digits: &[u8], most: usize, base: u16) -> Option<u16> {
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    digits.iter().try_fold(0_u16, |sum, c| {
        let digit = char::from(*c).to_digit(u32::from(base))?;
        Some(sum.wrapping_mul(base).wrapping_add(digit as u16))
    })
}
