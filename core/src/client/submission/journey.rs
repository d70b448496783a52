//! Where on its way a journey is, and what comes next.

use super::Security;
use super::failure::Failure;
use crate::capability::Extensions;
use crate::client::guard::{Challenge, Ready};
use crate::client::{Config, Mechanisms, NotSent, To};
use crate::reply::ReplyCode;
use crate::sasl::Mechanism;
use crate::sasl::client::{Channel, Credentials, Exchange, ExchangeError, NoMechanism, pick_from};

/// Where a journey is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// Nothing was said but EHLO.
    Beginning,
    /// STARTTLS was said, or is about to be.
    Securing,
    /// The application is asked for its initial response, or AUTH is said without one.
    #[cfg(feature = "application")]
    Asking { initial: bool },
    /// AUTH was said; the server's reason for refusing a token was shown.
    Login { shown: bool },
    /// A mail transaction may begin.
    Idle,
    /// Recipients are given: so many so far.
    Recipients { index: u16, chunk: Option<u64> },
    /// The message is next.
    Message { chunk: Option<u64> },
    /// The message is on its way, or was replied to.
    Sent,
    /// The mail transaction ends without a message.
    Reset,
    /// It doesn't go on from here.
    Failed(Failure),
    /// QUIT is next.
    Quit,
}

/// What a journey does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Read or write.
    Io,
    /// Tell the caller what the connection says.
    Tell,
    Next,
    Recipient,
    TokenRefused,
    #[cfg(feature = "application")]
    Exchange,
    #[cfg(feature = "_scram")]
    Derive,
    Failed(Failure),
}

/// An exchange whose messages are the application's.
#[cfg(feature = "application")]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own {
    /// Messages given so far.
    pub(super) sent: u8,
    /// The application has seen all it wants of the server.
    pub(super) complete: bool,
    /// The application gave up, or its message didn't fit.
    pub(super) cancelled: Option<ExchangeError>,
}

/// A journey: what is wanted, and how far it has come.
#[derive(Clone, Debug)]
pub(super) struct Journey<'c> {
    pub(super) stage: Stage,
    config: &'c Config<'c>,
    security: Security,
    credentials: Option<Credentials<'c>>,
    pub(super) exchange: Option<Exchange<'c>>,
    #[cfg(feature = "application")]
    pub(super) own: Own,
    /// The exchange began with an initial response: there was one, and it fitted.
    pub(super) initial: bool,
    /// The reply to the last AUTH or STARTTLS.
    refused: Option<ReplyCode>,
    /// Why the exchange was cancelled.
    cancelled: Option<Failure>,
    tried: Mechanisms,
    /// Nothing more fits the group of commands that waits to be written.
    pub(super) full: bool,
}

impl<'c> Journey<'c> {
    pub(super) fn new(
        config: &'c Config<'c>,
        security: Security,
        credentials: Option<Credentials<'c>>,
    ) -> Self {
        Self {
            stage: Stage::Beginning,
            config,
            security,
            credentials,
            exchange: None,
            #[cfg(feature = "application")]
            own: Own::default(),
            initial: false,
            refused: None,
            cancelled: None,
            tried: Mechanisms::default(),
            full: false,
        }
    }

    /// Whether the next command can join those that wait to be written, so that MAIL, RCPT and DATA
    /// leave together (RFC 2920 section 3.1).
    pub(super) const fn is_grouping(&self) -> bool {
        matches!(self.stage, Stage::Recipients { .. } | Stage::Message { .. }) && !self.full
    }

    /// A reply that is about to be told.
    pub(super) fn on_reply(&mut self, to: To, code: ReplyCode) {
        if matches!(to, To::Auth | To::StartTls) {
            self.refused = Some(code).filter(|code| !code.is_positive());
        }
    }

    /// A command may be said: `None` when one was, or the stage has changed.
    pub(super) fn on_ready(&mut self, mut ready: Ready<'_>) -> Option<Move> {
        match self.stage {
            Stage::Beginning => {
                self.stage = self.begin(ready);
                None
            }
            Stage::Securing => {
                // TLS has begun, or the server refused it.
                self.stage = match self.refused.take() {
                    Some(code) => Stage::Failed(Failure::StartTlsRefused(code)),
                    None => Stage::Beginning,
                };
                None
            }
            #[cfg(feature = "application")]
            Stage::Asking { initial: true } => Some(Move::Exchange),
            #[cfg(feature = "application")]
            Stage::Asking { initial: false } => {
                self.stage = self.say_auth_alone(ready);
                None
            }
            Stage::Login { .. } => {
                self.stage = self.after_login(ready);
                None
            }
            Stage::Idle => Some(Move::Next),
            // The server refused MAIL: there is nothing to add a recipient to.
            Stage::Recipients { .. } if !ready.has_transaction() => {
                self.stage = Stage::Idle;
                None
            }
            Stage::Recipients { .. } => Some(Move::Recipient),
            Stage::Message { chunk } => {
                let said = match chunk {
                    #[cfg(feature = "extensions")]
                    Some(size) => ready.bdat(size, true),
                    #[cfg(not(feature = "extensions"))]
                    Some(_) => Err(NotSent::NotOffered(Extensions::CHUNKING)),
                    None => ready.data(),
                };
                self.stage = match said {
                    Ok(()) => Stage::Sent,
                    Err(NotSent::Later) => {
                        self.full = true;
                        return Some(Move::Io);
                    }
                    // Every recipient was refused.
                    Err(_) => Stage::Reset,
                };
                None
            }
            Stage::Sent if ready.has_transaction() => {
                self.stage = Stage::Reset;
                None
            }
            Stage::Sent => {
                self.stage = Stage::Idle;
                None
            }
            Stage::Reset => match ready.rset() {
                Ok(()) => {
                    self.stage = Stage::Idle;
                    None
                }
                Err(_) => Some(Move::Io),
            },
            Stage::Failed(failure) => Some(Move::Failed(failure)),
            Stage::Quit => match ready.quit() {
                Ok(()) => None,
                Err(_) => Some(Move::Io),
            },
        }
    }

    /// EHLO was answered: TLS, authentication, or all is done.
    fn begin(&mut self, ready: Ready<'_>) -> Stage {
        let unverified = !self.config.rules.allows_unverified();
        match (self.security, ready.channel()) {
            (_, Channel::WrongHost) => Stage::Failed(Failure::WrongHost),
            (_, Channel::UnverifiedTls) if unverified => Stage::Failed(Failure::Unverified),
            (Security::StartTls, channel) if !channel.is_tls() => {
                if !ready.capabilities().has(Extensions::STARTTLS) {
                    return Stage::Failed(Failure::NoStartTls);
                }
                match ready.starttls() {
                    Ok(()) => Stage::Securing,
                    Err(why) => Stage::Failed(Failure::NotSent(why)),
                }
            }
            // The caller said there is TLS from the beginning, and there is none.
            (Security::Implicit, channel) if !channel.is_tls() => {
                Stage::Failed(Failure::Unverified)
            }
            _ => self.login(ready),
        }
    }

    /// Begins to authenticate, if there is anything to do it with.
    fn login(&mut self, ready: Ready<'_>) -> Stage {
        let Some(credentials) = self.credentials else { return Stage::Idle };
        #[cfg(feature = "_scram")]
        let credentials = match ready.channel_binding() {
            Some(binding) => credentials.channel_binding(binding),
            None => credentials,
        };
        if !ready.capabilities().has_auth() && !self.config.legacy_auth {
            return Stage::Failed(Failure::NoAuth);
        }
        let tried = self.tried;
        let is_offered = |mechanism| ready.offers(mechanism) && !tried.contains(mechanism);
        let picked = pick_from(is_offered, &credentials, ready.channel(), &self.config.rules);
        let mechanism = match (picked, &self.exchange, self.refused) {
            (Ok(mechanism), ..) => mechanism,
            // There is none left: what the last one was refused with is what counts.
            (Err(NoMechanism::NothingInCommon), Some(last), Some(code)) => {
                return Stage::Failed(Failure::AuthRefused(last.mechanism(), code));
            }
            (Err(why), ..) => return Stage::Failed(Failure::NoMechanism(why)),
        };
        match Exchange::new(mechanism, credentials) {
            #[cfg(feature = "application")]
            Ok(exchange) if mechanism.is_spoken_by_application() => {
                self.exchange = Some(exchange);
                self.refused = None;
                self.own = Own::default();
                Stage::Asking { initial: true }
            }
            Ok(exchange) => {
                let exchange = exchange.host(self.config.host, self.config.port);
                let strict = self.config.strict_prompts;
                let exchange = if strict { exchange.strict_prompts() } else { exchange };
                self.say_auth(ready, exchange, true)
            }
            Err(why) => Stage::Failed(Failure::Credentials(mechanism, why)),
        }
    }

    fn say_auth(&mut self, ready: Ready<'_>, exchange: Exchange<'c>, initial: bool) -> Stage {
        let exchange = self.exchange.insert(exchange);
        self.refused = None;
        let said = if initial { ready.auth(exchange) } else { ready.auth_in_two_steps(exchange) };
        self.initial = exchange.sent() > 0;
        match said {
            Ok(()) => Stage::Login { shown: false },
            Err(why) => Stage::Failed(Failure::NotSent(why)),
        }
    }

    /// AUTH, by a mechanism of the application's: its first message is asked for by the server.
    #[cfg(feature = "application")]
    fn say_auth_alone(&mut self, mut ready: Ready<'_>) -> Stage {
        let Some(exchange) = &self.exchange else { return Stage::Beginning };
        (self.initial, self.own, self.refused) = (false, Own::default(), None);
        match ready.machine.authenticate_with(exchange.mechanism(), None) {
            Ok(()) => Stage::Login { shown: false },
            Err(why) => Stage::Failed(Failure::NotSent(why)),
        }
    }

    /// AUTH was replied to.
    fn after_login(&mut self, ready: Ready<'_>) -> Stage {
        let Some(exchange) = &self.exchange else { return Stage::Beginning };
        let (sent, complete) = (exchange.sent(), exchange.is_complete());
        #[cfg(feature = "application")]
        let by_application = exchange.mechanism().is_spoken_by_application();
        #[cfg(feature = "application")]
        let (sent, complete) =
            if by_application { (self.own.sent, self.own.complete) } else { (sent, complete) };
        #[cfg(feature = "application")]
        if let Some(why) = self.own.cancelled.take() {
            self.cancelled = Some(Failure::Exchange(exchange.mechanism(), why));
        }
        if ready.is_authenticated() {
            if complete {
                return Stage::Idle;
            }
            // It says it knows us, and has not proven that it knows the password.
            let why = ExchangeError::NotProven;
            return Stage::Failed(Failure::Exchange(exchange.mechanism(), why));
        }
        if let Some(failure) = self.cancelled.take() {
            return Stage::Failed(failure);
        }
        let mechanism = exchange.mechanism();
        let Some(code) = self.refused else { return Stage::Beginning };
        let next = match code {
            // The server may not know initial responses, or take a shorter line.
            ReplyCode::SYNTAX_ERROR | ReplyCode::ARGUMENT_ERROR if self.initial && sent == 1 => {
                #[cfg(feature = "application")]
                if by_application {
                    return Stage::Asking { initial: false };
                }
                let exchange = exchange.clone();
                return self.say_auth(ready, exchange, false);
            }
            ReplyCode::PARAMETER_NOT_IMPLEMENTED | ReplyCode::MECHANISM_TOO_WEAK => true,
            ReplyCode::AUTH_FAILED => self.config.next_after_refusal,
            _ => false,
        };
        if !next {
            return Stage::Failed(Failure::AuthRefused(mechanism, code));
        }
        self.tried = self.tried.with(mechanism);
        self.login(ready)
    }

    /// The server's turn in the exchange.
    pub(super) fn on_challenge(&mut self, challenge: Challenge<'_>) -> Option<Move> {
        let Some(exchange) = &mut self.exchange else {
            challenge.cancel();
            return None;
        };
        if exchange.expects_refusal() && !matches!(self.stage, Stage::Login { shown: true }) {
            return Some(Move::TokenRefused);
        }
        let mechanism = exchange.mechanism();
        #[cfg(feature = "application")]
        if mechanism.is_spoken_by_application() {
            let why = match challenge.text() {
                Some(_) if !self.own.complete => return Some(Move::Exchange),
                Some(_) => ExchangeError::Unexpected,
                None => ExchangeError::Malformed,
            };
            self.cancelled = Some(Failure::Exchange(mechanism, why));
            challenge.cancel();
            return None;
        }
        #[cfg(feature = "_scram")]
        if exchange.derivation().is_some_and(|derivation| !derivation.is_done()) {
            return Some(Move::Derive);
        }
        match challenge.respond(exchange) {
            // The challenge comes again, and is answered when the derivation is done.
            Ok(()) | Err(NotSent::Later) => {}
            Err(NotSent::Exchange(why)) => {
                self.cancelled = Some(Failure::Exchange(mechanism, why));
            }
            Err(why) => self.cancelled = Some(Failure::NotSent(why)),
        }
        None
    }
}

/// What a journey has to know that is nobody else's concern.
impl Ready<'_> {
    fn has_transaction(&self) -> bool {
        let transaction = &self.machine.state.transaction;
        transaction.sent || transaction.open
    }

    fn is_authenticated(&self) -> bool {
        self.machine.state.flags.authenticated
    }

    fn offers(&self, mechanism: Mechanism) -> bool {
        self.machine.offers(mechanism)
    }
}
