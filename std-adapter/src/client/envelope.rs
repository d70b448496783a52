//! Who a message is from and to.

use core::fmt;

use ehlo::address::{Mailbox, ReversePath};
use ehlo::parameter::{MailParameters, RcptParameters};

/// Who a message is from and to, checked (RFC 5321 section 2.3.1).
///
/// ```
/// use ehlo_std::client::Envelope;
///
/// let envelope = Envelope::new("me@example.org", ["you@example.com", "<she@example.net>"])?;
/// assert_eq!(envelope.recipients().count(), 2);
/// assert!(Envelope::new("me@example.org\r\nRCPT TO:<x@y>", ["you@example.com"]).is_err());
/// # Ok::<(), ehlo_std::client::EnvelopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Paths, with their angle brackets.
    sender: String,
    recipients: Vec<String>,
    mail_parameters: String,
    rcpt_parameters: String,
}

/// What is wrong with an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// This is not an address.
    Address(String),
    /// There is no recipient.
    NoRecipient,
    /// These are not parameters of MAIL or RCPT, or one that is set by what is sent (SIZE, BODY, SMTPUTF8).
    Parameters(String),
}

impl Envelope {
    /// An envelope. The addresses may stand in angle brackets; an empty sender is the null reverse-path of
    /// notifications.
    ///
    /// # Errors
    /// When an address is none, or there is no recipient.
    pub fn new<A: AsRef<str>>(
        sender: impl AsRef<str>,
        recipients: impl IntoIterator<Item = A>,
    ) -> Result<Self, EnvelopeError> {
        let path = |text: &str| {
            let inside = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
            format!("<{}>", inside.unwrap_or(text))
        };
        let wrong = |text: &str| EnvelopeError::Address(bare(text).escape_debug().to_string());
        let sender = path(sender.as_ref());
        ReversePath::parse(&sender).map_err(|_| wrong(&sender))?;
        let mut checked = Vec::new();
        for recipient in recipients {
            let recipient = path(recipient.as_ref());
            let is_postmaster = bare(&recipient).eq_ignore_ascii_case("postmaster");
            if !is_postmaster && Mailbox::parse(bare(&recipient)).is_err() {
                return Err(wrong(&recipient));
            }
            checked.push(recipient);
        }
        if checked.is_empty() {
            return Err(EnvelopeError::NoRecipient);
        }
        Ok(Self {
            sender,
            recipients: checked,
            mail_parameters: String::new(),
            rcpt_parameters: String::new(),
        })
    }

    /// Parameters of MAIL, such as `RET=HDRS ENVID=QQ314159`. SIZE, BODY and SMTPUTF8 are set by what is sent.
    ///
    /// # Errors
    /// When they are none.
    pub fn mail_parameters(self, text: impl Into<String>) -> Result<Self, EnvelopeError> {
        let text = text.into();
        let read = MailParameters::parse(&text);
        let own = |read: &MailParameters<'_>| {
            read.size.is_none() && read.body.is_none() && !read.smtputf8
        };
        if !read.as_ref().is_ok_and(own) {
            return Err(EnvelopeError::Parameters(text.escape_debug().to_string()));
        }
        Ok(Self { mail_parameters: text, ..self })
    }

    /// Parameters of every RCPT, such as `NOTIFY=FAILURE,DELAY`.
    ///
    /// # Errors
    /// When they are none.
    pub fn rcpt_parameters(self, text: impl Into<String>) -> Result<Self, EnvelopeError> {
        let text = text.into();
        if RcptParameters::parse(&text).is_err() {
            return Err(EnvelopeError::Parameters(text.escape_debug().to_string()));
        }
        Ok(Self { rcpt_parameters: text, ..self })
    }

    /// The sender; empty for the null reverse-path.
    #[must_use]
    pub fn sender(&self) -> &str {
        bare(&self.sender)
    }

    /// The recipients.
    pub fn recipients(&self) -> impl ExactSizeIterator<Item = &str> {
        self.recipients.iter().map(|path| bare(path))
    }

    /// The reverse-path, with its angle brackets.
    pub(super) fn reverse_path(&self) -> &str {
        &self.sender
    }

    /// The forward-path at this place, with its angle brackets.
    pub(super) fn forward_path(&self, index: usize) -> Option<&str> {
        self.recipients.get(index).map(String::as_str)
    }

    /// The recipient at this place.
    pub(super) fn recipient(&self, index: usize) -> Option<&str> {
        self.forward_path(index).map(bare)
    }

    /// The parameters of MAIL that don't depend on the message.
    pub(super) fn mail(&self) -> MailParameters<'_> {
        let mut parameters = MailParameters::parse(&self.mail_parameters).unwrap_or_default();
        let addresses = self.recipients().chain([self.sender()]);
        parameters.smtputf8 = !addresses.into_iter().all(str::is_ascii);
        parameters
    }

    pub(super) fn rcpt(&self) -> RcptParameters<'_> {
        RcptParameters::parse(&self.rcpt_parameters).unwrap_or_default()
    }
}

/// A path without its angle brackets.
fn bare(path: &str) -> &str {
    path.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(path)
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(text) => write!(f, "{text}: not an address such as user@example.org"),
            Self::NoRecipient => f.write_str("there is no recipient"),
            Self::Parameters(text) => write!(f, "{text}: not parameters that can stand here"),
        }
    }
}

impl core::error::Error for EnvelopeError {}
