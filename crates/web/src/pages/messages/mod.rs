//! Messages: where each of them is, and what is done with those in quarantine.

pub(crate) mod drop;
pub(crate) mod list;
pub(crate) mod original;
pub(crate) mod retry;
pub(crate) mod show;

use mailgrant_vault::{Message, MessageState, Whereabouts};

pub(super) use original::{not_there, unreadable};

use crate::app::Site;
use crate::problem::Problem;
use crate::summary::{State as Shown, Tone};

/// The message of a link.
async fn find(site: &Site, id: &str) -> Result<Message, Problem> {
    let found = match id.parse() {
        Ok(id) => site.vault.message(id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Problem::gone("message"))
}

/// What a message is called: its subject, where that is known.
pub(super) fn title(message: &Message) -> String {
    let subject = message.head.subject.clone();
    subject.unwrap_or_else(|| format!("Message {}", message.id))
}

/// Where a message stands, in words.
fn state(state: MessageState) -> Shown {
    let words = match state {
        MessageState::Waiting => "Waits to be tried again",
        MessageState::Prepared => "Is being delivered",
        MessageState::Delivered | MessageState::Acknowledged => "Delivered",
        MessageState::Quarantined => "In quarantine",
        MessageState::Dropped => "Dropped",
    };
    let tone = match state.whereabouts() {
        Whereabouts::Waiting => Tone::Waiting,
        Whereabouts::Delivered => Tone::Good,
        Whereabouts::Quarantined => Tone::Attention,
        Whereabouts::Dropped => Tone::Off,
    };
    Shown { tone, words }
}
