//! AUTH and STARTTLS.

use super::super::facts;
use super::{Need, STILL_THERE, Scenario, Start, Step, scenario};

/// What STARTTLS means for AUTH.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "starttls-argument",
        "STARTTLS with an argument is refused with 501",
        "RFC 3207 section 4",
        Start::Clear,
        &[Need::StartTls],
        &[Step::Say("STARTTLS now", "501 | 5yz 220")],
    ),
    scenario(
        "starttls-gone",
        "STARTTLS is not offered under TLS",
        "RFC 3207 section 4.2",
        Start::Secure,
        &[Need::Tls],
        &[Step::Check("no STARTTLS in the reply to the hello under TLS", true, facts::no_starttls)],
    ),
    scenario(
        "starttls-twice",
        "STARTTLS under TLS is refused",
        "RFC 3207 section 4.2",
        Start::Secure,
        &[Need::Tls],
        &[Step::Say("STARTTLS", "5yz | 454 220"), Step::Unless("5yz 454"), STILL_THERE],
    ),
    scenario(
        "starttls-injection",
        "What stands behind STARTTLS in clear is not carried out under TLS",
        "RFC 3207 section 6",
        Start::Clear,
        &[Need::StartTls],
        &[
            Step::Send("STARTTLS\r\nNOOP\r\n"),
            Step::Read("220 5yz 4yz closed"),
            Step::Unless("220"),
            Step::Tls,
            Step::Quiet,
        ],
    ),
    scenario(
        "starttls-injection-auth",
        "AUTH behind STARTTLS in clear is not carried out under TLS",
        "RFC 3207 section 6",
        Start::Clear,
        &[Need::StartTls, Need::Auth],
        &[
            Step::Send("STARTTLS\r\n{hello}\r\nAUTH PLAIN <<\0ehlo-probe\0not the password>>\r\n"),
            Step::Read("220 5yz 4yz closed"),
            Step::Unless("220"),
            Step::Tls,
            Step::Quiet,
        ],
    ),
    scenario(
        "starttls-forgets-hello",
        "STARTTLS forgets the hello, so AUTH needs another one",
        "RFC 3207 section 4.2",
        Start::Clear,
        &[Need::StartTls, Need::Auth],
        &[Step::Say("STARTTLS", "220"), Step::Tls, Step::Say("AUTH PLAIN", "503 | 5yz 334")],
    ),
    scenario(
        "starttls-forgets-auth",
        "STARTTLS forgets the authentication",
        "RFC 3207 section 4.2",
        Start::Clear,
        &[Need::StartTls, Need::AuthInClear, Need::Password, Need::Offered("PLAIN")],
        &[
            Step::Login,
            Step::Say("STARTTLS", "220 5yz"),
            Step::Unless("220"),
            Step::Tls,
            Step::Say("{hello}", "250"),
            Step::Say("AUTH PLAIN", "334 | 501 504 535"),
        ],
    ),
    scenario(
        "starttls-in-exchange",
        "STARTTLS within an exchange is taken for a response",
        "RFC 4954 section 4",
        Start::Clear,
        &[Need::StartTls, Need::AuthInClear, Need::Offered("PLAIN")],
        &[
            Step::Say("AUTH PLAIN", "334 5yz"),
            Step::SkipUnless("334", "PLAIN is not taken without TLS"),
            Step::Say("STARTTLS", "501 535 | 5yz"),
            STILL_THERE,
        ],
    ),
];
