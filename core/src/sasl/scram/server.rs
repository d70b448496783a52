//! The server's side.

use core::fmt;

use super::binding::{BindingKind, ChannelBinding};
use super::hash::{Digest, ScramHash};
use super::keys::ScramKeys;
use super::message::{BindingFlag, ClientFinal, ClientFirst};
use super::name::SaslName;
use super::nonce::Nonce;
use crate::sasl::server::Malformed;
use crate::wire::base64;
use crate::wire::print::{LineWriter, Sink as _};

/// A SCRAM exchange, as far as it has come: the keys of its user are needed.
#[derive(Clone, Copy)]
pub struct Scram<'a> {
    hash: ScramHash,
    plus: bool,
    first: ClientFirst<'a>,
    last: Option<ClientFinal<'a>>,
}

/// What a SCRAM exchange ends with: the server's proof that it has the keys.
#[derive(Clone)]
pub struct ServerSignature(Digest);

impl<'a> Scram<'a> {
    /// Reads the client's first message, and its last one where it has come.
    pub(crate) fn read(
        hash: ScramHash,
        plus: bool,
        first: &'a [u8],
        last: Option<&'a [u8]>,
    ) -> Result<Self, Malformed> {
        let last = last.map(ClientFinal::read).transpose()?;
        Ok(Self { hash, plus, first: ClientFirst::read(first)?, last })
    }

    /// Whose keys are needed.
    #[must_use]
    pub const fn username(&self) -> SaslName<'a> {
        self.first.username
    }

    /// Who the client wants to act as, when it said so.
    #[must_use]
    pub const fn authorization_identity(&self) -> Option<SaslName<'a>> {
        self.first.authorization_identity
    }

    /// The hash function the keys have to be of.
    #[must_use]
    pub const fn hash(&self) -> ScramHash {
        self.hash
    }

    /// Whether the client has sent its proof: the exchange ends with it. Before, it is asked for.
    #[must_use]
    pub const fn has_proof(&self) -> bool {
        self.last.is_some()
    }

    /// The channel binding the client uses; `None` for one this crate doesn't know, too.
    #[must_use]
    pub fn channel_binding(&self) -> Option<BindingKind> {
        match self.first.binding {
            BindingFlag::Used(name) => BindingKind::from_name(name),
            BindingFlag::Unsupported | BindingFlag::NotOffered => None,
        }
    }

    /// Whether what the client says about channel binding fits the mechanism and what was offered
    /// (RFC 5802 section 6): a client that thinks there is none, where one was offered, has been
    /// lied to.
    pub(crate) fn is_consistent(&self, plus_offered: bool) -> bool {
        match self.first.binding {
            BindingFlag::Used(name) => self.plus && BindingKind::from_name(name).is_some(),
            BindingFlag::NotOffered => !self.plus && !plus_offered,
            BindingFlag::Unsupported => !self.plus,
        }
    }

    /// Writes the challenge that asks for the proof:
    /// `server-first-message = nonce "," salt "," iteration-count`.
    pub(crate) fn write_challenge(
        &self,
        keys: &ScramKeys,
        nonce: &Nonce,
        out: &mut LineWriter<'_>,
    ) {
        let mut salt = [0; 88];
        let salt = encoded(keys.salt(), &mut salt);
        out.octets(b"r=");
        out.octets(self.first.nonce);
        out.octets(nonce.octets());
        out.octets(b",s=");
        out.octets(salt);
        out.octets(b",i=");
        out.number(u64::from(keys.iterations()));
    }

    /// Checks the proof; the server's own, where it is right. The time it takes depends on nothing
    /// but the lengths.
    pub(crate) fn verify(
        &self,
        keys: &ScramKeys,
        nonce: &Nonce,
        binding: Option<&ChannelBinding>,
    ) -> Option<ServerSignature> {
        let last = self.last.as_ref()?;
        if keys.hash() != self.hash || !self.is_bound(last, binding) {
            return None;
        }
        let (own, given) = last.nonce.split_at_checked(self.first.nonce.len())?;
        if own != self.first.nonce || given != nonce.octets() {
            return None;
        }
        let (mut salt, mut digits) = ([0; 88], [0; 20]);
        let salt = encoded(keys.salt(), &mut salt);
        let count = crate::wire::print::decimal(u64::from(keys.iterations()), &mut digits);
        let message: [&[u8]; 11] = [
            self.first.bare,
            b",r=",
            self.first.nonce,
            nonce.octets(),
            b",s=",
            salt,
            b",i=",
            count.as_bytes(),
            b",",
            last.without_proof,
            b"",
        ];
        let signature = self.hash.hmac(keys.stored_key(), &message);
        let mut proof = [0; 88];
        let proof = decoded(last.proof, &mut proof)?;
        if proof.len() != self.hash.len() {
            return None;
        }
        let mut client_key = signature;
        client_key.xor(proof);
        if !self.hash.digest(client_key.octets()).matches(keys.stored_key()) {
            return None;
        }
        Some(ServerSignature(self.hash.hmac(keys.server_key(), &message)))
    }

    /// Whether `c=` is what the first message said, and the binding of this very channel.
    fn is_bound(&self, last: &ClientFinal<'_>, binding: Option<&ChannelBinding>) -> bool {
        let data = match (self.channel_binding(), binding) {
            (Some(kind), Some(binding)) if binding.kind() == kind => binding.data(),
            (Some(_), _) => return false,
            (None, _) => &[],
        };
        base64::says(last.binding, self.first.header.iter().chain(data).copied())
    }
}

impl ServerSignature {
    /// Writes `server-final-message = "v=" base64`.
    pub(crate) fn write(&self, out: &mut LineWriter<'_>) {
        let mut text = [0; 88];
        out.octets(b"v=");
        out.octets(encoded(self.0.octets(), &mut text));
    }
}

/// Octets in base64, in a buffer of the caller's.
pub(super) fn encoded<'b>(octets: &[u8], text: &'b mut [u8; 88]) -> &'b [u8] {
    let length = base64::encode(octets, text).unwrap_or(0);
    text.get(..length).unwrap_or(&[])
}

/// What a text of base64 stands for, in a buffer of the caller's.
pub(super) fn decoded<'b>(text: &[u8], octets: &'b mut [u8; 88]) -> Option<&'b [u8]> {
    let target = octets.get_mut(..text.len())?;
    crate::wire::copy(target, text);
    let length = base64::decode_in_place(target).ok()?;
    octets.get(..length)
}

impl fmt::Debug for Scram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scram").field("username", &self.first.username).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSignature(..)")
    }
}
