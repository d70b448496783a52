//! The messages of SCRAM (RFC 5802 section 7), read strictly: each attribute in its place, none
//! twice, none that has to be understood and isn't.

use super::name::SaslName;
use crate::sasl::server::Malformed;
use crate::wire::find;
use crate::wire::grammar::{self, whole};

/// What a client says about channel binding: the flag of `gs2-header`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindingFlag<'a> {
    /// `n`: it can't.
    Unsupported,
    /// `y`: it can, and thinks that the server can't.
    NotOffered,
    /// `p=NAME`: it does.
    Used(&'a str),
}

/// `client-first-message = gs2-header client-first-message-bare`
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientFirst<'a> {
    pub(crate) binding: BindingFlag<'a>,
    pub(crate) authorization_identity: Option<SaslName<'a>>,
    pub(crate) username: SaslName<'a>,
    pub(crate) nonce: &'a [u8],
    /// `gs2-header`, its commas included.
    pub(crate) header: &'a [u8],
    /// `client-first-message-bare`
    pub(crate) bare: &'a [u8],
}

impl<'a> ClientFirst<'a> {
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let (flag, rest) = split(message)?;
        let (identity, bare) = split(rest)?;
        let binding = match flag {
            b"n" => BindingFlag::Unsupported,
            b"y" => BindingFlag::NotOffered,
            _ => BindingFlag::Used(binding_name(flag.strip_prefix(b"p=").ok_or(Malformed)?)?),
        };
        let authorization_identity = match identity {
            [] => None,
            _ => Some(SaslName::read(identity.strip_prefix(b"a=").ok_or(Malformed)?)?),
        };
        let header_length = message.len().checked_sub(bare.len()).ok_or(Malformed)?;
        // An extension that has to be understood, `m=`, would stand here.
        let (username, rest) = split(bare)?;
        let username = SaslName::read(username.strip_prefix(b"n=").ok_or(Malformed)?)?;
        let (nonce, extensions) = first(rest);
        let nonce = printable(nonce.strip_prefix(b"r=").ok_or(Malformed)?)?;
        check_extensions(extensions)?;
        let header = message.get(..header_length).ok_or(Malformed)?;
        Ok(Self { binding, authorization_identity, username, nonce, header, bare })
    }
}

/// `server-first-message = nonce "," salt "," iteration-count ["," extensions]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerFirst<'a> {
    pub(crate) nonce: &'a [u8],
    /// In base64.
    pub(crate) salt: &'a [u8],
    pub(crate) iterations: u32,
}

impl<'a> ServerFirst<'a> {
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let (nonce, rest) = split(message)?;
        let nonce = printable(nonce.strip_prefix(b"r=").ok_or(Malformed)?)?;
        let (salt, rest) = split(rest)?;
        let salt = salt.strip_prefix(b"s=").ok_or(Malformed)?;
        let (count, extensions) = first(rest);
        let count = count.strip_prefix(b"i=").ok_or(Malformed)?;
        // `posit-number = %x31-39 *DIGIT`
        let starts = count.first().is_some_and(|digit| *digit != b'0');
        let iterations = whole(grammar::decimal, count).flatten().filter(|_| starts);
        let iterations = iterations.and_then(|n| u32::try_from(n).ok()).ok_or(Malformed)?;
        check_extensions(extensions)?;
        Ok(Self { nonce, salt, iterations })
    }
}

/// `client-final-message = channel-binding "," nonce ["," extensions] "," proof`
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientFinal<'a> {
    /// In base64.
    pub(crate) binding: &'a [u8],
    pub(crate) nonce: &'a [u8],
    /// In base64.
    pub(crate) proof: &'a [u8],
    pub(crate) without_proof: &'a [u8],
}

impl<'a> ClientFinal<'a> {
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let at = find::last(b',', message).ok_or(Malformed)?;
        let (without_proof, proof) = message.split_at_checked(at).ok_or(Malformed)?;
        let proof = proof.strip_prefix(b",p=").ok_or(Malformed)?;
        let (binding, rest) = split(without_proof)?;
        let binding = binding.strip_prefix(b"c=").ok_or(Malformed)?;
        let (nonce, extensions) = first(rest);
        let nonce = printable(nonce.strip_prefix(b"r=").ok_or(Malformed)?)?;
        check_extensions(extensions)?;
        Ok(Self { binding, nonce, proof, without_proof })
    }
}

/// `server-final-message = (server-error / verifier) ["," extensions]`: the verifier in base64.
pub(crate) fn read_server_final(message: &[u8]) -> Result<&[u8], Malformed> {
    let (verifier, extensions) = first(message);
    check_extensions(extensions)?;
    verifier.strip_prefix(b"v=").ok_or(Malformed)
}

/// What stands before and behind the first comma.
fn split(octets: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let at = find::first(b',', octets).ok_or(Malformed)?;
    let (head, tail) = octets.split_at_checked(at).ok_or(Malformed)?;
    Ok((head, tail.get(1..).unwrap_or(&[])))
}

/// What stands before the first comma, and what is behind it, if there is one.
fn first(octets: &[u8]) -> (&[u8], Option<&[u8]>) {
    match split(octets) {
        Ok((head, tail)) => (head, Some(tail)),
        Err(Malformed) => (octets, None),
    }
}

/// `extensions = attr-val *("," attr-val)`: those that may be ignored are, and those that have a
/// place of their own can't stand here.
fn check_extensions(extensions: Option<&[u8]>) -> Result<(), Malformed> {
    let mut rest = extensions;
    while let Some(octets) = rest {
        let (attribute, behind) = first(octets);
        rest = behind;
        match attribute {
            [name, b'=', value @ ..]
                if name.is_ascii_alphabetic()
                    && !matches!(
                        name,
                        b'a' | b'c' | b'e' | b'i' | b'm' | b'n' | b'p' | b'r' | b's' | b'v'
                    )
                    && !value.is_empty()
                    && !value.contains(&0) => {}
            _ => return Err(Malformed),
        }
    }
    Ok(())
}

/// `printable = %x21-2B / %x2D-7E`, at least one.
fn printable(octets: &[u8]) -> Result<&[u8], Malformed> {
    let all = octets.iter().all(|octet| matches!(octet, 0x21..=0x2b | 0x2d..=0x7e));
    if all && !octets.is_empty() { Ok(octets) } else { Err(Malformed) }
}

/// `cb-name = 1*(ALPHA / DIGIT / "." / "-")`
fn binding_name(octets: &[u8]) -> Result<&str, Malformed> {
    let all =
        octets.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-'));
    if !all || octets.is_empty() {
        return Err(Malformed);
    }
    core::str::from_utf8(octets).map_err(|_| Malformed)
}
