//! The ABNF of RFC 5321 and its extensions, one function a rule, the rule quoted above it.
//!
//! Private: what leaves this module are the types of [`address`](crate::address),
//! [`parameter`](crate::parameter) and [`command`](crate::command).

use nom::IResult;

use octets::take_between;

mod attribute;
mod class;
mod literal;
mod number;
mod octets;
mod parameter;
mod path;
mod reply;

pub(crate) use attribute::xclient_attribute;
pub(crate) use literal::{address_literal, ipv4_address, ipv6_address};
pub(crate) use number::{by_value, date_time, decimal, signed_digit};
pub(crate) use parameter::{addr_type_and_address, esmtp_param, notify_list, utf8_xtext, xtext};
pub(crate) use path::{Path, domain, forward_path, local_part, mailbox, reverse_path};
pub(crate) use reply::reply_line;

/// What a rule gives: the rest and the match. Why it did not match is for the caller to say.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// `verb`: the letters a command begins with.
pub(crate) fn verb(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_between(1, 10, |c: u8| c.is_ascii_alphabetic())(input)
}

/// `sasl-mech = 1*20mech-char`, `mech-char = ALPHA / DIGIT / "-" / "_"` (RFC 4422 section 3.1),
/// in any case.
pub(crate) fn sasl_mech(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_between(1, 20, |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')(input)
}

/// The whole input as one match of `rule`.
pub(crate) fn whole<'a, T>(
    rule: impl FnOnce(&'a [u8]) -> Parsed<'a, T>,
    input: &'a [u8],
) -> Option<T> {
    match rule(input) {
        Ok(([], value)) => Some(value),
        _ => None,
    }
}
