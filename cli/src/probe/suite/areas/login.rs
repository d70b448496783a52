//! LOGIN.

use super::super::facts;
use super::{Need, STILL_THERE, Scenario, Start, Step, scenario};

/// What LOGIN takes and refuses. It has no RFC; its draft is what most servers do.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "login-name-prompt",
        "The first prompt is Username:",
        "draft-murchison-sasl-login section 2",
        Start::Secure,
        &[Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Check("Username:", false, facts::asks_for_the_name),
            Step::Say("*", "501"),
        ],
    ),
    scenario(
        "login-password-prompt",
        "The second prompt is Password:",
        "draft-murchison-sasl-login section 2",
        Start::Secure,
        &[Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("<<ehlo-probe>>", "334"),
            Step::Check("Password:", false, facts::asks_for_the_password),
            Step::Say("*", "501"),
        ],
    ),
    scenario(
        "login-right",
        "LOGIN logs in, and the answer is 235 2.7.0",
        "RFC 4954 section 6",
        Start::Secure,
        &[Need::Password, Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("<<{user}>>", "334"),
            Step::Say("<<{password}>>", "235/2.7.0"),
            STILL_THERE,
        ],
    ),
    scenario(
        "login-initial",
        "The username may be the initial response",
        "draft-murchison-sasl-login section 2",
        Start::Secure,
        &[Need::Password, Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN <<{user}>>", "334 | 501 535"),
            Step::Unless("334"),
            Step::Say("<<{password}>>", "235/2.7.0"),
        ],
    ),
    scenario(
        "login-wrong",
        "A wrong password is refused with 535 5.7.8",
        "RFC 4954 section 6",
        Start::Secure,
        &[Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("<<{user}>>", "334"),
            Step::Say("<<not the password>>", "535/5.7.8 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "login-unknown",
        "An unknown user is asked for a password all the same",
        "RFC 4954 section 9",
        Start::Secure,
        &[Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("<<ehlo-probe-nobody>>", "334 | 5yz"),
            Step::Unless("334"),
            Step::Say("<<not the password>>", "535/5.7.8 | 5yz"),
        ],
    ),
    scenario(
        "login-no-user",
        "An empty username logs nobody in",
        "draft-murchison-sasl-login section 2",
        Start::Secure,
        &[Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("", "334 501 535 | 5yz"),
            Step::Unless("334"),
            Step::Say("<<secret>>", "535 501 | 5yz"),
        ],
    ),
    scenario(
        "login-no-password",
        "An empty password is refused",
        "draft-murchison-sasl-login section 2",
        Start::Secure,
        &[Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("<<{user}>>", "334"),
            Step::Say("", "535 501 | 5yz"),
            STILL_THERE,
        ],
    ),
    scenario(
        "login-junk",
        "A right password with junk behind it is refused",
        "RFC 4954 section 6",
        Start::Secure,
        &[Need::Password, Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("<<{user}>>", "334"),
            Step::Say("<<{password}x>>", "535/5.7.8 | 5yz"),
        ],
    ),
    scenario(
        "login-nul",
        "A right password with a NUL behind it is refused",
        "RFC 4954 section 6",
        Start::Secure,
        &[Need::Password, Need::Offered("LOGIN")],
        &[
            Step::Say("AUTH LOGIN", "334"),
            Step::Say("<<{user}>>", "334"),
            Step::Say("<<{password}\0>>", "535 501 | 5yz 235"),
        ],
    ),
];
