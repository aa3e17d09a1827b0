//! Noticing silence: a mailbox that got mail on every day and gets none any more, and a worker that
//! has not come to the end of a look for long. Nothing fails in either case, so nobody would say so.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_vault::{Account, AccountId, EventKind, NewEvent, VaultError};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::shared::Shared;
use crate::{Activity, Status};

/// How often mailboxes are looked at for it.
const EVERY: Duration = Duration::from_mins(30);
/// On so many days in a row there must have been mail for a day without to be strange: more than a
/// week, so that a mailbox without mail on Sundays is not.
pub(crate) const DAYS: usize = 8;
/// No look takes so long, unless something is wrong.
const LONGEST_LOOK: SignedDuration = SignedDuration::from_hours(3);

/// Looks again and again, until `stopping`.
pub(crate) async fn watch(shared: &Shared, stopping: &CancellationToken) {
    while !stopping.is_cancelled() {
        if let Err(failure) = look(shared).await {
            error!(%failure, "the fetcher cannot look for silent mailboxes");
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Looks once. Each silence is told once.
pub(crate) async fn look(shared: &Shared) -> Result<(), VaultError> {
    let now = shared.now();
    let accounts = shared.vault.accounts().await?;
    let fetched = |account: &&Account| account.draft.sink.is_some() && !account.paused;
    let days = shared.vault.days_with_mail(now).await?;
    for account in accounts.iter().filter(fetched) {
        let with_mail = days.iter().filter(|(id, _)| *id == account.id);
        let ages: Vec<u32> = with_mail.map(|(_, age)| *age).collect();
        let name = &account.draft.name;
        if is_silent(&ages) {
            let since = now.saturating_sub(SignedDuration::from_hours(24));
            let day = since.unwrap_or(now).strftime("%Y-%m-%d");
            let subject = format!("account {} has no mail since {day}", account.id.0);
            let text = format!(
                "No mail has come into {name} for a day, and on each of the {} days before there was \
                 some. Send a message to {} and see whether it arrives; if not, look at the rules and \
                 forwardings of the mailbox.",
                DAYS - 1,
                account.draft.address
            );
            tell(shared, account.id, &subject, text, now).await?;
        }
        let status = shared.board.watch().borrow().get(&account.id).cloned();
        if let Some(since) = status.and_then(|status| stuck_since(&status, now)) {
            let subject = format!("account {} is stuck since {since}", account.id.0);
            let text = format!(
                "Mailgrant has not come to the end of a look into {name} since {}. Restart it, and \
                 report this.",
                since.strftime("%Y-%m-%d %H:%M UTC")
            );
            tell(shared, account.id, &subject, text, now).await?;
        }
    }
    Ok(())
}

/// Whether there was mail on every day but the last, by the ages of the days with mail.
fn is_silent(ages: &[u32]) -> bool {
    let had = |age: usize| ages.iter().any(|known| usize::try_from(*known) == Ok(age));
    !had(0) && (1..DAYS).all(had)
}

/// Since when a worker that has no trouble has been at work without coming to an end.
fn stuck_since(status: &Status, now: Timestamp) -> Option<Timestamp> {
    let at_work = matches!(status.activity, Activity::Connecting | Activity::Fetching);
    let since = status
        .last_completed
        .unwrap_or(status.since)
        .max(status.since);
    let long = now.duration_since(since) > LONGEST_LOOK;
    (at_work && status.trouble.is_none() && long).then_some(since)
}

async fn tell(
    shared: &Shared,
    account: AccountId,
    subject: &str,
    text: String,
    now: Timestamp,
) -> Result<(), VaultError> {
    if !shared.vault.note_warning(subject, now).await? {
        return Ok(());
    }
    warn!("{text}");
    let event = NewEvent {
        kind: EventKind::MailboxSilent,
        actor: "fetcher".to_owned(),
        provider: None,
        account: Some(account),
        text,
    };
    shared.vault.record(event, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_mail_is_strange_after_a_week_with() {
        assert!(is_silent(&[1, 2, 3, 4, 5, 6, 7]));
        assert!(!is_silent(&[0, 1, 2, 3, 4, 5, 6, 7]), "mail today");
        assert!(!is_silent(&[1, 2, 3, 5, 6, 7]), "none on a Sunday");
        assert!(!is_silent(&[]));
    }

    #[test]
    fn who_works_for_hours_without_an_end_is_stuck_and_who_waits_is_not() {
        let now = Timestamp::UNIX_EPOCH;
        let hours = |hours| now - SignedDuration::from_hours(hours);
        let status = |activity, since, last_completed| Status {
            activity,
            since,
            last_completed,
            trouble: None,
        };
        let fetching =
            |since, completed| stuck_since(&status(Activity::Fetching, since, completed), now);
        assert_eq!(fetching(hours(4), None), Some(hours(4)));
        assert_eq!(fetching(hours(2), None), None);
        assert_eq!(fetching(hours(9), Some(hours(1))), None);
        assert_eq!(fetching(hours(9), Some(hours(5))), Some(hours(5)));
        assert_eq!(
            stuck_since(&status(Activity::Held, hours(9), None), now),
            None
        );
    }
}
