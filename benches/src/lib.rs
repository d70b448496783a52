//! What the benchmarks of `ehlo` share: their inputs, and a driver of the server's machine.
//!
//! The benchmarks themselves, and the peers they compare with, are in `benches/`.

pub mod input;
pub mod server;
