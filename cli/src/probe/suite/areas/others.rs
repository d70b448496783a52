//! EXTERNAL and ANONYMOUS.

use super::{Need, STILL_THERE, Scenario, Start, Step, scenario};

/// Mechanisms without a password.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "external-no-certificate",
        "EXTERNAL without a client certificate is refused",
        "RFC 4422 appendix A",
        Start::Secure,
        &[Need::Offered("EXTERNAL"), Need::Certificate(false)],
        &[Step::Say("AUTH EXTERNAL =", "535 | 5yz"), STILL_THERE],
    ),
    scenario(
        "external-certificate",
        "EXTERNAL logs in who the client certificate names",
        "RFC 4422 appendix A",
        Start::Secure,
        &[Need::Offered("EXTERNAL"), Need::Certificate(true)],
        &[Step::Say("AUTH EXTERNAL =", "235/2.7.0 | 535")],
    ),
    scenario(
        "external-other",
        "EXTERNAL as somebody the certificate does not name is refused",
        "RFC 4422 appendix A",
        Start::Secure,
        &[Need::Offered("EXTERNAL")],
        &[Step::Say("AUTH EXTERNAL <<ehlo-probe-nobody>>", "535 | 5yz"), STILL_THERE],
    ),
    scenario(
        "external-not-offered",
        "EXTERNAL is refused with 504 where it is not offered",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Auth, Need::NotOffered("EXTERNAL")],
        &[Step::Say("AUTH EXTERNAL =", "504/5.5.4 | 5yz"), STILL_THERE],
    ),
    scenario(
        "anonymous",
        "ANONYMOUS takes an address for a trace",
        "RFC 4505 section 2",
        Start::Secure,
        &[Need::Offered("ANONYMOUS")],
        &[Step::Say("AUTH ANONYMOUS <<probe@example.org>>", "235/2.7.0 | 5yz")],
    ),
    scenario(
        "anonymous-empty",
        "ANONYMOUS takes an empty trace",
        "RFC 4505 section 2",
        Start::Secure,
        &[Need::Offered("ANONYMOUS")],
        &[Step::Say("AUTH ANONYMOUS =", "235/2.7.0 | 5yz")],
    ),
    scenario(
        "anonymous-long",
        "A trace of more than 255 characters is refused",
        "RFC 4505 section 2",
        Start::Secure,
        &[Need::Offered("ANONYMOUS")],
        &[Step::Say("AUTH ANONYMOUS <<{a*300}>>", "501 535 | 5yz 235")],
    ),
    scenario(
        "anonymous-not-offered",
        "ANONYMOUS is refused with 504 where it is not offered",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Auth, Need::NotOffered("ANONYMOUS")],
        &[Step::Say("AUTH ANONYMOUS <<probe@example.org>>", "504/5.5.4 | 5yz"), STILL_THERE],
    ),
    scenario(
        "plain-not-offered",
        "PLAIN is refused with 504 where it is not offered",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Auth, Need::NotOffered("PLAIN")],
        &[
            Step::Say("AUTH PLAIN <<\0ehlo-probe\0not the password>>", "504/5.5.4 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "cram-not-offered",
        "CRAM-MD5 is refused with 504 where it is not offered",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Auth, Need::NotOffered("CRAM-MD5")],
        &[Step::Say("AUTH CRAM-MD5", "504/5.5.4 | 5yz"), STILL_THERE],
    ),
];
