//! How long and how much a server may.

use std::time::Duration;

/// Time and size limits of a session.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long connecting, TLS and a good-bye may take each.
    pub connect: Duration,
    /// How long the server may stay silent while an answer is due.
    pub answer: Duration,
    /// How long everything may take together until a session is open, however busily the server
    /// talks.
    pub opening: Duration,
    /// The longest line, in bytes, that is read before the server is given up on.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            answer: Duration::from_mins(2),
            opening: Duration::from_mins(4),
            line: 1 << 20,
        }
    }
}
