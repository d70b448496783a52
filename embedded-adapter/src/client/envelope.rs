//! From whom, to whom, and what became of it.

use core::fmt;

use ehlo::address::{ForwardPath, Mailbox, ReversePath};
use ehlo::error::InvalidAddress;
use ehlo::parameter::MailParameters;
use ehlo::reply::{Enhanced, Received, ReplyCode};

/// Who sends a message, and to whom.
///
/// ```
/// use ehlo_embedded::client::{Envelope, Recipient};
///
/// let mut recipients = [Recipient::new("ops@example.org")?, Recipient::new("me@example.org")?];
/// let envelope = Envelope::new("sensor@example.org", &mut recipients)?;
/// # drop(envelope);
/// # Ok::<(), ehlo::error::InvalidAddress>(())
/// ```
#[derive(Debug)]
pub struct Envelope<'a, 'r> {
    pub(super) reverse_path: ReversePath<'a>,
    pub(super) recipients: &'r mut [Recipient<'a>],
    pub(super) parameters: MailParameters<'a>,
}

impl<'a, 'r> Envelope<'a, 'r> {
    /// An envelope from this mailbox; from nobody where it is empty, as for a notification.
    ///
    /// # Errors
    /// When it is not a mailbox (RFC 5321 section 4.1.2).
    pub fn new(
        reverse_path: &'a str,
        recipients: &'r mut [Recipient<'a>],
    ) -> Result<Self, InvalidAddress> {
        let reverse_path = match reverse_path {
            "" => ReversePath::Null,
            mailbox => ReversePath::Mailbox(Mailbox::parse(mailbox)?),
        };
        Ok(Self { reverse_path, recipients, parameters: MailParameters::default() })
    }

    /// The parameters of MAIL, such as SIZE and BODY.
    #[must_use]
    pub fn parameters(self, parameters: MailParameters<'a>) -> Self {
        Self { parameters, ..self }
    }
}

/// A recipient, and what became of the message to him.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    pub(super) path: ForwardPath<'a>,
    pub(super) fate: Fate,
    /// The server takes mail for him.
    pub(super) accepted: bool,
}

impl<'a> Recipient<'a> {
    /// The recipient with this mailbox.
    ///
    /// # Errors
    /// When it is not a mailbox (RFC 5321 section 4.1.2).
    pub fn new(mailbox: &'a str) -> Result<Self, InvalidAddress> {
        let path = ForwardPath::Mailbox(Mailbox::parse(mailbox)?);
        Ok(Self { path, fate: Fate::Unknown, accepted: false })
    }

    /// The mailbox.
    #[must_use]
    pub const fn mailbox(&self) -> &'a str {
        self.path.as_str()
    }

    /// What became of the message to him.
    #[must_use]
    pub const fn fate(&self) -> Fate {
        self.fate
    }
}

/// What became of a message to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server was not asked, or the connection ended before it said.
    Unknown,
    /// The server takes mail for him. Whether it took this message is the result of sending it; in
    /// LMTP it is said here.
    Accepted,
    /// The server refused him, or in LMTP the message to him.
    Refused(Reply),
}

/// What remains of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// Its reply code.
    pub code: ReplyCode,
    /// Its enhanced status code, if it has one.
    pub enhanced: Option<Enhanced>,
}

impl Reply {
    pub(super) fn of(received: Received<'_>) -> Self {
        Self { code: received.code(), enhanced: received.enhanced() }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.code, f)?;
        match self.enhanced {
            Some(enhanced) => write!(f, " {enhanced}"),
            None => Ok(()),
        }
    }
}
