//! STARTTLS, TLS and the certificate.

use super::{Findings, Given};
use crate::probe::clock;
use crate::probe::options::{Stage, TlsStart};
use crate::probe::report::Report;
use crate::probe::seen::TlsSeen;

/// Days before its end at which a certificate is to be renewed, and at which it is late.
const SOON: i64 = 21;
const LATE: i64 = 7;

pub(super) fn look(report: &Report, given: &Given, found: &mut Findings) {
    if report.injected {
        found.problem(
            "starttls-injection",
            "there was plaintext behind the 220 to STARTTLS; a careless client takes it for something said under TLS",
            "somebody on the way may have put it there (CVE-2011-0411), or the server sends too much",
        );
    }
    starttls(report, given, found);
    if let Some(failure) = &report.tls_failure {
        let old = failure.contains("no TLS in common");
        found.problem(
            if old { "tls-incompatible" } else { "tls-failed" },
            failure.clone(),
            if old { "versions before 1.2 are forbidden (RFC 8996)" } else { "" },
        );
    }
    if let Some(version) = report.old_tls.accepted {
        found.warning(
            "tls-old-accepted",
            format!("{version} is accepted too"),
            "versions before 1.2 are forbidden (RFC 8996)",
        );
    } else if report.old_tls.tried {
        found.ok("tls-old", "TLS 1.0 and 1.1 are refused");
    }
    let Some(tls) = &report.tls else { return };
    match tls.protocol {
        "TLSv1.3" => found.ok("tls", format!("TLS 1.3 with {}", tls.cipher_suite)),
        "TLSv1.2" => found.note(
            "tls",
            format!("TLS 1.2 with {}", tls.cipher_suite),
            "TLS 1.3 is to be preferred (RFC 9325); newer software of the server has it",
        ),
        other => found.warning("tls", format!("{other} with {}", tls.cipher_suite), "use TLS 1.3"),
    }
    certificate(tls, given, found);
}

fn starttls(report: &Report, given: &Given, found: &mut Findings) {
    let Some(clear) = &report.clear else { return };
    let wanted = given.tls == TlsStart::Starttls;
    let offered = clear.has("STARTTLS");
    match (&report.starttls, offered) {
        (Some(said), _) if said.code != 220 => found.problem(
            "starttls-refused",
            format!("STARTTLS is offered, and refused: {}", said.text()),
            "the server's certificate or key may be missing; its log says more",
        ),
        (_, true) => found.ok("starttls", "STARTTLS is offered"),
        (_, false) if wanted && given.stage > Stage::Ehlo => {
            let advice = "turn it on at the server; if it is on, somebody on the way takes it out of the reply";
            if given.local {
                found.note("starttls-missing", "STARTTLS is not offered", advice);
            } else {
                found.problem(
                    "starttls-missing",
                    "STARTTLS is not offered: everything goes in clear",
                    advice,
                );
            }
        }
        (_, false) => {}
    }
}

fn count(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn certificate(tls: &TlsSeen, given: &Given, found: &mut Findings) {
    match &tls.fault {
        None => found.ok("certificate", format!("the certificate is valid for {}", tls.host)),
        Some(fault) => found.problem(
            "certificate",
            format!("the certificate is not accepted: {fault}"),
            "clients that look will not send; --ca trusts an authority of your own",
        ),
    }
    let Some(own) = tls.chain.first() else { return };
    if let (None, Some(end)) = (&tls.fault, clock::seconds(&own.not_after)) {
        let days = (end - given.now) / clock::DAY;
        match days {
            days if days < LATE => found.warning(
                "certificate-expiry",
                format!("the certificate expires in {}, on {}", count(days), own.not_after),
                "renew it now",
            ),
            days if days < SOON => found.note(
                "certificate-expiry",
                format!("the certificate expires in {}, on {}", count(days), own.not_after),
                "see that its renewal works",
            ),
            _ => {}
        }
    }
    if own.names.is_empty() {
        found.warning(
            "certificate-names",
            "the certificate has no alternative names",
            "clients no longer look at the common name (RFC 9525)",
        );
    }
    let weak = own.key.strip_prefix("RSA ").and_then(|bits| bits.parse::<u32>().ok());
    if weak.is_some_and(|bits| bits < 2048) {
        found.warning(
            "certificate-key",
            format!("the key is {}", own.key),
            "2048 bits are the least today",
        );
    }
}
