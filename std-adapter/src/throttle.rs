//! Limits how often one peer may guess passwords, over all its connections.
//!
//! Every peer has a bucket of attempts that fills up again with time. An attempt is taken when it starts and
//! given back when it succeeds: ten connections that guess at the same moment count as ten, and so does one
//! that is closed before its answer. A success gives back no more than its own attempt, or an attacker with
//! one account could guess at all others for ever.

use crate::source::Source;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The limits of a [`Throttle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Attempts a peer may make at once; at least 1. Default 20.
    pub burst: u32,
    /// Time until a spent attempt comes back. Default 30 seconds, which is 2,880 attempts a day.
    pub refill: Duration,
    /// Peers remembered; at least 1. Default 65,536, some 4 MiB. Beyond it those that guessed least
    /// are forgotten.
    pub sources: usize,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self { burst: 20, refill: Duration::from_secs(30), sources: 65_536 }
    }
}

/// Counts failed authentications by peer: an IPv4 address, or the /64 network of an IPv6 address. A clone
/// counts together with its original. Time is tokio's.
#[derive(Clone, Debug)]
pub struct Throttle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: ThrottleLimits,
    start: Instant,
    /// When the bucket of a peer is full again, counted from `start`. A peer with a full bucket needs no
    /// entry.
    full_at: Mutex<HashMap<Source, Duration>>,
}

/// The peer has spent its attempts. The reply is 421 4.7.0 or 454 4.7.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// When the next attempt comes back.
    pub retry_after: Duration,
}

impl Throttle {
    /// A throttle that has seen nobody yet.
    #[must_use]
    pub fn new(limits: ThrottleLimits) -> Self {
        let limits =
            ThrottleLimits { burst: limits.burst.max(1), sources: limits.sources.max(1), ..limits };
        let shared = Shared { limits, start: Instant::now(), full_at: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Takes an attempt from the bucket of this peer, before the password is checked.
    ///
    /// # Errors
    /// When the bucket is empty; asking costs nothing.
    pub fn begin(&self, peer: IpAddr) -> Result<Attempt, Throttled> {
        let source = Source::of(peer);
        let limits = &self.shared.limits;
        let now = self.shared.start.elapsed();
        let mut full_at = self.shared.full_at();
        let full = full_at.get(&source).map_or(now, |full| (*full).max(now));
        let would_be = full.saturating_add(limits.refill);
        let latest = now.saturating_add(limits.refill.saturating_mul(limits.burst));
        if would_be > latest {
            return Err(Throttled { retry_after: would_be - latest });
        }
        if !full_at.contains_key(&source) && full_at.len() >= limits.sources {
            make_room(&mut full_at, now);
        }
        full_at.insert(source, would_be);
        drop(full_at);
        Ok(Attempt { shared: Arc::clone(&self.shared), source })
    }

    /// Peers remembered now.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.shared.full_at().len()
    }
}

impl Shared {
    fn full_at(&self) -> MutexGuard<'_, HashMap<Source, Duration>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets those whose bucket is full again, or else a sixteenth of all: those that guessed least, as a flood
/// of addresses must not make a busy one forgotten. So many at once that the search is paid for by as many
/// newcomers.
fn make_room(full_at: &mut HashMap<Source, Duration>, now: Duration) {
    let before = full_at.len();
    full_at.retain(|_, full| *full > now);
    if full_at.len() == before {
        let mut times: Vec<Duration> = full_at.values().copied().collect();
        let (_, limit, _) = times.select_nth_unstable(before / 16);
        let limit = *limit;
        full_at.retain(|_, full| *full > limit);
    }
}

/// An attempt under way. Dropped, it counts as failed.
#[derive(Debug)]
#[must_use = "an attempt that is dropped counts as failed"]
pub struct Attempt {
    shared: Arc<Shared>,
    source: Source,
}

impl Attempt {
    /// Gives the attempt back: it succeeded, or it could not be checked.
    pub fn forgive(self) {
        let now = self.shared.start.elapsed();
        let mut full_at = self.shared.full_at();
        if let Some(full) = full_at.get_mut(&self.source) {
            *full = full.saturating_sub(self.shared.limits.refill);
            if *full <= now {
                full_at.remove(&self.source);
            }
        }
    }

    /// The attempt failed and stays spent.
    pub fn fail(self) {}
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded up: nobody should come back too early.
        let seconds = self.retry_after.as_millis().div_ceil(1_000);
        write!(f, "too many failed authentications from this address, next attempt in {seconds} s")
    }
}

impl core::error::Error for Throttled {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const REFILL: Duration = Duration::from_secs(10);

    fn throttle(burst: u32, sources: usize) -> Throttle {
        Throttle::new(ThrottleLimits { burst, refill: REFILL, sources })
    }

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_guesses_is_refused_until_time_has_passed() {
        let throttle = throttle(3, 10);
        let me = peer("192.0.2.1");
        for _ in 0..3 {
            throttle.begin(me).unwrap().fail();
        }
        assert_eq!(throttle.begin(me).unwrap_err(), Throttled { retry_after: REFILL });
        assert!(throttle.begin(peer("192.0.2.2")).is_ok());
        advance(REFILL - Duration::from_millis(1)).await;
        let error = throttle.begin(me).unwrap_err();
        assert_eq!(error.retry_after, Duration::from_millis(1));
        assert!(error.to_string().ends_with("in 1 s"));
        advance(Duration::from_millis(1)).await;
        throttle.begin(me).unwrap().fail();
        assert!(throttle.begin(me).is_err());
        // Never more than the burst, however long the wait.
        advance(REFILL * 100).await;
        for _ in 0..3 {
            throttle.begin(me).unwrap().fail();
        }
        assert!(throttle.begin(me).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn successes_cost_nothing_and_leave_nothing() {
        let throttle = throttle(1, 10);
        for _ in 0..100 {
            throttle.begin(peer("192.0.2.1")).unwrap().forgive();
        }
        assert_eq!(throttle.sources(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_does_not_pay_for_failures() {
        let throttle = throttle(2, 10);
        let me = peer("192.0.2.1");
        throttle.begin(me).unwrap().fail();
        throttle.begin(me).unwrap().forgive();
        throttle.begin(me).unwrap().fail();
        assert!(throttle.begin(me).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_at_the_same_moment_and_dropped_ones_count() {
        let throttle = throttle(2, 10);
        let me = peer("2001:db8::1");
        let first = throttle.begin(me).unwrap();
        let _second = throttle.begin(peer("2001:db8::2")).unwrap();
        assert!(throttle.begin(me).is_err());
        drop(first);
        assert!(throttle.begin(me).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_the_busy_one_is_remembered() {
        let throttle = throttle(3, 100);
        let busy = peer("192.0.2.1");
        for _ in 0..3 {
            throttle.begin(busy).unwrap().fail();
        }
        for n in 0..1_000_u32 {
            throttle.begin(IpAddr::from((0x0a00_0000 + n).to_be_bytes())).unwrap().fail();
        }
        assert!(throttle.sources() <= 100, "{}", throttle.sources());
        assert!(throttle.begin(busy).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn those_with_a_full_bucket_make_room_first() {
        let throttle = throttle(3, 10);
        for n in 0..9 {
            throttle.begin(IpAddr::from([192, 0, 2, n])).unwrap().fail();
        }
        advance(REFILL * 2).await;
        for n in 0..2 {
            throttle.begin(IpAddr::from([198, 51, 100, n])).unwrap().fail();
        }
        assert_eq!(throttle.sources(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn limits_of_nothing_still_let_one_in() {
        let throttle = throttle(0, 0);
        throttle.begin(peer("192.0.2.1")).unwrap().fail();
        assert!(throttle.begin(peer("192.0.2.1")).is_err());
        assert!(throttle.begin(peer("192.0.2.2")).is_ok());
    }
}
