//! Where a device keeps the messages it has accepted, and gives them out again.
//!
//! | store | survives a power cut | when it is full |
//! | --- | --- | --- |
//! | [`RamStore`] | no | refuses, or forgets the oldest: a choice |
//! | [`FlashStore`] | yes: what was committed is there, whole; what was not is not | refuses |
//!
//! Both are used in the same way: [`begin`](FlashStore::begin) a draft, [`write`](FlashStore::write) to it
//! as the message comes, and [`commit`](FlashStore::commit) it before the server answers 250, or
//! [`abort`](FlashStore::abort) it. Several drafts may be open at once, one for each session. Nothing is
//! allocated: all the memory is in the value, and its size is in its type.
//!
//! As [`ehlo_embedded::MessageStore`] they keep the envelope in front of the message, as header fields:
//! `Return-Path`, and a `Delivered-To` for each recipient.
//!
//! [`nor`] has a NOR flash with its rules enforced, for hosts and emulators that have none.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod error;
pub mod flash;
pub mod nor;
pub mod ram;
#[cfg(feature = "smtp")]
mod smtp;

pub use error::StoreError;
pub use flash::FlashStore;
pub use ram::{RamStore, WhenFull};

/// Names a message that is kept. Ids go up; one that was used is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(u32);

impl Id {
    /// The number of the message.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The message with a number, as it was printed.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

impl core::fmt::Display for Id {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// The example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
