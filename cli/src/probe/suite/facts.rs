//! What a scenario's checks look at.

use super::dialogue::Reply;
use crate::probe::mask::visible;

/// What came so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The last reply.
    pub(crate) last: Option<Reply>,
    /// The challenge that was kept.
    pub(crate) kept: Option<Vec<u8>>,
    /// The last challenge, decoded.
    pub(crate) challenge: Option<Vec<u8>>,
    /// The lines of the last reply to a hello, the first one aside.
    pub(crate) offer: Vec<String>,
}

impl Facts {
    /// The names behind AUTH.
    pub(crate) fn mechanisms(&self) -> Vec<&str> {
        let lines = self.offer.iter().filter_map(|line| line.split_at_checked(5));
        let auth = lines.filter(|(word, _)| word.trim_end().eq_ignore_ascii_case("AUTH"));
        auth.flat_map(|(_, names)| names.split_ascii_whitespace()).collect()
    }

    /// Whether a keyword is offered.
    pub(crate) fn offers(&self, keyword: &str) -> bool {
        let first = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
        self.offer.iter().any(|line| first(line).eq_ignore_ascii_case(keyword))
    }

    fn challenge(&self) -> Result<&[u8], String> {
        self.challenge.as_deref().ok_or_else(|| "the challenge is not base64".to_owned())
    }
}

/// The challenge is not the one that was kept.
pub(super) fn challenge_is_new(facts: &Facts) -> Result<(), String> {
    let same = facts.kept.as_deref() == Some(facts.challenge()?);
    if same { Err("it was the same challenge again".into()) } else { Ok(()) }
}

/// `<…@…>`, as a message identifier.
pub(super) fn challenge_is_a_message_id(facts: &Facts) -> Result<(), String> {
    let text = String::from_utf8_lossy(facts.challenge()?).into_owned();
    let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let parts = bare.and_then(|bare| bare.split_once('@'));
    match parts {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok(()),
        _ => Err(format!("it was \"{}\"", visible(&text))),
    }
}

/// LOGIN asks for the name.
pub(super) fn asks_for_the_name(facts: &Facts) -> Result<(), String> {
    asks(facts, "Username:")
}

/// LOGIN asks for the password.
pub(super) fn asks_for_the_password(facts: &Facts) -> Result<(), String> {
    asks(facts, "Password:")
}

fn asks(facts: &Facts, usual: &str) -> Result<(), String> {
    let text = String::from_utf8_lossy(facts.challenge()?).into_owned();
    if text == usual { Ok(()) } else { Err(format!("it was \"{}\"", visible(&text))) }
}

/// An empty challenge: `334 ` and nothing.
pub(super) fn challenge_is_empty(facts: &Facts) -> Result<(), String> {
    if facts.challenge()?.is_empty() { Ok(()) } else { Err("it had text".into()) }
}

/// JSON, as a refused token is answered.
pub(super) fn challenge_is_json(facts: &Facts) -> Result<(), String> {
    let challenge = facts.challenge()?;
    match serde_json::from_slice::<serde_json::Value>(challenge) {
        Ok(serde_json::Value::Object(members)) if members.contains_key("status") => Ok(()),
        Ok(_) => Err("it was JSON, but no object with \"status\"".into()),
        Err(_) => Err(format!("it was \"{}\"", visible(&String::from_utf8_lossy(challenge)))),
    }
}

/// Names of mechanisms have 1 to 20 letters, digits, hyphens and underscores.
pub(super) fn names_are_well_formed(facts: &Facts) -> Result<(), String> {
    let good = |name: &str| {
        let octet = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "-_".contains(c);
        name.len() <= 20 && name.chars().all(octet)
    };
    let bad: Vec<&str> = facts.mechanisms().into_iter().filter(|name| !good(name)).collect();
    if bad.is_empty() { Ok(()) } else { Err(bad.join(", ")) }
}

/// No mechanism twice.
pub(super) fn names_stand_once(facts: &Facts) -> Result<(), String> {
    let names = facts.mechanisms();
    let twice =
        names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|n| n == *name));
    twice.map_or(Ok(()), |(_, name)| Err(format!("{name} stood twice")))
}

/// Neither PLAIN nor LOGIN without TLS.
pub(super) fn no_password_in_clear(facts: &Facts) -> Result<(), String> {
    let names = facts.mechanisms();
    let shown: Vec<&str> =
        names.into_iter().filter(|name| matches!(*name, "PLAIN" | "LOGIN")).collect();
    if shown.is_empty() { Ok(()) } else { Err(format!("{} on offer", shown.join(" and "))) }
}

/// STARTTLS is no longer there.
pub(super) fn no_starttls(facts: &Facts) -> Result<(), String> {
    if facts.offers("STARTTLS") { Err("it was".into()) } else { Ok(()) }
}
