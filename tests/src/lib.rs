//! Shared test tools: a [`Dialogue`](dialogue::Dialogue) without a socket, and the
//! [`Transcript`](transcript::Transcript) files that are run in every split, and a reference of
//! [SCRAM](scram).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test tool fails loudly"
)]

pub mod dialogue;
pub mod scram;
pub mod simulate;
pub mod text;
pub mod transcript;
