//! What the benchmarks of `ehlo` share: their inputs, and drivers of the machines.
//!
//! The benchmarks themselves, and the peers they compare with, are in `benches/`.

pub mod client;
pub mod input;
pub mod server;
