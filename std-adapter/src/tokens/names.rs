//! Whether who the token says and who the client says are the same.

use super::TokenRefusal;
use crate::users::{prepare, same_name};

/// Octets of a name; who it is stands in logs and trace fields, and in what is kept of answers.
const LONGEST: usize = 255;

/// The name both agree on: that of the token, prepared.
pub(super) fn agreed(claimed: Option<&str>, granted: &str) -> Result<String, TokenRefusal> {
    let Some(granted) = prepare(granted).filter(|name| name.len() <= LONGEST) else {
        return Err(TokenRefusal::invalid("what it calls its owner can't be a user name"));
    };
    match claimed.is_none_or(|claimed| same_name(claimed, &granted)) {
        true => Ok(granted.into_owned()),
        // Whoever set up which claim it is wants to see what stands there.
        false => Err(TokenRefusal::invalid(format!("it is another user's ({granted:?})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::agreed;

    #[test]
    fn names_agree_letter_for_letter_but_for_the_case_of_a_domain() {
        for (claimed, granted) in [
            ("tim", "tim"),
            ("tim@example.org", "tim@example.org"),
            ("tim@EXAMPLE.org", "tim@example.ORG"),
            // As SASLprep has them: a non-ASCII space, a ligature.
            ("a\u{a0}b", "a b"),
            ("\u{fb01}nn", "finn"),
        ] {
            assert!(agreed(Some(claimed), granted).is_ok(), "{claimed} {granted}");
        }
        for (claimed, granted) in [
            ("Tim", "tim"),
            ("Tim@example.org", "tim@example.org"),
            ("tim@example.com", "tim@example.org"),
            ("tim@example.org", "tim"),
            ("tim", "tim@example.org"),
            ("tim@evil.example@example.org", "tim@example.org"),
            ("tim@example.org@evil.example", "tim@example.org"),
            ("", "tim"),
            ("tim\u{7}", "tim\u{7}"),
        ] {
            assert!(agreed(Some(claimed), granted).is_err(), "{claimed} {granted}");
        }
    }

    #[test]
    fn without_a_name_it_is_the_owner_and_he_needs_one() {
        assert_eq!(agreed(None, "tim\u{a0}b").as_deref(), Ok("tim b"));
        for granted in ["", "\u{0}", "tim\r\nX: y"] {
            assert!(agreed(None, granted).is_err(), "{granted:?}");
        }
    }

    #[test]
    fn a_name_without_end_is_nobodys() {
        let name = "a".repeat(256);
        assert!(agreed(None, &name[1..]).is_ok());
        for claimed in [None, Some("tim"), Some(name.as_str())] {
            let refusal = agreed(claimed, &name).unwrap_err().to_string();
            assert!(refusal.len() < 200, "{refusal}");
        }
    }
}
