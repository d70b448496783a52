//! What the reply to EHLO offers, and what it lacks.

use super::{Findings, Given, Verdict};
use crate::probe::report::Report;
use crate::probe::seen::Offer;

/// Octets a server has to take (RFC 5321 section 4.5.3.1.7), and recipients (section 4.5.3.1.8).
const LEAST_SIZE: u64 = 65_536;
const LEAST_RECIPIENTS: u32 = 100;

/// Extensions that every server of today has: what is missed without them.
const EXPECTED: [(&str, &str, &str); 3] = [
    (
        "PIPELINING",
        "no-pipelining",
        "each command waits for the reply to the one before (RFC 2920)",
    ),
    ("8BITMIME", "no-8bitmime", "text outside ASCII has to be encoded (RFC 6152)"),
    (
        "ENHANCEDSTATUSCODES",
        "no-enhanced-codes",
        "programs can't tell why something is refused (RFC 2034)",
    ),
];

pub(super) fn look(report: &Report, given: &Given, found: &mut Findings) {
    let Some(offer) = report.secure.as_ref().or(report.clear.as_ref()) else { return };
    if offer.helo {
        return;
    }
    for (keyword, id, missed) in EXPECTED {
        if !offer.has(keyword) {
            let lmtp = given.lmtp && keyword != "8BITMIME";
            let verdict = if lmtp { Verdict::Warning } else { Verdict::Note };
            let advice = if lmtp { "LMTP demands it (RFC 2033 section 5)" } else { missed };
            found.add(verdict, id, format!("{keyword} is not offered"), advice);
        }
    }
    size(offer, found);
    limits(offer, found);
    for keyword in ["XCLIENT", "XFORWARD"] {
        if offer.has(keyword) {
            let text = format!("{keyword} is offered to us: we may say who the client is");
            let advice = "only proxies of the server's own should be trusted with it";
            if given.local {
                found.note("xclient", text, advice);
            } else {
                found.problem("xclient", text, advice);
            }
        }
    }
    repeated(offer, found);
    if let (Some(_), Some(secure)) = (&report.clear, &report.secure)
        && secure.has("STARTTLS")
    {
        found.warning(
            "starttls-again",
            "STARTTLS is offered under TLS too",
            "it must not be (RFC 3207 section 4.2)",
        );
    }
    for said in [&offer.reply] {
        if said.lines.first().is_none_or(|line| line.trim().is_empty()) {
            found.note("hello-name", "the reply to EHLO has no name in its first line", "");
        }
    }
}

fn size(offer: &Offer, found: &mut Findings) {
    match (offer.argument("SIZE"), offer.max_message) {
        (None, _) => found.note(
            "no-size",
            "SIZE is not offered",
            "clients learn only at the end that a message is too big (RFC 1870)",
        ),
        (Some(""), _) => found.note("size-open", "SIZE is offered without a limit", ""),
        (Some(_), Some(most)) if most < LEAST_SIZE => found.warning(
            "size-small",
            format!("messages may have {most} octets and no more"),
            "65,536 is the least (RFC 5321 section 4.5.3.1.7)",
        ),
        (Some(_), Some(most)) => found.ok("size", format!("messages may have {most} octets")),
        (Some("0"), None) => found.note("size-open", "SIZE 0: no limit is said", ""),
        (Some(other), None) => found.warning(
            "size-odd",
            format!("SIZE {other:?} is no number"),
            "one number stands behind it (RFC 1870 section 3)",
        ),
    }
}

fn limits(offer: &Offer, found: &mut Findings) {
    if let Some(most) = offer.max_recipients {
        let text = format!("a message may have {most} recipients");
        if most < LEAST_RECIPIENTS {
            let advice = "100 is the least (RFC 5321 section 4.5.3.1.8)";
            found.warning("recipients", text, advice);
        } else {
            found.ok("recipients", text);
        }
    }
    if let Some(most) = offer.max_transactions {
        found.ok("transactions", format!("a connection may have {most} messages"));
    }
}

fn repeated(offer: &Offer, found: &mut Findings) {
    let keyword =
        |line: &String| line.split([' ', '=']).next().unwrap_or_default().to_ascii_uppercase();
    let mut seen: Vec<String> = Vec::new();
    for line in &offer.capabilities {
        let keyword = keyword(line);
        // AUTH stands twice where the old form is there for old clients.
        if keyword != "AUTH" && seen.contains(&keyword) {
            found.warning("repeated", format!("{keyword} is offered twice"), "");
        }
        let odd = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
        if keyword.is_empty() || keyword.contains(odd) {
            found.warning(
                "keyword",
                format!("{line:?} does not begin with a keyword"),
                "letters, digits and hyphens (RFC 5321 section 4.1.1.1)",
            );
        }
        seen.push(keyword);
    }
}
