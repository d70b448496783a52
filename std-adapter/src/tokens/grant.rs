use std::time::SystemTime;

/// What a good token comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    username: String,
    expires: Option<SystemTime>,
    scopes: Vec<String>,
}

impl Grant {
    /// The token is this user's.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), expires: None, scopes: Vec::new() }
    }

    /// It is good until then.
    #[must_use]
    pub fn until(self, expires: SystemTime) -> Self {
        Self { expires: Some(expires), ..self }
    }

    /// What it is good for.
    #[must_use]
    pub fn with_scopes(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { scopes: scopes.into_iter().map(Into::into).collect(), ..self }
    }

    /// Whose token it is.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Until when it is good; `None` where nobody has said so.
    #[must_use]
    pub const fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// What it is good for: the scopes of RFC 6749 section 3.3, as the issuer names them.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    pub(super) fn named(self, username: String) -> Self {
        Self { username, ..self }
    }
}
