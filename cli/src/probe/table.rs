//! What was seen and found, for people.

use super::findings::{Finding, Verdict};
use super::report::{Offered, Report};
use super::seen::{Attempt, Certificate, Offer, Said, TlsSeen};
use crate::log::Paint;

/// Columns of the names in front.
const WIDTH: usize = 14;

/// The whole of it.
pub(crate) fn text(report: &Report, paint: Paint) -> String {
    let mut table = Table { out: String::new(), paint };
    table.report(report);
    table.out
}

struct Table {
    out: String,
    paint: Paint,
}

impl Table {
    fn report(&mut self, report: &Report) {
        self.out += &format!("{}\n", self.paint.bold(&report.server));
        let connection = &report.connection;
        let place = connection.address.as_deref().unwrap_or("a socket of this machine");
        self.fact("connected", &format!("{place} ({} ms)", connection.milliseconds));
        self.reply("greeting", report.greeting.as_ref());
        self.reply("EHLO refused", report.hello_refused.as_ref());
        if let Some(clear) = &report.clear {
            self.offer(if clear.helo { "HELO" } else { "in clear" }, clear);
        }
        self.reply("STARTTLS", report.starttls.as_ref());
        if let Some(tls) = &report.tls {
            self.tls(tls);
        }
        if let Some(failure) = &report.tls_failure {
            self.fact("TLS", &self.paint.bad(failure));
        }
        if let Some(secure) = &report.secure {
            self.offer("under TLS", secure);
        }
        if let Some(difference) = &report.difference {
            let added = difference.added.iter().map(|line| self.paint.good(&format!("+ {line}")));
            let removed =
                difference.removed.iter().map(|line| self.paint.odd(&format!("- {line}")));
            let lines: Vec<String> = added.chain(removed).collect();
            self.list("TLS changes", &lines);
        }
        self.mechanisms(&report.mechanisms);
        if let Some(after) = &report.after_auth {
            self.list("after AUTH", after);
        }
        self.fact("end", &report.end.reason);
        self.findings(&report.findings);
    }

    fn fact(&mut self, name: &str, value: &str) {
        let name = self.paint.dim(&format!("{name:<WIDTH$}"));
        self.out += &format!("  {name} {value}\n");
    }

    /// The name in front of the first line alone.
    fn list(&mut self, name: &str, lines: &[String]) {
        let mut name = name;
        for line in lines {
            self.fact(name, line);
            name = "";
        }
    }

    fn reply(&mut self, name: &str, said: Option<&Said>) {
        let Some(said) = said else { return };
        let mut lines = Vec::new();
        for (index, line) in said.lines.iter().enumerate() {
            let time =
                if index == 0 { format!(" ({} ms)", said.milliseconds) } else { String::new() };
            lines.push(format!("{} {line}{time}", said.code));
        }
        self.list(name, &lines);
    }

    fn offer(&mut self, name: &str, offer: &Offer) {
        let first = offer.reply.lines.first().cloned().unwrap_or_default();
        let first = format!("{first} ({} ms)", offer.reply.milliseconds);
        let lines: Vec<String> =
            core::iter::once(first).chain(offer.capabilities.iter().cloned()).collect();
        self.list(name, &lines);
    }

    fn tls(&mut self, tls: &TlsSeen) {
        self.fact(
            "TLS",
            &format!("{} {} ({} ms)", tls.protocol, tls.cipher_suite, tls.milliseconds),
        );
        let verdict = match &tls.fault {
            None => self.paint.good(&format!("valid for {}", tls.host)),
            Some(fault) => self.paint.bad(fault),
        };
        self.fact("certificate", &verdict);
        for (index, certificate) in tls.chain.iter().enumerate() {
            self.certificate(index, certificate);
        }
    }

    fn certificate(&mut self, index: usize, certificate: &Certificate) {
        let Certificate { subject, issuer, not_before, not_after, names, key } = certificate;
        let mut lines = vec![
            format!("subject {subject} ({key})"),
            format!("issuer  {issuer}"),
            format!("valid   {not_before} to {not_after}"),
        ];
        if !names.is_empty() {
            lines.push(format!("names   {}", names.join(", ")));
        }
        self.list(&format!("  {}", index + 1), &lines);
    }

    fn mechanisms(&mut self, mechanisms: &[Offered]) {
        let mut lines = Vec::new();
        for offered in mechanisms {
            let clear = if offered.in_clear { ", also in clear" } else { "" };
            let result = match (&offered.tried, offered.untried) {
                (Some(attempt), _) => self.attempt(attempt),
                (None, Some(why)) => format!("not tried: {why}"),
                (None, None) => "not tried".to_owned(),
            };
            lines.push(format!("{:<14} needs {}{clear}; {result}", offered.name, offered.needs));
        }
        self.list("AUTH", &lines);
    }

    fn attempt(&self, attempt: &Attempt) -> String {
        match (&attempt.reply, &attempt.not_sent) {
            (Some(said), _) if attempt.accepted => {
                self.paint.good(&format!("works: {}", said.text()))
            }
            (Some(said), _) if attempt.unproven => {
                self.paint.bad(&format!("not proven: {}", said.text()))
            }
            (Some(said), _) => self.paint.bad(&format!("refused: {}", said.text())),
            (None, Some(why)) => self.paint.odd(&format!("not tried: {why}")),
            (None, None) => self.paint.bad("no answer"),
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        self.out += "\n";
        for Finding { verdict, text, advice, id } in findings {
            let name = format!("{:<8}", verdict.name());
            let name = match verdict {
                Verdict::Ok => self.paint.good(&name),
                Verdict::Note => self.paint.name(&name),
                Verdict::Warning => self.paint.odd(&name),
                Verdict::Problem => self.paint.bad(&name),
            };
            self.out += &format!("{name} {text} {}\n", self.paint.dim(&format!("[{id}]")));
            if !advice.is_empty() {
                self.out += &format!("         {advice}\n");
            }
        }
        let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
        let (problems, warnings, notes) =
            (count(Verdict::Problem), count(Verdict::Warning), count(Verdict::Note));
        self.out += &format!("\nproblems: {problems}, warnings: {warnings}, notes: {notes}\n");
    }
}
