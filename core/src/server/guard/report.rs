//! The guard that only tells: nothing is to be decided.

use super::{Answer, guard};
use crate::server::machine::Aborted;

/// The mail transaction the application knew of is over without a message: what was stored of it
/// can go.
pub struct TransactionAborted<'a> {
    pub(in crate::server) answer: Answer<'a>,
    pub(in crate::server) why: Aborted,
}

guard!(TransactionAborted);

impl TransactionAborted<'_> {
    /// Why.
    #[must_use]
    pub const fn why(&self) -> Aborted {
        self.why
    }

    /// The application has taken note.
    pub fn done(self) {
        self.answer.state.aborted = None;
    }
}
