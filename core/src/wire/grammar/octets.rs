//! The smallest parsers: the terminals of the ABNF.
//!
//! They stand in for nom's own because nom cuts its input by index, and an index is a panic path
//! that stays in the program at the optimisation levels firmware is built with. What is built on
//! top of them is nom's.

use nom::Parser;

use super::Parsed;

/// Splits the input, or there is no match.
fn cut(input: &[u8], at: usize) -> Parsed<'_, &[u8]> {
    match input.split_at_checked(at) {
        Some((head, rest)) => Ok((rest, head)),
        None => Err(nom::Err::Error(())),
    }
}

/// How many octets at the front satisfy the condition.
fn run(input: &[u8], condition: impl Fn(u8) -> bool) -> usize {
    input.iter().position(|octet| !condition(*octet)).unwrap_or(input.len())
}

/// `1*octet`
pub(super) fn take_while1<'a>(
    condition: impl Fn(u8) -> bool,
) -> impl Fn(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    take_between(1, usize::MAX, condition)
}

/// `least*most octet`
pub(super) fn take_between<'a>(
    least: usize,
    most: usize,
    condition: impl Fn(u8) -> bool,
) -> impl Fn(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    move |input| match run(input, &condition).min(most) {
        n if n < least => Err(nom::Err::Error(())),
        n => cut(input, n),
    }
}

/// One octet that satisfies the condition.
pub(super) fn satisfy<'a>(condition: impl Fn(u8) -> bool) -> impl Fn(&'a [u8]) -> Parsed<'a, u8> {
    move |input| match input.split_first() {
        Some((first, rest)) if condition(*first) => Ok((rest, *first)),
        _ => Err(nom::Err::Error(())),
    }
}

/// This octet.
pub(super) fn octet<'a>(wanted: u8) -> impl Fn(&'a [u8]) -> Parsed<'a, u8> {
    satisfy(move |octet| octet == wanted)
}

/// One of these octets.
pub(super) fn one_of<'a>(wanted: &'static [u8]) -> impl Fn(&'a [u8]) -> Parsed<'a, u8> {
    satisfy(move |octet| wanted.contains(&octet))
}

/// This word, in any case, as ABNF has it (RFC 5234 section 2.3).
pub(super) fn word<'a>(wanted: &'static str) -> impl Fn(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    move |input| {
        let (rest, found) = cut(input, wanted.len())?;
        if found.eq_ignore_ascii_case(wanted.as_bytes()) {
            Ok((rest, found))
        } else {
            Err(nom::Err::Error(()))
        }
    }
}

/// Everything that is left.
pub(super) fn rest(input: &[u8]) -> Parsed<'_, &[u8]> {
    Ok((&[], input))
}

/// The octets a rule has matched.
pub(super) fn matched<'a, P>(mut rule: P) -> impl FnMut(&'a [u8]) -> Parsed<'a, &'a [u8]>
where
    P: Parser<&'a [u8], Error = ()>,
{
    move |input| {
        let (rest, _) = rule.parse(input)?;
        cut(input, input.len().saturating_sub(rest.len()))
    }
}
