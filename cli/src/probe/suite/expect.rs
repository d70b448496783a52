//! What is expected of a reply, and how well one fits.

use super::dialogue::{Reply, Trouble};

/// How well a reply fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As an RFC demands, or has it as the usual thing.
    Right,
    /// It is allowed, and there is something better: what.
    Allowed(String),
    /// It breaks a rule.
    Wrong,
}

/// How well it fits `expected`, which [`Scenario`](super::scenario::Scenario) explains. Status codes count only with
/// servers that promise them.
pub(crate) fn fit(came: &Result<Reply, Trouble>, expected: &str, statuses: bool) -> Fit {
    let (right, allowed) = expected.split_once('|').unwrap_or((expected, ""));
    let mut status = None;
    for one in right.split_ascii_whitespace() {
        match matches(came, one, statuses) {
            Match::Yes => return Fit::Right,
            Match::CodeAlone(wanted) => status = Some(wanted),
            Match::No => {}
        }
    }
    if let Some(wanted) = status {
        return Fit::Allowed(format!("the status for it is {wanted}"));
    }
    let mut allowed = allowed.split_ascii_whitespace();
    if allowed.any(|one| matches(came, one, statuses) != Match::No) {
        return Fit::Allowed(format!("{} is better", list(right)));
    }
    Fit::Wrong
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Match {
    Yes,
    /// The code is right, and the status is not the one that was wanted.
    CodeAlone(String),
    No,
}

fn matches(came: &Result<Reply, Trouble>, one: &str, statuses: bool) -> Match {
    let reply = match came {
        Ok(reply) => reply,
        Err(Trouble::Closed) if one == "closed" => return Match::Yes,
        Err(_) => return Match::No,
    };
    let (code, status) =
        one.split_once('/').map_or((one, None), |(code, status)| (code, Some(status)));
    let number = reply.code.to_string();
    let is = match code.strip_suffix("yz") {
        Some(class) => number.starts_with(class),
        None => number == code,
    };
    match (is, status) {
        (false, _) => Match::No,
        (true, Some(status)) if statuses && reply.enhanced.as_deref() != Some(status) => {
            Match::CodeAlone(status.to_owned())
        }
        (true, _) => Match::Yes,
    }
}

/// As it is shown: `501, or 5yz`.
pub(crate) fn shown(expected: &str) -> String {
    let (right, allowed) = expected.split_once('|').unwrap_or((expected, ""));
    match allowed.trim() {
        "" => list(right),
        allowed => format!("{} (allowed: {})", list(right), list(allowed)),
    }
}

fn list(words: &str) -> String {
    words.split_ascii_whitespace().collect::<Vec<_>>().join(" or ").replace('/', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(code: u16, enhanced: Option<&str>) -> Result<Reply, Trouble> {
        let enhanced = enhanced.map(str::to_owned);
        Ok(Reply { code, enhanced, lines: Vec::new(), last: Vec::new() })
    }

    #[test]
    fn a_reply_is_right_allowed_or_wrong() {
        let expected = "501/5.5.2 | 5yz closed";
        assert_eq!(fit(&came(501, Some("5.5.2")), expected, true), Fit::Right);
        assert_eq!(fit(&came(501, None), expected, false), Fit::Right);
        assert!(matches!(fit(&came(501, None), expected, true), Fit::Allowed(_)));
        assert!(matches!(fit(&came(535, None), expected, true), Fit::Allowed(_)));
        assert!(matches!(fit(&Err(Trouble::Closed), expected, true), Fit::Allowed(_)));
        assert_eq!(fit(&came(235, None), expected, true), Fit::Wrong);
        assert_eq!(fit(&Err(Trouble::TimedOut), expected, true), Fit::Wrong);
    }

    #[test]
    fn an_expectation_is_shown_in_words() {
        assert_eq!(shown("501/5.5.2 535 | 5yz"), "501 5.5.2 or 535 (allowed: 5yz)");
    }
}
