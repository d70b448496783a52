//! A whole server connection, driven by functions that the compiler can't see through.
//!
//! `cargo xtask no-panic` links this: the panic handler calls what does not exist.

#![no_std]

use ehlo as _;

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { a_panic_is_reachable() }
}

/// What the linker is told to keep.
#[unsafe(no_mangle)]
pub extern "C" fn probe() {}
