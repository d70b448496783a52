//! The client's side (RFC 4752 section 3.1).

use super::{Error, Next, TOKENS_MAX, layer};
use crate::wire::copy;

/// The client's side of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// The server has said nothing, or nothing but that the client may.
    #[default]
    Beginning,
    /// The library has a token of the server's, after so many others, or is at its first call.
    Library(u8),
    /// A token was sent, and so many have come.
    Establishing(u8),
    /// The context is established; the offer is next.
    Established,
    /// The offer is to be unwrapped.
    Offered,
    /// The choice was made.
    Complete,
}

impl Client {
    /// An exchange that has not begun.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Beginning }
    }

    /// Takes what the server says; `None` is for an initial response, before it says anything.
    ///
    /// # Errors
    /// When it has no place.
    pub fn challenge<'a>(&mut self, challenge: Option<&'a [u8]>) -> Result<Next<'a>, Error> {
        let (state, next) = match (self.state, challenge) {
            // A challenge in a mechanism in which the client speaks first is empty (RFC 4954 section 4).
            (State::Beginning, None | Some([])) => (State::Library(0), Next::Context(None)),
            (State::Establishing(count), Some(token @ [_, ..])) => {
                (State::Library(count.saturating_add(1)), Next::Context(Some(token)))
            }
            (State::Established, Some(token @ [_, ..])) => (State::Offered, Next::Unwrap(token)),
            (State::Library(_) | State::Offered | State::Complete, _) | (_, None) => {
                return Err(Error::Order);
            }
            _ => return Err(Error::Malformed),
        };
        self.state = state;
        Ok(next)
    }

    /// Takes what `GSS_Init_sec_context` gave: whether the context is established, and a token, which is
    /// empty where there is none.
    ///
    /// # Errors
    /// When the context can't be established.
    pub fn context<'a>(&mut self, established: bool, token: &'a [u8]) -> Result<Next<'a>, Error> {
        let State::Library(count) = self.state else { return Err(Error::Order) };
        self.state = match established {
            true => State::Established,
            false if token.is_empty() => return Err(Error::NoToken),
            false if count >= TOKENS_MAX => return Err(Error::TooLong),
            false => State::Establishing(count),
        };
        Ok(Next::Send(token))
    }

    /// Takes the server's offer, unwrapped, and writes the choice: no security layer, and who to act
    /// as, where that is not who has authenticated. It is to be wrapped, without confidentiality, and sent.
    ///
    /// # Errors
    /// When the server insists on a security layer or its offer is none, the identity is none, or the
    /// buffer is too small.
    pub fn choose<'o>(
        &mut self,
        offer: &[u8],
        authorization_identity: Option<&str>,
        out: &'o mut [u8],
    ) -> Result<&'o [u8], Error> {
        if self.state != State::Offered {
            return Err(Error::Order);
        }
        layer::read_offer(offer)?;
        let identity = authorization_identity.unwrap_or_default();
        if authorization_identity.is_some() {
            layer::check_identity(identity)?;
        }
        let length = layer::CHOICE.len().saturating_add(identity.len());
        let out = out.get_mut(..length).ok_or(Error::NoRoom)?;
        let (head, tail) = out.split_at_mut_checked(layer::CHOICE.len()).ok_or(Error::NoRoom)?;
        copy(head, &layer::CHOICE);
        copy(tail, identity.as_bytes());
        self.state = State::Complete;
        Ok(out)
    }

    /// Whether the choice was made: by the offer, which nobody else could wrap, the server has proven
    /// who it is.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }
}
