//! Reply lines (RFC 5321 section 4.2).

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{eof, map_opt, value};
use nom::sequence::pair;

use super::Parsed;
use super::octets::{octet, rest, take_between};
use crate::reply::ReplyCode;

/// `Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF`: one of
/// its lines without the CRLF; whether it is the last one, and its text.
pub(crate) fn reply_line(input: &[u8]) -> Parsed<'_, (ReplyCode, bool, &[u8])> {
    // The space before a text that is not there may be missing, and before one that is may not.
    let separator = alt((value(false, octet(b'-')), value(true, octet(b' ')), value(true, eof)));
    let (behind, (code, last)) = pair(reply_code, separator).parse(input)?;
    let (behind, text) = rest(behind)?;
    Ok((behind, (code, last, text)))
}

/// `Reply-code = %x32-35 %x30-35 %x30-39`, with any second digit: see [`ReplyCode::received`].
fn reply_code(input: &[u8]) -> Parsed<'_, ReplyCode> {
    map_opt(take_between(3, 3, |c: u8| c.is_ascii_digit()), |digits: &[u8]| {
        let value = digits.iter().fold(0_u16, |sum, c| sum * 10 + u16::from(c - b'0'));
        ReplyCode::received(value)
    })
    .parse(input)
}
