//! Directives: `name=value` or `name="value"`, between commas (RFC 2831 section 7.1).

use crate::sasl::server::Malformed;

/// The next directive, and what is behind it. Empty elements and white space around commas may be
/// there (`#rule` of RFC 2616 section 2.1).
pub(super) fn next(octets: &[u8]) -> Result<Option<Directive<'_>>, Malformed> {
    let mut rest = octets;
    while let Some((b' ' | b'\t' | b',', behind)) = rest.split_first() {
        rest = behind;
    }
    if rest.is_empty() {
        return Ok(None);
    }
    let at = rest.iter().position(|octet| *octet == b'=').ok_or(Malformed)?;
    let (name, rest) = rest.split_at_checked(at).ok_or(Malformed)?;
    let name = core::str::from_utf8(name).map_err(|_| Malformed)?;
    let rest = rest.get(1..).unwrap_or(&[]);
    let (value, rest) = match rest.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = quoted.iter().position(|octet| *octet == b'"').ok_or(Malformed)?;
            let (value, behind) = quoted.split_at_checked(end).ok_or(Malformed)?;
            // No name or nonce that is used has a quote or a backslash in it.
            if value.contains(&b'\\') {
                return Err(Malformed);
            }
            (value, behind.get(1..).unwrap_or(&[]))
        }
        None => {
            let is_token = |octet: &u8| octet.is_ascii_graphic() && *octet != b',';
            let end = rest.iter().position(|octet| !is_token(octet)).unwrap_or(rest.len());
            rest.split_at_checked(end).ok_or(Malformed)?
        }
    };
    let behind = rest.iter().find(|octet| !matches!(octet, b' ' | b'\t'));
    if name.is_empty() || !matches!(behind, None | Some(b',')) {
        return Err(Malformed);
    }
    Ok(Some(Directive { name, value, rest }))
}

#[derive(Clone, Copy)]
pub(super) struct Directive<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a [u8],
    pub(super) rest: &'a [u8],
}

/// Sets what may stand once.
pub(super) fn once<'a>(slot: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Malformed> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed),
    }
}

/// UTF-8 without a control character, which may be empty.
pub(super) fn text(octets: &[u8]) -> Result<&str, Malformed> {
    match core::str::from_utf8(octets) {
        Ok(text) if !octets.iter().any(u8::is_ascii_control) => Ok(text),
        _ => Err(Malformed),
    }
}
