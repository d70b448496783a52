//! The client's side of a SASL exchange.
//!
//! [`pick`] chooses the mechanism, [`Exchange`] speaks it. Neither knows base64 or SMTP, so that an
//! IMAP or POP3 client can use them as they are.
//!
//! ```
//! use ehlo::sasl::Mechanism;
//! use ehlo::sasl::client::{Channel, Credentials, Exchange, Rules, Step, pick};
//!
//! let credentials = Credentials::password("tim", "tanstaaf");
//! let channel = Channel::tls("mail.example.org", Some("mail.example.org"));
//! let mechanism = pick("LOGIN XOAUTH2", &credentials, channel, &Rules::new())?;
//! assert_eq!(mechanism, Mechanism::Login);
//!
//! let mut exchange = Exchange::new(mechanism, credentials)?;
//! let mut out = [0; 64];
//! assert_eq!(exchange.step(None, &mut out)?, Step::Wait);
//! assert_eq!(exchange.step(Some(b"Username:"), &mut out)?, Step::Respond(3));
//! assert_eq!(&out[..3], b"tim");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use super::Mechanism;
use crate::wire::print::LineWriter;

mod channel;
mod credentials;
mod pick;

pub use channel::Channel;
pub use credentials::{Credentials, InvalidCredentials};
pub(crate) use pick::pick_from;
pub use pick::{NoMechanism, Rules, pick};

/// An exchange with a server, by one mechanism.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    mechanism: Mechanism,
    pub(super) credentials: Credentials<'a>,
    pub(super) host: Option<(&'a str, u16)>,
    pub(super) strict_prompts: bool,
    /// Messages given so far.
    sent: u8,
    /// The server has said no to a token; its last reply follows the next message.
    failing: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the first so many octets of the buffer, encoded as the protocol has it. None at all is
    /// an empty response, which is not the same as no response.
    Respond(usize),
    /// There is no initial response: the server speaks first.
    Wait,
}

/// Why an exchange can't go on. The client then cancels it: `*` in SMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The message is larger than the buffer.
    NoRoom,
    /// The server goes on where the mechanism is at its end.
    Unexpected,
    /// The challenge is not one of this mechanism.
    Malformed,
    /// The prompt asks neither for a username nor for a password: see [`Exchange::strict_prompts`].
    UnknownPrompt,
}

impl<'a> Exchange<'a> {
    /// An exchange that has not begun.
    ///
    /// # Errors
    /// When the credentials are not of the kind the mechanism takes, or can't be said in it.
    pub fn new(
        mechanism: Mechanism,
        credentials: Credentials<'a>,
    ) -> Result<Self, InvalidCredentials> {
        credentials.check(mechanism)?;
        let exchange = Self {
            mechanism,
            credentials,
            host: None,
            strict_prompts: false,
            sent: 0,
            failing: false,
        };
        Ok(exchange)
    }

    /// The host and port the connection goes to, which OAUTHBEARER tells the server (RFC 7628
    /// section 3.1); a port of zero is one that isn't known, and not told.
    #[must_use]
    pub const fn host(self, host: &'a str, port: u16) -> Self {
        Self { host: Some((host, port)), ..self }
    }

    /// LOGIN ends at a prompt that asks neither for a username nor for a password. Without it the
    /// first prompt is answered by the username and the second by the password, whatever they say.
    #[must_use]
    pub const fn strict_prompts(self) -> Self {
        Self { strict_prompts: true, ..self }
    }

    /// Its mechanism.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Whether the last challenge was the server's reason for refusing a token (RFC 7628 section
    /// 3.2.2): JSON, to be shown to whoever asks why.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failing
    }

    /// Whether the next challenge is the server's reason for refusing a token.
    pub(crate) const fn expects_refusal(&self) -> bool {
        match self.mechanism {
            #[cfg(feature = "oauth")]
            Mechanism::Xoauth2 | Mechanism::OauthBearer => self.sent == 1,
            _ => false,
        }
    }

    /// Whether what the challenges say makes no difference.
    pub(crate) const fn ignores_challenges(&self) -> bool {
        let fixed = matches!(self.mechanism, Mechanism::External | Mechanism::Anonymous);
        (fixed || self.mechanism.shows_password()) && !self.strict_prompts
    }

    /// The initial response was not sent, or not taken: the exchange begins anew without it.
    pub const fn restart(&mut self) {
        self.sent = 0;
        self.failing = false;
    }

    /// Gives the initial response for `None`, and the response to each challenge after that. The
    /// reply that ends the exchange is not a challenge.
    ///
    /// # Errors
    /// When the challenge can't be answered; the exchange is then to be cancelled.
    pub fn step(
        &mut self,
        challenge: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<Step, ExchangeError> {
        let mut message = LineWriter::new(out);
        let respond = self.message(challenge, &mut message)?;
        if !respond {
            return Ok(Step::Wait);
        }
        let length = message.finish().ok_or(ExchangeError::NoRoom)?;
        self.sent = self.sent.saturating_add(1);
        Ok(Step::Respond(length))
    }

    /// Writes the next message; `false` when there is none before the server has spoken.
    fn message(
        &mut self,
        challenge: Option<&[u8]>,
        out: &mut LineWriter<'_>,
    ) -> Result<bool, ExchangeError> {
        match (self.mechanism, self.sent, challenge) {
            #[cfg(feature = "plain")]
            (Mechanism::Plain, 0, _) => super::plain::write(self, out),
            #[cfg(feature = "login")]
            (Mechanism::Login, 0 | 1, Some(prompt)) => super::login::write(self, prompt, out)?,
            #[cfg(feature = "cram-md5")]
            (Mechanism::CramMd5, 0, Some(challenge)) => {
                super::cram_md5::write(self, challenge, out)?;
            }
            #[cfg(feature = "oauth")]
            (Mechanism::Xoauth2, 0, _) => super::oauth::write_xoauth2(self, out),
            #[cfg(feature = "oauth")]
            (Mechanism::OauthBearer, 0, _) => super::oauth::write_oauthbearer(self, out),
            #[cfg(feature = "oauth")]
            (Mechanism::Xoauth2 | Mechanism::OauthBearer, 1, Some(_)) => {
                self.failing = true;
                super::oauth::write_acknowledgement(self.mechanism, out);
            }
            (Mechanism::External, 0, _) => super::external::write(self, out),
            (Mechanism::Anonymous, 0, _) => super::anonymous::write(self, out),
            (_, 0, None) => return Ok(false),
            _ => return Err(ExchangeError::Unexpected),
        }
        Ok(true)
    }

    /// Messages given so far.
    pub(crate) const fn sent(&self) -> u8 {
        self.sent
    }
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoom => "the response is larger than the send buffer",
            Self::Unexpected => "the server goes on where the mechanism is at its end",
            Self::Malformed => "the challenge is not one of this mechanism",
            Self::UnknownPrompt => "the prompt asks neither for a username nor for a password",
        })
    }
}

impl core::error::Error for ExchangeError {}
