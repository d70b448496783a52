//! A client by `client::submission::Submission` alone.

#![no_std]
#![no_main]

use figures::sender;

figures::figures!(sender::State);

/// Where the linker begins.
///
/// # Safety
///
/// `message` has `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn run(message: *const u8, length: usize) -> bool {
    let message = unsafe { core::slice::from_raw_parts(message, length) };
    sender::send(message, &mut [0; 512], &mut [0; 512])
}
