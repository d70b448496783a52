//! AUTH (RFC 4954): its command, its responses and its replies. What a response means is the
//! mechanism's to know.

use super::commands::Taken;
use super::config::{Config, Notices};
use super::machine::{Machine, Pending, State, Step, write};
use super::state::Turn;
use crate::command::{Command, Verb};
use crate::error::SyntaxError;
use crate::reply::{DefaultReply as R, Reply};
use crate::sasl::Mechanism;
use crate::sasl::server::{Exchange, Malformed, Prompt, Step as SaslStep, Verify};
use crate::wire::{base64, copy};

/// Octets of `334 ` and CRLF around a challenge.
const AROUND: usize = 6;

impl Machine<'_> {
    /// Begins an exchange, and takes the initial response if there is one.
    pub(super) fn on_auth(&mut self) {
        let line = self.state.window.unread(self.rx);
        let line = line.get(..self.state.line.saturating_sub(2)).unwrap_or(&[]).trim_ascii_end();
        let parsed = Verb::split_from(line).map(|(verb, rest)| Command::of_verb(verb, rest));
        let Some(Ok(Command::Auth(auth))) = parsed else {
            return self.error(R::Syntax(SyntaxError::Argument));
        };
        let named = |m: &&Mechanism| m.name().eq_ignore_ascii_case(auth.mechanism());
        let Some(&mechanism) = self.config.mechanisms.iter().find(named) else {
            return self.error(R::AuthUnknownMechanism);
        };
        if mechanism.has_channel_binding() && !self.state.facts.tls {
            return self.error(R::AuthUnknownMechanism);
        }
        if !self.state.facts.tls && !self.config.policy.cleartext_auth {
            return self.error(R::AuthNeedsTls);
        }
        let response = auth.initial_response();
        if response.is_some() && mechanism.is_server_first() {
            return self.error(R::AuthNoInitialResponse);
        }
        let empty = response == Some("=");
        let encoded = response.map(str::len);
        // What stands before the response is done with, so that the response is at the front.
        let before = line.len() - encoded.unwrap_or(0);
        self.begin(mechanism);
        #[cfg(feature = "_nonce")]
        if mechanism.has_nonce() {
            self.state.counts.challenges = self.state.counts.challenges.wrapping_add(1);
        }
        self.state.turn(Turn::Challenged);
        self.state.window.consume(before);
        self.state.line -= before;
        match encoded {
            None => self.on_response(None),
            Some(_) if empty => self.on_response(Some(0)),
            Some(encoded) => self.decode(encoded),
        }
    }

    /// On its own so that the name of a mechanism is copied from where nothing else can lie: for what
    /// may overlap a board needs a routine of a kilobyte and a half.
    #[inline(never)]
    fn begin(&mut self, mechanism: Mechanism) {
        self.state.exchange = Some(Exchange::new(mechanism));
    }

    /// Takes the next line, if it is there, as a response.
    pub(super) fn response(&mut self) -> Step {
        match self.take_line(self.config.limits.auth_line) {
            Taken::Line(length) => self.on_response_line(length),
            Taken::Refused(R::LineTooLong) => self.fail(R::AuthLineTooLong),
            Taken::Refused(reply) => self.fail(reply),
            Taken::Shown => {}
            Taken::Nothing => return Step::NeedsInput,
        }
        Step::Moved
    }

    fn on_response_line(&mut self, length: usize) {
        let line = self.state.window.unread(self.rx).get(..length).unwrap_or(&[]);
        if line == b"*" {
            self.fail(R::AuthCancelled);
        } else if self.state.flags.failing {
            reject(self.config, self.state, self.tx);
        } else {
            self.decode(length);
        }
    }

    /// Decodes the response at the front where it lies.
    fn decode(&mut self, encoded: usize) {
        let unread = self.state.window.unread_mut(self.rx);
        match base64::decode_in_place(unread.get_mut(..encoded).unwrap_or(&mut [])) {
            Ok(length) => self.on_response(Some(length)),
            Err(base64::Invalid) => self.fail(R::AuthBadBase64),
        }
    }

    fn on_response(&mut self, length: Option<usize>) {
        let response = length.map(|n| self.state.window.unread(self.rx).get(..n).unwrap_or(&[]));
        let Some(exchange) = &mut self.state.exchange else { return };
        match exchange.step(response) {
            SaslStep::Challenge(prompt) => {
                self.state.spend();
                self.state.consume_line();
                self.challenge(prompt);
            }
            SaslStep::KeepAndChallenge(prompt) => {
                self.state.window.keep(length.unwrap_or(0), self.state.line, self.rx);
                self.state.line = 0;
                self.state.consume_line();
                self.challenge(prompt);
            }
            SaslStep::Verify => {
                self.state.response = length;
                self.verify();
            }
        }
    }

    /// Sees that the response is a message of its mechanism, and asks the application.
    fn verify(&mut self) {
        let policy = &self.config.policy;
        match verification(self.state, self.rx) {
            Ok(Verify::Password(login))
                if !policy.authorization_identity
                    && login.authorization_identity.is_some_and(|who| who != login.username) =>
            {
                reject(self.config, self.state, self.tx);
            }
            #[cfg(feature = "_scram")]
            Ok(Verify::Scram(scram)) if !self.may_go_on(&scram) => {
                reject(self.config, self.state, self.tx);
            }
            #[cfg(feature = "digest-md5")]
            Ok(Verify::DigestMd5(digest))
                if !policy.authorization_identity
                    && digest
                        .authorization_identity()
                        .is_some_and(|who| who != digest.username()) =>
            {
                reject(self.config, self.state, self.tx);
            }
            #[cfg(feature = "ntlm")]
            Ok(Verify::Negotiate(negotiate)) => self.challenge_ntlm(negotiate),
            #[cfg(feature = "_nonce")]
            Ok(Verify::Acknowledged) => self.acknowledged(),
            Ok(_) => {
                self.state.pending = Pending::Sasl;
                // The next challenge has the send buffer for itself.
                self.state.flags.flush = true;
            }
            Err(Malformed) => self.fail(self.malformed()),
        }
    }

    /// Whether what the client says about channel binding and about who it acts as is allowed. The
    /// first message of an exchange gets a nonce of its own.
    #[cfg(feature = "_scram")]
    fn may_go_on(&self, scram: &crate::sasl::Scram<'_>) -> bool {
        let plus = self.config.mechanisms.iter().any(|m| m.has_channel_binding());
        let own = scram.authorization_identity().is_none_or(|who| who == scram.username());
        scram.is_consistent(plus && self.state.facts.tls)
            && (own || self.config.policy.authorization_identity)
    }

    /// Answers NEGOTIATE.
    #[cfg(feature = "ntlm")]
    fn challenge_ntlm(&mut self, negotiate: crate::sasl::Negotiate) {
        let challenge = ntlm_challenge(self.state);
        let hostname = self.config.hostname;
        self.state.spend();
        self.state.consume_line();
        write_built_challenge(self.state, self.tx, |out| challenge.write(hostname, negotiate, out));
    }

    /// The client has seen the server's proof.
    #[cfg(feature = "_nonce")]
    fn acknowledged(&mut self) {
        let Some(identity) = self.state.proven.take() else {
            return self.fail(R::AuthMalformed);
        };
        self.state.authenticated(identity);
        self.state.end_exchange();
        self.state.counts.errors = 0;
        self.write(&self.config.reply(R::Authenticated));
        self.state.consume_line();
    }

    /// Keeps the first response of an exchange that needs it to the end.
    #[cfg(feature = "_scram")]
    pub(super) fn keep_response(&mut self) {
        if core::mem::take(&mut self.state.flags.keep) {
            let length = self.state.response.take().unwrap_or(0);
            self.state.window.keep(length, self.state.line, self.rx);
            self.state.line = 0;
            self.state.consume_line();
        }
    }

    fn malformed(&self) -> R {
        match self.state.exchange.map(|exchange| exchange.mechanism()) {
            #[cfg(feature = "plain")]
            Some(Mechanism::Plain) => R::AuthMalformedPlain,
            #[cfg(feature = "ntlm")]
            Some(Mechanism::Ntlm) => R::AuthMalformedNtlm,
            _ => R::AuthMalformed,
        }
    }

    /// Writes a challenge of one of the crate's mechanisms.
    fn challenge(&mut self, prompt: Prompt) {
        #[cfg(feature = "cram-md5")]
        if prompt == Prompt::Nonce {
            self.state.counts.challenges = self.state.counts.challenges.wrapping_add(1);
            let nonce = nonce(self.config, self.state);
            write_challenge(self.state, self.tx, prompt.octets(&nonce));
            return;
        }
        #[cfg(feature = "digest-md5")]
        if prompt == Prompt::DigestMd5 {
            let challenge = digest_md5_challenge(self.config, self.state);
            write_built_challenge(self.state, self.tx, |out| challenge.write(out));
            return;
        }
        write_challenge(self.state, self.tx, prompt.octets(""));
    }

    /// Ends the exchange: what the client sent can't be read, or it cancelled. Behind a token that
    /// was refused that counts as a failure too, or tokens could be guessed without end.
    fn fail(&mut self, reply: R) {
        if self.state.flags.failing {
            return failed(self.config, self.state, self.tx, &self.config.reply(reply));
        }
        self.state.end_exchange();
        self.error(reply);
    }
}

/// The nonce of the challenge that was written last.
#[cfg(feature = "cram-md5")]
pub(super) fn nonce(config: &Config<'_>, state: &State) -> crate::sasl::Challenge {
    crate::sasl::challenge(&state.seed, state.counts.challenges, config.hostname)
}

/// The challenge of this exchange.
#[cfg(feature = "digest-md5")]
pub(super) fn digest_md5_challenge<'c>(
    config: &Config<'c>,
    state: &State,
) -> crate::sasl::DigestMd5Challenge<'c> {
    let nonce = crate::sasl::DigestMd5Nonce::new(&state.seed, state.counts.challenges);
    crate::sasl::DigestMd5Challenge { realm: config.hostname, nonce }
}

/// The challenge of this exchange.
#[cfg(feature = "ntlm")]
pub(super) fn ntlm_challenge(state: &State) -> crate::sasl::ServerChallenge {
    crate::sasl::ServerChallenge::new(&state.seed, state.counts.challenges)
}

/// The server's part of the nonce of this exchange.
#[cfg(feature = "_scram")]
pub(super) fn scram_nonce(state: &State, hash: crate::sasl::ScramHash) -> crate::sasl::Nonce {
    crate::sasl::Nonce::of_server(hash, &state.seed, state.counts.challenges)
}

/// What the response at the front of the window asks to be checked.
pub(super) fn verification<'a>(state: &State, rx: &'a [u8]) -> Result<Verify<'a>, Malformed> {
    let (kept, unread) = state.window.kept_and_unread(rx);
    let response = unread.get(..state.response.unwrap_or(0)).unwrap_or(&[]);
    state.exchange.as_ref().ok_or(Malformed)?.verify(kept, response)
}

/// Writes `334 ` and what `build` gives in base64; `None`, and nothing written, when it doesn't fit.
#[cfg(feature = "_nonce")]
pub(super) fn write_built_challenge(
    state: &mut State,
    tx: &mut [u8],
    build: impl FnOnce(&mut crate::wire::print::LineWriter<'_>),
) -> Option<()> {
    let room = state.outbox.free(tx);
    let (head, rest) = room.split_at_mut_checked(4)?;
    copy(head, b"334 ");
    let mut text = crate::wire::print::LineWriter::new(rest);
    build(&mut text);
    let length = text.finish()?;
    let encoded = base64::encode_in_place(rest, length)?;
    copy(rest.get_mut(encoded..encoded.checked_add(2)?)?, b"\r\n");
    state.outbox.appended(encoded.checked_add(AROUND)?, tx);
    state.turn(Turn::Challenged);
    Some(())
}

/// Writes `334 ` and the octets in base64; `None`, and nothing written, when they don't fit.
pub(super) fn write_challenge(state: &mut State, tx: &mut [u8], octets: &[u8]) -> Option<()> {
    let room = state.outbox.free(tx);
    let needed = base64::encoded_len(octets.len()).checked_add(AROUND)?;
    let line = room.get_mut(..needed)?;
    let (head, rest) = line.split_at_mut_checked(4)?;
    let (text, end) = rest.split_at_mut_checked(needed - AROUND)?;
    copy(head, b"334 ");
    base64::encode(octets, text)?;
    copy(end, b"\r\n");
    state.outbox.appended(needed, tx);
    state.turn(Turn::Challenged);
    Some(())
}

/// The credentials are wrong: 535, held back a little longer each time, and in the end 421.
pub(super) fn reject(config: &Config<'_>, state: &mut State, tx: &mut [u8]) {
    failed(config, state, tx, &config.reply(R::AuthFailed));
}

/// The exchange ends with a refusal that counts as a failed authentication.
pub(super) fn failed(config: &Config<'_>, state: &mut State, tx: &mut [u8], reply: &Reply<'_>) {
    state.end_exchange();
    let failures = state.counts.auth_failures.saturating_add(1);
    state.counts.auth_failures = failures;
    let limit = config.limits.auth_failures;
    if limit > 0 && failures >= limit {
        write(config, state, tx, &config.reply(R::TooManyAuthFailures));
        state.close(super::machine::Closed::Ended(R::TooManyAuthFailures));
    } else {
        write(config, state, tx, reply);
    }
    if crate::EXTENSIONS && config.notices != Notices::None {
        state.notice = Some(R::AuthFailed);
    }
    state.flags.waiting = !config.limits.auth_failure_delay.is_zero();
    state.consume_line();
}
