//! The one interrupt that is used beside the clock's: a frame has come.
//!
//! The network interface holds its line for as long as there is something to fetch. So the handler turns
//! the interrupt off, and whoever has found nothing left to fetch turns it on again.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::exception;

use crate::parts::MAC_INTERRUPT;

#[derive(Clone, Copy)]
struct MacInterrupt;

// SAFETY: the number is the same each time and the network interface's alone.
unsafe impl InterruptNumber for MacInterrupt {
    fn number(self) -> u16 {
        MAC_INTERRUPT
    }
}

/// Lets the network interface interrupt when there is, or already is, a frame.
pub(crate) fn listen() {
    // SAFETY: the handler is ready, and no critical section relies on this interrupt being off.
    unsafe { NVIC::unmask(MacInterrupt) };
}

/// Sleeps until a frame has come or a millisecond has passed.
pub fn sleep() {
    // An interrupt that is pending ends the wait, also when it can't be served yet: nothing is missed
    // that came since the caller looked.
    cortex_m::interrupt::free(|_| {
        listen();
        cortex_m::asm::wfi();
    });
}

// SAFETY: the handler shares nothing with the rest of the program but the waker, which is made for it.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    if number == MAC_INTERRUPT.cast_signed() {
        NVIC::mask(MacInterrupt);
        #[cfg(feature = "embassy")]
        crate::mac::WAKER.wake();
    }
}
