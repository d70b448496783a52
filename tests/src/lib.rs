//! Shared test tools: a [`Dialogue`](dialogue::Dialogue) without a socket, the dialogues in files
//! that are run in every split ([`Transcript`](transcript::Transcript) for the server,
//! [`Script`](client::Script) for the client), and a reference of [SCRAM](scram).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test tool fails loudly"
)]

pub mod client;
pub mod dialogue;
pub mod scram;
pub mod simulate;
pub mod text;
pub mod transcript;
