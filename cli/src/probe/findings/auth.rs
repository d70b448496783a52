//! AUTH: what is offered where, and what came of trying it.

use super::{Findings, Given, Verdict};
use crate::probe::mechanisms::{self, Worth};
use crate::probe::options::Stage;
use crate::probe::report::Report;
use crate::probe::seen::{Attempt, Offer};

/// Octets an EHLO reply line may have.
const LONGEST_LINE: usize = ehlo::limits::REPLY_LINE_MAX;

pub(super) fn look(report: &Report, given: &Given, found: &mut Findings) {
    if let Some(clear) = &report.clear {
        in_clear(clear, given, found);
    }
    let Some(offer) = report.secure.as_ref().or(report.clear.as_ref()) else { return };
    forms(offer, found);
    for name in &offer.mechanisms {
        worth(name, found);
    }
    // Behind STARTTLS there may be more.
    let last = report.secure.is_some() || !offer.has("STARTTLS");
    if !offer.has_auth() && last && !given.lmtp {
        let submission = matches!(given.port, 465 | 587);
        let verdict = if submission { Verdict::Problem } else { Verdict::Note };
        found.add(
            verdict,
            "no-auth",
            "AUTH is not offered",
            if submission {
                "clients have to authenticate at this port (RFC 6409 section 4.3)"
            } else {
                "a server that takes mail from other servers needs none"
            },
        );
    }
    if offer.mechanisms.is_empty() && offer.has_auth() {
        let advice = "name mechanisms behind AUTH, or leave it out (RFC 4954 section 3)";
        found.warning("auth-empty", "AUTH is offered without a mechanism", advice);
    }
    for mechanism in &report.mechanisms {
        if let Some(attempt) = &mechanism.tried {
            tried(attempt, found);
        }
    }
    let all = || report.mechanisms.iter().filter_map(|mechanism| mechanism.tried.as_ref());
    if given.login && given.stage == Stage::Auth && all().count() == 0 && report.end.code.is_none()
    {
        found.warning(
            "auth-untried",
            if offer.has_auth() {
                "there are credentials, and no mechanism on offer takes them"
            } else {
                "there are credentials, and AUTH is not offered"
            },
            "tokens are for XOAUTH2 and OAUTHBEARER, certificates for EXTERNAL, passwords for the others",
        );
    }
    after(report, found);
}

/// AUTH before TLS.
fn in_clear(clear: &Offer, given: &Given, found: &mut Findings) {
    let shown: Vec<&str> = clear
        .mechanisms
        .iter()
        .map(String::as_str)
        .filter(|name| mechanisms::shows_password(name))
        .collect();
    if !shown.is_empty() {
        let text = format!(
            "{} offered without TLS: who is on the way reads the password",
            shown.join(" and ")
        );
        let advice = "offer it under TLS alone (RFC 4954 section 4, RFC 4616 section 6)";
        if given.local {
            found.note("auth-clear-password", text, advice);
        } else {
            found.problem("auth-clear-password", text, advice);
        }
    } else if clear.has_auth() {
        let text = "AUTH is offered without TLS".to_owned();
        found.note(
            "auth-clear",
            text,
            "what is sent afterwards can be read and changed on the way",
        );
    } else if clear.has("STARTTLS") {
        found.ok("auth-clear", "AUTH is not offered before TLS");
    }
}

fn forms(offer: &Offer, found: &mut Findings) {
    if offer.old_form {
        let both = offer.has("AUTH");
        found.add(
            if both { Verdict::Note } else { Verdict::Warning },
            "auth-old-form",
            "the form AUTH=… is offered",
            if both {
                "it is for clients of the last century, and can go"
            } else {
                "it was never a standard, and many clients don't know it: write AUTH, a space, the names"
            },
        );
    }
    for line in &offer.capabilities {
        // The code and the separator stand in front, CRLF behind.
        let octets = line.len() + 6;
        if octets > LONGEST_LINE
            && line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
        {
            found.warning(
                "auth-long",
                format!("the AUTH line has {octets} octets"),
                "512 is the most; offer fewer mechanisms",
            );
        }
    }
}

fn worth(name: &str, found: &mut Findings) {
    let known = mechanisms::of_name(name);
    match known.worth {
        Worth::Weak => {
            let id = if name == "CRAM-MD5" { "cram-md5" } else { "weak-mechanism" };
            let advice = "under TLS PLAIN is better, SCRAM-SHA-256 still more";
            found.add(
                if id == "cram-md5" { Verdict::Note } else { Verdict::Warning },
                id,
                format!("{name} is offered: {}", known.why),
                advice,
            );
        }
        Worth::Open => found.warning(
            "anonymous",
            format!("{name} is offered: {}", known.why),
            "right for a drop box; anywhere else it opens the server to everybody",
        ),
        Worth::Unknown => {
            found.note("unknown-mechanism", format!("{name}: {}", known.why), "");
        }
        Worth::Good | Worth::UnderTls => {
            if !known.why.is_empty() {
                found.note("mechanism", format!("{name} is offered: {}", known.why), "");
            }
        }
    }
}

fn tried(attempt: &Attempt, found: &mut Findings) {
    let name = attempt.mechanism;
    if let Some(why) = &attempt.not_sent {
        found.warning("auth-not-sent", format!("{name} was not used: {why}"), "");
        return;
    }
    if name == "LOGIN" {
        prompts(attempt, found);
    }
    let Some(reply) = &attempt.reply else {
        found.problem(
            "auth-no-reply",
            format!("{name}: the connection ended before there was an answer"),
            "the server's log may say why",
        );
        return;
    };
    if attempt.unproven {
        found.problem(
            "auth-unproven",
            format!(
                "{name}: the server said {}, and has not proven who it is",
                reply.text()
            ),
            "who knows the password, or has the service's key, can prove it: another may have answered",
        );
        return;
    }
    match reply.code {
        235 => found.ok("auth", format!("{name} works: {}", reply.text())),
        400..=499 => found.warning(
            "auth-later",
            format!("{name} was refused for now: {}", reply.text()),
            "the server can't check passwords at the moment, or limits attempts",
        ),
        535 => found.problem(
            "auth-refused",
            format!("{name} was refused: {}", reply.text()),
            "user or password may be wrong, or the account may not log in by this mechanism",
        ),
        code => found.problem(
            "auth-code",
            format!("{name} was answered {code}: {}", reply.text()),
            "wrong credentials are answered by 535 5.7.8 (RFC 4954 section 6)",
        ),
    }
    if reply.code == 235 && reply.enhanced.as_deref().is_some_and(|status| status != "2.7.0") {
        let status = reply.enhanced.as_deref().unwrap_or_default();
        let text = format!("{name} is answered 235 {status}");
        found.note("auth-status", text, "2.7.0 is the status for it (RFC 4954 section 6)");
    }
}

/// LOGIN's two questions; clients of old compare them.
fn prompts(attempt: &Attempt, found: &mut Findings) {
    let usual: [&[&str]; 2] = [&["Username:", "User Name\\0"], &["Password:", "Password\\0"]];
    for (challenge, usual) in attempt.challenges.iter().zip(usual) {
        if !usual.contains(&challenge.as_str()) {
            found.note(
                "login-prompt",
                format!("LOGIN asks {challenge:?} in place of {:?}", usual.first().unwrap_or(&"")),
                "some clients look at the words",
            );
        }
    }
}

/// What is offered once the client has authenticated.
fn after(report: &Report, found: &mut Findings) {
    let Some(after) = &report.after_auth else { return };
    let before = report.secure.as_ref().or(report.clear.as_ref());
    let still = after
        .iter()
        .any(|line| line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("AUTH")));
    if before.is_some_and(|before| before.capabilities == *after) {
        found.note(
            "unchanged-after-auth",
            "the capabilities are the same before and after authentication",
            "AUTH has no place in them any more: a second one is refused by 503 (RFC 4954 section 4)",
        );
    } else if still {
        found.note(
            "auth-after-auth",
            "AUTH is still offered to who has authenticated",
            "a second AUTH is refused by 503 all the same (RFC 4954 section 4)",
        );
    }
}
