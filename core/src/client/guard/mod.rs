//! Guards: an event, what it lends, and how it is answered.
//!
//! Each guard is answered by one of its methods that take `self`. Dropped unanswered, the event is
//! offered again.

mod challenge;
mod content;
mod ready;
mod reply;

pub use challenge::{Challenge, Upgrade};
pub use content::Content;
pub use ready::Ready;
pub use reply::Reply;

/// What all guards have in common.
macro_rules! guard {
    ($name:ident) => {
        impl core::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

use guard;
