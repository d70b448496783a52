//! Numbers and times in parameters. None saturates in silence: what does not fit is no match.

use nom::Parser;
use nom::combinator::{map, map_opt, opt, verify};

use super::Parsed;
use super::octets::{matched, octet, one_of, take_between, take_while1};

/// `1*20DIGIT` (RFC 1870 section 6; RFC 3030 section 2): `None` when it exceeds 64 bits.
pub(crate) fn decimal(input: &[u8]) -> Parsed<'_, Option<u64>> {
    map(take_while1(|c: u8| c.is_ascii_digit()), |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_u64, |sum, c| sum.checked_mul(10)?.checked_add(u64::from(c - b'0')))
    })
    .parse(input)
}

/// `priority-value = (["-"] NZDIGIT) / "0"` (RFC 6710 section 6)
pub(crate) fn signed_digit(input: &[u8]) -> Parsed<'_, i8> {
    let digit = map_opt(one_of(b"0123456789"), |c| i8::try_from(c - b'0').ok());
    let (rest, (sign, value)) = (opt(octet(b'-')), digit).parse(input)?;
    match (sign, value) {
        (Some(_), 0) => Err(nom::Err::Error(())),
        (Some(_), value) => Ok((rest, -value)),
        (None, value) => Ok((rest, value)),
    }
}

/// `by-value = by-time ";" by-mode [by-trace]`, `by-time = ["-" / "+"] 1*9digit`,
/// `by-mode = "N" / "R"`, `by-trace = "T"` (RFC 2852 section 4): seconds, returns, traces.
pub(crate) fn by_value(input: &[u8]) -> Parsed<'_, (i32, bool, bool)> {
    let digits = map_opt(take_between(1, 9, |c: u8| c.is_ascii_digit()), |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_i32, |sum, c| sum.checked_mul(10)?.checked_add(i32::from(c - b'0')))
    });
    let (rest, (sign, seconds)) = (opt(one_of(b"+-")), digits).parse(input)?;
    let (rest, (_, mode, trace)) =
        (octet(b';'), one_of(b"NnRr"), opt(one_of(b"Tt"))).parse(rest)?;
    let seconds = if sign == Some(b'-') { -seconds } else { seconds };
    Ok((rest, (seconds, mode.eq_ignore_ascii_case(&b'R'), trace.is_some())))
}

/// `date-time` in UTC (RFC 4865 section 4, by way of RFC 3339 section 5.6):
/// `full-date "T" partial-time "Z"`, or a numeric offset.
pub(crate) fn date_time(input: &[u8]) -> Parsed<'_, &[u8]> {
    let secfrac = (octet(b'.'), take_while1(|c: u8| c.is_ascii_digit()));
    let date = (digits(4, 0, 9999), octet(b'-'), digits(2, 1, 12), octet(b'-'), digits(2, 1, 31));
    let time = (digits(2, 0, 23), octet(b':'), digits(2, 0, 59), octet(b':'), digits(2, 0, 60));
    let offset = (one_of(b"+-"), digits(2, 0, 23), octet(b':'), digits(2, 0, 59));
    let zone = nom::branch::alt((matched(one_of(b"Zz")), matched(offset)));
    matched((date, one_of(b"Tt"), time, opt(secfrac), zone)).parse(input)
}

/// Exactly `n` digits with a value in the range.
fn digits<'a>(n: usize, least: u16, most: u16) -> impl Parser<&'a [u8], Output = u16, Error = ()> {
    let value = map_opt(take_between(n, n, |c: u8| c.is_ascii_digit()), |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_u16, |sum, c| sum.checked_mul(10)?.checked_add(u16::from(c - b'0')))
    });
    verify(value, move |value| (least..=most).contains(value))
}
