//! What was found out about tokens a moment ago.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::Grant;

/// Answers about tokens, each for a while, and no more than so many. Tokens aren't kept: their hashes are.
#[derive(Debug)]
pub(super) struct Cache {
    entries: Mutex<HashMap<[u8; 32], Entry>>,
    pub(super) most: usize,
    pub(super) age: Duration,
}

#[derive(Debug)]
struct Entry {
    grant: Grant,
    end: Instant,
}

/// Octets that the scopes of a token may take.
const SCOPES_MAX: usize = 8 * 1024;

impl Cache {
    pub(super) fn new(most: usize, age: Duration) -> Self {
        Self { entries: Mutex::default(), most, age }
    }

    /// What is known of this token.
    pub(super) fn find(&self, token: &str, now: SystemTime) -> Option<Grant> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&key(token)).filter(|entry| Instant::now() < entry.end)?;
        // The clock on the wall may have been set.
        entry.grant.expires().is_none_or(|end| now < end).then(|| entry.grant.clone())
    }

    /// Remembers it, until the token expires at the latest; one with more scopes than anybody has is asked about
    /// each time.
    pub(super) fn keep(&self, token: &str, grant: &Grant, now: SystemTime) {
        let scopes = grant.scopes().iter().map(|scope| scope.len().saturating_add(32));
        if scopes.sum::<usize>() > SCOPES_MAX {
            return;
        }
        let left = grant.expires().map(|end| end.duration_since(now).unwrap_or_default());
        let age = left.map_or(self.age, |left| left.min(self.age));
        if age.is_zero() || self.most == 0 {
            return;
        }
        let start = Instant::now();
        // A time that no clock reaches.
        let Some(end) = start.checked_add(age) else { return };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            entries.retain(|_, entry| start < entry.end);
        }
        if entries.len() >= self.most {
            let first = entries.iter().min_by_key(|(_, entry)| entry.end).map(|(key, _)| *key);
            first.and_then(|key| entries.remove(&key));
        }
        entries.insert(key(token), Entry { grant: grant.clone(), end });
    }
}

fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    const NOW: SystemTime = UNIX_EPOCH;

    #[tokio::test(start_paused = true)]
    async fn what_has_more_scopes_than_anybody_is_not_kept() {
        let cache = Cache::new(9, Duration::from_secs(60));
        let some = Grant::new("tim").with_scopes(["mail.send"; 20]);
        cache.keep("some", &some, NOW);
        assert!(cache.find("some", NOW).is_some());
        let many = Grant::new("tim").with_scopes([""; 1000]);
        cache.keep("many", &many, NOW);
        assert!(cache.find("many", NOW).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_its_age_and_no_longer_than_the_token_is_good() {
        let cache = Cache::new(9, Duration::from_secs(60));
        cache.keep("long", &Grant::new("tim"), NOW);
        cache.keep("short", &Grant::new("tim").until(NOW + Duration::from_secs(10)), NOW);
        cache.keep("over", &Grant::new("tim").until(NOW), NOW);
        let known = |token| cache.find(token, NOW).is_some();
        assert!(known("long") && known("short") && !known("over") && !known("other"));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(known("long") && !known("short"));
        tokio::time::advance(Duration::from_secs(50)).await;
        assert!(!known("long"));
    }

    #[tokio::test(start_paused = true)]
    async fn it_holds_no_more_than_so_many_and_drops_what_ends_first() {
        let cache = Cache::new(2, Duration::from_secs(60));
        cache.keep("a", &Grant::new("a"), NOW);
        tokio::time::advance(Duration::from_secs(1)).await;
        cache.keep("b", &Grant::new("b"), NOW);
        cache.keep("c", &Grant::new("c"), NOW);
        let known = |token| cache.find(token, NOW).is_some();
        assert!(!known("a") && known("b") && known("c"));
        assert_eq!(cache.entries.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_clock_that_was_set_ends_it_too() {
        let cache = Cache::new(2, Duration::from_secs(60));
        let end = NOW + Duration::from_secs(30);
        cache.keep("a", &Grant::new("a").until(end), NOW);
        assert!(cache.find("a", NOW).is_some() && cache.find("a", end).is_none());
    }
}
