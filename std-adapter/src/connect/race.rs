use super::Attempt;
use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long an address has before the next one is tried as well (RFC 8305 section 5).
pub(super) const STAGGER: Duration = Duration::from_millis(250);

/// The families in turn, beginning with that of the first address, each in the order the system gave: it has
/// sorted them by RFC 6724, and knows what works here (RFC 8305 section 4). What comes twice is tried once.
pub(super) fn interleave(found: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut all: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    let v6_first = all.first().is_some_and(SocketAddr::is_ipv6);
    let (first, other): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|address| address.is_ipv6() == v6_first);
    let (mut first, mut other) = (first.into_iter(), other.into_iter());
    let mut turns = Vec::new();
    loop {
        let pair = (first.next(), other.next());
        if pair == (None, None) {
            return turns;
        }
        turns.extend(pair.0.into_iter().chain(pair.1));
    }
}

/// Tries the addresses in their order, side by side, until one answers or the time is at its `end`. The others
/// are dropped then.
///
/// # Errors
/// Each address that was tried, with its error, in the order in which they were tried.
pub(super) async fn race<T, F>(
    addresses: Vec<SocketAddr>,
    end: Instant,
    connector: impl FnMut(SocketAddr) -> F,
) -> Result<T, Vec<Attempt>>
where
    F: Future<Output = io::Result<T>>,
{
    let mut race = Race {
        waiting: addresses.into_iter(),
        tried: Vec::new(),
        connector,
        next: Box::pin(sleep_until(Instant::now())),
        end: Box::pin(sleep_until(end)),
    };
    poll_fn(|cx| race.poll(cx)).await
}

struct Race<C, F> {
    waiting: std::vec::IntoIter<SocketAddr>,
    tried: Vec<(SocketAddr, State<F>)>,
    connector: C,
    next: Pin<Box<Sleep>>,
    end: Pin<Box<Sleep>>,
}

enum State<F> {
    Running(Pin<Box<F>>),
    Failed(io::Error),
}

impl<T, C, F> Race<C, F>
where
    C: FnMut(SocketAddr) -> F,
    F: Future<Output = io::Result<T>>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Vec<Attempt>>> {
        loop {
            let (answer, mut due) = self.poll_running(cx);
            if let Some(answer) = answer {
                return Poll::Ready(Ok(answer));
            }
            if self.end.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(self.attempts()));
            }
            let running = self.tried.iter().any(|(_, state)| matches!(state, State::Running(_)));
            if self.waiting.as_slice().is_empty() {
                return if running { Poll::Pending } else { Poll::Ready(Err(self.attempts())) };
            }
            due |= !running || self.next.as_mut().poll(cx).is_ready();
            if !due {
                return Poll::Pending;
            }
            if let Some(address) = self.waiting.next() {
                let attempt = Box::pin((self.connector)(address));
                self.tried.push((address, State::Running(attempt)));
                self.next.as_mut().reset(Instant::now() + STAGGER);
            }
        }
    }

    /// The first answer, and whether an attempt has failed just now.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> (Option<T>, bool) {
        let mut failed = false;
        for (_, state) in &mut self.tried {
            let State::Running(attempt) = state else { continue };
            match attempt.as_mut().poll(cx) {
                Poll::Ready(Ok(answer)) => return (Some(answer), failed),
                Poll::Ready(Err(error)) => {
                    *state = State::Failed(error);
                    failed = true;
                }
                Poll::Pending => {}
            }
        }
        (None, failed)
    }

    fn attempts(&mut self) -> Vec<Attempt> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
        let tried = self.tried.drain(..).map(|(address, state)| Attempt {
            address,
            error: match state {
                State::Running(_) => late(),
                State::Failed(error) => error,
            },
        });
        tried.collect()
    }
}
