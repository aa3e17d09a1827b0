//! Mail that comes while Mailgrant lives and dies, as a seed has it.

use mailgrant_sandbox::{MailServer, StoredMessage};

use super::chance::Chance;
use super::outcome::{Print, print_of};
use crate::installation::ADDRESS;

/// Who sends, and what was sent.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) sent: Vec<Print>,
    latest: Vec<u8>,
}

impl Post {
    /// Writes one more message.
    pub(super) fn write(&mut self, chance: &Chance) -> &[u8] {
        // Now and then somebody sends the very same again.
        if self.latest.is_empty() || chance.below(20) > 0 {
            self.latest = message(self.sent.len(), chance);
        }
        self.sent.push(print_of(&self.latest));
        &self.latest
    }
}

/// How many messages wait at the mail server.
pub(super) async fn waiting(server: &MailServer) -> usize {
    let mut count = 0;
    let look = server.wait_for(ADDRESS, "INBOX", |inbox| {
        count = unacknowledged(inbox);
        true
    });
    look.await;
    count
}

/// How many of these the mail server has not been told of.
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
