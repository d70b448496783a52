//! What `ehlo probe` says of a server, compared with what the server is set to do.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::kind::Kind;
use crate::interop::table::{Credential, MECHANISMS};

/// Checks it.
///
/// # Errors
///
/// Fails when something is missing or wrong.
pub(crate) fn check(kind: &Kind, told: &Value) -> Result<()> {
    let findings = list(told, "/findings")?;
    ensure!(!findings.is_empty(), "nothing was found");
    for finding in findings {
        for member in ["id", "verdict", "text"] {
            let text = finding.get(member).and_then(Value::as_str);
            ensure!(text.is_some_and(|text| !text.is_empty()), "a finding without {member}");
        }
    }

    let offered = list(told, "/secure/mechanisms")?.iter().filter_map(Value::as_str);
    let offered: BTreeSet<&str> = offered.filter(|name| is_always_offered(name)).collect();
    let set: BTreeSet<&str> =
        kind.mechanisms.iter().copied().filter(|name| is_always_offered(name)).collect();
    ensure!(offered == set, "{offered:?} seen, {set:?} offered");

    let mechanisms = list(told, "/mechanisms")?;
    for name in MECHANISMS
        .iter()
        .filter(|known| known.credential == Credential::Password)
        .map(|known| known.name)
        .filter(|name| kind.mechanisms.contains(name))
    {
        let is_it = |row: &&Value| row.get("name").and_then(Value::as_str) == Some(name);
        let row = mechanisms.iter().find(is_it).with_context(|| format!("no word of {name}"))?;
        let works = row.pointer("/tried/accepted") == Some(&Value::Bool(true));
        ensure!(works, "{name} does not work: {row}");
    }
    Ok(())
}

/// Some servers offer EXTERNAL only to a client that has shown a certificate.
fn is_always_offered(mechanism: &str) -> bool {
    mechanism != "EXTERNAL"
}

/// A list in what was told.
fn list<'a>(told: &'a Value, path: &str) -> Result<&'a Vec<Value>> {
    told.pointer(path).and_then(Value::as_array).with_context(|| format!("it says no {path}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interop::servers::aiosmtpd;

    #[test]
    fn a_mechanism_that_does_not_work_or_is_not_seen_is_a_failure() {
        let told = |login: bool, seen: &[&str]| {
            json!({
                "findings": [{ "id": "tls", "verdict": "ok", "text": "TLS 1.3" }],
                "secure": { "mechanisms": seen },
                "mechanisms": [
                    { "name": "PLAIN", "tried": { "accepted": true } },
                    { "name": "LOGIN", "tried": { "accepted": login } },
                ],
            })
        };
        let is_right = |told: &Value| check(&aiosmtpd::KIND, told).is_ok();
        assert!(is_right(&told(true, &["LOGIN", "PLAIN"])));
        assert!(!is_right(&told(false, &["LOGIN", "PLAIN"])));
        assert!(!is_right(&told(true, &["PLAIN"])));
        assert!(!is_right(&json!({})));
    }
}
