//! `config:` and `begin:` lines: what the client is like, and where the dialogue begins.

use ehlo::client::submission::Security;
use ehlo::client::{Config, Newlines, Timeouts};
use ehlo::limits::BUFFER_MIN;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, Rules};

/// What the client of a dialogue is like, and where the dialogue begins.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The client's configuration.
    pub config: Config<'static>,
    /// The whole journey, and how it is protected; otherwise a connection by itself.
    pub journey: Option<Security>,
    /// TLS is active from the beginning, and the certificate was verified for this name.
    pub tls: Option<Option<&'static str>>,
    /// What there is to authenticate with.
    pub credentials: Option<Credentials<'static>>,
    /// What may not be seen on a way that anybody can read.
    pub secrets: Vec<&'static str>,
    /// Passwords may go over such a way all the same.
    pub dangerous: bool,
    /// Why it is run whole only, when it is.
    pub whole_only: Option<String>,
    /// The server has greeted and answered EHLO, or LHLO.
    pub greeted: bool,
    /// What it offers, line by line.
    pub offers: Vec<String>,
    /// The least receive buffer to be tried, where that is not what the longest reply needs.
    pub least_receive: Option<usize>,
    /// The least send buffer to be tried.
    pub least_send: usize,
    rules: Rules<'static>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            config: Config::new("client.example.org", "mail.example.org"),
            journey: None,
            tls: None,
            credentials: None,
            secrets: Vec::new(),
            dangerous: false,
            whole_only: None,
            greeted: false,
            offers: Vec::new(),
            least_receive: None,
            least_send: BUFFER_MIN,
            rules: Rules::new(),
        }
    }
}

impl Setting {
    /// Takes a `begin:` line.
    ///
    /// # Errors
    /// When there is no such beginning.
    pub fn begin(&mut self, word: &str) -> Result<(), String> {
        self.greeted = match word {
            "connected" => false,
            "hello" => true,
            _ => return Err(format!("no such beginning: {word}")),
        };
        Ok(())
    }

    /// Takes a `config:` line.
    ///
    /// # Errors
    /// When there is no such thing to be configured.
    pub fn take(&mut self, line: &str) -> Result<(), String> {
        let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
        let two = || rest.split_once(' ').ok_or(format!("two words behind {key}"));
        match key {
            // These two come first.
            "name" => self.config = Config::new(leak(rest)?, self.config.host()),
            "host" => self.config = Config::new("client.example.org", leak(rest)?),
            "port" => self.config = self.config.port(number(rest)?),
            "lmtp" => self.config = self.config.lmtp(),
            "refuse-bare-newlines" => self.config = self.config.newlines(Newlines::Refuse),
            "max-reply" => self.config = self.config.max_reply(number(rest)?),
            "strict-prompts" => self.config = self.config.strict_prompts(),
            "legacy-auth" => self.config = self.config.legacy_auth(),
            "next-mechanism-after-535" => {
                self.config = self.config.next_mechanism_after_refusal();
            }
            "minutes" => {
                let minutes = core::time::Duration::from_secs(60 * number::<u64>(rest)?);
                self.config = self.config.timeouts(Timeouts::all(minutes));
            }
            "prefer" => {
                let known = rest.split(' ').map(mechanism);
                self.rules = self.rules.prefer(known.collect::<Result<Vec<_>, _>>()?.leak());
            }
            "dangerous-cleartext" => {
                self.rules = self.rules.dangerous_cleartext();
                self.dangerous = true;
            }
            "dangerous-unverified" => {
                self.rules = self.rules.dangerous_unverified();
                self.dangerous = true;
            }
            "journey" => {
                self.journey = Some(match rest {
                    "starttls" => Security::StartTls,
                    "implicit" => Security::Implicit,
                    "cleartext" => Security::Cleartext,
                    _ => return Err(format!("no such security: {rest}")),
                });
            }
            "tls" => {
                self.tls = Some(match rest {
                    "" => Some(self.config.host()),
                    "unverified" => None,
                    name => Some(leak(name)?),
                });
            }
            "password" => {
                let (user, password) = two()?;
                let password = leak(password)?;
                self.secrets.push(password);
                self.credentials = Some(Credentials::password(leak(user)?, password));
            }
            "token" => {
                let (user, token) = two()?;
                let token = leak(token)?;
                self.secrets.push(token);
                self.credentials = Some(Credentials::token(leak(user)?, token));
            }
            "or-token" => {
                let token = leak(rest)?;
                self.secrets.push(token);
                self.credentials = self.credentials.map(|one| one.or_token(token));
            }
            "certificate" => self.credentials = Some(Credentials::certificate()),
            "or-certificate" => {
                self.credentials = self.credentials.map(Credentials::or_certificate)
            }
            "application" => self.credentials = Some(Credentials::application()),
            "or-application" => {
                self.credentials = self.credentials.map(Credentials::or_application);
            }
            "anonymous" => self.credentials = Some(Credentials::anonymous(leak(rest)?)),
            "as" => {
                let identity = leak(rest)?;
                self.credentials = self.credentials.map(|one| one.authorization_identity(identity));
            }
            "offers" => self.offers.push(rest.to_owned()),
            "least-receive" => self.least_receive = Some(number(rest)?),
            "least-send" => self.least_send = number(rest)?,
            "whole-only" => self.whole_only = Some(rest.to_owned()),
            _ => return Err(format!("nothing to configure: {key}")),
        }
        Ok(())
    }

    /// Puts the parts together.
    pub(super) fn complete(&mut self) {
        self.config = self.config.auth(self.rules);
    }
}

/// The mechanism of this name; one that the crate doesn't know is the application's own.
pub(super) fn mechanism(name: &str) -> Result<Mechanism, String> {
    match Mechanism::from_name(name) {
        Some(known) => Ok(known),
        None => Ok(Mechanism::Application(leak(name)?)),
    }
}

fn number<N: core::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

fn leak(text: &str) -> Result<&'static str, String> {
    let octets = crate::text::unescape(text)?;
    Ok(String::from_utf8(octets).map_err(|error| error.to_string())?.leak())
}
