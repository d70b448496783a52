//! What may not be seen in a dialogue: all that the client sends within an AUTH exchange, and whatever repeats it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";

/// Shorter parts of a response are no secret by themselves, and would hide half of what a server says.
const SHORTEST: usize = 4;

/// Knows what is secret, and whose turn it is.
#[derive(Debug)]
pub(crate) struct Mask {
    /// Passwords and tokens: hidden wherever they are.
    given: Vec<String>,
    /// What was said in an exchange: hidden where the server repeats it. A username may be a word of the client's
    /// own commands.
    said: Vec<String>,
    /// What the client says is a response.
    exchange: bool,
}

impl Mask {
    /// Nothing was said yet.
    pub(crate) fn new(secrets: &[&str]) -> Self {
        let mut mask = Self { given: Vec::new(), said: Vec::new(), exchange: false };
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            learn(&mut mask.given, secret);
            learn(&mut mask.given, &STANDARD.encode(secret));
        }
        mask
    }

    /// A line of the client's, as it may be shown.
    pub(crate) fn client(&mut self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line);
        let mut words =
            text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control()).splitn(3, ' ');
        let verb = words.next().unwrap_or_default();
        if verb.eq_ignore_ascii_case("AUTH") {
            self.exchange = true;
            let mechanism = words.next().unwrap_or_default();
            let rest = words.next().unwrap_or_default();
            self.response(rest);
            let shown = hide(visible(&format!("{verb} {mechanism}")), &self.given);
            let shown = shown.trim_end().to_owned();
            return if rest.is_empty() { shown } else { format!("{shown} {}", hidden(rest.len())) };
        }
        if !self.exchange {
            return hide(visible(&text), &self.given);
        }
        self.response(&text);
        if matches!(&*text, "*" | "") { text.into_owned() } else { hidden(line.len()) }
    }

    /// A line of the server's, as it may be shown.
    pub(crate) fn server(&mut self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line);
        let last = text.as_bytes().get(3) != Some(&b'-');
        if last {
            self.exchange = text.starts_with("334");
        }
        self.redact(&visible(&text))
    }

    /// A text without the secrets that are known so far, in any case.
    pub(crate) fn redact(&self, text: &str) -> String {
        hide(hide(text.to_owned(), &self.given), &self.said)
    }

    /// What the client says as a response is secret, in base64, decoded, and in its parts.
    fn response(&mut self, response: &str) {
        for word in response.split_whitespace() {
            if word.len() >= SHORTEST {
                learn(&mut self.said, word);
            }
            let Ok(decoded) = STANDARD.decode(word) else { continue };
            let decoded = String::from_utf8_lossy(&decoded).into_owned();
            for part in decoded.split(['\0', '\u{1}', ' ']).filter(|part| part.len() >= SHORTEST) {
                learn(&mut self.said, part);
                learn(&mut self.said, &STANDARD.encode(part));
            }
        }
    }
}

fn learn(secrets: &mut Vec<String>, secret: &str) {
    if !secrets.iter().any(|known| known == secret) {
        secrets.push(secret.to_owned());
        // The longest first, so that no rest of one stays behind another.
        secrets.sort_by_key(|secret| core::cmp::Reverse(secret.len()));
    }
}

fn hide(text: String, secrets: &[String]) -> String {
    secrets.iter().fold(text, |text, secret| without(&text, secret))
}

fn hidden(octets: usize) -> String {
    format!("({octets} octets hidden)")
}

/// `text` without `secret`, in any case of ASCII.
fn without(text: &str, secret: &str) -> String {
    let (lower, secret) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut shown = String::new();
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(&secret)) {
        shown.push_str(text.get(at..at + found).unwrap_or_default());
        shown.push_str(HIDDEN);
        at += found + secret.len().max(1);
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// Control characters made visible.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '\0' => shown.push_str("\\0"),
            '\r' => shown.push_str("\\r"),
            '\n' => shown.push_str("\\n"),
            c if c.is_control() || turns(c) => shown.push(char::REPLACEMENT_CHARACTER),
            c => shown.push(c),
        }
    }
    shown
}

/// Marks that hide, or turn the direction of a line.
const fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_exchange_is_shown() {
        let mut mask = Mask::new(&["tanstaaf"]);
        assert_eq!(mask.client(b"AUTH PLAIN"), "AUTH PLAIN");
        assert_eq!(mask.server(b"334 "), "334 ");
        assert_eq!(mask.client(b"AHRpbQB0YW5zdGFhZg=="), "(20 octets hidden)");
        assert_eq!(
            mask.server(b"535 no tanstaaf, no AHRpbQB0YW5zdGFhZg=="),
            "535 no (hidden), no (hidden)"
        );
        assert_eq!(mask.client(b"NOOP"), "NOOP");
        assert_eq!(mask.client(b"VRFY Tanstaaf"), "VRFY (hidden)");
    }

    #[test]
    fn an_initial_response_is_secret_and_so_is_what_it_says() {
        let mut mask = Mask::new(&[]);
        assert_eq!(
            mask.client(b" auth plain AHRpbQB0YW5zdGFhZg=="),
            "auth plain (20 octets hidden)"
        );
        assert_eq!(mask.server(b"535-TANSTAAF?"), "535-(hidden)?");
        assert_eq!(mask.client(b"*"), "*");
        assert_eq!(mask.client(b"pipelined"), "(9 octets hidden)");
        assert_eq!(mask.server(b"535 no"), "535 no");
        assert_eq!(mask.client(b"RSET"), "RSET");
    }

    #[test]
    fn a_username_that_was_sent_is_hidden_where_it_is_repeated() {
        let mut mask = Mask::new(&[]);
        mask.client(b"AUTH LOGIN");
        mask.server(b"334 VXNlcm5hbWU6");
        mask.client(b"bWVAZXhhbXBsZS5jb20=");
        assert_eq!(mask.server(b"535 me@example.com is locked"), "535 (hidden) is locked");
    }
}
