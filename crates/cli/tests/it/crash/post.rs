//! Mail that comes while Mailgrant lives and dies, as a seed has it.

use mailgrant_base::{Random as _, SeededRandom};
use mailgrant_sandbox::{MailServer, StoredMessage};

use super::outcome::{Print, print_of};
use crate::installation::ADDRESS;

/// Chance in the numbers that the tests need.
pub(super) struct Chance(SeededRandom);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&self, end: u64) -> u64 {
        u64::from_le_bytes(self.0.bytes()) % end
    }

    /// From 0 (included) to 1 (excluded).
    pub(super) fn fraction(&self) -> f64 {
        self.0.fraction()
    }
}

/// Who sends, and what was sent.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) sent: Vec<Print>,
    latest: Vec<u8>,
}

impl Post {
    /// One more message for INBOX.
    pub(super) fn send(&mut self, server: &MailServer, chance: &Chance) {
        // Now and then somebody sends the very same again.
        if self.latest.is_empty() || chance.below(20) > 0 {
            self.latest = message(self.sent.len(), chance);
        }
        server.deliver(ADDRESS, "INBOX", &self.latest);
        self.sent.push(print_of(&self.latest));
    }
}

/// How many messages wait at the mail server.
pub(super) fn unacknowledged(inbox: &[StoredMessage]) -> usize {
    let unseen = |message: &&StoredMessage| !message.has_flag("\\Seen");
    inbox.iter().filter(unseen).count()
}

/// Most are small; some do not fit into a pipe, few not into memory.
fn message(number: usize, chance: &Chance) -> Vec<u8> {
    let lines = match chance.below(20) {
        0 => 6_000,
        1..=3 => 1_000 + chance.below(1_500),
        4..=9 => chance.below(200),
        _ => chance.below(10),
    };
    let mut message = format!(
        "From: customer{number}@example.org\r\nSubject: number {number}\r\n\
         Message-ID: <{number}@example.org>\r\n\r\n"
    );
    message.extend((0..lines).map(|line| {
        // Some begin with a dot, which LMTP, SMTP and POP3 double on the wire.
        let dot = if line % 7 == 0 { "." } else { "" };
        format!("{dot}{line:090}\r\n")
    }));
    message.into_bytes()
}
