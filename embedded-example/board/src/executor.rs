//! embassy's executor, on the one thread there is.
//!
//! The one that embassy-executor has for a Cortex-M waits by `WFE`, which is right on a chip. QEMU takes it
//! for no instruction at all, so that an emulated board which does nothing uses up a processor of the
//! host, and loses milliseconds when that is busy. This one waits by `WFI`.

use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use embassy_executor::{Spawner, raw};
use static_cell::StaticCell;

/// There is a task to be polled.
static PENDING: AtomicBool = AtomicBool::new(false);

// SAFETY: this is the name by which embassy-executor calls whoever runs it, and nobody else has it.
#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    PENDING.store(true, Ordering::SeqCst);
}

/// Runs the tasks that `init` spawns, for ever. It can be called once.
pub fn run(init: impl FnOnce(Spawner)) -> ! {
    static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();
    let executor = EXECUTOR.init(raw::Executor::new(ptr::null_mut()));
    init(executor.spawner());
    loop {
        // SAFETY: it is polled here alone, and not by a task.
        unsafe { executor.poll() };
        // An interrupt that comes behind this look is pending, and ends the wait.
        cortex_m::interrupt::free(|_| {
            if !PENDING.swap(false, Ordering::SeqCst) {
                cortex_m::asm::wfi();
            }
        });
    }
}
