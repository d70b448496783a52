//! Which replies are owed: commands that were written, in their order.

use heapless::Deque;

/// What a reply is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum To {
    /// The connection: this is the greeting.
    Greeting,
    /// EHLO, HELO or LHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH, at the end of its exchange.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// A chunk of BDAT that is not the last.
    Chunk,
    /// The whole message. With LMTP there is one for each recipient that was accepted.
    Message,
    /// RSET.
    Reset,
    /// NOOP.
    Noop,
    /// VRFY.
    Verify,
    /// EXPN.
    Expand,
    /// HELP.
    Help,
    /// QUIT.
    Quit,
    /// Nothing: the server closes the connection of its own accord, by 421.
    Nothing,
}

/// Runs of equal commands that can wait for their replies at once.
const RUNS: usize = 8;

/// The commands whose replies are still to come: runs of equal ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Owed {
    runs: Deque<(To, u16), RUNS>,
}

impl Owed {
    /// The command the next reply is for.
    pub(super) fn front(&self) -> Option<To> {
        self.runs.front().map(|(to, _)| *to)
    }

    /// The command said last, if it is still to be answered.
    pub(super) fn back(&self) -> Option<To> {
        self.runs.back().map(|(to, _)| *to)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether one more of these can be owed.
    pub(super) fn has_room_for(&self, to: To) -> bool {
        let joins = self.runs.back().is_some_and(|(last, n)| *last == to && *n < u16::MAX);
        joins || !self.runs.is_full()
    }

    /// So many more are owed.
    pub(super) fn push(&mut self, to: To, count: u16) {
        if let Some((last, n)) = self.runs.back_mut()
            && *last == to
        {
            *n = n.saturating_add(count);
        } else if count > 0 {
            // Room was asked for before.
            let _ = self.runs.push_back((to, count));
        }
    }

    /// The reply at the front has come.
    pub(super) fn pop(&mut self) {
        match self.runs.front_mut() {
            Some((_, n)) if *n > 1 => *n -= 1,
            _ => {
                let _ = self.runs.pop_front();
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.runs.clear();
    }
}
