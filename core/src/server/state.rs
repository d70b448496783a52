//! The phase of a connection: every transition there is, in one table.
//!
//! ```text
//! Connecting ──welcomed──▶ Command ──renewed──▶ Connecting                 XCLIENT
//!
//! Command ──challenged──▶ Exchange ──exchange over──▶ Command              AUTH
//! Command ──TLS announced──▶ Upgrading ──TLS started──▶ Command            STARTTLS
//!
//! Command ──mail input──▶ Content ──data ends──▶ Verdict ──answered──▶ Command      DATA
//!                         Content ──answered──▶ Command                    refused meanwhile
//! Command ──chunk begins──▶ Chunk ──chunk ends──▶ Command                  BDAT
//!                           Chunk ──data ends──▶ Verdict ──answered──▶ Command      BDAT … LAST
//!
//! any ──closing──▶ Closing ──drained──▶ Closed
//! any ──drained──▶ Closed                                                  lost, or cut off
//! ```

/// Where a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The application is asked whether to greet the client.
    #[default]
    Connecting,
    /// A command is next.
    Command,
    /// A SASL response is next.
    Exchange,
    /// Mail data behind DATA.
    Content,
    /// A chunk behind BDAT.
    Chunk,
    /// The message is complete; the application decides what becomes of it.
    Verdict,
    /// The reply to STARTTLS is written; TLS is next.
    Upgrading,
    /// The last reply is written; nothing more is read.
    Closing,
    /// Over.
    Closed,
}

/// What moves a connection on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The greeting was written.
    Welcomed,
    /// A challenge was written.
    Challenged,
    /// An exchange ended, well or not.
    ExchangeOver,
    /// 354 was written.
    MailInput,
    /// A BDAT command was read.
    ChunkBegins,
    /// The octets of a chunk that was not the last were read, or those of a refused one.
    ChunkEnds,
    /// The whole message was read.
    DataEnds,
    /// The message was replied to.
    Answered,
    /// 220 was written in reply to STARTTLS.
    TlsAnnounced,
    /// The TLS handshake is done.
    TlsStarted,
    /// XCLIENT was accepted: everything starts anew.
    #[cfg_attr(not(feature = "extensions"), allow(dead_code, reason = "only extensions need it"))]
    Renewed,
    /// The last reply was written.
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
            (Self::Connecting, Turn::Welcomed) => Self::Command,
            (Self::Command | Self::Exchange, Turn::Challenged) => Self::Exchange,
            (Self::Exchange, Turn::ExchangeOver) => Self::Command,
            (Self::Command, Turn::MailInput) => Self::Content,
            (Self::Command, Turn::ChunkBegins) => Self::Chunk,
            (Self::Chunk, Turn::ChunkEnds) => Self::Command,
            (Self::Content | Self::Chunk, Turn::DataEnds) => Self::Verdict,
            (Self::Content | Self::Verdict, Turn::Answered) => Self::Command,
            (Self::Command, Turn::TlsAnnounced) => Self::Upgrading,
            (Self::Upgrading, Turn::TlsStarted) => Self::Command,
            (Self::Command, Turn::Renewed) => Self::Connecting,
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
        for turn in [Turn::Welcomed, Turn::Answered, Turn::TlsStarted, Turn::Closing] {
            assert_eq!(Phase::Closed.after(turn), Phase::Closed);
        }
    }

    #[test]
    fn only_tls_leads_out_of_an_upgrade() {
        for turn in [Turn::Welcomed, Turn::MailInput, Turn::ChunkBegins, Turn::Challenged] {
            assert_eq!(Phase::Upgrading.after(turn), Phase::Upgrading);
        }
        assert_eq!(Phase::Upgrading.after(Turn::TlsStarted), Phase::Command);
    }
}
