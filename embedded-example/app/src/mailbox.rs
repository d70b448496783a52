//! Messages that are kept, out of their store again.

use core::fmt;

use ehlo_embedded::MessageStore;
use embedded_storage::nor_flash::NorFlash;
use message_store::{FlashStore, Id, RamStore};

/// A store that can be looked into.
pub trait Mailbox: MessageStore {
    /// The first message behind this one, or of all.
    fn next(&self, after: Option<Id>) -> Option<Id>;

    /// Octets of a message from `offset` on, as many as there are and fit; `None` when they can't be
    /// read.
    fn read(&mut self, id: Id, offset: usize, to: &mut [u8]) -> Option<usize>;
}

macro_rules! mailbox {
    ([$($generics:tt)*] $store:ty) => {
        impl<$($generics)*> Mailbox for $store {
            fn next(&self, after: Option<Id>) -> Option<Id> {
                <$store>::next(self, after)
            }

            fn read(&mut self, id: Id, offset: usize, to: &mut [u8]) -> Option<usize> {
                <$store>::read(self, id, offset, to).ok()
            }
        }
    };
}

mailbox!([const BLOCKS: usize, const MESSAGES: usize] RamStore<BLOCKS, MESSAGES>);
mailbox!([F: NorFlash, const SECTORS: usize] FlashStore<F, SECTORS>);

/// Writes a message down in hexadecimal, as it is kept: in front of what the client sent stand a
/// `Return-Path` and a `Delivered-To` for each recipient.
///
/// ```text
/// message 7
/// = 52657475726e2d506174683a203c74696d406578616d706c652e6f72673e0d0a
/// …
/// message 7 ends, 118 octets
/// ```
///
/// # Errors
/// When nothing can be written.
pub fn show<S: Mailbox>(store: &mut S, id: Id, out: &mut impl fmt::Write) -> fmt::Result {
    let number = id.number();
    let mut octets = [0; 32];
    let mut offset = 0;
    write!(out, "message {number}\r\n")?;
    loop {
        let read = store.read(id, offset, &mut octets);
        let Some(some) = read.and_then(|n| octets.get(..n)) else {
            return write!(out, "message {number} can't be read\r\n");
        };
        if some.is_empty() {
            return write!(out, "message {number} ends, {offset} octets\r\n");
        }
        offset += some.len();
        out.write_str("= ")?;
        some.iter().try_for_each(|octet| write!(out, "{octet:02x}"))?;
        out.write_str("\r\n")?;
    }
}

/// Writes down how many messages are kept, and each of them if they are to be shown.
///
/// # Errors
/// When nothing can be written.
pub fn list<S: Mailbox>(store: &mut S, all: bool, out: &mut impl fmt::Write) -> fmt::Result {
    let (mut last, mut messages) = (None, 0_u32);
    while let Some(id) = store.next(last) {
        if all {
            show(store, id, out)?;
        }
        last = Some(id);
        messages += 1;
    }
    write!(out, "kept: {messages} {}\r\n", if messages == 1 { "message" } else { "messages" })
}
