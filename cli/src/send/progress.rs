//! How far a large message has gone, on a terminal.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::io::{AsyncRead, ReadBuf};

/// Messages below this many octets are gone before anybody could look.
const LARGE: u64 = 1 << 20;

/// A bar on standard error, which is there only for large messages on a terminal.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    wanted: bool,
}

impl Progress {
    /// A bar, or none when it is to be `quiet`.
    pub(super) fn new(quiet: bool) -> Self {
        Self { bar: ProgressBar::hidden(), wanted: !quiet && io::stderr().is_terminal() }
    }

    /// So many octets there are to send.
    pub(super) fn size(&self, size: Option<u64>) {
        if let Some(size) = size {
            self.bar.set_length(size);
        }
    }

    /// Counts what is read.
    pub(super) fn of<R>(&self, reader: R) -> Counted<R> {
        Counted { reader, progress: self.clone() }
    }

    /// Takes it away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn add(&self, octets: usize) {
        self.bar.inc(octets as u64);
        if self.wanted && self.bar.is_hidden() && self.bar.position() >= LARGE {
            let template = match self.bar.length() {
                Some(_) => "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
                None => "{spinner} {bytes}, {bytes_per_sec}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

/// A reader whose octets are counted.
#[derive(Debug)]
pub(super) struct Counted<R> {
    reader: R,
    progress: Progress,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = space.filled().len();
        let end = ready!(Pin::new(&mut this.reader).poll_read(cx, space));
        this.progress.add(space.filled().len().saturating_sub(before));
        Poll::Ready(end)
    }
}
