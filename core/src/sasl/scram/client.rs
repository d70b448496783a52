//! The client's side.

use core::fmt;

use super::derive::Derivation;
use super::hash::{Digest, ScramHash};
use super::message::{self, ServerFirst};
use super::nonce::Nonce;
use super::server::{decoded, encoded};
use crate::sasl::client::{Credentials, ExchangeError};
use crate::sasl::saslname;
use crate::secret::Secret;
use crate::wire::base64;
use crate::wire::print::LineWriter;

/// Iterations a client does at most: a server could have it count for ever.
const ITERATIONS_MAX: u32 = 10_000_000;

/// What a client knows of a SCRAM exchange.
#[derive(Clone, Default)]
pub(in crate::sasl) struct State {
    /// The server offers a mechanism with channel binding.
    pub(in crate::sasl) plus_offered: bool,
    pub(in crate::sasl) derivation: Option<Derivation>,
    signature: Option<Digest>,
    /// The server has proven that it has the keys.
    pub(in crate::sasl) proven: bool,
}

/// An exchange's hash function, whether it has channel binding, and its credentials.
#[derive(Clone, Copy)]
pub(in crate::sasl) struct Side<'e, 'a> {
    pub(in crate::sasl) hash: ScramHash,
    pub(in crate::sasl) plus: bool,
    pub(in crate::sasl) credentials: &'e Credentials<'a>,
    pub(in crate::sasl) plus_offered: bool,
    pub(in crate::sasl) nonce: Nonce,
}

impl Side<'_, '_> {
    /// `client-first-message = gs2-header "n=" saslname ",r=" nonce`
    pub(in crate::sasl) fn write_first(self, out: &mut LineWriter<'_>) {
        self.write_header(&mut |octets| out.octets(octets));
        self.write_bare(&mut |octets| out.octets(octets));
    }

    /// `gs2-header = gs2-cbind-flag "," [ authzid ] ","`
    fn write_header(self, out: &mut dyn FnMut(&[u8])) {
        match (self.plus, &self.credentials.channel_binding) {
            (true, Some(binding)) => {
                out(b"p=");
                out(binding.kind().name().as_bytes());
            }
            // There could be a binding, and the server seems to know of none (RFC 5802 section 6).
            (false, Some(_)) if !self.plus_offered => out(b"y"),
            _ => out(b"n"),
        }
        out(b",");
        if let Some(identity) = self.credentials.authorization_identity {
            out(b"a=");
            saslname::write(identity, out);
        }
        out(b",");
    }

    fn write_bare(self, out: &mut dyn FnMut(&[u8])) {
        out(b"n=");
        saslname::write(self.credentials.username, out);
        out(b",r=");
        out(self.nonce.octets());
    }

    /// Reads the server's first message and begins the derivation it asks for.
    pub(in crate::sasl) fn derivation(self, challenge: &[u8]) -> Result<Derivation, ExchangeError> {
        let first = self.read_first(challenge)?;
        let mut salt = [0; 88];
        let salt = decoded(first.salt, &mut salt).filter(|salt| !salt.is_empty());
        let salt = salt.ok_or(ExchangeError::Malformed)?;
        if first.iterations < super::keys::ITERATIONS_MIN || first.iterations > ITERATIONS_MAX {
            return Err(ExchangeError::Iterations(first.iterations));
        }
        let password = self.credentials.password.map_or("", Secret::expose);
        Ok(Derivation::new(self.hash, password.as_bytes(), salt, first.iterations))
    }

    /// The nonce begins with ours and goes on.
    fn read_first(self, challenge: &[u8]) -> Result<ServerFirst<'_>, ExchangeError> {
        let first = ServerFirst::read(challenge).map_err(|_| ExchangeError::Malformed)?;
        match first.nonce.strip_prefix(self.nonce.octets()) {
            Some([_, ..]) => Ok(first),
            _ => Err(ExchangeError::Malformed),
        }
    }

    /// `client-final-message = channel-binding "," nonce "," proof`; keeps what the server has to
    /// prove itself with.
    pub(in crate::sasl) fn write_final(
        self,
        challenge: &[u8],
        state: &mut State,
        out: &mut LineWriter<'_>,
    ) -> Result<(), ExchangeError> {
        let first = self.read_first(challenge)?;
        let derivation = state.derivation.take().filter(Derivation::is_done);
        let derivation = derivation.ok_or(ExchangeError::Unexpected)?;
        out.octets(b"c=");
        self.write_binding(out)?;
        out.octets(b",r=");
        out.octets(first.nonce);
        let without_proof = out.so_far();
        let feed = |update: &mut dyn FnMut(&[u8])| {
            self.write_bare(update);
            update(b",");
            update(challenge);
            update(b",");
            update(without_proof);
        };
        let salted = derivation.salted_password();
        let client_key = self.hash.hmac(salted, &[b"Client Key"]);
        let stored_key = self.hash.digest(client_key.octets());
        let mut proof = self.hash.hmac_with(stored_key.octets(), &feed);
        proof.xor(client_key.octets());
        let server_key = self.hash.hmac(salted, &[b"Server Key"]);
        state.signature = Some(self.hash.hmac_with(server_key.octets(), &feed));
        let mut text = [0; 88];
        out.octets(b",p=");
        out.octets(encoded(proof.octets(), &mut text));
        Ok(())
    }

    /// `gs2-header` and the channel binding, in base64.
    fn write_binding(self, out: &mut LineWriter<'_>) -> Result<(), ExchangeError> {
        let mut raw = LineWriter::new(out.free());
        self.write_header(&mut |octets| raw.octets(octets));
        if let (true, Some(binding)) = (self.plus, &self.credentials.channel_binding) {
            raw.octets(binding.data());
        }
        let length = raw.finish().ok_or(ExchangeError::NoRoom)?;
        let encoded = base64::encode_in_place(out.free(), length).ok_or(ExchangeError::NoRoom)?;
        out.appended(encoded);
        Ok(())
    }
}

impl State {
    pub(in crate::sasl) fn new(plus_offered: bool) -> Self {
        Self { plus_offered, derivation: None, signature: None, proven: false }
    }

    /// Reads the server's last message: its proof, or `server-error`.
    pub(in crate::sasl) fn read_final(&mut self, challenge: &[u8]) -> Result<(), ExchangeError> {
        if let [b'e', b'=', ..] = challenge {
            return Err(ExchangeError::Refused);
        }
        let verifier = message::read_server_final(challenge);
        let verifier = verifier.map_err(|_| ExchangeError::NotProven)?;
        let mut octets = [0; 88];
        let given = decoded(verifier, &mut octets).ok_or(ExchangeError::NotProven)?;
        self.proven = self.signature.take().is_some_and(|signature| signature.matches(given));
        if self.proven { Ok(()) } else { Err(ExchangeError::NotProven) }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("proven", &self.proven).finish_non_exhaustive()
    }
}
