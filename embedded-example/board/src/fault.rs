//! What happens when nothing can go on: a line on the serial port, and an end.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    match info.location() {
        Some(at) => crate::println!("panic at {}:{}", at.file(), at.line()),
        None => crate::println!("panic"),
    }
    halt()
}

// SAFETY: nothing of the state that the fault left behind is used but the address of the frame.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    crate::println!("hard fault at {:#010x}", frame.pc());
    halt()
}

fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
