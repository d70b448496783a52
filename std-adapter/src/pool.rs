//! Working buffers, lent to a connection while there is something in them.
//!
//! A connection that waits for its client holds no buffer: that is what makes an idle one cheap. Each
//! thread keeps a few for the next connection that has work.

use core::cell::RefCell;

/// Octets read at once. Holds the longest line the protocol allows.
const RECEIVE: usize = 64 * 1024;
/// Octets of replies that can wait for one write.
const SEND: usize = 4 * 1024;
/// Buffers of each kind a thread keeps.
const KEPT: usize = 16;

thread_local! {
    static RECEIVE_BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static SEND_BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer to read into, of 64 KiB.
pub(crate) fn receive_buffer() -> Vec<u8> {
    RECEIVE_BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; RECEIVE])
}

/// A buffer for replies, of 4 KiB.
pub(crate) fn send_buffer() -> Vec<u8> {
    SEND_BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; SEND])
}

/// Takes a buffer back; one of another size is dropped.
pub(crate) fn give_back(buffer: Vec<u8>) {
    let pool = match buffer.len() {
        RECEIVE => &RECEIVE_BUFFERS,
        SEND => &SEND_BUFFERS,
        _ => return,
    };
    pool.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    });
}
