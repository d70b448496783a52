//! Guards of a journey.

use core::fmt;

use super::failure::Failure;
use super::journey::Stage;
use crate::address::{ForwardPath, ReversePath};
use crate::client::guard::{Challenge, Ready};
use crate::client::{Capabilities, NotSent};
use crate::parameter::{MailParameters, RcptParameters};

/// A mail transaction may begin.
pub struct Next<'a> {
    pub(super) ready: Ready<'a>,
    pub(super) stage: &'a mut Stage,
}

impl Next<'_> {
    /// What the server offers.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        self.ready.capabilities()
    }

    /// Begins a mail transaction. A message of BINARYMIME goes out by BDAT, which needs the exact
    /// SIZE; any other by DATA.
    ///
    /// # Errors
    /// When the message is larger than the server takes, a parameter needs what it doesn't offer, or
    /// the SIZE of a message of BINARYMIME is missing.
    /// Nothing was said then, and another message may be.
    pub fn begin(
        mut self,
        path: ReversePath<'_>,
        parameters: &MailParameters<'_>,
    ) -> Result<(), NotSent> {
        let binary = parameters.body == Some(crate::parameter::BodyType::BinaryMime);
        if binary && parameters.size.is_none() {
            // Neither DATA nor BDAT would do, and the recipients would be asked for in vain.
            return Err(NotSent::OutOfOrder);
        }
        self.ready.mail(path, parameters)?;
        *self.stage = Stage::Recipients { index: 0, chunk: parameters.size.filter(|_| binary) };
        Ok(())
    }

    /// As [`begin`](Self::begin), and the message goes out as one chunk of exactly `size` octets, by
    /// BDAT (RFC 3030): as it is, without dots stuffed or line ends mended.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and when the server doesn't offer CHUNKING.
    pub fn begin_chunk(
        mut self,
        path: ReversePath<'_>,
        parameters: &MailParameters<'_>,
        size: u64,
    ) -> Result<(), NotSent> {
        let chunking = crate::capability::Extensions::CHUNKING;
        if !self.ready.capabilities().has(chunking) {
            return Err(NotSent::NotOffered(chunking));
        }
        self.ready.mail(path, parameters)?;
        *self.stage = Stage::Recipients { index: 0, chunk: Some(size) };
        Ok(())
    }

    /// There is nothing more to send.
    pub fn quit(self) {
        *self.stage = Stage::Quit;
    }
}

/// A recipient is asked for.
pub struct Recipient<'a> {
    pub(super) ready: Ready<'a>,
    pub(super) stage: &'a mut Stage,
    pub(super) full: &'a mut bool,
}

impl Recipient<'_> {
    /// How many were given before.
    #[must_use]
    pub const fn index(&self) -> u16 {
        match *self.stage {
            Stage::Recipients { index, .. } => index,
            _ => 0,
        }
    }

    /// Adds a recipient. What the server says to it comes as a reply to RCPT of the same index.
    ///
    /// # Errors
    /// When it can't be said; [`NotSent::Later`] means that the same one is asked for again when
    /// there is room.
    pub fn add(
        mut self,
        path: ForwardPath<'_>,
        parameters: &RcptParameters<'_>,
    ) -> Result<(), NotSent> {
        let said = self.ready.rcpt(path, parameters);
        *self.full = said == Err(NotSent::Later);
        said?;
        if let Stage::Recipients { index, .. } = self.stage {
            *index = index.saturating_add(1);
        }
        Ok(())
    }

    /// That were all: the message is next.
    pub fn no_more(self) {
        if let Stage::Recipients { chunk, .. } = *self.stage {
            *self.stage = Stage::Message { chunk };
        }
    }

    /// Gives the message up before it has begun; another may follow.
    pub fn cancel(self) {
        *self.stage = Stage::Reset;
    }

    /// Gives up, with QUIT.
    pub fn quit(self) {
        *self.stage = Stage::Quit;
    }
}

/// The server refused the token (RFC 7628 section 3.2.2).
pub struct TokenRefused<'a> {
    pub(super) challenge: Challenge<'a>,
    pub(super) stage: &'a mut Stage,
}

impl TokenRefused<'_> {
    /// Why: a JSON object, if the server keeps to the RFC.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        self.challenge.text().unwrap_or(&[])
    }

    /// It has been seen; the reply to AUTH follows.
    pub fn done(self) {
        *self.stage = Stage::Login { shown: true };
    }
}

/// The password has to be salted and hashed as often as the server asks for (RFC 5802 section 2.2):
/// a few milliseconds on a large machine, seconds on a small one.
///
/// Run it in slices where it is; the event comes again until it is done. Or take it somewhere else:
/// it borrows nothing.
#[cfg(feature = "_scram")]
pub struct Derive<'a> {
    pub(super) derivation: &'a mut crate::sasl::Derivation,
}

#[cfg(feature = "_scram")]
impl Derive<'_> {
    /// Goes on for so many iterations; whether it is done.
    pub fn run(&mut self, iterations: u32) -> bool {
        self.derivation.run(iterations)
    }

    /// A copy, to be run on a thread that may block.
    #[must_use]
    pub fn derivation(&self) -> crate::sasl::Derivation {
        self.derivation.clone()
    }

    /// What became of the copy.
    pub fn done(self, derivation: crate::sasl::Derivation) {
        *self.derivation = derivation;
    }
}

/// It doesn't go on from here.
pub struct Failed<'a> {
    pub(super) ready: Ready<'a>,
    pub(super) stage: &'a mut Stage,
    pub(super) reason: Failure,
}

impl Failed<'_> {
    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Failure {
        self.reason
    }

    /// What the server offers.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        self.ready.capabilities()
    }

    /// It has been seen: QUIT is said.
    pub fn done(self) {
        *self.stage = Stage::Quit;
    }
}

macro_rules! debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(Next, Recipient, TokenRefused, Failed);
#[cfg(feature = "_scram")]
debug!(Derive);
