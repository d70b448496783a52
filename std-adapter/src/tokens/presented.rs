use core::fmt;

use ehlo::server::guard::Token;

/// A token, and what the client says with it. It doesn't print the token.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    token: &'a str,
    username: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<u16>,
}

impl<'a> Presented<'a> {
    /// A token alone.
    #[must_use]
    pub const fn new(token: &'a str) -> Self {
        Self { token, username: None, host: None, port: None }
    }

    /// What came by XOAUTH2 or OAUTHBEARER.
    #[must_use]
    pub fn of(login: &Token<'a>) -> Self {
        let (host, port) = login.endpoint();
        Self { token: login.token().expose(), username: login.username(), host, port }
    }

    /// The name the client says to have.
    #[must_use]
    pub const fn with_username(self, username: &'a str) -> Self {
        Self { username: Some(username), ..self }
    }

    /// The token itself.
    #[must_use]
    pub const fn token(&self) -> &'a str {
        self.token
    }

    /// The name the client says to have; OAUTHBEARER may leave it out.
    #[must_use]
    pub const fn username(&self) -> Option<&'a str> {
        self.username
    }

    /// The host the client thinks it talks to (OAUTHBEARER). Not to be believed.
    #[must_use]
    pub const fn host(&self) -> Option<&'a str> {
        self.host
    }

    /// The port the client thinks it talks to (OAUTHBEARER). Not to be believed.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("username", &self.username)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
