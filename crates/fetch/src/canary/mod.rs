//! Canaries: Mailgrant sends a message to a mailbox from itself, by SMTP, and sees it arrive where its
//! mail is read. It is handed to no sink.
//!
//! ```text
//! vault: a secret's hash ──▶ SMTP, with the account's grant ──▶ … ──▶ the mailbox
//!                                                                       │ read as any other mail
//!          vault: arrived ◀── the secret in its header is known ◀───────┘
//! ```

mod letter;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use mailgrant_vault::{Account, Canary, VaultError};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::shared::Shared;

pub(crate) use letter::{HEADER, secret};
pub(crate) use sending::{may_send, send};

/// How often it is looked whether one is due.
const EVERY: Duration = Duration::from_secs(20);
/// So many are sent at the same time.
const AT_ONCE: usize = 8;
/// One that could not be sent is followed by another after this, or sooner where one is due.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(15);

/// Sends them when they are due, until `stopping`.
pub(crate) async fn fly(shared: &Arc<Shared>, stopping: &CancellationToken) {
    while !stopping.is_cancelled() {
        match due(shared).await {
            Ok(due) => {
                let sent = stream::iter(due).for_each_concurrent(AT_ONCE, async |account| {
                    if let Err(failure) = send(shared, &account).await {
                        let account = account.draft.name;
                        error!(%failure, account, "a canary cannot be sent");
                    }
                });
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = sent => {}
                }
            }
            Err(failure) => error!(%failure, "the fetcher cannot see which canaries are due"),
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// The accounts that a canary is to be sent to now: who cannot be looked into gets none.
async fn due(shared: &Shared) -> Result<Vec<Account>, VaultError> {
    let mut due = Vec::new();
    for account in shared.vault.accounts().await? {
        let Some(hours) = account.draft.watch.canary else {
            continue;
        };
        let has_looked = shared
            .board
            .watch()
            .borrow()
            .get(&account.id)
            .is_some_and(|status| status.last_completed.is_some() && status.trouble.is_none());
        if !has_looked {
            continue;
        }
        let newest = shared.vault.canaries(account.id, 1).await?;
        if is_due(newest.first(), hours, shared.now()) && may_send(shared, &account).await?.is_ok()
        {
            due.push(account);
        }
    }
    Ok(due)
}

fn is_due(newest: Option<&Canary>, hours: u16, now: Timestamp) -> bool {
    let Some(newest) = newest else {
        return true;
    };
    let every = SignedDuration::from_hours(hours.into());
    let wait = match newest.failure {
        Some(_) => every.min(AFTER_FAILURE),
        None => every,
    };
    now.duration_since(newest.sent_at) >= wait
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_due_after_its_hours_and_sooner_after_a_failure() {
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let due = |failure: Option<&str>, minutes| {
            let newest = Canary {
                failure: failure.map(str::to_owned),
                ..Canary::sent(at(0))
            };
            is_due(Some(&newest), 6, at(minutes))
        };
        assert!(is_due(None, 6, at(0)));
        assert!(!due(None, 359) && due(None, 360));
        assert!(!due(Some("no server"), 14) && due(Some("no server"), 15));
    }
}
