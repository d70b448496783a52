//! The guard of an exchange whose messages are the application's.

use core::fmt;

use super::failure::Failure;
use super::journey::{Journey, Own, Stage};
use crate::client::NotSent;
use crate::client::guard::{Challenge, Ready};
use crate::sasl::Mechanism;
use crate::sasl::client::ExchangeError;

/// A message of a mechanism is asked for that is the application's own, or GSSAPI.
///
/// It is asked for until it is given. What the mechanism is about is kept by the application, which
/// begins anew wherever [`index`](Self::index) is zero: a server may want the first message once more,
/// where it takes no initial response.
///
/// The client has authenticated when the server says so and the application has called its mechanism
/// [`complete`](Self::complete): a server that says so before is not believed.
pub struct Exchange<'a> {
    asked: Asked<'a>,
    mechanism: Mechanism,
    own: &'a mut Own,
    initial: &'a mut bool,
    stage: &'a mut Stage,
}

/// Who asks for the message.
enum Asked<'a> {
    /// Nobody yet: it would be the initial response.
    Ready(Ready<'a>),
    /// The server.
    Challenge(Challenge<'a>),
}

impl<'a> Exchange<'a> {
    pub(super) fn of_ready(ready: Ready<'a>, journey: &'a mut Journey<'_>) -> Self {
        Self::new(Asked::Ready(ready), journey)
    }

    pub(super) fn of_challenge(challenge: Challenge<'a>, journey: &'a mut Journey<'_>) -> Self {
        Self::new(Asked::Challenge(challenge), journey)
    }

    fn new(asked: Asked<'a>, journey: &'a mut Journey<'_>) -> Self {
        let Journey { exchange, own, initial, stage, .. } = journey;
        // There is one, or nobody would ask.
        let mechanism = exchange.as_ref().map_or(Mechanism::Anonymous, |one| one.mechanism());
        Self { asked, mechanism, own, initial, stage }
    }

    /// Its mechanism.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// What the server says, decoded; `None` where the message would be the initial response.
    #[must_use]
    pub fn challenge(&self) -> Option<&[u8]> {
        match &self.asked {
            Asked::Ready(_) => None,
            Asked::Challenge(challenge) => challenge.text(),
        }
    }

    /// Which of the client's messages is asked for, from zero.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.own.sent
    }

    /// Gives the message, not encoded yet. One that is no initial response, since it doesn't fit a line
    /// of 512 octets (RFC 4954 section 4), is asked for again.
    ///
    /// # Errors
    /// When it can't be said. The exchange is over then, and the journey [`Failed`](super::Failed).
    pub fn respond(self, octets: &[u8]) -> Result<(), NotSent> {
        self.give(octets, false)
    }

    /// Gives the last message: the server has said all that the mechanism has it say, and what has to
    /// be checked of that was checked.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn complete(self, octets: &[u8]) -> Result<(), NotSent> {
        self.give(octets, true)
    }

    /// There is no initial response: the server asks for the first message. Elsewhere the same as an
    /// empty message.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn wait(self) -> Result<(), NotSent> {
        match self.asked {
            Asked::Ready(_) => {
                *self.stage = Stage::Asking { initial: false };
                Ok(())
            }
            Asked::Challenge(_) => self.respond(&[]),
        }
    }

    /// Gives up: the exchange is cancelled, and the journey fails.
    pub fn cancel(self) {
        let why = ExchangeError::Abandoned;
        match self.asked {
            Asked::Ready(_) => *self.stage = Stage::Failed(Failure::Exchange(self.mechanism, why)),
            Asked::Challenge(challenge) => {
                self.own.cancelled = Some(why);
                challenge.cancel();
            }
        }
    }

    fn give(self, octets: &[u8], complete: bool) -> Result<(), NotSent> {
        let Self { asked, mechanism, own, initial, stage } = self;
        let said = match asked {
            Asked::Ready(mut ready) => {
                match ready.machine.authenticate_with(mechanism, Some(octets)) {
                    Err(NotSent::TooLong) => {
                        *stage = Stage::Asking { initial: false };
                        return Ok(());
                    }
                    Err(why) => {
                        *stage = Stage::Failed(Failure::NotSent(why));
                        Err(why)
                    }
                    Ok(()) => {
                        *initial = true;
                        *stage = Stage::Login { shown: false };
                        Ok(())
                    }
                }
            }
            Asked::Challenge(challenge) => {
                let said = challenge.respond_with(octets);
                if said.is_err() {
                    own.cancelled = Some(ExchangeError::NoRoom);
                }
                said
            }
        };
        if said.is_ok() {
            own.sent = own.sent.saturating_add(1);
            own.complete = complete;
        }
        said
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}
