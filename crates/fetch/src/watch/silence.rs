//! A mailbox that gets no mail any more.

use jiff::{SignedDuration, Timestamp};
use mailgrant_vault::{Account, Alarm, Silence, VaultError};

use super::Finding;
use super::habit::{LOOKS_BACK, Missed, SHORTEST, missed};
use super::in_words;
use crate::Status;
use crate::shared::Shared;

pub(super) async fn find(
    shared: &Shared,
    account: &Account,
    status: &Status,
    open: Option<&Alarm>,
) -> Result<Finding, VaultError> {
    let silence = account.draft.watch.silence;
    if silence == Silence::Off {
        return Ok(Finding::Off);
    }
    let last = shared.vault.last_mail(account.id).await?;
    if let Some(open) = open
        && last.is_some_and(|last| last > open.since)
    {
        return Ok(Finding::Well);
    }
    // Only who has looked can say that there is nothing. What stands in the way is told by itself.
    if status.last_completed.is_none() || status.trouble.is_some() {
        return Ok(Finding::Unknown);
    }
    let now = shared.now();
    Ok(match silence {
        Silence::Off => Finding::Off,
        Silence::After(hours) => {
            let since = last.map_or(account.created_at, |last| last.max(account.created_at));
            if now.duration_since(since) < SignedDuration::from_hours(hours.into()) {
                Finding::Off
            } else {
                wrong(account, last, since, &said_of_hours(hours))
            }
        }
        Silence::Learnt => {
            let Some(last) = last else {
                return Ok(Finding::Off);
            };
            // Most mailboxes have had mail: their weeks need not be looked through.
            if open.is_none() && now.duration_since(last) < SignedDuration::from_hours(SHORTEST) {
                return Ok(Finding::Off);
            }
            let back = now.saturating_sub(SignedDuration::from_hours(LOOKS_BACK));
            let back = back.unwrap_or(Timestamp::MIN);
            let hours = shared.vault.hours_with_mail(account.id, back).await?;
            match missed(&hours, now.as_second().div_euclid(3600)) {
                Some(missed) => wrong(account, Some(last), last, &said_of_habit(missed)),
                // As time goes on there is less to compare with: that ends no silence.
                None if open.is_some() => Finding::Unknown,
                None => Finding::Off,
            }
        }
    })
}

fn wrong(account: &Account, last: Option<Timestamp>, since: Timestamp, usually: &str) -> Finding {
    let draft = &account.draft;
    let what = match last {
        Some(last) => format!(
            "{}: no mail since {}; {usually}.",
            draft.name,
            in_words(last)
        ),
        None => format!("{}: no mail has ever come; {usually}.", draft.name),
    };
    let next = format!(
        "Send a message to {} and see whether it arrives. If it does not, look at the mailbox's rules \
         and forwardings and whether it is full, and ask where mail for this address goes now. If the \
         silence is usual, change in the account's settings when it is told.",
        draft.address
    );
    Finding::Wrong(since, what, next)
}

fn said_of_habit(missed: Missed) -> String {
    match missed {
        Missed::Hours(hours) => {
            format!("in the same time of earlier weeks it got some in {hours} different hours")
        }
        Missed::AroundTheClock => "it usually gets some nearly every hour".to_owned(),
    }
}

fn said_of_hours(hours: u16) -> String {
    match hours {
        1 => "it is to be told after an hour without".to_owned(),
        hours => format!("it is to be told after {hours} hours without"),
    }
}
