//! What a server said.

use core::fmt;

use ehlo::reply::{Enhanced, Received, ReplyCode};

use super::Credentials;

/// A reply of a server, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: ReplyCode,
    enhanced: Option<Enhanced>,
    lines: Vec<String>,
}

impl Reply {
    /// Keeps a reply. Control characters are replaced, and so is a secret that the server repeats.
    pub(super) fn keep(received: Received<'_>, credentials: Option<&Credentials>) -> Self {
        let clean = |line: &[u8]| {
            let text = match core::str::from_utf8(line) {
                Ok(text) if !line.iter().any(u8::is_ascii_control) && line.is_ascii() => {
                    text.to_owned()
                }
                _ => printable(&String::from_utf8_lossy(line)),
            };
            match credentials {
                Some(credentials) => credentials.redact(text),
                None => text,
            }
        };
        Self {
            code: received.code(),
            enhanced: received.enhanced(),
            lines: received.lines().map(clean).collect(),
        }
    }

    /// In place of one that the server owes, once the connection is over.
    pub(super) fn lost() -> Self {
        let enhanced = Enhanced::TIMEOUT;
        let text =
            format!("{enhanced} the connection was over before the server had replied to this");
        Self { code: ReplyCode::NOT_AVAILABLE, enhanced: Some(enhanced), lines: vec![text] }
    }

    /// Its reply code.
    #[must_use]
    pub const fn code(&self) -> ReplyCode {
        self.code
    }

    /// Its enhanced status code, where there is one.
    #[must_use]
    pub const fn enhanced(&self) -> Option<Enhanced> {
        self.enhanced
    }

    /// The text of each line, the enhanced status code included.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for Reply {
    /// The code and the texts, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.code, f)?;
        for line in self.lines.iter().filter(|line| !line.is_empty()) {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

/// A text without control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// What became of a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    address: String,
    reply: Reply,
}

impl Recipient {
    pub(super) fn new(address: impl Into<String>, reply: Reply) -> Self {
        Self { address: address.into(), reply }
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the server said to it: the reply to RCPT; with LMTP, where that was positive, the reply to the
    /// message, and a 421 where the connection was over before that came.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Whether the message is on its way to it.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.reply.code.is_positive()
    }

    pub(super) fn delivered(&mut self, reply: Reply) {
        self.reply = reply;
    }
}

/// The server has taken the message, for at least one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub(super) reply: Reply,
    pub(super) recipients: Vec<Recipient>,
}

impl Receipt {
    /// What the server said to the message. Often it names the message as its log does.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Every recipient, in the order of the envelope.
    #[must_use]
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// Those the message is on its way to: at least one.
    pub fn accepted(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| recipient.is_accepted())
    }

    /// Those the server refused.
    pub fn rejected(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| !recipient.is_accepted())
    }
}
