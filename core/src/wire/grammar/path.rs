//! Paths and mailboxes (RFC 5321 section 4.1.2, RFC 6531 section 3.3).

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{value, verify};
use nom::sequence::delimited;

use super::class::Class;
use super::octets::{octet, take_while1, word};
use super::{Parsed, address_literal};
use crate::limits::{DOMAIN_MAX, LABEL_MAX, LOCAL_PART_MAX, PATH_MAX};

/// A path as it stands: the source route is gone, the rest is untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path<'a> {
    /// `<>`
    Null,
    /// `<Postmaster>`, without a domain
    Postmaster,
    /// A mailbox, and where in it the local-part ends.
    Mailbox(&'a [u8], usize),
}

/// `Reverse-path = Path / "<>"`
pub(crate) fn reverse_path(input: &[u8]) -> Parsed<'_, Path<'_>> {
    alt((value(Path::Null, word("<>")), path)).parse(input)
}

/// `Forward-path = Path`, and what RCPT allows besides:
/// `"TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )`
pub(crate) fn forward_path(input: &[u8]) -> Parsed<'_, Path<'_>> {
    let postmaster = delimited(octet(b'<'), word("postmaster"), octet(b'>'));
    alt((path, value(Path::Postmaster, postmaster))).parse(input)
}

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`, at most 256 octets (RFC 5321 section 4.5.3.1.3).
fn path(input: &[u8]) -> Parsed<'_, Path<'_>> {
    let (inside, _) = octet(b'<').parse(input)?;
    let (rest, (text, at)) = mailbox(behind_source_route(inside)?)?;
    let (rest, _) = octet(b'>').parse(rest)?;
    if input.len().saturating_sub(rest.len()) > PATH_MAX {
        return Err(nom::Err::Error(()));
    }
    Ok((rest, Path::Mailbox(text, at)))
}

/// What stands behind `A-d-l ":"`, `A-d-l = At-domain *( "," At-domain )`, `At-domain = "@" Domain`: a
/// source route, which must be accepted and ignored.
fn behind_source_route(mut input: &[u8]) -> Result<&[u8], nom::Err<()>> {
    while let [b'@', at_domain @ ..] = input {
        let (rest, _) = domain(at_domain)?;
        input = match rest {
            [b',', b'@', ..] => rest.get(1..).unwrap_or(&[]),
            [b':', mailbox @ ..] => return Ok(mailbox),
            _ => return Err(nom::Err::Error(())),
        };
    }
    Ok(input)
}

/// `Mailbox = Local-part "@" ( Domain / address-literal )`; also where the local-part ends.
pub(crate) fn mailbox(input: &[u8]) -> Parsed<'_, (&[u8], usize)> {
    let (rest, local) = local_part(input)?;
    let (rest, _) = octet(b'@').parse(rest)?;
    let host = if rest.first() == Some(&b'[') { address_literal } else { domain };
    let (rest, _) = host(rest)?;
    let text = input.get(..input.len().saturating_sub(rest.len())).unwrap_or(&[]);
    Ok((rest, (text, local.len())))
}

/// `Local-part = Dot-string / Quoted-string`, at most 64 octets (RFC 5321 section 4.5.3.1.1).
pub(crate) fn local_part(input: &[u8]) -> Parsed<'_, &[u8]> {
    let local_part = if input.first() == Some(&b'"') { quoted_string } else { dot_string };
    verify(local_part, |local: &[u8]| local.len() <= LOCAL_PART_MAX).parse(input)
}

/// `Dot-string = Atom *("." Atom)`
fn dot_string(input: &[u8]) -> Parsed<'_, &[u8]> {
    let octets = take_while1(|c| Class::ATEXT_DOT.contains(c));
    verify(octets, |local: &[u8]| local.split(|c| *c == b'.').all(|atom| !atom.is_empty()))
        .parse(input)
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`, `QcontentSMTP = qtextSMTP / quoted-pairSMTP`,
/// `qtextSMTP = %d32-33 / %d35-91 / %d93-126 / UTF8-non-ascii`, `quoted-pairSMTP = %d92 %d32-126`
fn quoted_string(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (mut content, _) = octet(b'"').parse(input)?;
    loop {
        content = match content {
            [b'"', rest @ ..] => {
                let string = input.get(..input.len().saturating_sub(rest.len())).unwrap_or(&[]);
                return Ok((rest, string));
            }
            [b'\\', b' '..=b'~', rest @ ..] => rest,
            [b' '..=b'[' | b']'..=b'~' | 128.., rest @ ..] => rest,
            _ => return Err(nom::Err::Error(())),
        };
    }
}

/// `Domain = sub-domain *("." sub-domain)`, at most 255 octets (RFC 5321 section 4.5.3.1.2);
/// `sub-domain = Let-dig [Ldh-str] / U-label`, `Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig`; at
/// most 63 octets (RFC 1035 section 2.3.4).
pub(crate) fn domain(input: &[u8]) -> Parsed<'_, &[u8]> {
    let sub_domain = |label: &[u8]| match label {
        [b'-', ..] | [.., b'-'] | [] => false,
        label => label.len() <= LABEL_MAX,
    };
    verify(take_while1(|c| Class::LDH_UTF8_DOT.contains(c)), |name: &[u8]| {
        name.len() <= DOMAIN_MAX && name.split(|c| *c == b'.').all(sub_domain)
    })
    .parse(input)
}
