//! Long lines.

use super::{Need, STILL_THERE, Scenario, Start, Step, scenario};

/// How long lines are taken.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "length-12288",
        "A response of 12,288 octets is read, or refused with 500 5.5.6, and the session keeps its step",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("PLAIN")],
        &[Step::Say("AUTH PLAIN", "334"), Step::Say("{A*12284}", "535 501 | 500 5yz"), STILL_THERE],
    ),
    scenario(
        "length-longer",
        "A longer response is refused with 500 5.5.6, and the session keeps its step",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("PLAIN")],
        &[
            Step::Say("AUTH PLAIN", "334"),
            Step::Say("{A*20000}", "500/5.5.6 535 501 | 5yz closed"),
            Step::Say("NOOP", "250 | closed 421"),
        ],
    ),
    scenario(
        "length-much-longer",
        "A response of 200,000 octets is refused, and no part of it is taken for a command",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("PLAIN")],
        &[
            Step::Say("AUTH PLAIN", "334"),
            Step::Say("{A*200000}", "500/5.5.6 | 5yz 421 closed"),
            Step::Say("NOOP", "250 | closed 421"),
        ],
    ),
    scenario(
        "length-login",
        "A username for LOGIN of 2,000 octets is refused, and nothing breaks",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("{A*2000}", "334 501 535 500 | 5yz"),
            Step::Unless("334"),
            Step::Say("<<secret>>", "535 501 500 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "length-initial",
        "A command with an initial response of 12,000 octets is read, or refused without losing step",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("PLAIN")],
        &[Step::Say("AUTH PLAIN {A*12000}", "535 501 500 | 5yz"), STILL_THERE],
    ),
    scenario(
        "length-initial-longer",
        "A command of 100,000 octets is refused, and no part of it is taken for another",
        "RFC 5321 section 4.5.3.1.4",
        Start::Secure,
        &[Need::Offered("PLAIN")],
        &[
            Step::Say("AUTH PLAIN {A*100000}", "500 | 5yz 421 closed"),
            Step::Say("NOOP", "250 | closed 421"),
        ],
    ),
];
