//! The access tokens that the identity provider has issued: what the mail server asks.

use std::sync::Arc;

/// Access tokens and whom they stand for; shared between provider and mail server. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TokenBook {
    inner: Arc<()>,
}

impl TokenBook {
    /// Enters a token for a user, valid for `seconds` from now.
    pub fn issue(&self, token: &str, user: &str, scope: &str, seconds: u64) {
        todo!()
    }

    /// The user of a valid token, and its scope.
    pub fn look_up(&self, token: &str) -> Option<(String, String)> {
        todo!()
    }

    /// Makes one token invalid at once.
    pub fn revoke(&self, token: &str) {
        todo!()
    }

    /// Makes all tokens of a user invalid at once.
    pub fn revoke_user(&self, user: &str) {
        todo!()
    }
}
