//! What has happened, or what the server waits for.

use super::error::Closed;
use super::guard::{Challenge, Content, Ready, Reply, Upgrade};
use super::machine::Machine;
use super::state::Phase;

/// What has happened, or what the server waits for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The server has replied.
    Reply(Reply<'a>),
    /// A command may be said.
    Ready(Ready<'a>),
    /// AUTH: the server goes on.
    Challenge(Challenge<'a>),
    /// The message, or a chunk of it, may be written.
    Content(Content<'a>),
    /// STARTTLS was agreed on: TLS is next.
    Upgrade(Upgrade<'a>),
    /// The connection is over. This event comes for ever.
    Closed(Closed),
}

impl Event<'_> {
    /// Goes on where there is nothing to decide, and to the end where there is: a reply is passed,
    /// QUIT is said, an exchange is cancelled, a message or a handshake given up.
    pub fn pass_or_quit(self) {
        match self {
            Self::Reply(reply) => reply.done(),
            Self::Ready(ready) => {
                // It fits as soon as it may be said at all; until then the event comes again.
                let _ = ready.quit();
            }
            Self::Challenge(challenge) => challenge.cancel(),
            Self::Content(content) => content.abort(),
            Self::Upgrade(upgrade) => upgrade.failed(),
            Self::Closed(_) => {}
        }
    }
}

impl<'a> Machine<'a> {
    /// The event there is.
    pub(super) fn offer(self) -> Option<Event<'a>> {
        if let Some(told) = self.state.told {
            return Some(Event::Reply(Reply { machine: self, told }));
        }
        match self.state.phase() {
            Phase::Closed => Some(Event::Closed(self.state.closed)),
            Phase::Content => Some(Event::Content(Content { machine: self })),
            Phase::Exchange => Some(Event::Challenge(Challenge { machine: self })),
            Phase::Upgrading => Some(Event::Upgrade(Upgrade { machine: self })),
            Phase::Ready => Some(Event::Ready(Ready { machine: self })),
            Phase::Greeting | Phase::Hello | Phase::Closing => None,
        }
    }
}
