//! The endpoint alone.

#![no_std]
#![no_main]

use figures::endpoint;

figures::figures!(endpoint::State);

/// Where the linker begins.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    endpoint::serve(&mut [0; 512], &mut [0; 512]);
}
