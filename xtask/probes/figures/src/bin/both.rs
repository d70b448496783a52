//! Both sides in one program.

#![no_std]
#![no_main]

use figures::{endpoint, sender};

figures::figures!((endpoint::State, sender::State));

/// Where the linker begins: with a message to be sent it is the client, without one the server.
///
/// # Safety
///
/// `message` has `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn run(message: *const u8, length: usize) -> bool {
    if length == 0 {
        endpoint::serve(&mut [0; 512], &mut [0; 512]);
        return true;
    }
    let message = unsafe { core::slice::from_raw_parts(message, length) };
    sender::send(message, &mut [0; 512], &mut [0; 512])
}
