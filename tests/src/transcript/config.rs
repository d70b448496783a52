//! `config:` and `begin:` lines: what the server is like, and where the dialogue begins.

use core::time::Duration;

use ehlo::capability::Extensions;
use ehlo::limits::Limits;
use ehlo::policy::{BareNewline, Policy};
use ehlo::reply::{DefaultReply, Enhanced, Reply, ReplyCode};
use ehlo::sasl::Mechanism;
use ehlo::server::Config;

/// What the server of a transcript is like, and where the dialogue begins.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The server's configuration.
    pub config: Config<'static>,
    /// TLS is active from the beginning.
    pub tls: bool,
    /// Why it is run whole only, when it is.
    pub whole_only: Option<String>,
    /// What has been said before the transcript begins.
    pub begin: Begin,
    /// The same, in parts.
    limits: Limits,
    policy: Policy,
    extensions: Extensions,
    mechanisms: Vec<Mechanism>,
    keywords: Vec<&'static str>,
}

/// Where a dialogue begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Begin {
    /// A client has connected.
    #[default]
    Connected,
    /// It was greeted.
    Greeted,
    /// It has said EHLO (or LHLO).
    Hello,
    /// It has authenticated by PLAIN, as identity 7.
    Authenticated,
    /// It has said MAIL, after AUTH where that is needed.
    Mail,
    /// It has said RCPT.
    Rcpt,
    /// It has said DATA.
    Data,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            config: Config::new("mail.example.org"),
            tls: false,
            whole_only: None,
            begin: Begin::default(),
            limits: Limits::new(),
            policy: Policy::new(),
            extensions: Extensions::DEFAULT,
            mechanisms: Vec::new(),
            keywords: Vec::new(),
        }
    }
}

impl Setting {
    /// What the limits are.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether mechanisms are on offer.
    #[must_use]
    pub fn has_auth(&self) -> bool {
        !self.mechanisms.is_empty()
    }

    /// Takes a `begin:` line.
    ///
    /// # Errors
    /// When there is no such beginning.
    pub fn begin(&mut self, word: &str) -> Result<(), String> {
        self.begin = match word {
            "connected" => Begin::Connected,
            "greeted" => Begin::Greeted,
            "hello" => Begin::Hello,
            "authenticated" => Begin::Authenticated,
            "mail" => Begin::Mail,
            "rcpt" => Begin::Rcpt,
            "data" => Begin::Data,
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
        let words = || rest.split(' ').filter(|word| !word.is_empty());
        match key {
            "hostname" => self.config = Config::new(leak(rest)),
            "greeting" => self.config = self.config.greeting(leak(rest)),
            "tls" => self.tls = true,
            "starttls" => self.extensions = self.extensions.with(Extensions::STARTTLS),
            "lmtp" => self.config = self.config.lmtp(),
            "notices" => self.config = self.config.notices(),
            "replies" => self.config = self.config.replies(own_replies),
            "auth" => {
                let known = |name| Mechanism::from_name(name);
                self.mechanisms = words()
                    .map(|name| known(name).unwrap_or(Mechanism::Application(leak(name))))
                    .collect();
            }
            "offer" => {
                let offered = extensions(rest)?;
                self.extensions = self.extensions.with(offered);
            }
            "hide" => self.extensions = self.extensions.without(extensions(rest)?),
            "decoys" => {
                let (iterations, secret) = rest.split_once(' ').ok_or("a number and a secret")?;
                let iterations = iterations.parse().map_err(|_| "not a number")?;
                self.config = self.config.scram_decoys(leak(secret).as_bytes(), iterations);
            }
            "keyword" => self.keywords.push(leak(rest)),
            "parameters" => {
                let names: Vec<&'static str> = words().map(leak).collect();
                self.config = self.config.parameters(names.leak());
            }
            "policy" => words().try_for_each(|word| self.policy(word))?,
            "limit" => words().try_for_each(|word| self.limit(word))?,
            "whole-only" => self.whole_only = Some(rest.to_owned()),
            _ => return Err(format!("nothing to configure: {key}")),
        }
        Ok(())
    }

    /// Puts the parts together.
    pub(super) fn complete(&mut self) {
        self.config = self
            .config
            .auth(self.mechanisms.clone().leak())
            .extensions(self.extensions)
            .keywords(self.keywords.clone().leak())
            .limits(self.limits)
            .policy(self.policy);
    }

    fn policy(&mut self, word: &str) -> Result<(), String> {
        let policy = &mut self.policy;
        match word {
            "bare-newline=accept" => policy.bare_newline = BareNewline::Accept,
            "bare-newline=convert" => policy.bare_newline = BareNewline::Convert,
            "nul=accept" => policy.refuse_nul = false,
            "auth-optional" => policy.auth_optional = true,
            "cleartext-auth" => policy.cleartext_auth = true,
            "strict-hello" => policy.strict_hello = true,
            "tls-required" => policy.tls_required = true,
            "authorization-identity" => policy.authorization_identity = true,
            _ => return Err(format!("no such policy: {word}")),
        }
        Ok(())
    }

    fn limit(&mut self, word: &str) -> Result<(), String> {
        let (name, value) = word.split_once('=').ok_or("a limit is NAME=NUMBER")?;
        let value: u64 = value.parse().map_err(|_| format!("not a number: {value}"))?;
        let small = u16::try_from(value);
        let small = || small.map_err(|error| error.to_string());
        let limits = &mut self.limits;
        match name {
            "command-line" => limits.command_line = usize::from(small()?),
            "auth-line" => limits.auth_line = usize::from(small()?),
            "recipients" => limits.recipients = small()?,
            "message" => limits.message = value,
            "transactions" => limits.transactions = small()?,
            "unauthenticated-commands" => limits.unauthenticated_commands = small()?,
            "errors" => limits.errors = small()?,
            "auth-failures" => {
                limits.auth_failures = u8::try_from(value).map_err(|e| e.to_string())?
            }
            "auth-failure-delay" => limits.auth_failure_delay = Duration::from_secs(value),
            "command-timeout" => limits.command_timeout = Duration::from_secs(value),
            "data-timeout" => limits.data_timeout = Duration::from_secs(value),
            _ => return Err(format!("no such limit: {name}")),
        }
        Ok(())
    }
}

fn extensions(text: &str) -> Result<Extensions, String> {
    let mut set = Extensions::NONE;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let one = Extensions::from_keyword(word).ok_or(format!("no such extension: {word}"))?;
        set = set.with(one);
    }
    Ok(set)
}

fn leak(text: &str) -> &'static str {
    text.to_owned().leak()
}

/// Replies of an application's own, as `config: replies` has them.
fn own_replies(default: DefaultReply) -> Option<Reply<'static>> {
    let security = Enhanced::new(5, 7, 0);
    match default {
        DefaultReply::AuthRequired => {
            let code = ReplyCode::AUTH_REQUIRED;
            Some(Reply::new(code, security, "log in first, see https://example.org/mail"))
        }
        DefaultReply::AuthFailed => Some(Reply::new(
            ReplyCode::AUTH_FAILED,
            Enhanced::new(5, 7, 8),
            "wrong user or password",
        )),
        // Another class than the default's: this is not taken.
        DefaultReply::Ok => Some(Reply::new(ReplyCode::MAILBOX_UNAVAILABLE, None, "never")),
        DefaultReply::Help => Some(Reply::lines(
            ReplyCode::HELP,
            None,
            &["this server takes mail", "and nothing else"],
        )),
        _ => None,
    }
}
