//! Maildir, as its author describes it: <https://cr.yp.to/proto/maildir.html>.

mod spool;

use super::line_ends::CrlfToLf;
use super::{Envelope, LineEnds, Store, StoreError, Writer};
use spool::{Shared, Spool, Temporary};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task;

/// Octets of a message held in memory before they go to the disk.
const BLOCK: usize = 64 * 1024;

/// A Maildir: one file for each message, whatever the number of its recipients.
///
/// A message is written to `tmp` and synced, renamed into `new`, and the folder is synced; then the commit is
/// done. A message of less than 64 KiB takes a single visit to a thread for blocking work, a larger one a
/// visit for each 64 KiB.
///
/// The file holds the trace fields ([`Envelope::trace_fields`]) and then exactly the octets that were
/// written, unless [`Maildir::line_ends`] says otherwise. Files are readable by their owner alone.
#[derive(Clone, Debug)]
pub struct Maildir {
    shared: Arc<Shared>,
    line_ends: LineEnds,
}

impl Maildir {
    /// Opens the Maildir at `root` and makes what is missing of it. `hostname` becomes a part of the file
    /// names. Files that have lain in `tmp` for more than 36 hours are removed, as the format asks.
    ///
    /// Blocks for a few system calls: meant for the start of a program.
    ///
    /// # Errors
    /// When the folders can't be made, or can't be written.
    pub fn open(root: impl Into<PathBuf>, hostname: &str) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::open(root.into(), hostname)?);
        Ok(Self { shared, line_ends: LineEnds::default() })
    }

    /// Stores messages with other line ends than those received.
    #[must_use]
    pub fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    /// Where the Maildir is.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.shared.root()
    }
}

impl Store for Maildir {
    type Writer = MaildirWriter;

    /// Touches no file: the first block does.
    async fn begin(&self, envelope: &Envelope) -> Result<MaildirWriter, StoreError> {
        let converter = match self.line_ends {
            LineEnds::AsReceived => None,
            LineEnds::Lf => Some(CrlfToLf::default()),
        };
        let mut writer = MaildirWriter {
            shared: Arc::clone(&self.shared),
            converter,
            buffer: Vec::new(),
            spool: Spool::Nothing,
        };
        writer.write(envelope.trace_fields().as_bytes()).await?;
        Ok(writer)
    }
}

/// One message on its way into a [`Maildir`].
#[derive(Debug)]
pub struct MaildirWriter {
    shared: Arc<Shared>,
    converter: Option<CrlfToLf>,
    buffer: Vec<u8>,
    spool: Spool,
}

impl Writer for MaildirWriter {
    async fn write(&mut self, mut octets: &[u8]) -> Result<(), StoreError> {
        self.spool.check()?;
        while !octets.is_empty() {
            let room = BLOCK.saturating_sub(self.buffer.len());
            let (piece, rest) = octets.split_at(room.min(octets.len()));
            octets = rest;
            match &mut self.converter {
                None => self.buffer.extend_from_slice(piece),
                Some(converter) => converter.convert(piece, &mut self.buffer),
            }
            if self.buffer.len() >= BLOCK {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// The name is that of the file in `new`.
    async fn commit(mut self) -> Result<String, StoreError> {
        if let Some(converter) = &mut self.converter {
            converter.finish(&mut self.buffer);
        }
        let spool = self.spool.take();
        let buffer = core::mem::take(&mut self.buffer);
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let mut temporary = spool.into_file(&shared)?;
            temporary.write(&buffer)?;
            temporary.commit(&shared)
        })
        .await
    }

    async fn abort(mut self) {
        if let Spool::File(temporary) = self.spool.take() {
            // An error here can only be a runtime that ends; the file is removed on the way.
            let _ = task::spawn_blocking(move || drop(temporary)).await;
        }
    }
}

impl MaildirWriter {
    async fn flush(&mut self) -> Result<(), StoreError> {
        let spool = self.spool.take();
        let buffer = core::mem::take(&mut self.buffer);
        let shared = Arc::clone(&self.shared);
        let (temporary, mut buffer) = blocking(move || {
            let mut temporary = spool.into_file(&shared)?;
            temporary.write(&buffer)?;
            Ok((temporary, buffer))
        })
        .await?;
        buffer.clear();
        self.buffer = buffer;
        self.spool = Spool::File(temporary);
        Ok(())
    }
}

impl Drop for MaildirWriter {
    fn drop(&mut self) {
        if let Spool::File(temporary) = self.spool.take() {
            remove_elsewhere(temporary);
        }
    }
}

/// Removing a large file takes long enough to be felt by the other connections of this thread.
fn remove_elsewhere(temporary: Temporary) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn_blocking(move || drop(temporary));
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::new("the work on the disk was stopped")),
    }
}

#[cfg(test)]
mod tests;
