//! The results as JUnit has them: XML that build servers show.

use super::report::{Outcome, SuiteReport, Verdict};

/// The document.
pub(crate) fn xml(report: &SuiteReport) -> String {
    let total = report.scenarios.len();
    let time: u64 = report.scenarios.iter().map(|one| one.milliseconds).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!(
        "tests=\"{total}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\"",
        report.failed,
        report.skipped,
        seconds(time)
    );
    out += &format!("<testsuites {counts}>\n");
    out += &format!(
        "  <testsuite name=\"{}\" hostname=\"{}\" {counts}>\n",
        escaped(report.suite),
        escaped(&report.server)
    );
    for outcome in &report.scenarios {
        case(report.suite, outcome, &mut out);
    }
    out += "  </testsuite>\n</testsuites>\n";
    out
}

fn case(suite: &str, outcome: &Outcome, out: &mut String) {
    *out += &format!(
        "    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{}\">\n",
        escaped(suite),
        escaped(outcome.id),
        escaped(outcome.title),
        seconds(outcome.milliseconds)
    );
    let reason = escaped(outcome.reason.as_deref().unwrap_or_default());
    match outcome.result {
        Verdict::Fail => {
            let rests_on = escaped(outcome.rests_on);
            *out += &format!("      <failure message=\"{reason}\" type=\"{rests_on}\"/>\n");
        }
        Verdict::Skipped => *out += &format!("      <skipped message=\"{reason}\"/>\n"),
        Verdict::Pass | Verdict::Note => {}
    }
    *out += "      <system-out>";
    *out += &escaped(&format!("rests on {}\n", outcome.rests_on));
    if outcome.result == Verdict::Note {
        *out += &format!("note: {reason}\n");
    }
    if let Some(remark) = &outcome.remark {
        *out += &escaped(&format!("{remark}\n"));
    }
    for round in &outcome.rounds {
        let line =
            format!("sent {}; expected {}; came {}\n", round.sent, round.expected, round.came);
        *out += &escaped(&line);
    }
    *out += "</system-out>\n    </testcase>\n";
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Text as XML 1.0 takes it: what is no character there is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push(char::REPLACEMENT_CHARACTER)
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_of_a_server_breaks_the_document() {
        assert_eq!(
            escaped("<a&\"b\"\u{1}\u{ffff}]]>"),
            "&lt;a&amp;&quot;b&quot;\u{fffd}\u{fffd}]]&gt;"
        );
    }
}
