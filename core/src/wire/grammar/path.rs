//! Paths and mailboxes (RFC 5321 section 4.1.2, RFC 6531 section 3.3).

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{opt, value, verify};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded, terminated};

use super::class::Class;
use super::octets::{matched, octet, satisfy, take_while, take_while1, word};
use super::{Parsed, address_literal, atom};
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
    let content = preceded(opt(terminated(a_d_l, octet(b':'))), mailbox);
    let (rest, (text, at)) = delimited(octet(b'<'), content, octet(b'>')).parse(input)?;
    if input.len() - rest.len() > PATH_MAX {
        return Err(nom::Err::Error(()));
    }
    Ok((rest, Path::Mailbox(text, at)))
}

/// `A-d-l = At-domain *( "," At-domain )`: a source route, which must be accepted and ignored.
fn a_d_l(input: &[u8]) -> Parsed<'_, &[u8]> {
    matched((at_domain, many0_count((octet(b','), at_domain)))).parse(input)
}

/// `At-domain = "@" Domain`
fn at_domain(input: &[u8]) -> Parsed<'_, &[u8]> {
    preceded(octet(b'@'), domain).parse(input)
}

/// `Mailbox = Local-part "@" ( Domain / address-literal )`; also where the local-part ends.
pub(crate) fn mailbox(input: &[u8]) -> Parsed<'_, (&[u8], usize)> {
    let (rest, local) = local_part(input)?;
    let (rest, _) = octet(b'@').parse(rest)?;
    let (rest, _) = alt((domain, address_literal)).parse(rest)?;
    let text = input.get(..input.len() - rest.len()).unwrap_or(&[]);
    Ok((rest, (text, local.len())))
}

/// `Local-part = Dot-string / Quoted-string`, at most 64 octets (RFC 5321 section 4.5.3.1.1).
pub(crate) fn local_part(input: &[u8]) -> Parsed<'_, &[u8]> {
    verify(alt((dot_string, quoted_string)), |local: &[u8]| local.len() <= LOCAL_PART_MAX)
        .parse(input)
}

/// `Dot-string = Atom *("." Atom)`
fn dot_string(input: &[u8]) -> Parsed<'_, &[u8]> {
    matched((atom, many0_count((octet(b'.'), atom)))).parse(input)
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`
fn quoted_string(input: &[u8]) -> Parsed<'_, &[u8]> {
    matched(delimited(octet(b'"'), many0_count(qcontent_smtp), octet(b'"'))).parse(input)
}

/// `QcontentSMTP = qtextSMTP / quoted-pairSMTP`
fn qcontent_smtp(input: &[u8]) -> Parsed<'_, &[u8]> {
    alt((take_while1(is_qtext_smtp), quoted_pair_smtp)).parse(input)
}

/// `qtextSMTP = %d32-33 / %d35-91 / %d93-126 / UTF8-non-ascii`
fn is_qtext_smtp(c: u8) -> bool {
    matches!(c, 32..=33 | 35..=91 | 93..=126) || !c.is_ascii()
}

/// `quoted-pairSMTP = %d92 %d32-126`
fn quoted_pair_smtp(input: &[u8]) -> Parsed<'_, &[u8]> {
    matched((octet(b'\\'), satisfy(|c| matches!(c, b' '..=b'~')))).parse(input)
}

/// `Domain = sub-domain *("." sub-domain)`, at most 255 octets (RFC 5321 section 4.5.3.1.2).
pub(crate) fn domain(input: &[u8]) -> Parsed<'_, &[u8]> {
    verify(matched((sub_domain, many0_count((octet(b'.'), sub_domain)))), |name: &[u8]| {
        name.len() <= DOMAIN_MAX
    })
    .parse(input)
}

/// `sub-domain = Let-dig [Ldh-str] / U-label`, `Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig`; at
/// most 63 octets (RFC 1035 section 2.3.4).
fn sub_domain(input: &[u8]) -> Parsed<'_, &[u8]> {
    let ldh = |c| Class::LDH_UTF8.contains(c);
    verify(take_while(ldh), |label: &[u8]| {
        label.len() <= LABEL_MAX
            && label.first().is_some_and(|c| *c != b'-')
            && label.last().is_some_and(|c| *c != b'-')
    })
    .parse(input)
}
