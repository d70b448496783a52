//! Address literals (RFC 5321 section 4.1.3).

use core::net::{Ipv4Addr, Ipv6Addr};

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{map, map_opt, verify};
use nom::sequence::{delimited, preceded, terminated};

use super::Parsed;
use super::class::Class;
use super::octets::{matched, octet, take_between, take_while1, word};

/// `address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
/// General-address-literal ) "]"`
pub(crate) fn address_literal(input: &[u8]) -> Parsed<'_, &[u8]> {
    let ipv4 = map(ipv4_address, |_| ());
    let ipv6 = map(preceded(word("IPv6:"), ipv6_text), |_| ());
    let content = alt((ipv4, ipv6, general_address_literal));
    matched(delimited(octet(b'['), content, octet(b']'))).parse(input)
}

/// `IPv4-address-literal = Snum 3("." Snum)`
pub(crate) fn ipv4_address(input: &[u8]) -> Parsed<'_, Ipv4Addr> {
    let octet = || terminated(snum, octet(b'.'));
    map((octet(), octet(), octet(), snum), |(a, b, c, d)| Ipv4Addr::new(a, b, c, d)).parse(input)
}

/// `Snum = 1*3DIGIT`, a decimal value in the range 0 through 255.
fn snum(input: &[u8]) -> Parsed<'_, u8> {
    map_opt(take_between(1, 3, |c: u8| c.is_ascii_digit()), |digits: &[u8]| {
        digits.iter().try_fold(0_u8, |sum, c| sum.checked_mul(10)?.checked_add(c - b'0'))
    })
    .parse(input)
}

/// `General-address-literal = Standardized-tag ":" 1*dcontent`,
/// `Standardized-tag = Ldh-str`, `dcontent = %d33-90 / %d94-126`. A tag of `IPv6` is not general.
fn general_address_literal(input: &[u8]) -> Parsed<'_, ()> {
    let tag = verify(take_while1(|c: u8| Class::LDH.contains(c)), |tag: &[u8]| {
        tag.last().is_some_and(|c| *c != b'-') && !tag.eq_ignore_ascii_case(b"IPv6")
    });
    let dcontent = take_while1(|c: u8| matches!(c, 33..=90 | 94..=126));
    map((tag, octet(b':'), dcontent), |_| ()).parse(input)
}

/// `IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp`, `IPv6-hex = 1*4HEXDIG`: eight
/// groups; or at most six with a `::` that stands for two or more; an IPv4 address may stand for
/// the last two.
pub(crate) fn ipv6_text(input: &[u8]) -> Parsed<'_, Ipv6Addr> {
    let mut before = Groups::default();
    let mut after = Groups::default();
    let mut rest = groups(input, &mut before)?;
    let mut compressed = false;
    if let Some(behind) = rest.strip_prefix(b"::").filter(|_| !before.ends_with_ipv4) {
        compressed = true;
        rest = groups(behind, &mut after)?;
    }
    let count = before.len.saturating_add(after.len);
    let fits = if compressed { count <= 6 } else { count == 8 };
    if !fits {
        return Err(nom::Err::Error(()));
    }
    let mut segments = [0_u16; 8];
    for (segment, group) in segments.iter_mut().zip(before.values.iter().take(before.len)) {
        *segment = *group;
    }
    let tail = segments.iter_mut().rev().zip(after.values.iter().take(after.len).rev());
    for (segment, group) in tail {
        *segment = *group;
    }
    let [a, b, c, d, e, f, g, h] = segments;
    Ok((rest, Ipv6Addr::new(a, b, c, d, e, f, g, h)))
}

/// Up to eight groups of sixteen bits.
#[derive(Default)]
struct Groups {
    values: [u16; 8],
    len: usize,
    ends_with_ipv4: bool,
}

impl Groups {
    fn push(&mut self, value: u16) -> Result<(), nom::Err<()>> {
        let slot = self.values.get_mut(self.len).ok_or(nom::Err::Error(()))?;
        *slot = value;
        self.len += 1;
        Ok(())
    }
}

/// `[IPv6-hex *(":" IPv6-hex)]`, of which the last may be `IPv4-address-literal`.
fn groups<'a>(mut rest: &'a [u8], found: &mut Groups) -> Result<&'a [u8], nom::Err<()>> {
    loop {
        if let Ok((behind, address)) = ipv4_address(rest) {
            let [a, b, c, d] = address.octets();
            found.push(u16::from_be_bytes([a, b]))?;
            found.push(u16::from_be_bytes([c, d]))?;
            found.ends_with_ipv4 = true;
            return Ok(behind);
        }
        let (behind, group) = match ipv6_hex(rest) {
            Ok(found) => found,
            Err(_) if found.len == 0 => return Ok(rest),
            // A group follows each colon.
            Err(error) => return Err(error),
        };
        found.push(group)?;
        match behind.strip_prefix(b":") {
            Some(next) if !next.starts_with(b":") => rest = next,
            _ => return Ok(behind),
        }
    }
}

/// `IPv6-hex = 1*4HEXDIG`
fn ipv6_hex(input: &[u8]) -> Parsed<'_, u16> {
    map_opt(take_between(1, 4, |c: u8| c.is_ascii_hexdigit()), |digits: &[u8]| {
        digits.iter().try_fold(0_u16, |sum, c| {
            let digit = char::from(*c).to_digit(16).and_then(|d| u16::try_from(d).ok())?;
            sum.checked_mul(16)?.checked_add(digit)
        })
    })
    .parse(input)
}
