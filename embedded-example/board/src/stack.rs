//! How much of the stack was in use at its highest: cortex-m-rt has painted it before `main`.

use core::ptr;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// What cortex-m-rt paints the stack with.
const PAINT: u32 = 0xcccc_cccc;

/// The most octets of the stack that were ever in use, and how many there are.
#[must_use]
pub fn high_water() -> (usize, usize) {
    let (top, bottom) = ((&raw const _stack_start).addr(), (&raw const _stack_end).addr());
    let mut at = bottom;
    while at < top {
        // SAFETY: between the two symbols there is RAM that is the stack's; only numbers are read.
        let word = unsafe { ptr::read_volatile(at as *const u32) };
        if word != PAINT {
            break;
        }
        at += size_of::<u32>();
    }
    (top - at, top - bottom)
}
