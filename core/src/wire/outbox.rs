//! The send window: which octets of the send buffer are still to be written.

use super::copy;

/// Book-keeping of the send buffer, which belongs to the connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outbox {
    start: usize,
    end: usize,
}

impl Outbox {
    /// The octets that wait to be written.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn unsent<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.start..self.end).unwrap_or(&[])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// `n` octets have been written.
    pub(crate) fn sent(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// How many octets can be appended.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn room(&self, buffer: &[u8]) -> usize {
        buffer.len().saturating_sub(self.end)
    }

    /// Where the next octets go.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn free<'a>(&self, buffer: &'a mut [u8]) -> &'a mut [u8] {
        buffer.get_mut(self.end..).unwrap_or(&mut [])
    }

    /// `n` octets have been put into [`free`](Self::free).
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn appended(&mut self, n: usize, buffer: &[u8]) {
        self.end = self.end.saturating_add(n).min(buffer.len());
    }

    /// Moves what is unsent to the front of another buffer that is large enough.
    pub(crate) fn relocate(&mut self, from: &[u8], to: &mut [u8]) {
        let unsent = self.unsent(from);
        if let Some(target) = to.get_mut(..unsent.len()) {
            copy(target, unsent);
            *self = Self { start: 0, end: unsent.len() };
        }
    }
}
