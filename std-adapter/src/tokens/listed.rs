use super::{Grant, Presented, TokenRefusal, TokenVerifier, Verifying};
use crate::users::MemoryUsers;

/// The tokens of [`MemoryUsers::add_token`]: they don't expire, and are good for everything.
impl TokenVerifier for MemoryUsers {
    fn verify<'a>(&'a self, presented: &'a Presented<'a>) -> Verifying<'a> {
        let token = presented.token();
        // Several users may have the same one: then it is the one who is named.
        let named =
            presented.username().filter(|name| self.verify_token(name, token).is_accepted());
        let owner = named.or_else(|| self.token_owner(token));
        let known = owner.map(Grant::new).ok_or(TokenRefusal::invalid("it is not in the list"));
        Box::pin(core::future::ready(known))
    }
}
