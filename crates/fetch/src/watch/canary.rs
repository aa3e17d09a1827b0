//! A canary that does not arrive.

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Diagnose as _;
use mailgrant_vault::{Account, Canary, VaultError};

use super::{Finding, in_words};
use crate::canary::may_send;
use crate::shared::Shared;

/// So late it is missing. Servers that doubt a message ask for it again some minutes later.
const LATE: SignedDuration = SignedDuration::from_hours(1);
/// So many are looked at.
const NEWEST: u32 = 50;

pub(super) async fn find(shared: &Shared, account: &Account) -> Result<Finding, VaultError> {
    if account.draft.watch.canary.is_none() {
        return Ok(Finding::Off);
    }
    let canaries = shared.vault.canaries(account.id, NEWEST).await?;
    let name = &account.draft.name;
    let now = shared.now();
    if let Err(failure) = may_send(shared, account).await? {
        let diagnosis = failure.diagnosis();
        let what = format!("{name}: no canary can be sent. {}", diagnosis.what);
        let since = canaries.first().map_or(now, |newest| newest.sent_at);
        return Ok(Finding::Wrong(since, what, diagnosis.next));
    }
    let Some(missing) = missing(&canaries, now) else {
        // While one is on its way nobody knows.
        let arrived = canaries
            .first()
            .is_some_and(|newest| newest.arrived_at.is_some());
        return Ok(if arrived {
            Finding::Well
        } else {
            Finding::Unknown
        });
    };
    let at = in_words(missing.sent_at);
    Ok(match &missing.failure {
        Some(failure) => Finding::Wrong(
            missing.sent_at,
            format!("{name}: no canary could be sent since {at}."),
            failure.clone(),
        ),
        None => Finding::Wrong(
            missing.sent_at,
            format!("{name}: the canary that was sent on {at} has not arrived."),
            format!(
                "Mailgrant sent a message to {} and the server took it, but it is in none of the \
                 folders that are fetched. Look into the mailbox's junk folder and at its rules for \
                 “Canary of Mailgrant”, and ask whoever runs the mail server what became of it.",
                account.draft.address
            ),
        ),
    })
}

/// The oldest that is late, unless a later one has arrived; `canaries` are the newest first.
fn missing(canaries: &[Canary], now: Timestamp) -> Option<&Canary> {
    canaries
        .iter()
        .take_while(|canary| canary.arrived_at.is_none())
        .filter(|canary| now.duration_since(canary.sent_at) >= LATE)
        .last()
}
