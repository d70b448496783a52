//! AUTH (RFC 4954): its command, its challenges and its responses.

use super::error::NotSent;
use super::machine::{Challenge, Machine};
use super::owed::To;
use super::state::Turn;
use crate::sasl::Mechanism;
#[cfg(feature = "_scram")]
use crate::sasl::client::InvalidCredentials;
use crate::sasl::client::{Exchange, ExchangeError, Step};
use crate::wire::base64;
use crate::wire::print::{LineWriter, Sink as _};

/// Longest line with an initial response in octets, CRLF included (RFC 4954 section 4): a longer
/// one goes the two-step way.
const COMMAND_LINE_MAX: usize = 512;

impl Machine<'_> {
    /// Writes the AUTH command, with the initial response where there is one that fits.
    pub(super) fn authenticate(
        &mut self,
        exchange: &mut Exchange<'_>,
        initial: bool,
    ) -> Result<(), NotSent> {
        let mechanism = exchange.mechanism();
        self.may_authenticate(mechanism)?;
        #[cfg(feature = "_scram")]
        {
            if let Some(binding) = self.state.binding {
                exchange.bind(binding);
            }
            // Whoever asks for a mechanism without a channel binding has to say that one was offered.
            if self.state.capabilities.mechanisms().iter().any(Mechanism::has_channel_binding) {
                exchange.binding_was_offered();
            }
            if exchange.is_unbound() {
                return Err(NotSent::Credentials(InvalidCredentials::Missing));
            }
        }
        exchange.restart();
        let with = if initial { self.initial_response(exchange) } else { None };
        let written = with.or_else(|| {
            exchange.restart();
            let mut line = LineWriter::new(self.state.outbox.free(self.tx));
            for part in ["AUTH ", mechanism.name(), "\r\n"] {
                line.text(part);
            }
            line.finish()
        });
        self.said_auth(written.ok_or(NotSent::TooLong)?);
        Ok(())
    }

    /// Writes the AUTH command, with an initial response of the caller's or without.
    pub(super) fn authenticate_with(
        &mut self,
        mechanism: Mechanism,
        initial: Option<&[u8]>,
    ) -> Result<(), NotSent> {
        self.may_authenticate(mechanism)?;
        if initial.is_some() && mechanism.is_server_first() {
            return Err(NotSent::OutOfOrder);
        }
        let written = match initial {
            None => self.auth_line(mechanism, "\r\n", |_| Some(0)),
            // An empty initial response (RFC 4954 section 4).
            Some([]) => self.auth_line(mechanism, " =\r\n", |_| Some(0)),
            Some(octets) => self.auth_line(mechanism, " ", |free| {
                let length = base64::encode(octets, free)?;
                crate::wire::copy(free.get_mut(length..length.checked_add(2)?)?, b"\r\n");
                length.checked_add(2)
            }),
        };
        self.said_auth(written.ok_or(NotSent::TooLong)?);
        Ok(())
    }

    /// Writes `AUTH NAME` and what follows; `None` when it is too long.
    fn auth_line(
        &mut self,
        mechanism: Mechanism,
        behind: &str,
        rest: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Option<usize> {
        let free = self.state.outbox.free(self.tx);
        let room = free.len().min(COMMAND_LINE_MAX);
        let mut line = LineWriter::new(free.get_mut(..room)?);
        for part in ["AUTH ", mechanism.name(), behind] {
            line.text(part);
        }
        let length = rest(line.free())?;
        line.appended(length);
        line.finish()
    }

    /// Whether AUTH may be said now, by this mechanism and over this channel.
    fn may_authenticate(&self, mechanism: Mechanism) -> Result<(), NotSent> {
        if !is_name(mechanism.name()) {
            return Err(NotSent::Text);
        }
        let rules = &self.config.rules;
        rules.check(mechanism, self.state.channel).map_err(NotSent::Mechanism)?;
        if !self.offers(mechanism) {
            return Err(NotSent::AuthNotOffered);
        }
        let transaction = &self.state.transaction;
        if self.state.flags.authenticated || transaction.sent || transaction.open {
            return Err(NotSent::OutOfOrder);
        }
        if self.state.owed.is_empty() { Ok(()) } else { Err(NotSent::Later) }
    }

    /// The AUTH command stands in the send buffer.
    fn said_auth(&mut self, written: usize) {
        self.sent_secret(written);
        self.state.rounds = 0;
        self.state.flags.cancelled = false;
        self.state.owed.push(To::Auth, 1);
        self.state.turn(Turn::Authenticating);
    }

    /// Whether the server offers this mechanism; or nobody knows, and the caller wants to try.
    pub(super) fn offers(&self, mechanism: Mechanism) -> bool {
        let capabilities = &self.state.capabilities;
        let place = self.config.rules.preference.iter().position(|one| *one == mechanism);
        capabilities.mechanisms().contains(mechanism)
            || place.is_some_and(|place| capabilities.offers_preferred(place))
            || (self.config.legacy_auth && !capabilities.has_auth())
    }

    /// Writes `AUTH NAME response`; `None` when there is no initial response, or it is too long.
    fn initial_response(&mut self, exchange: &mut Exchange<'_>) -> Option<usize> {
        let free = self.state.outbox.free(self.tx);
        let room = free.len().min(COMMAND_LINE_MAX);
        let mut line = LineWriter::new(free.get_mut(..room)?);
        for part in ["AUTH ", exchange.mechanism().name(), " "] {
            line.text(part);
        }
        match exchange.step(None, line.free()) {
            // An empty initial response (RFC 4954 section 4).
            Ok(Step::Respond(0)) => line.text("="),
            Ok(Step::Respond(n)) => {
                let encoded = base64::encode_in_place(line.free(), n)?;
                line.appended(encoded);
            }
            Ok(Step::Wait | Step::Derive) | Err(_) => return None,
        }
        line.text("\r\n");
        line.finish()
    }

    /// A challenge is at the front: it is decoded where it lies.
    pub(super) fn on_challenge(&mut self) {
        self.state.rounds = self.state.rounds.saturating_add(1);
        let length = self.state.receiver.length();
        let unread = self.state.window.unread_mut(self.rx);
        // `334` without its space has no text.
        let text = unread.get_mut(4..length.saturating_sub(2)).unwrap_or(&mut []);
        self.state.challenge = Some(match base64::decode_in_place(text) {
            Ok(length) => Challenge::Decoded(length),
            Err(base64::Invalid) => Challenge::NotBase64,
        });
    }

    /// The challenge, decoded.
    pub(super) fn challenge(&self) -> Option<&[u8]> {
        match self.state.challenge {
            Some(Challenge::Decoded(length)) => {
                let unread = self.state.window.unread(self.rx);
                Some(unread.get(4..4_usize.saturating_add(length)).unwrap_or(&[]))
            }
            Some(Challenge::NotBase64) | None => None,
        }
    }

    /// Answers the challenge; where the exchange can't go on, it is cancelled.
    pub(super) fn respond(&mut self, exchange: &mut Exchange<'_>) -> Result<(), NotSent> {
        // The exchange need not be the one that AUTH was said for.
        if let Err(why) = self.config.rules.check(exchange.mechanism(), self.state.channel) {
            self.cancel();
            return Err(NotSent::Mechanism(why));
        }
        let ignored = exchange.ignores_challenges();
        let window = self.state.window;
        let challenge = match self.state.challenge {
            Some(Challenge::Decoded(length)) => {
                window.unread(self.rx).get(4..4_usize.saturating_add(length)).unwrap_or(&[])
            }
            _ if ignored => &[],
            _ => {
                self.cancel();
                return Err(NotSent::Exchange(ExchangeError::Malformed));
            }
        };
        match exchange.step(Some(challenge), self.state.outbox.free(self.tx)) {
            Ok(Step::Respond(length)) => self.send_response(length),
            // The challenge stays until the caller has derived what it takes.
            Ok(Step::Derive) => Err(NotSent::Later),
            Ok(Step::Wait) => {
                self.cancel();
                Err(NotSent::Exchange(ExchangeError::Unexpected))
            }
            Err(why) => {
                self.cancel();
                Err(NotSent::Exchange(why))
            }
        }
    }

    /// Answers the challenge by octets of the caller's.
    pub(super) fn respond_with(&mut self, octets: &[u8]) -> Result<(), NotSent> {
        let mut line = LineWriter::new(self.state.outbox.free(self.tx));
        line.octets(octets);
        match line.finish() {
            Some(length) => self.send_response(length),
            None => {
                self.cancel();
                Err(NotSent::Exchange(ExchangeError::NoRoom))
            }
        }
    }

    /// Encodes the response that stands in the free part of the send buffer.
    fn send_response(&mut self, length: usize) -> Result<(), NotSent> {
        let free = self.state.outbox.free(self.tx);
        let encoded = base64::encode_in_place(free, length);
        let end = encoded.and_then(|n| free.get_mut(n..n.checked_add(2)?));
        let (Some(encoded), Some(end)) = (encoded, end) else {
            self.cancel();
            return Err(NotSent::Exchange(ExchangeError::NoRoom));
        };
        crate::wire::copy(end, b"\r\n");
        self.sent_secret(encoded.saturating_add(2));
        self.state.consume_reply();
        Ok(())
    }

    /// Ends the exchange (RFC 4954 section 4).
    pub(super) fn cancel(&mut self) {
        self.state.consume_reply();
        self.state.flags.cancelled = true;
        // A part of a response that didn't fit may stand behind it.
        self.state.secret = self.tx.len();
        self.append(b"*\r\n");
    }

    /// So many octets were put into the send buffer, and they may be a credential.
    fn sent_secret(&mut self, written: usize) {
        self.state.outbox.appended(written, self.tx);
        self.state.secret = self.tx.len();
        self.state.renew_deadline();
    }
}

/// Whether this is the name of a mechanism (RFC 4422 section 3.1), in any case: one of the application's
/// own may be anything.
fn is_name(name: &str) -> bool {
    let in_name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    !name.is_empty() && name.len() <= 20 && name.bytes().all(in_name)
}
