//! The mail data, chunk by chunk.

use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll};

use ehlo::server::Event;
use tokio::io::{AsyncRead, AsyncWrite};

use super::SessionInfo;
use super::log::tell;
use crate::Session;

/// The message as it comes: a stream of chunks. It is never whole in memory, and the client is read
/// from only as fast as chunks are taken.
pub struct Body<'a> {
    source: &'a mut (dyn Source + Send),
    /// Octets of the chunk that was lent out last.
    lent: usize,
}

/// The message will not be completed: the client reset the transaction or went away, or the mail
/// data was refused. Whatever the service returns now, nobody hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomplete;

/// What the session has next.
pub(super) enum Next {
    Chunk,
    End,
    Aborted,
}

/// A session, whatever its stream.
pub(super) trait Source {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next>;
    fn chunk(&mut self) -> &[u8];
    fn consume(&mut self, n: usize);
    fn taken(&self) -> u64;
}

/// A session whose message comes now.
pub(super) struct Incoming<'a, 'c, S, I> {
    session: &'a mut Session<'c, S>,
    info: &'a SessionInfo<I>,
    taken: u64,
}

impl<'a, 'c, S, I> Incoming<'a, 'c, S, I> {
    pub(super) fn new(session: &'a mut Session<'c, S>, info: &'a SessionInfo<I>) -> Self {
        Self { session, info, taken: 0 }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, I> Source for Incoming<'_, '_, S, I> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            core::task::ready!(self.session.poll_ready(cx));
            return Poll::Ready(match self.session.event() {
                Some(Event::Body(_)) => Next::Chunk,
                Some(Event::EndOfData(_)) => Next::End,
                Some(Event::Notice(notice)) => {
                    tell(self.info, &notice);
                    notice.done();
                    continue;
                }
                // Aborted or closed: for the loop of the session to tell.
                _ => Next::Aborted,
            });
        }
    }

    fn chunk(&mut self) -> &[u8] {
        match self.session.event() {
            Some(Event::Body(body)) => body.bytes(),
            _ => &[],
        }
    }

    fn consume(&mut self, n: usize) {
        if let Some(Event::Body(body)) = self.session.event() {
            body.consume(n);
            self.taken += n as u64;
        }
    }

    fn taken(&self) -> u64 {
        self.taken
    }
}

impl<'a> Body<'a> {
    pub(super) fn new(source: &'a mut (dyn Source + Send)) -> Self {
        Self { source, lent: 0 }
    }

    /// The next chunk, transparency undone (RFC 5321 section 4.5.2); `None` at the end.
    ///
    /// Cancel-safe: a chunk counts as taken when the next one is asked for.
    ///
    /// # Errors
    /// When the message will not be completed.
    pub async fn next(&mut self) -> Option<Result<&[u8], Incomplete>> {
        if self.lent > 0 {
            self.source.consume(self.lent);
            self.lent = 0;
        }
        match poll_fn(|cx| self.source.poll_next(cx)).await {
            Next::Chunk => {
                let chunk = self.source.chunk();
                self.lent = chunk.len();
                Some(Ok(chunk))
            }
            Next::End => None,
            Next::Aborted => Some(Err(Incomplete)),
        }
    }

    /// Octets of the chunks that were taken so far, the last one not counted before the next was
    /// asked for.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.source.taken()
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        if self.lent > 0 {
            self.source.consume(self.lent);
        }
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("taken", &self.taken()).finish_non_exhaustive()
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message was not completed")
    }
}

impl core::error::Error for Incomplete {}
