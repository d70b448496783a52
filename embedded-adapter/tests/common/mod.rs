//! What several tests need.
#![allow(dead_code, reason = "not every test needs all of it")]

pub(crate) mod stack;
pub(crate) mod store;
pub(crate) mod wire;
