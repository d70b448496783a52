use super::{Presented, TokenRefusal, TokenVerifier, Verifying};

/// Several verifiers, asked one after the other until one takes the token.
///
/// Where none does, the answer is that of the one that came nearest: a token that lacks a scope was known; and where
/// one could not tell, it may have been its own, so that the client is told to come back.
#[derive(Debug, Default)]
pub struct FirstOf {
    verifiers: Vec<Box<dyn TokenVerifier>>,
}

impl FirstOf {
    /// None yet: every token is refused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// And this one, after those that are there.
    #[must_use]
    pub fn or(mut self, verifier: impl TokenVerifier) -> Self {
        self.verifiers.push(Box::new(verifier));
        self
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.verifiers.is_empty()
    }
}

impl TokenVerifier for FirstOf {
    fn verify<'a>(&'a self, presented: &'a Presented<'a>) -> Verifying<'a> {
        Box::pin(async move {
            let mut nearest = TokenRefusal::invalid("no verifier knows it");
            for verifier in &self.verifiers {
                match verifier.verify(presented).await {
                    Ok(grant) => return Ok(grant),
                    Err(refusal) if nearness(&refusal) >= nearness(&nearest) => nearest = refusal,
                    Err(_) => {}
                }
            }
            Err(nearest)
        })
    }
}

fn nearness(refusal: &TokenRefusal) -> u8 {
    match refusal {
        TokenRefusal::Invalid(_) => 0,
        TokenRefusal::Unavailable(_) => 1,
        TokenRefusal::InsufficientScope { .. } => 2,
    }
}
