//! The scenarios, by what they are about.

mod cancel;
mod cram;
mod encoding;
mod length;
mod login;
mod mail;
mod oauth;
mod order;
mod others;
mod plain;
mod starttls;
mod syntax;

use super::scenario::{Need, Scenario, Start, Step};

/// All of them.
pub(crate) const ALL: [&[Scenario]; 12] = [
    order::SCENARIOS,
    starttls::SCENARIOS,
    syntax::SCENARIOS,
    encoding::SCENARIOS,
    cancel::SCENARIOS,
    plain::SCENARIOS,
    login::SCENARIOS,
    cram::SCENARIOS,
    oauth::SCENARIOS,
    others::SCENARIOS,
    mail::SCENARIOS,
    length::SCENARIOS,
];

/// No scenario of the suite: it shows what is offered once the client has authenticated.
pub(crate) const HELLO_AFTER_LOGIN: Scenario = scenario(
    "after AUTH",
    "A hello behind AUTH is answered",
    "RFC 4954 section 4",
    Start::Secure,
    &[Need::Password],
    &[Step::Login, Step::Say("{hello}", "250")],
);

/// The line that shows whether the session goes on.
const STILL_THERE: Step = Step::Say("NOOP", "250");

/// The line that shows that the client is authenticated: there can be no second AUTH.
const STILL_AUTHENTICATED: Step = Step::Say("AUTH PLAIN", "503");

/// A row of the table.
const fn scenario(
    id: &'static str,
    title: &'static str,
    rests_on: &'static str,
    start: Start,
    needs: &'static [Need],
    steps: &'static [Step],
) -> Scenario {
    Scenario { id, title, rests_on, start, needs, steps }
}
