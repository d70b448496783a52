//! CRAM-MD5.

use super::super::facts;
use super::{Need, STILL_THERE, Scenario, Start, Step, scenario};

/// What CRAM-MD5 takes and refuses.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "cram-challenge",
        "The challenge is a message identifier in angle brackets",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Check("<…@…>", true, facts::challenge_is_a_message_id),
            Step::Say("*", "501"),
        ],
    ),
    scenario(
        "cram-unique",
        "Each challenge of a connection is a new one",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Keep,
            Step::Say("*", "501"),
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Check("another challenge", true, facts::challenge_is_new),
            Step::Say("*", "501"),
        ],
    ),
    scenario(
        "cram-unique-connections",
        "Each connection has a challenge of its own",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Keep,
            Step::Again,
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Check("another challenge", true, facts::challenge_is_new),
            Step::Say("*", "501"),
        ],
    ),
    scenario(
        "cram-right",
        "CRAM-MD5 logs in, and the answer is 235 2.7.0",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Password, Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Say("<<{cram}>>", "235/2.7.0 | 535"),
            STILL_THERE,
        ],
    ),
    scenario(
        "cram-wrong",
        "A wrong digest is refused with 535 5.7.8",
        "RFC 4954 section 6",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Say("<<{user} {0*32}>>", "535/5.7.8 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "cram-upper",
        "A digest in upper case is not the one that is demanded",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Password, Need::Offered("CRAM-MD5")],
        &[Step::Say("AUTH CRAM-MD5", "334"), Step::Say("<<{cram:upper}>>", "535 501 | 235 5yz")],
    ),
    scenario(
        "cram-junk",
        "A right digest with junk behind it is refused",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Password, Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Say("<<{cram}0>>", "535 501 | 5yz 235"),
            STILL_THERE,
        ],
    ),
    scenario(
        "cram-replay",
        "The answer to an older challenge is refused",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Password, Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Keep,
            Step::Say("*", "501"),
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Say("<<{cram:first}>>", "535/5.7.8 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "cram-no-digest",
        "A name without a digest is refused",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Say("<<ehlo-probe>>", "501 535 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "cram-short-digest",
        "A digest of 31 characters is refused",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[
            Step::Say("AUTH CRAM-MD5", "334"),
            Step::Say("<<ehlo-probe {0*31}>>", "501 535 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "cram-empty",
        "An empty answer is refused",
        "RFC 2195 section 2",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[Step::Say("AUTH CRAM-MD5", "334"), Step::Say("", "501 535 | 5yz"), STILL_THERE],
    ),
    scenario(
        "cram-initial",
        "An initial response is refused with 501, since the server speaks first",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("CRAM-MD5")],
        &[Step::Say("AUTH CRAM-MD5 <<ehlo-probe {0*32}>>", "501/5.7.0"), STILL_THERE],
    ),
];
