//! Octets as text, the way transcripts write them.

use core::fmt::Write as _;

/// Octets as a line of text: printable ASCII as it is, all else escaped.
#[must_use]
pub fn escape(octets: &[u8]) -> String {
    let mut text = String::new();
    for octet in octets {
        match octet {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            0 => text.push_str("\\0"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*octet)),
            _ => {
                let _ = write!(text, "\\x{octet:02x}");
            }
        }
    }
    text
}

/// The octets that a line of text stands for: `\r`, `\n`, `\t`, `\0`, `\\`, `\xHH`, and two forms
/// with braces, `\{3000 x TEXT}` for a text so many times and `\{base64 TEXT}` for its base64.
/// Both may stand within each other.
///
/// # Errors
/// When an escape is none of these.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut rest = text;
    let octets = unescape_until(&mut rest, false)?;
    Ok(octets)
}

fn unescape_until(rest: &mut &str, in_braces: bool) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    loop {
        let mut chars = rest.chars();
        let Some(c) = chars.next() else {
            return if in_braces { Err("a brace is not closed".into()) } else { Ok(octets) };
        };
        *rest = chars.as_str();
        if c == '}' && in_braces {
            return Ok(octets);
        }
        if c != '\\' {
            octets.extend(c.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        let escape = chars.next().ok_or("a backslash at the end")?;
        *rest = chars.as_str();
        match escape {
            'r' => octets.push(b'\r'),
            'n' => octets.push(b'\n'),
            't' => octets.push(b'\t'),
            '0' => octets.push(0),
            '\\' => octets.push(b'\\'),
            'x' => {
                let (digits, behind) = rest.split_at_checked(2).ok_or("two digits behind \\x")?;
                octets.push(u8::from_str_radix(digits, 16).map_err(|e| e.to_string())?);
                *rest = behind;
            }
            '{' => octets.extend(braces(rest)?),
            other => return Err(format!("an unknown escape: \\{other}")),
        }
    }
}

/// What stands behind `\{`.
fn braces(rest: &mut &str) -> Result<Vec<u8>, String> {
    let (word, behind) = rest.split_once(' ').ok_or("a word behind \\{")?;
    *rest = behind;
    if word == "base64" {
        return Ok(base64(&unescape_until(rest, true)?).into_bytes());
    }
    let count: usize = word.parse().map_err(|_| format!("not a number: {word}"))?;
    *rest = rest.strip_prefix("x ").ok_or("an `x` behind the number")?;
    Ok(unescape_until(rest, true)?.repeat(count))
}

/// base64, as plain as it can be written: this is the reference, not the crate under test.
#[must_use]
pub fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in octets.chunks(3) {
        let group = chunk.iter().fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet));
        let group = group << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let index = (group >> (18 - 6 * position) & 63) as usize;
            let letter = if position <= chunk.len() { char::from(ALPHABET[index]) } else { '=' };
            text.push(letter);
        }
    }
    text
}

/// Whether something of a secret stands in these octets, in clear or in base64 at any of the three
/// offsets. Of a short secret it is the whole that counts, of a longer one any of its first octets.
#[must_use]
pub fn shows(octets: &[u8], secret: &str) -> bool {
    let has = |part: &[u8]| octets.windows(part.len()).any(|window| window == part);
    let part = &secret.as_bytes()[..secret.len().min(9)];
    let encoded = (0..3).map(|offset| {
        let shifted = base64(&[&b"..."[..offset], part].concat());
        // The letters that hold nothing but octets of the secret.
        let from = [0, 2, 3][offset];
        shifted[from..(offset + part.len()) * 8 / 6].to_owned()
    });
    has(part) || encoded.into_iter().any(|letters| has(letters.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{base64, escape, shows, unescape};

    #[test]
    fn every_octet_survives_being_escaped() {
        let all: Vec<u8> = (0..=127).chain([128, 200, 255]).collect();
        assert_eq!(unescape(&escape(&all)).unwrap(), all);
    }

    #[test]
    fn braces_repeat_and_encode() {
        assert_eq!(unescape("a\\{3 x bc}d").unwrap(), b"abcbcbcd");
        assert_eq!(unescape("\\{base64 \\0tim\\0\\{2 x pw}}").unwrap(), b"AHRpbQBwd3B3");
        assert!(unescape("\\{3 x a").is_err());
        assert!(unescape("\\q").is_err());
    }

    #[test]
    fn base64_is_that_of_rfc_4648_section_10() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        for secret in ["tanstaaf", "short", "h0ch-geheim-und-lang"] {
            for before in ["", "a", "ab", "abc", "\0tim\0"] {
                let text = format!("{before}{secret} and more");
                assert!(shows(text.as_bytes(), secret));
                let encoded = format!("AUTH PLAIN {}\r\n", base64(text.as_bytes()));
                assert!(shows(encoded.as_bytes(), secret), "{secret} behind {before}");
            }
            assert!(!shows(b"EHLO client.example.org\r\n", secret));
        }
    }
}
