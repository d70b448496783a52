//! Attributes of XCLIENT and XFORWARD (Postfix's XCLIENT_README and XFORWARD_README).

use nom::Parser;
use nom::sequence::separated_pair;

use super::octets::{octet, take_while1};
use super::{Parsed, xtext};

/// `attribute-name "=" attribute-value`, the value in xtext.
pub(crate) fn xclient_attribute(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let name = take_while1(|c: u8| c.is_ascii_alphanumeric() || c == b'_');
    separated_pair(name, octet(b'='), xtext).parse(input)
}
