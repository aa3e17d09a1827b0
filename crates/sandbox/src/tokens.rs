//! The access tokens that the identity provider has issued: what the mail server asks.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Access tokens and whom they stand for; shared between provider and mail server. Cheap to clone.
#[derive(Clone, Default)]
pub struct TokenBook {
    entries: Arc<Mutex<HashMap<String, Entry>>>,
}

struct Entry {
    user: String,
    scope: String,
    /// Who may take the token; `None`: anybody.
    audience: Option<String>,
    /// `None` where the lifetime is beyond what the clock can count: for ever.
    ends: Option<Instant>,
}

impl TokenBook {
    /// Enters a token for a user, valid for `seconds` from now.
    pub fn issue(&self, token: &str, user: &str, scope: &str, seconds: u64) {
        let entry = Entry {
            user: user.to_owned(),
            scope: scope.to_owned(),
            audience: None,
            ends: Instant::now().checked_add(Duration::from_secs(seconds)),
        };
        self.lock().insert(token.to_owned(), entry);
    }

    /// Says for whom a token is meant (RFC 9068, section 2.2): others are to refuse it.
    pub fn restrict(&self, token: &str, audience: &str) {
        if let Some(entry) = self.lock().get_mut(token) {
            entry.audience = Some(audience.to_owned());
        }
    }

    /// For whom a token is meant; `None`: for anybody, or there is no such token.
    pub fn audience(&self, token: &str) -> Option<String> {
        self.lock().get(token)?.audience.clone()
    }

    /// The user of a valid token, and its scope.
    pub fn look_up(&self, token: &str) -> Option<(String, String)> {
        let mut entries = self.lock();
        let entry = entries.get(token)?;
        if entry.ends.is_some_and(|ends| Instant::now() >= ends) {
            entries.remove(token);
            return None;
        }
        Some((entry.user.clone(), entry.scope.clone()))
    }

    /// Makes one token invalid at once.
    pub fn revoke(&self, token: &str) {
        self.lock().remove(token);
    }

    /// Makes all tokens of a user invalid at once.
    pub fn revoke_user(&self, user: &str) {
        self.lock().retain(|_, entry| entry.user != user);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says how many tokens there are, never which.
impl fmt::Debug for TokenBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBook")
            .field("tokens", &self.lock().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_for_its_user_and_scope_in_every_clone() {
        let book = TokenBook::default();
        book.clone().issue("t1", "a@example.com", "imap smtp", 60);
        assert_eq!(
            book.look_up("t1"),
            Some(("a@example.com".into(), "imap smtp".into()))
        );
        assert_eq!(book.look_up("t2"), None);
    }

    #[test]
    fn a_token_ends_with_its_lifetime() {
        let book = TokenBook::default();
        book.issue("t1", "a@example.com", "imap", 0);
        assert_eq!(book.look_up("t1"), None);
        book.issue("t2", "a@example.com", "imap", u64::MAX);
        assert!(book.look_up("t2").is_some());
    }

    #[test]
    fn revoking_ends_one_token_or_all_of_one_user() {
        let book = TokenBook::default();
        for (token, user) in [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b")] {
            book.issue(token, user, "imap", 60);
        }
        book.revoke("a1");
        assert_eq!(book.look_up("a1"), None);
        assert!(book.look_up("a2").is_some());
        book.revoke_user("a");
        assert_eq!(book.look_up("a2"), None);
        assert_eq!(book.look_up("a3"), None);
        assert!(book.look_up("b1").is_some());
    }

    #[test]
    fn debug_shows_no_token() {
        let book = TokenBook::default();
        book.issue("very-secret", "a@example.com", "imap", 60);
        assert_eq!(format!("{book:?}"), "TokenBook { tokens: 1, .. }");
    }
}
