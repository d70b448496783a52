//! A socket in memory, and an executor of a few lines.

use core::cell::{Cell, RefCell};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::rc::Rc;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

/// One direction.
#[derive(Debug, Default)]
struct Pipe {
    octets: VecDeque<u8>,
    closed: bool,
}

/// One end of a connection. It moves `step` octets at a time, and where it hesitates, each call waits
/// once before it does anything. As with a socket of embassy-net, a call that is dropped has done
/// nothing.
#[derive(Debug)]
pub(crate) struct End {
    incoming: Rc<RefCell<Pipe>>,
    outgoing: Rc<RefCell<Pipe>>,
    pub(crate) step: usize,
    pub(crate) hesitates: bool,
    hesitated: bool,
    pub(crate) outside: Rc<Outside>,
}

/// How often an end was asked to, and what the next calls fail with.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    pub(crate) writes: Cell<usize>,
    pub(crate) flushes: Cell<usize>,
    pub(crate) read_error: Cell<Option<ErrorKind>>,
    pub(crate) write_error: Cell<Option<ErrorKind>>,
    pub(crate) flush_error: Cell<Option<ErrorKind>>,
    /// A flush waits for ever.
    pub(crate) stuck: Cell<bool>,
}

/// Both ends of a connection.
pub(crate) fn wire() -> (End, End) {
    let (a, b) = (Rc::new(RefCell::default()), Rc::new(RefCell::default()));
    (End::new(Rc::clone(&a), Rc::clone(&b)), End::new(b, a))
}

impl End {
    fn new(incoming: Rc<RefCell<Pipe>>, outgoing: Rc<RefCell<Pipe>>) -> Self {
        Self {
            incoming,
            outgoing,
            step: usize::MAX,
            hesitates: false,
            hesitated: false,
            outside: Rc::default(),
        }
    }

    /// As slow as can be.
    pub(crate) fn slow(mut self) -> Self {
        (self.step, self.hesitates) = (1, true);
        self
    }

    /// Puts octets in the other end's way.
    pub(crate) fn say(&self, octets: &[u8]) {
        self.outgoing.borrow_mut().octets.extend(octets);
    }

    /// Says no more.
    pub(crate) fn close(&self) {
        self.outgoing.borrow_mut().closed = true;
    }

    /// What the other end has said.
    pub(crate) fn heard(&self) -> String {
        let octets: Vec<u8> = self.incoming.borrow_mut().octets.drain(..).collect();
        String::from_utf8(octets).unwrap()
    }

    /// Whether the other end says no more.
    pub(crate) fn is_over(&self) -> bool {
        self.incoming.borrow().closed
    }

    fn hesitate(&mut self, cx: &Context<'_>) -> bool {
        cx.waker().wake_by_ref();
        self.hesitated = self.hesitates && !self.hesitated;
        self.hesitated
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.close();
    }
}

impl ErrorType for End {
    type Error = ErrorKind;
}

impl Read for End {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        core::future::poll_fn(|cx| {
            if self.hesitate(cx) {
                return Poll::Pending;
            }
            if let Some(error) = self.outside.read_error.get() {
                return Poll::Ready(Err(error));
            }
            let mut pipe = self.incoming.borrow_mut();
            let n = buf.len().min(self.step).min(pipe.octets.len());
            if n == 0 && !pipe.closed {
                return Poll::Pending;
            }
            for (to, from) in buf.iter_mut().zip(pipe.octets.drain(..n)) {
                *to = from;
            }
            Poll::Ready(Ok(n))
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        core::future::poll_fn(|cx| {
            if self.hesitate(cx) {
                return Poll::Pending;
            }
            if let Some(error) = self.outside.write_error.get() {
                return Poll::Ready(Err(error));
            }
            let n = buf.len().min(self.step);
            self.say(&buf[..n]);
            self.outside.writes.set(self.outside.writes.get() + 1);
            Poll::Ready(Ok(n))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        core::future::poll_fn(|cx| {
            if self.hesitate(cx) {
                return Poll::Pending;
            }
            if self.outside.stuck.get() {
                return Poll::Pending;
            }
            self.outside.flushes.set(self.outside.flushes.get() + 1);
            Poll::Ready(self.outside.flush_error.get().map_or(Ok(()), Err))
        })
        .await
    }
}

/// Polls a future once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future to its end.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..1_000_000 {
        if let Poll::Ready(done) = poll(future.as_mut()) {
            return done;
        }
    }
    panic!("it is never done");
}

/// Polls two futures in turn, to the end of both.
pub(crate) fn run_both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut done_a, mut done_b) = (None, None);
    for _ in 0..1_000_000 {
        if done_a.is_none()
            && let Poll::Ready(done) = poll(a.as_mut())
        {
            done_a = Some(done);
        }
        if done_b.is_none()
            && let Poll::Ready(done) = poll(b.as_mut())
        {
            done_b = Some(done);
        }
        if done_a.is_some() && done_b.is_some() {
            break;
        }
    }
    (done_a.expect("the first is never done"), done_b.expect("the second is never done"))
}

/// Time that goes on when it is told to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(pub(crate) Rc<Cell<u32>>);

impl Clock {
    pub(crate) fn pass(&self, ms: u32) {
        self.0.set(self.0.get().wrapping_add(ms));
    }
}

impl ehlo_embedded::Timer for Clock {
    fn now(&self) -> u32 {
        self.0.get()
    }

    async fn sleep(&mut self, ms: u32) {
        let began = self.0.get();
        core::future::poll_fn(|_| {
            if self.0.get().wrapping_sub(began) >= ms { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
