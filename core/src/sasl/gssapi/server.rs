//! The server's side (RFC 4752 section 3.2).

use super::{Error, Next, TOKENS_MAX, layer};

/// The server's side of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Server {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The client's next token is next, after so many.
    Establishing(u8),
    /// The library has the client's token, after so many others.
    Library(u8),
    /// The context is established, and the library's last token was sent.
    Established,
    /// The offer was sent.
    Offered,
    /// What the client has chosen is to be unwrapped.
    Chosen,
    /// It was read.
    Complete,
}

impl Default for State {
    fn default() -> Self {
        Self::Establishing(0)
    }
}

impl Server {
    /// An exchange that has not begun.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Establishing(0) }
    }

    /// Takes what the client sends.
    ///
    /// # Errors
    /// When it has no place.
    pub fn response<'a>(&mut self, response: &'a [u8]) -> Result<Next<'a>, Error> {
        let (state, next) = match (self.state, response) {
            (State::Establishing(count), [_, ..]) => {
                (State::Library(count), Next::Context(Some(response)))
            }
            (State::Established, []) => (State::Offered, Next::Wrap(&layer::CHOICE)),
            (State::Offered, [_, ..]) => (State::Chosen, Next::Unwrap(response)),
            (State::Library(_) | State::Chosen | State::Complete, _) => return Err(Error::Order),
            _ => return Err(Error::Malformed),
        };
        self.state = state;
        Ok(next)
    }

    /// Takes what `GSS_Accept_sec_context` gave: whether the context is established, and a token, which
    /// is empty where there is none.
    ///
    /// Before an established context is told here, the application has seen that its mechanism is
    /// Kerberos, and that it is not anonymous.
    ///
    /// # Errors
    /// When the context can't be established.
    pub fn context<'a>(&mut self, established: bool, token: &'a [u8]) -> Result<Next<'a>, Error> {
        let State::Library(count) = self.state else { return Err(Error::Order) };
        let (state, next) = match (established, token) {
            // The client has all it needs: the offer goes out at once.
            (true, []) => (State::Offered, Next::Wrap(&layer::CHOICE)),
            (true, _) => (State::Established, Next::Send(token)),
            (false, []) => return Err(Error::NoToken),
            (false, _) if count >= TOKENS_MAX => return Err(Error::TooLong),
            (false, _) => (State::Establishing(count.saturating_add(1)), Next::Send(token)),
        };
        self.state = state;
        Ok(next)
    }

    /// Takes what the client has chosen, unwrapped: who it wants to act as, where it says so. Whether it
    /// may, being who the context says, is the application's to decide.
    ///
    /// # Errors
    /// When it has chosen a security layer, or the message is none.
    pub fn chosen<'a>(&mut self, choice: &'a [u8]) -> Result<Option<&'a str>, Error> {
        if self.state != State::Chosen {
            return Err(Error::Order);
        }
        let identity = layer::read_choice(choice)?;
        self.state = State::Complete;
        Ok(identity)
    }

    /// Whether the client's choice was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }
}
