//! What DIGEST-MD5 and NTLM take: each is as good as the password to whoever logs in by that mechanism.

use super::Secret;
use ehlo::sasl::{DigestMd5Key, NtHash};
use zeroize::Zeroizing;

/// The key of a user in a realm, made of the password.
pub(super) fn digest_key(name: &str, realm: &str, prepared: &Secret) -> DigestMd5Key {
    DigestMd5Key::new(name, realm, prepared.expose().as_bytes())
}

/// The NT hash of a password.
pub(super) fn nt_hash(prepared: &Secret) -> NtHash {
    NtHash::new(prepared.expose())
}

/// A realm that a server can name and a users file can hold: what a host name is made of.
pub(super) fn is_realm(realm: &str) -> bool {
    let sign = |c: char| !c.is_control() && !matches!(c, '"' | '\\');
    !realm.is_empty() && realm.len() <= 255 && realm.chars().all(sign)
}

/// `realm:key`, the key in hexadecimal.
pub(super) fn digest_to_text(realm: &str, key: &DigestMd5Key) -> Zeroizing<String> {
    let octets = Zeroizing::new(key.to_bytes());
    let mut text = Zeroizing::new(String::with_capacity(realm.len() + 1 + HEX));
    text.push_str(realm);
    text.push(':');
    push_hex(&mut text, &octets);
    text
}

/// The reason never holds a part of `text`.
pub(super) fn digest_from_text(text: &str) -> Result<(String, DigestMd5Key), &'static str> {
    const FORM: &str = "a DIGEST-MD5 key is written realm:key, the key in 32 hexadecimal digits";
    let (realm, key) = text.rsplit_once(':').ok_or(FORM)?;
    let octets = octets_of(key).ok_or(FORM)?;
    if !is_realm(realm) {
        return Err(FORM);
    }
    Ok((realm.to_owned(), DigestMd5Key::from_bytes(*octets)))
}

/// The hash in hexadecimal.
pub(super) fn nt_to_text(hash: &NtHash) -> Zeroizing<String> {
    let octets = Zeroizing::new(hash.to_bytes());
    let mut text = Zeroizing::new(String::with_capacity(HEX));
    push_hex(&mut text, &octets);
    text
}

/// The reason never holds a part of `text`.
pub(super) fn nt_from_text(text: &str) -> Result<NtHash, &'static str> {
    let octets = octets_of(text).ok_or("an NT hash is written in 32 hexadecimal digits")?;
    Ok(NtHash::from_bytes(*octets))
}

/// Hexadecimal digits of 16 octets.
const HEX: usize = 32;

fn push_hex(text: &mut String, octets: &[u8; 16]) {
    for octet in octets {
        for value in [octet >> 4, octet & 15] {
            text.extend(char::from_digit(u32::from(value), 16));
        }
    }
}

/// Octets from hexadecimal digits, in either case.
fn octets_of(text: &str) -> Option<Zeroizing<[u8; 16]>> {
    let mut octets = Zeroizing::new([0; 16]);
    if text.len() != HEX {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks(2)) {
        for sign in pair {
            let value = char::from(*sign).to_digit(16)?;
            *octet = *octet << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_print_and_read_back_as_others_write_them() {
        // The key of the examples in RFC 2831 section 4, as a htdigest file has it.
        let secret = Secret::new("secret");
        let key = digest_key("chris", "elwood.innosoft.com", &secret);
        let text = digest_to_text("elwood.innosoft.com", &key);
        assert_eq!(*text, "elwood.innosoft.com:eb5a750053e4d2c34aa84bbc9b0b6ee7");
        let (realm, read) = digest_from_text(&text.replace("eb5a", "EB5A")).unwrap();
        assert_eq!((realm.as_str(), read.to_bytes()), ("elwood.innosoft.com", key.to_bytes()));
        // A realm may be an address literal.
        let (realm, _) = digest_from_text(&format!("[IPv6:::1]:{}", "0".repeat(32))).unwrap();
        assert_eq!(realm, "[IPv6:::1]");
        // The NT hash of "password", as every list of them has it.
        let hash = nt_hash(&Secret::new("password"));
        assert_eq!(*nt_to_text(&hash), "8846f7eaee8fb117ad06bdd830b7586c");
        assert_eq!(
            nt_from_text("8846F7EAEE8FB117AD06BDD830B7586C").unwrap().to_bytes(),
            hash.to_bytes()
        );
    }

    #[test]
    fn what_is_not_a_key_is_refused_without_showing_it() {
        let hex = "8846f7eaee8fb117ad06bdd830b7586c";
        for wrong in [
            "",
            hex,
            ":",
            &hex[1..],
            &format!(":{hex}"),
            &format!("a\"b:{hex}"),
            &format!("a:{hex}0"),
            &format!("a:{}g", &hex[1..]),
            &format!("a:{}\u{e4}", &hex[2..]),
        ] {
            let reason = digest_from_text(wrong).unwrap_err();
            assert!(!reason.contains("8846"), "{wrong}: {reason}");
        }
        for wrong in ["", "password", &hex[1..], &format!("{hex}0"), &format!(" {}", &hex[1..])] {
            let reason = nt_from_text(wrong).unwrap_err();
            assert!(!reason.contains("8846"), "{wrong}: {reason}");
        }
    }
}
