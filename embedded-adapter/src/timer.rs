//! Who keeps the time.

use core::future::pending;

/// A clock of milliseconds that can be waited for.
///
/// ```
/// use ehlo_embedded::Timer;
///
/// /// A counter that an interrupt counts up, and a delay of the board's own.
/// struct SysTick;
///
/// # fn milliseconds() -> u32 { 0 }
/// # async fn delay(_: u32) {}
/// impl Timer for SysTick {
///     fn now(&self) -> u32 {
///         milliseconds()
///     }
///
///     async fn sleep(&mut self, ms: u32) {
///         delay(ms).await;
///     }
/// }
/// ```
pub trait Timer {
    /// Whether it keeps time at all. Without, no deadline passes and no reply is held back.
    const TICKS: bool = true;

    /// Milliseconds since any moment. They may wrap around at the end of `u32`.
    fn now(&self) -> u32;

    /// Waits for so many milliseconds; dropped, it waits no longer.
    async fn sleep(&mut self, ms: u32);
}

impl<T: Timer> Timer for &mut T {
    const TICKS: bool = T::TICKS;

    fn now(&self) -> u32 {
        T::now(self)
    }

    async fn sleep(&mut self, ms: u32) {
        T::sleep(self, ms).await;
    }
}

/// No timer: a peer that goes silent is waited for until its socket ends, and the reply to a failed
/// authentication is not held back. For sockets with a timeout of their own, and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTimer;

impl Timer for NoTimer {
    const TICKS: bool = false;

    fn now(&self) -> u32 {
        0
    }

    async fn sleep(&mut self, _: u32) {
        pending().await
    }
}

/// Time by [`embassy_time`].
#[cfg(feature = "embassy-time")]
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbassyTime;

#[cfg(feature = "embassy-time")]
impl Timer for EmbassyTime {
    fn now(&self) -> u32 {
        // The lower half: it wraps around.
        (embassy_time::Instant::now().as_millis() & u64::from(u32::MAX)) as u32
    }

    async fn sleep(&mut self, ms: u32) {
        embassy_time::Timer::after_millis(ms.into()).await;
    }
}
