//! Stopping a server: first softly, then at once.

use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicU8, Ordering};
use core::task::{Context, Poll};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// How urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A running transaction may finish.
    Soon,
    /// Nothing may.
    Now,
}

const RUNNING: u8 = 0;
const SOON: u8 = 1;
const NOW: u8 = 2;

/// Tells all sessions of a server to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopper {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stage: AtomicU8,
    changed: Arc<Notify>,
}

impl Stopper {
    pub(crate) fn stop(&self, how: Stop) {
        let stage = match how {
            Stop::Soon => SOON,
            Stop::Now => NOW,
        };
        self.shared.stage.store(stage, Ordering::Release);
        self.shared.changed.notify_waiters();
    }

    /// Waits until the server stops, however urgently: for what has no transaction to finish.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping();
        poll_fn(|cx| stopping.poll_stop(cx)).await;
    }

    /// What a session waits on.
    pub(crate) fn stopping(&self) -> Stopping {
        Stopping {
            shared: Arc::clone(&self.shared),
            changed: Box::pin(Arc::clone(&self.shared.changed).notified_owned()),
            seen: RUNNING,
        }
    }
}

/// A session's view of its server's stopping.
#[derive(Debug)]
pub(crate) struct Stopping {
    shared: Arc<Shared>,
    changed: Pin<Box<OwnedNotified>>,
    seen: u8,
}

impl Stopping {
    /// Ready each time it gets more urgent.
    pub(crate) fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        loop {
            let notified = self.changed.as_mut().poll(cx).is_ready();
            if notified {
                let next = Arc::clone(&self.shared.changed).notified_owned();
                self.changed.set(next);
            }
            let stage = self.shared.stage.load(Ordering::Acquire);
            if stage != self.seen {
                self.seen = stage;
                return Poll::Ready(if stage == NOW { Stop::Now } else { Stop::Soon });
            }
            if !notified {
                return Poll::Pending;
            }
        }
    }
}
