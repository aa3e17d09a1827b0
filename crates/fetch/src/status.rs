//! What each mailbox is doing now, for the pages.

use jiff::Timestamp;
use mailgrant_base::Diagnosis;

/// What a mailbox's worker is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Connecting and logging in.
    Connecting,
    /// Fetching and delivering.
    Fetching,
    /// Waiting for the server's notice (IDLE).
    Listening,
    /// Waiting until the next look.
    Polling,
    /// Waiting after a failure, until the given time.
    Retrying(Timestamp),
    /// Waiting for a person (authorization, setting) or for the provider profile to be mended.
    Held,
}

/// A mailbox's worker as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it is doing.
    pub activity: Activity,
    /// Since when.
    pub since: Timestamp,
    /// When a round was last completed without an error.
    pub last_completed: Option<Timestamp>,
    /// What is wrong, if anything.
    pub trouble: Option<Diagnosis>,
}
