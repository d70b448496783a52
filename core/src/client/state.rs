//! The phase of a connection: every transition there is, in one table.
//!
//! ```text
//! Greeting ──greeted──▶ Hello ──welcomed──▶ Ready
//!
//! Ready ──authenticating──▶ Exchange ──exchange over──▶ Ready            AUTH
//! Ready ──TLS agreed──▶ Upgrading ──TLS started──▶ Hello                 STARTTLS
//! Ready ──mail input──▶ Content ──content over──▶ Ready                  DATA, BDAT
//!
//! any ──closing──▶ Closing ──drained──▶ Closed
//! any ──drained──▶ Closed                                                lost, or cut off
//! ```

/// Where a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server's greeting is next.
    #[default]
    Greeting,
    /// EHLO, HELO or LHLO was said.
    Hello,
    /// Commands, and the replies to them.
    Ready,
    /// AUTH was said.
    Exchange,
    /// Mail data is next.
    Content,
    /// The server said 220 to STARTTLS; TLS is next.
    Upgrading,
    /// The last command is written; no reply is read.
    Closing,
    /// Over.
    Closed,
}

/// What moves a connection on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The greeting was 220.
    Greeted,
    /// EHLO, HELO or LHLO was answered 250.
    Welcomed,
    /// AUTH was written.
    Authenticating,
    /// The exchange ended, well or not.
    ExchangeOver,
    /// STARTTLS was answered 220.
    TlsAgreed,
    /// The TLS handshake is done.
    TlsStarted,
    /// DATA was answered 354, or BDAT was written.
    MailInput,
    /// All mail data was written.
    ContentOver,
    /// QUIT was written, and its reply doesn't matter.
    Closing,
    /// Everything was sent, or can't be.
    Drained,
}

impl Phase {
    /// The phase after `turn`; a turn that has no place in a phase changes nothing.
    #[must_use]
    const fn after(self, turn: Turn) -> Self {
        match (self, turn) {
            (Self::Closed, _) | (_, Turn::Drained) => Self::Closed,
            (_, Turn::Closing) => Self::Closing,
            (Self::Greeting, Turn::Greeted) => Self::Hello,
            (Self::Hello, Turn::Welcomed) => Self::Ready,
            (Self::Ready, Turn::Authenticating) => Self::Exchange,
            (Self::Exchange, Turn::ExchangeOver) => Self::Ready,
            (Self::Ready, Turn::TlsAgreed) => Self::Upgrading,
            (Self::Upgrading, Turn::TlsStarted) => Self::Hello,
            (Self::Ready, Turn::MailInput) => Self::Content,
            (Self::Content, Turn::ContentOver) => Self::Ready,
            (same, _) => same,
        }
    }
}

/// The phase, which only [`turn`](Self::turn) changes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Now {
    phase: Phase,
}

impl Now {
    pub(super) const fn phase(self) -> Phase {
        self.phase
    }

    pub(super) fn turn(&mut self, turn: Turn) {
        self.phase = self.phase.after(turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_closed() {
        for turn in [Turn::Greeted, Turn::Welcomed, Turn::TlsStarted, Turn::Closing] {
            assert_eq!(Phase::Closed.after(turn), Phase::Closed);
        }
    }

    #[test]
    fn only_tls_leads_out_of_an_upgrade() {
        for turn in [Turn::Welcomed, Turn::MailInput, Turn::Authenticating, Turn::Greeted] {
            assert_eq!(Phase::Upgrading.after(turn), Phase::Upgrading);
        }
        assert_eq!(Phase::Upgrading.after(Turn::TlsStarted), Phase::Hello);
    }
}
