//! Where messages go.

use core::fmt;

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::parameter::MailParameters;
use ehlo::server::Facts;

/// A place for messages: RAM, flash, or a link to something larger.
///
/// Each session writes a draft of its own, so that several are open at once; a draft becomes a message
/// when it is committed, and not before. What a power cut leaves of a draft is not to be seen again.
/// [`Intake`](crate::Intake) drives it by a session's events.
///
/// ```
/// use ehlo::address::ForwardPath;
/// use ehlo_embedded::{Envelope, MessageStore, Receipt, StoreError};
///
/// /// Four messages of 1 KiB each, until the power goes.
/// struct Ram {
///     messages: [Option<([u8; 1024], usize)>; 4],
///     stored: u32,
/// }
///
/// /// Which of them is written, and how far it has come.
/// struct Draft {
///     place: usize,
///     length: usize,
/// }
///
/// impl MessageStore for Ram {
///     type Draft = Draft;
///
///     fn begin(&mut self, _: &Envelope<'_>) -> Result<Draft, StoreError> {
///         let place = self.messages.iter().position(Option::is_none).ok_or(StoreError::Full)?;
///         self.messages[place] = Some(([0; 1024], 0));
///         Ok(Draft { place, length: 0 })
///     }
///
///     fn recipient(&mut self, _: &mut Draft, _: ForwardPath<'_>) -> Result<(), StoreError> {
///         Ok(()) // all mail is for one mailbox
///     }
///
///     fn write(&mut self, draft: &mut Draft, octets: &[u8]) -> Result<(), StoreError> {
///         let (message, _) = self.messages[draft.place].as_mut().ok_or(StoreError::Broken)?;
///         let room = message.get_mut(draft.length..).ok_or(StoreError::Broken)?;
///         room.get_mut(..octets.len()).ok_or(StoreError::Full)?.copy_from_slice(octets);
///         draft.length += octets.len();
///         Ok(())
///     }
///
///     fn commit(&mut self, draft: Draft) -> Result<Receipt, StoreError> {
///         let (_, length) = self.messages[draft.place].as_mut().ok_or(StoreError::Broken)?;
///         *length = draft.length;
///         self.stored += 1;
///         Ok(Receipt(self.stored))
///     }
///
///     fn abort(&mut self, draft: Draft) {
///         self.messages[draft.place] = None;
///     }
/// }
/// ```
pub trait MessageStore {
    /// A message that is being written. Whatever says which one it is; it holds no reference.
    type Draft;

    /// Begins a message: MAIL was said.
    ///
    /// # Errors
    /// When there is no room for it, or for one more draft.
    fn begin(&mut self, envelope: &Envelope<'_>) -> Result<Self::Draft, StoreError>;

    /// Adds a recipient. What was refused here is refused to the client; the draft goes on.
    ///
    /// # Errors
    /// When there is no room for it.
    fn recipient(
        &mut self,
        draft: &mut Self::Draft,
        path: ForwardPath<'_>,
    ) -> Result<(), StoreError>;

    /// Appends octets of the message. Line ends are CRLF, and transparency is undone.
    ///
    /// # Errors
    /// When they don't fit. The draft is then [aborted](Self::abort).
    fn write(&mut self, draft: &mut Self::Draft, octets: &[u8]) -> Result<(), StoreError>;

    /// The message is whole. It has to be durable when this returns: the client is told so right
    /// away, and forgets it (RFC 5321 section 4.2.5).
    ///
    /// # Errors
    /// When it can't be made durable. The store has let the draft go.
    fn commit(&mut self, draft: Self::Draft) -> Result<Receipt, StoreError>;

    /// Lets a draft go: there will be no message.
    fn abort(&mut self, draft: Self::Draft);
}

impl<S: MessageStore> MessageStore for &mut S {
    type Draft = S::Draft;

    fn begin(&mut self, envelope: &Envelope<'_>) -> Result<Self::Draft, StoreError> {
        S::begin(self, envelope)
    }

    fn recipient(
        &mut self,
        draft: &mut Self::Draft,
        path: ForwardPath<'_>,
    ) -> Result<(), StoreError> {
        S::recipient(self, draft, path)
    }

    fn write(&mut self, draft: &mut Self::Draft, octets: &[u8]) -> Result<(), StoreError> {
        S::write(self, draft, octets)
    }

    fn commit(&mut self, draft: Self::Draft) -> Result<Receipt, StoreError> {
        S::commit(self, draft)
    }

    fn abort(&mut self, draft: Self::Draft) {
        S::abort(self, draft);
    }
}

/// Who sends a message, as it begins. The recipients come one by one.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// The reverse-path.
    pub reverse_path: ReversePath<'a>,
    /// The parameters of MAIL; SIZE is what the client estimates.
    pub parameters: &'a MailParameters<'a>,
    /// What is known of the connection, such as who has authenticated.
    pub facts: Facts,
}

/// The number a store knows a message by. The client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub u32);

/// Why a message can't be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreError {
    /// There is no room for it now.
    Full,
    /// It is larger than the store will ever take.
    TooLarge,
    /// The store doesn't work.
    Broken,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the store is full",
            Self::TooLarge => "the message is too large for the store",
            Self::Broken => "the store is broken",
        })
    }
}

impl core::error::Error for StoreError {}
