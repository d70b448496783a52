//! Controls of the no-panic proof: without a feature this links, with any of them it must not.

#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { a_panic_is_reachable() }
}

/// Too large for a `usize` of 16 bits.
#[cfg(feature = "wide")]
pub const WIDE: usize = 64 * 1024;

/// What the linker is told to keep.
///
/// # Safety
///
/// `octets` has `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn probe(octets: *const u8, length: usize, index: usize) -> usize {
    let octets = unsafe { core::slice::from_raw_parts(octets, length) };
    if cfg!(feature = "index") {
        return usize::from(octets[index]);
    }
    if cfg!(feature = "overflow") {
        return length + index;
    }
    #[cfg(feature = "alloc")]
    return alloc::vec::Vec::from(octets).len();
    #[cfg(not(feature = "alloc"))]
    octets.get(index).copied().map_or(0, usize::from)
}
