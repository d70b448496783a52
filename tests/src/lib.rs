//! Shared test tools: a [`Dialogue`](dialogue::Dialogue) without a socket, and the
//! [`Transcript`](transcript::Transcript) files that are run in every split.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test tool fails loudly"
)]

pub mod dialogue;
pub mod simulate;
pub mod text;
pub mod transcript;
