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
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    mechanism: Mechanism,
    pub(super) credentials: Credentials<'a>,
    pub(super) host: Option<(&'a str, u16)>,
    pub(super) strict_prompts: bool,
    /// Messages given so far.
    sent: u8,
    /// The server has said no to a token; its last reply follows the next message.
    failing: bool,
    #[cfg(feature = "_scram")]
    scram: super::scram::client::State,
    /// What the server has to prove itself with.
    #[cfg(feature = "digest-md5")]
    rspauth: Option<[u8; 32]>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the first so many octets of the buffer, encoded as the protocol has it. None at all is
    /// an empty response, which is not the same as no response.
    Respond(usize),
    /// There is no initial response: the server speaks first.
    Wait,
    /// The salted password has to be derived first, which takes long on purpose: run
    /// `Exchange::derivation`, and step again with the same challenge. Only SCRAM asks for it.
    Derive,
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
    /// The server asks for so many iterations: too few to protect the password, or more than
    /// anybody should count.
    Iterations(u32),
    /// The server has not proven that it knows the password: it may be an impostor.
    NotProven,
    /// A name holds a character that can't be said in this mechanism.
    Unsayable,
    /// The server says in place of its proof that it refuses the client's: the password is wrong, or
    /// the connection is not the one it was meant for.
    Refused,
    /// The application, whose mechanism it is, gave up.
    Abandoned,
}

impl<'a> Exchange<'a> {
    /// An exchange that has not begun. Of a mechanism whose messages are the application's it has none:
    /// [`step`](Self::step) says [`Wait`](Step::Wait), and then [`ExchangeError::Unexpected`].
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
            #[cfg(feature = "_scram")]
            scram: super::scram::client::State::default(),
            #[cfg(feature = "digest-md5")]
            rspauth: None,
        };
        Ok(exchange)
    }

    /// The server offers a mechanism that is tied to the TLS connection. A client that could use one
    /// and doesn't tells the server what it thinks is on offer, so that taking it out of the list is
    /// found out (RFC 5802 section 6). The machines in [`client`](crate::client) say it themselves.
    #[cfg(feature = "_scram")]
    #[must_use]
    pub fn channel_binding_offered(mut self, offered: bool) -> Self {
        self.scram.plus_offered = offered;
        self
    }

    #[cfg(feature = "_scram")]
    pub(crate) const fn binding_was_offered(&mut self) {
        self.scram.plus_offered = true;
    }

    /// What the TLS connection is known by, where the credentials don't have it. The machines in
    /// [`client`](crate::client) set it themselves.
    #[cfg(feature = "_scram")]
    pub fn bind(&mut self, binding: super::ChannelBinding) {
        self.credentials.channel_binding.get_or_insert(binding);
    }

    /// Whether a mechanism that is tied to TLS lacks what ties it.
    #[cfg(feature = "_scram")]
    pub(crate) const fn is_unbound(&self) -> bool {
        self.mechanism.has_channel_binding() && self.credentials.channel_binding.is_none()
    }

    /// The derivation that [`Step::Derive`] asks for. It can be run in slices where it is, or cloned,
    /// run on another thread, and put back.
    #[cfg(feature = "_scram")]
    pub const fn derivation(&mut self) -> Option<&mut super::Derivation> {
        self.scram.derivation.as_mut()
    }

    /// Whether the server has proven all that the mechanism has it prove. One that says it succeeded
    /// before may be an impostor.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        #[cfg(feature = "_scram")]
        if self.mechanism.scram().is_some() {
            return self.scram.proven;
        }
        #[cfg(feature = "digest-md5")]
        if matches!(self.mechanism, Mechanism::DigestMd5) {
            return self.sent > 1;
        }
        true
    }

    /// The host and port the connection goes to, which OAUTHBEARER tells the server (RFC 7628
    /// section 3.1); a port of zero is one that isn't known, and not told.
    #[must_use]
    pub fn host(mut self, host: &'a str, port: u16) -> Self {
        self.host = Some((host, port));
        self
    }

    /// LOGIN ends at a prompt that asks neither for a username nor for a password. Without it the
    /// first prompt is answered by the username and the second by the password, whatever they say.
    #[must_use]
    pub fn strict_prompts(mut self) -> Self {
        self.strict_prompts = true;
        self
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
        // `334 ntlm supported` comes before anything that is NTLM.
        #[cfg(feature = "ntlm")]
        if matches!(self.mechanism, Mechanism::Ntlm) {
            return self.sent == 0;
        }
        let fixed = matches!(self.mechanism, Mechanism::External | Mechanism::Anonymous);
        (fixed || self.mechanism.shows_password()) && !self.strict_prompts
    }

    /// The initial response was not sent, or not taken: the exchange begins anew without it.
    pub fn restart(&mut self) {
        self.sent = 0;
        self.failing = false;
        #[cfg(feature = "digest-md5")]
        {
            self.rspauth = None;
        }
        #[cfg(feature = "_scram")]
        {
            let plus_offered = self.scram.plus_offered;
            self.scram = super::scram::client::State::new(plus_offered);
        }
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
        #[cfg(feature = "_scram")]
        if self.begin_derivation(challenge)? {
            return Ok(Step::Derive);
        }
        let mut message = LineWriter::new(out);
        let respond = self.message(challenge, &mut message)?;
        if !respond {
            return Ok(Step::Wait);
        }
        let length = message.finish().ok_or(ExchangeError::NoRoom)?;
        self.sent = self.sent.saturating_add(1);
        Ok(Step::Respond(length))
    }

    /// Whether the salted password is needed for the answer to this challenge, and not there.
    #[cfg(feature = "_scram")]
    fn begin_derivation(&mut self, challenge: Option<&[u8]>) -> Result<bool, ExchangeError> {
        let (Some(challenge), Some(side), 1) = (challenge, self.scram_side(), self.sent) else {
            return Ok(false);
        };
        if self.scram.derivation.is_none() {
            self.scram.derivation = Some(side.derivation(challenge)?);
        }
        Ok(self.scram.derivation.as_ref().is_some_and(|derivation| !derivation.is_done()))
    }

    #[cfg(feature = "_scram")]
    fn scram_side(&self) -> Option<super::scram::client::Side<'_, 'a>> {
        let (hash, plus) = self.mechanism.scram()?;
        let (credentials, plus_offered) = (&self.credentials, self.scram.plus_offered);
        let super::NonceSeed(seed) = credentials.nonce.unwrap_or_default();
        let nonce = super::Nonce::of_client(hash, &seed);
        Some(super::scram::client::Side { hash, plus, credentials, plus_offered, nonce })
    }

    /// Writes the next message of SCRAM; `None` where the mechanism is another one.
    #[cfg(feature = "_scram")]
    fn scram_message(
        &mut self,
        challenge: Option<&[u8]>,
        out: &mut LineWriter<'_>,
    ) -> Option<Result<bool, ExchangeError>> {
        let mut state = core::mem::take(&mut self.scram);
        let side = self
            .scram_side()
            .map(|side| super::scram::client::Side { plus_offered: state.plus_offered, ..side });
        let done = match (side?, self.sent, challenge) {
            (side, 0, _) => {
                side.write_first(out);
                Ok(true)
            }
            (side, 1, Some(challenge)) => {
                side.write_final(challenge, &mut state, out).map(|()| true)
            }
            (_, 2, Some(challenge)) => state.read_final(challenge).map(|()| true),
            _ => Err(ExchangeError::Unexpected),
        };
        self.scram = state;
        Some(done)
    }

    /// Writes the next message; `false` when there is none before the server has spoken.
    fn message(
        &mut self,
        challenge: Option<&[u8]>,
        out: &mut LineWriter<'_>,
    ) -> Result<bool, ExchangeError> {
        #[cfg(feature = "_scram")]
        if let Some(done) = self.scram_message(challenge, out) {
            return done;
        }
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
            #[cfg(feature = "digest-md5")]
            (Mechanism::DigestMd5, 0, Some(challenge)) => {
                let host = self.host.map_or("", |(host, _)| host);
                let proof =
                    super::digest_md5::client::write(&self.credentials, host, challenge, out)?;
                self.rspauth = Some(proof);
            }
            #[cfg(feature = "digest-md5")]
            (Mechanism::DigestMd5, 1, Some(challenge)) => {
                let proof = self.rspauth.take().ok_or(ExchangeError::Unexpected)?;
                if !super::digest_md5::client::proves(challenge, &proof) {
                    return Err(ExchangeError::NotProven);
                }
            }
            #[cfg(feature = "ntlm")]
            (Mechanism::Ntlm, 0, _) => super::ntlm::client::write_negotiate(out),
            #[cfg(feature = "ntlm")]
            (Mechanism::Ntlm, 1, Some(challenge)) => {
                super::ntlm::client::write_authenticate(&self.credentials, challenge, out)?;
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
            Self::Iterations(count) => {
                return write!(
                    f,
                    "the server asks for {count} iterations, which is too few or too many"
                );
            }
            Self::Unsayable => "a name holds a character that can't be said in this mechanism",
            Self::NotProven => "the server has not proven that it knows the password",
            Self::Refused => "the server refused the proof of the password",
            Self::Abandoned => "the exchange was given up",
            Self::UnknownPrompt => "the prompt asks neither for a username nor for a password",
        })
    }
}

impl core::error::Error for ExchangeError {}
