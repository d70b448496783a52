//! Where a client's token comes from, when it isn't there from the beginning.

use core::fmt::{self, Display};
use core::pin::Pin;
use std::sync::Arc;

use crate::users::Secret;

/// Which token is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenWanted {
    /// One that is good: the one from the last time, as long as it hasn't expired.
    Good,
    /// A new one: the server has refused the last one, whatever time it had left.
    New,
}

type Asked = Pin<Box<dyn Future<Output = Result<Secret, String>> + Send>>;

/// What is asked for a token. It doesn't print.
#[derive(Clone)]
pub(super) struct TokenSource(Arc<dyn Fn(TokenWanted) -> Asked + Send + Sync>);

impl TokenSource {
    pub(super) fn new<F, A, E>(source: F) -> Self
    where
        F: Fn(TokenWanted) -> A + Send + Sync + 'static,
        A: Future<Output = Result<String, E>> + Send + 'static,
        E: Display,
    {
        Self(Arc::new(move |wanted| {
            let asked = source(wanted);
            Box::pin(async move { asked.await.map(Secret::new).map_err(|why| why.to_string()) })
        }))
    }

    /// A token, or why there is none.
    pub(super) async fn token(&self, wanted: TokenWanted) -> Result<Secret, String> {
        (self.0)(wanted).await
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}
