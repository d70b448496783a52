//! Two futures, of which the first to be done counts.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;

/// What `work` gives, or `None` when `alarm` goes off before. The alarm is asked second: what has
/// come in time is never lost to it.
pub(crate) async fn before<W: Future>(
    work: W,
    alarm: impl Future<Output = ()>,
) -> Option<W::Output> {
    let (mut work, mut alarm) = (pin!(work), pin!(alarm));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => alarm.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Lets others go first, once.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
