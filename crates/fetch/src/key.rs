//! The idempotency key: the one name of a message on all its ways to a sink.

use std::fmt::Write as _;

use mailgrant_vault::Account;
use sha2::{Digest as _, Sha256};

use crate::source::Source;

/// Names the messages of one folder in one epoch of its UIDs.
#[derive(Debug, Clone)]
pub(crate) struct Keys(String);

impl Keys {
    /// The same mailbox, folder and epoch give the same keys, whatever is forgotten meanwhile.
    pub(crate) fn of(account: &Account, source: &Source, folder: &str, uid_validity: u32) -> Self {
        let mut origin = Sha256::new();
        let user = source.user(account);
        for part in [user, &source.server(account).host, folder] {
            origin.update(part.as_bytes());
            origin.update([0]);
        }
        Self(format!(
            "a{}-{}-{uid_validity}-",
            account.id.0,
            short_hex(origin)
        ))
    }

    /// How they all begin.
    pub(crate) fn begin(&self) -> &str {
        &self.0
    }

    /// The key of one message: safe as a file name, and in order of the UIDs.
    pub(crate) fn message(&self, uid: u32) -> String {
        format!("{}{uid:010}", self.0)
    }
}

/// 64 bits of a digest as 16 characters.
pub(crate) fn short_hex(digest: Sha256) -> String {
    let bytes = digest.finalize();
    bytes
        .iter()
        .take(8)
        .fold(String::with_capacity(16), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
