//! XOAUTH2 and OAUTHBEARER.

use super::super::facts;
use super::{Need, STILL_THERE, Scenario, Start, Step, scenario};

/// What bearer tokens are answered by.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "xoauth2-right",
        "XOAUTH2 logs in, and the answer is 235 2.7.0",
        "RFC 4954 section 6",
        Start::Secure,
        &[Need::Token, Need::Offered("XOAUTH2")],
        &[
            Step::Say("AUTH XOAUTH2", "334"),
            Step::Say("<<user={user}\u{1}auth=Bearer {token}\u{1}\u{1}>>", "235/2.7.0"),
        ],
    ),
    scenario(
        "xoauth2-wrong",
        "A wrong token of XOAUTH2 gets its reason as a challenge, and then 535",
        "RFC 7628 section 3.2.2",
        Start::Secure,
        &[Need::Offered("XOAUTH2")],
        &[
            Step::Say(
                "AUTH XOAUTH2 <<user=ehlo-probe\u{1}auth=Bearer not.the.token\u{1}\u{1}>>",
                "334 | 535",
            ),
            Step::Unless("334"),
            Step::Check("JSON with a status", false, facts::challenge_is_json),
            Step::Say("", "535/5.7.8 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "xoauth2-two-step",
        "XOAUTH2 goes without an initial response too",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("XOAUTH2")],
        &[
            Step::Say("AUTH XOAUTH2", "334"),
            Step::Say("<<user=ehlo-probe\u{1}auth=Bearer not.the.token\u{1}\u{1}>>", "334 535"),
            Step::Unless("334"),
            Step::Say("", "535/5.7.8 | 5yz"),
        ],
    ),
    scenario(
        "xoauth2-cancel",
        "The reason for refusing a token can be answered by a star",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("XOAUTH2")],
        &[
            Step::Say(
                "AUTH XOAUTH2 <<user=ehlo-probe\u{1}auth=Bearer not.the.token\u{1}\u{1}>>",
                "334 | 535",
            ),
            Step::Unless("334"),
            Step::Say("*", "501 | 535"),
            STILL_THERE,
        ],
    ),
    scenario(
        "xoauth2-malformed",
        "A message of XOAUTH2 without a token is refused",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("XOAUTH2")],
        &[
            Step::Say("AUTH XOAUTH2 <<user=ehlo-probe>>", "501 535 | 334 5yz"),
            Step::Unless("334"),
            Step::Say("", "535 501"),
        ],
    ),
    scenario(
        "oauthbearer-right",
        "OAUTHBEARER logs in, and the answer is 235 2.7.0",
        "RFC 7628 section 3.1",
        Start::Secure,
        &[Need::Token, Need::Offered("OAUTHBEARER")],
        &[
            Step::Say("AUTH OAUTHBEARER", "334"),
            Step::Say("<<n,a={user},\u{1}auth=Bearer {token}\u{1}\u{1}>>", "235/2.7.0"),
        ],
    ),
    scenario(
        "oauthbearer-wrong",
        "A wrong token gets JSON with a status as a challenge, and then 535",
        "RFC 7628 section 3.2.2",
        Start::Secure,
        &[Need::Offered("OAUTHBEARER")],
        &[
            Step::Say(
                "AUTH OAUTHBEARER <<n,a=ehlo-probe,\u{1}auth=Bearer not.the.token\u{1}\u{1}>>",
                "334 | 535",
            ),
            Step::Unless("334"),
            Step::Check("JSON with a status", true, facts::challenge_is_json),
            Step::Say("<<\u{1}>>", "535/5.7.8 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "oauthbearer-two-step",
        "OAUTHBEARER goes without an initial response too",
        "RFC 4954 section 4",
        Start::Secure,
        &[Need::Offered("OAUTHBEARER")],
        &[
            Step::Say("AUTH OAUTHBEARER", "334"),
            Step::Say("<<n,a=ehlo-probe,\u{1}auth=Bearer not.the.token\u{1}\u{1}>>", "334 535"),
            Step::Unless("334"),
            Step::Say("<<\u{1}>>", "535/5.7.8 | 5yz"),
        ],
    ),
    scenario(
        "oauthbearer-no-header",
        "A message without the GS2 header is refused",
        "RFC 5801 section 4",
        Start::Secure,
        &[Need::Offered("OAUTHBEARER")],
        &[
            Step::Say(
                "AUTH OAUTHBEARER <<auth=Bearer not.the.token\u{1}\u{1}>>",
                "501 535 | 334 5yz",
            ),
            Step::Unless("334"),
            Step::Say("<<\u{1}>>", "535 501"),
        ],
    ),
    scenario(
        "oauthbearer-no-end",
        "A message without its end is refused",
        "RFC 7628 section 3.1",
        Start::Secure,
        &[Need::Offered("OAUTHBEARER")],
        &[
            Step::Say(
                "AUTH OAUTHBEARER <<n,,\u{1}auth=Bearer not.the.token>>",
                "501 535 | 334 5yz",
            ),
            Step::Unless("334"),
            Step::Say("<<\u{1}>>", "535 501"),
        ],
    ),
    scenario(
        "oauthbearer-scheme",
        "A token of another scheme than Bearer is refused",
        "RFC 7628 section 3.1",
        Start::Secure,
        &[Need::Offered("OAUTHBEARER")],
        &[
            Step::Say(
                "AUTH OAUTHBEARER <<n,,\u{1}auth=Basic not.the.token\u{1}\u{1}>>",
                "501 535 334 | 5yz",
            ),
            Step::Unless("334"),
            Step::Say("<<\u{1}>>", "535 501"),
        ],
    ),
];
