//! Milliseconds since the board was started, by the core's SysTick timer.

use core::cell::Cell;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;

static NOW: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

/// Milliseconds since [`init`](crate::init).
#[must_use]
pub fn now() -> u64 {
    critical_section::with(|section| NOW.borrow(section).get())
}

/// The lower half of [`now`]: it wraps around after seven weeks.
#[must_use]
pub fn wrapping() -> u32 {
    (now() & u64::from(u32::MAX)) as u32
}

pub(crate) fn start(mut timer: SYST) {
    timer.set_reload(crate::parts::CLOCK / 1000 - 1);
    timer.set_clock_source(SystClkSource::Core);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

#[exception]
fn SysTick() {
    critical_section::with(|section| {
        let now = NOW.borrow(section);
        now.set(now.get() + 1);
    });
    #[cfg(feature = "embassy")]
    embassy::tick(now());
}

/// The clock as embassy-time wants it.
#[cfg(feature = "embassy")]
mod embassy {
    use core::cell::{Cell, RefCell};
    use core::task::Waker;

    use critical_section::Mutex;
    use embassy_time_queue_utils::Queue;

    struct Alarms {
        queue: RefCell<Queue>,
        /// When the first of the queue is due.
        next: Cell<u64>,
    }

    struct Clock(Mutex<Alarms>);

    embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock(Mutex::new(Alarms {
        queue: RefCell::new(Queue::new()),
        next: Cell::new(u64::MAX),
    })));

    impl embassy_time_driver::Driver for Clock {
        fn now(&self) -> u64 {
            super::now()
        }

        fn schedule_wake(&self, at: u64, waker: &Waker) {
            critical_section::with(|section| {
                let alarms = self.0.borrow(section);
                if alarms.queue.borrow_mut().schedule_wake(at, waker) {
                    // The next tick sees what is due, and when the one behind it is.
                    alarms.next.set(0);
                }
            });
        }
    }

    pub(super) fn tick(now: u64) {
        critical_section::with(|section| {
            let alarms = CLOCK.0.borrow(section);
            if alarms.next.get() <= now {
                alarms.next.set(alarms.queue.borrow_mut().next_expiration(now));
            }
        });
    }
}
