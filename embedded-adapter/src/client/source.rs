//! A message, as it comes.

use core::fmt;

/// A message that is lent chunk by chunk, for a client that is polled.
pub trait Source {
    /// What comes next, until it is [consumed](Self::consume); empty at the end of the message, and
    /// `None` while nothing more is known.
    fn rest(&mut self) -> Option<&[u8]>;

    /// The first `n` octets of it were taken.
    fn consume(&mut self, n: usize);
}

impl Source for &[u8] {
    fn rest(&mut self) -> Option<&[u8]> {
        Some(self)
    }

    fn consume(&mut self, n: usize) {
        *self = self.get(n..).unwrap_or(&[]);
    }
}

impl<S: Source> Source for &mut S {
    fn rest(&mut self) -> Option<&[u8]> {
        S::rest(self)
    }

    fn consume(&mut self, n: usize) {
        S::consume(self, n);
    }
}

/// A message that a function writes, chunk by chunk, into `N` octets: it gives how many it wrote, and
/// none at the end.
///
/// It is a [`Source`], and an [`embedded_io_async::BufRead`] with the feature `async`.
///
/// ```
/// use ehlo_embedded::client::{Chunks, Source};
///
/// let mut samples = [20, 21, 23].iter();
/// let mut message = Chunks::<_, 16>::new(|space| {
///     let Some(sample) = samples.next() else { return 0 };
///     let line = [b'0' + sample / 10, b'0' + sample % 10, b'\r', b'\n'];
///     space[..4].copy_from_slice(&line);
///     4
/// });
/// assert_eq!(message.rest(), Some(&b"20\r\n"[..]));
/// message.consume(3);
/// assert_eq!(message.rest(), Some(&b"\n"[..]));
/// ```
pub struct Chunks<F, const N: usize> {
    fill: F,
    octets: [u8; N],
    /// Where what is left begins and ends.
    left: (usize, usize),
    over: bool,
}

impl<F: FnMut(&mut [u8; N]) -> usize, const N: usize> Chunks<F, N> {
    /// A message that `fill` writes.
    pub const fn new(fill: F) -> Self {
        Self { fill, octets: [0; N], left: (0, 0), over: false }
    }

    fn lend(&mut self) -> &[u8] {
        let (from, to) = self.left;
        if from >= to && !self.over {
            let n = (self.fill)(&mut self.octets).min(N);
            self.over = n == 0;
            self.left = (0, n);
        }
        let (from, to) = self.left;
        self.octets.get(from..to).unwrap_or(&[])
    }

    fn take(&mut self, n: usize) {
        let (from, to) = self.left;
        self.left = (from.saturating_add(n).min(to), to);
    }
}

impl<F: FnMut(&mut [u8; N]) -> usize, const N: usize> Source for Chunks<F, N> {
    fn rest(&mut self) -> Option<&[u8]> {
        Some(self.lend())
    }

    fn consume(&mut self, n: usize) {
        self.take(n);
    }
}

#[cfg(feature = "async")]
mod awaited {
    use core::convert::Infallible;

    use embedded_io_async::{BufRead, ErrorType, Read};

    use super::Chunks;

    impl<F: FnMut(&mut [u8; N]) -> usize, const N: usize> ErrorType for Chunks<F, N> {
        type Error = Infallible;
    }

    impl<F: FnMut(&mut [u8; N]) -> usize, const N: usize> Read for Chunks<F, N> {
        async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
            let octets = self.lend();
            let n = octets.len().min(buf.len());
            buf.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
            self.take(n);
            Ok(n)
        }
    }

    impl<F: FnMut(&mut [u8; N]) -> usize, const N: usize> BufRead for Chunks<F, N> {
        async fn fill_buf(&mut self) -> Result<&[u8], Infallible> {
            Ok(self.lend())
        }

        fn consume(&mut self, amt: usize) {
            self.take(amt);
        }
    }
}

impl<F, const N: usize> fmt::Debug for Chunks<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").field("over", &self.over).finish_non_exhaustive()
    }
}
