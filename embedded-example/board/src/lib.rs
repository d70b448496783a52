//! What differs from board to board, and nothing of mail: memory, clock, console, network, randomness.
//!
//! A firmware calls [`init`] once and gets the network interface; the clock runs from there on. All
//! `unsafe` of the example is here, but for that of the heap which the programs with TLS have.
//!
//! The drivers do what QEMU's models of the two boards need. A real chip wants its clocks, pins and
//! PHY set up first: its HAL has that, and takes the place of this crate.
#![no_std]

#[cfg(not(any(feature = "lm3s6965evb", feature = "mps2-an386")))]
compile_error!("choose the board: `--features lm3s6965evb` or `--features mps2-an386`");
#[cfg(all(feature = "lm3s6965evb", feature = "mps2-an386"))]
compile_error!("one board at a time");

pub mod clock;
#[macro_use]
pub mod console;
#[cfg(feature = "executor")]
pub mod executor;
mod fault;
pub mod host;
mod interrupts;
pub mod mac;
mod random;
mod register;
pub mod stack;

#[cfg(feature = "lm3s6965evb")]
#[path = "lm3s6965evb.rs"]
mod parts;
#[cfg(feature = "mps2-an386")]
#[path = "mps2_an386.rs"]
mod parts;

pub use cortex_m_rt::entry;
pub use interrupts::sleep;
pub use mac::Mac;
pub use parts::NAME;
pub use random::{random, random_array};

/// Starts the clock, the console and the network interface; `None` when it was called before.
#[must_use]
pub fn init() -> Option<Mac> {
    let core = cortex_m::Peripherals::take()?;
    parts::init_console();
    clock::start(core.SYST);
    Some(Mac::new(parts::init_mac()))
}
