//! Deadlines in milliseconds that wrap around.

use core::time::Duration;

use ehlo::io::Deadline;

/// The longest time that can be told from one that has passed.
const LONGEST: u32 = u32::MAX / 2;

/// How long a goodbye may take, and the end of a connection behind it: all is said by then.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);

/// A deadline in milliseconds: a third of what it takes in seconds and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    id: u32,
    after: u32,
}

impl From<Deadline> for Limit {
    fn from(deadline: Deadline) -> Self {
        Self { id: deadline.id, after: millis(deadline.after) }
    }
}

/// What is left until a machine's deadline, and until the end of its connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// The deadline that runs, and when it began.
    running: Option<(Limit, u32)>,
    /// The end of the connection.
    end: Option<u32>,
}

impl Clock {
    /// A connection that begins now and may last so long in all.
    pub(crate) fn new(now: u32, connection: Option<Duration>) -> Self {
        Self { running: None, end: connection.map(|most| now.wrapping_add(millis(most))) }
    }

    /// Milliseconds until this deadline, or the end of the connection; none are left when it has
    /// passed.
    pub(crate) fn left(&mut self, now: u32, limit: Limit) -> u32 {
        let began = match self.running {
            Some((running, began)) if running == limit => began,
            _ => now,
        };
        self.running = Some((limit, began));
        let left = limit.after.saturating_sub(now.wrapping_sub(began));
        self.end.map_or(left, |end| left.min(until(now, end)))
    }

    /// The machine was told that its deadline has passed: the next one begins anew, whatever its id. If
    /// it was the end of the connection, there is a little time yet for what it says to that.
    pub(crate) fn told(&mut self, now: u32) {
        self.running = None;
        if let Some(end) = &mut self.end
            && until(now, *end) == 0
        {
            *end = now.wrapping_add(millis(GOODBYE));
        }
    }
}

/// A time in milliseconds, rounded up; what is too long is as long as can be.
pub(crate) fn millis(time: Duration) -> u32 {
    // In 32 bits: a division of 128 bits is 800 octets of program.
    let part = time.subsec_nanos().div_ceil(1_000_000);
    let seconds = u32::try_from(time.as_secs()).ok();
    let ms = seconds.and_then(|seconds| seconds.checked_mul(1000)?.checked_add(part));
    ms.map_or(LONGEST, |ms| ms.min(LONGEST))
}

/// Milliseconds until a moment; none when it has passed.
fn until(now: u32, moment: u32) -> u32 {
    let left = moment.wrapping_sub(now);
    if left > LONGEST { 0 } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(id: u32, ms: u64) -> Limit {
        Deadline { id, after: Duration::from_millis(ms) }.into()
    }

    #[test]
    fn a_deadline_runs_on_while_its_id_stays() {
        let mut clock = Clock::new(0, None);
        assert_eq!(clock.left(10, deadline(1, 100)), 100);
        assert_eq!(clock.left(70, deadline(1, 100)), 40);
        assert_eq!(clock.left(70, deadline(2, 100)), 100);
        assert_eq!(clock.left(169, deadline(2, 100)), 1);
        assert_eq!(clock.left(170, deadline(2, 100)), 0);
    }

    #[test]
    fn one_that_has_passed_begins_anew_when_the_machine_was_told() {
        let mut clock = Clock::new(0, None);
        clock.left(0, deadline(1, 10));
        assert_eq!(clock.left(10, deadline(1, 10)), 0);
        assert_eq!(clock.left(11, deadline(1, 10)), 0);
        clock.told(11);
        assert_eq!(clock.left(11, deadline(1, 10)), 10);
    }

    #[test]
    fn the_end_of_a_connection_leaves_time_for_a_goodbye() {
        let start = u32::MAX - 20;
        let mut clock = Clock::new(start, Some(Duration::from_millis(50)));
        let end = start.wrapping_add(50);
        assert_eq!(clock.left(end, deadline(1, 60_000)), 0);
        clock.told(end);
        assert_eq!(clock.left(end, deadline(2, 60_000)), 2000);
        assert_eq!(clock.left(end.wrapping_add(2000), deadline(2, 60_000)), 0);
        // A deadline that passes before the end doesn't put it off.
        let mut clock = Clock::new(0, Some(Duration::from_secs(60)));
        clock.told(59_000);
        assert_eq!(clock.left(59_000, deadline(1, 60_000)), 1000);
    }

    #[test]
    fn milliseconds_may_wrap_around() {
        let start = u32::MAX - 20;
        let mut clock = Clock::new(start, Some(Duration::from_millis(50)));
        assert_eq!(clock.left(start, deadline(1, 40)), 40);
        assert_eq!(clock.left(start.wrapping_add(30), deadline(1, 40)), 10);
        assert_eq!(clock.left(start.wrapping_add(30), deadline(2, 40)), 20);
        assert_eq!(clock.left(start.wrapping_add(50), deadline(2, 40)), 0);
        assert_eq!(clock.left(start.wrapping_add(60), deadline(3, 40)), 0);
    }

    #[test]
    fn a_time_that_no_counter_reaches_is_as_long_as_can_be() {
        let mut clock = Clock::new(7, Some(Duration::MAX));
        let forever = Deadline { id: 1, after: Duration::MAX }.into();
        assert_eq!(clock.left(7, forever), LONGEST);
        assert_eq!(clock.left(8, forever), LONGEST - 1);
    }

    #[test]
    fn a_time_is_rounded_up_and_never_wraps_around() {
        for (time, ms) in [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1_000_001), 2),
            (Duration::new(1, 999_000_001), 2000),
            (Duration::from_secs(2_147_483), 2_147_483_000),
            (Duration::from_millis(u64::from(LONGEST) + 1), LONGEST),
            (Duration::new(4_294_967, 295_999_999), LONGEST),
            (Duration::from_secs(4_294_968), LONGEST),
            (Duration::from_secs(1 << 32), LONGEST),
        ] {
            assert_eq!(millis(time), ms, "{time:?}");
        }
    }

    #[test]
    fn a_part_of_a_millisecond_is_a_whole_one() {
        let mut clock = Clock::new(0, None);
        let short = Deadline { id: 1, after: Duration::from_micros(1) }.into();
        assert_eq!(clock.left(0, short), 1);
    }
}
