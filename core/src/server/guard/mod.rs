//! Guards: an event, what it lends, and how it is answered.
//!
//! Each guard is answered by one of its methods that take `self`. Dropped unanswered, the event is
//! offered again.

mod answer;
mod content;
#[cfg(feature = "extensions")]
mod extended;
#[cfg(feature = "extensions")]
mod notice;
#[cfg(any(feature = "_scram", feature = "digest-md5"))]
mod proof;
mod report;
mod sasl;
mod session;
mod transaction;

pub(super) use answer::Answer;
pub use content::{Body, EndOfData};
#[cfg(feature = "extensions")]
pub use extended::{Etrn, Expand, Verify, Xclient, Xforward};
#[cfg(feature = "extensions")]
pub use notice::Notice;
#[cfg(feature = "extensions")]
pub(super) use notice::Shown;
#[cfg(feature = "digest-md5")]
pub use proof::DigestMd5;
#[cfg(feature = "_scram")]
pub use proof::ScramKeys;
pub use report::TransactionAborted;
#[cfg(feature = "cram-md5")]
pub use sasl::CramMd5;
#[cfg(feature = "ntlm")]
pub use sasl::Ntlm;
#[cfg(feature = "oauth")]
pub use sasl::Token;
pub use sasl::{Anonymous, Exchange, External, Login};
pub use session::{Connected, Hello, Upgrade};
pub use transaction::{Data, Mail, Rcpt};

/// What all guards have in common.
macro_rules! guard {
    ($name:ident) => {
        impl $name<'_> {
            /// What is known of the connection.
            #[must_use]
            pub fn facts(&self) -> crate::server::Facts {
                self.answer.facts()
            }
        }

        impl core::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

use guard;
