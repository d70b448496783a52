//! Parameters of MAIL and RCPT (RFC 5321 section 4.1.2, RFC 3461, RFC 6533).

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{map, opt, verify};
use nom::multi::many0_count;
use nom::sequence::{preceded, separated_pair};

use super::Parsed;
use super::class::Class;
use super::octets::{matched, octet, rest, take_between, take_while1, word};

/// `esmtp-param = esmtp-keyword ["=" esmtp-value]`
pub(crate) fn esmtp_param(input: &[u8]) -> Parsed<'_, (&[u8], Option<&[u8]>)> {
    (esmtp_keyword, opt(preceded(octet(b'='), esmtp_value))).parse(input)
}

/// `esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`
pub(crate) fn esmtp_keyword(input: &[u8]) -> Parsed<'_, &[u8]> {
    verify(take_while1(|c| Class::LDH.contains(c)), |word: &[u8]| {
        word.first().is_some_and(|c| Class::LET_DIG.contains(*c))
    })
    .parse(input)
}

/// `esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)` (RFC 6531 section 3.3)
fn esmtp_value(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|c| Class::VALUE.contains(c)).parse(input)
}

/// `xtext = *( xchar / hexchar )`, `hexchar = "+" 2(%x30-39 / %x41-46)` (RFC 3461 section 4)
pub(crate) fn xtext(input: &[u8]) -> Parsed<'_, &[u8]> {
    let xchar = take_while1(|c| Class::XCHAR.contains(c));
    matched(many0_count(alt((xchar, hexchar)))).parse(input)
}

fn hexchar(input: &[u8]) -> Parsed<'_, &[u8]> {
    let hex = take_between(2, 2, |c: u8| matches!(c, b'0'..=b'9' | b'A'..=b'F'));
    preceded(octet(b'+'), hex).parse(input)
}

/// `utf-8-addr-unitext` and `utf-8-addr-xtext` (RFC 6533 section 3): as xtext, with characters
/// outside ASCII and `\x{HEX}` as they stand.
pub(crate) fn utf8_xtext(input: &[u8]) -> Parsed<'_, &[u8]> {
    let qchar =
        take_while1(|c: u8| (matches!(c, b'!'..=b'~') && c != b'+' && c != b'=') || !c.is_ascii());
    matched(many0_count(alt((qchar, hexchar)))).parse(input)
}

/// `original-recipient-address = addr-type ";" xtext` (RFC 3461 section 4.2): both halves, the
/// second not looked at, since its form depends on the first.
pub(crate) fn addr_type_and_address(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let addr_type = take_while1(|c: u8| Class::ATEXT.contains(c) && c.is_ascii());
    separated_pair(addr_type, octet(b';'), rest).parse(input)
}

/// `notify-esmtp-value = "NEVER" / (notify-list-element *("," notify-list-element))`,
/// `notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"` (RFC 3461 section 4.1): which of the
/// three were named; none is NEVER.
pub(crate) fn notify_list(input: &[u8]) -> Parsed<'_, [bool; 3]> {
    if let Ok((rest, _)) = never(input) {
        return Ok((rest, [false; 3]));
    }
    let (mut rest, first) = notify_list_element(input)?;
    let mut named = [first == 0, first == 1, first == 2];
    while let Some(behind) = rest.strip_prefix(b",") {
        let (next, element) = notify_list_element(behind)?;
        if let Some(flag) = named.get_mut(element) {
            *flag = true;
        }
        rest = next;
    }
    Ok((rest, named))
}

fn never(input: &[u8]) -> Parsed<'_, &[u8]> {
    word("NEVER").parse(input)
}

fn notify_list_element(input: &[u8]) -> Parsed<'_, usize> {
    let element = |name: &'static str, index: usize| map(word(name), move |_: &[u8]| index);
    alt((element("SUCCESS", 0), element("FAILURE", 1), element("DELAY", 2))).parse(input)
}
