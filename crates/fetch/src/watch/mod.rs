//! Watching over fetching: a mailbox that falls silent, a worker that does not come to an end, a canary
//! that does not arrive. Nothing fails in these cases, so nobody would say so. Each is an alarm, which
//! is there until it is over, and is told once.

mod canary;
mod habit;
mod silence;
mod stuck;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mailgrant_vault::{Account, AccountId, Alarm, AlarmKind, EventKind, NewEvent, VaultError};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::Status;
use crate::shared::Shared;

/// How often mailboxes are looked at for it.
const EVERY: Duration = Duration::from_mins(10);

/// What was found of one kind of alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// Something is wrong: since when, what happened, what to do next.
    Wrong(Timestamp, String, String),
    /// All is well: an alarm that is there is over.
    Well,
    /// It is not looked for here: an alarm that is there goes, and nobody is told.
    Off,
    /// Nobody can say now: what is there stays.
    Unknown,
}

/// Looks again and again, until `stopping`.
pub(crate) async fn watch(shared: &Arc<Shared>, stopping: &CancellationToken) {
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

/// Looks once.
pub(crate) async fn look(shared: &Arc<Shared>) -> Result<(), VaultError> {
    let accounts = shared.vault.accounts().await?;
    let mut open: BTreeMap<(AccountId, AlarmKind), Alarm> = BTreeMap::new();
    for alarm in shared.vault.alarms().await? {
        open.insert((alarm.account, alarm.kind), alarm);
    }
    let mut count: BTreeMap<AlarmKind, i64> = BTreeMap::new();
    for account in &accounts {
        let status = shared.board.watch().borrow().get(&account.id).cloned();
        for kind in AlarmKind::ALL {
            let alarm = open.get(&(account.id, kind));
            let found = find(shared, account, status.as_ref(), kind, alarm).await?;
            let is_there = settle(shared, account, kind, alarm, found).await?;
            *count.entry(kind).or_default() += i64::from(is_there);
        }
    }
    for kind in AlarmKind::ALL {
        let alarms = count.get(&kind).copied().unwrap_or_default();
        shared.metrics.alarms(kind).set(alarms);
    }
    Ok(())
}

async fn find(
    shared: &Shared,
    account: &Account,
    status: Option<&Status>,
    kind: AlarmKind,
    open: Option<&Alarm>,
) -> Result<Finding, VaultError> {
    if account.paused || account.draft.sink.is_none() {
        return Ok(Finding::Off);
    }
    let Some(status) = status else {
        return Ok(Finding::Unknown);
    };
    match kind {
        AlarmKind::Silent => silence::find(shared, account, status, open).await,
        AlarmKind::Stuck => Ok(stuck::find(&account.draft.name, status, shared.now())),
        AlarmKind::Canary => canary::find(shared, account).await,
    }
}

/// Raises the alarm, or ends the one that is there. Says whether there is one now.
async fn settle(
    shared: &Shared,
    account: &Account,
    kind: AlarmKind,
    open: Option<&Alarm>,
    found: Finding,
) -> Result<bool, VaultError> {
    let vault = &shared.vault;
    match found {
        Finding::Unknown => return Ok(open.is_some()),
        Finding::Wrong(since, what, next) => {
            let alarm = Alarm {
                account: account.id,
                kind,
                since,
                what,
                next,
            };
            if open.is_none() && vault.raise_alarm(&alarm).await? {
                let text = format!("{} {}", alarm.what, alarm.next);
                warn!("{text}");
                tell(shared, account.id, event_of(kind), text).await?;
            }
            return Ok(true);
        }
        Finding::Well if open.is_some() => {
            if vault.end_alarm(account.id, kind).await? {
                let text = format!("{} {}", account.draft.name, over(kind));
                info!("{text}");
                tell(shared, account.id, EventKind::AlarmOver, text).await?;
            }
        }
        Finding::Off if open.is_some() => {
            vault.end_alarm(account.id, kind).await?;
        }
        Finding::Well | Finding::Off => {}
    }
    Ok(false)
}

fn event_of(kind: AlarmKind) -> EventKind {
    match kind {
        AlarmKind::Silent | AlarmKind::Stuck => EventKind::MailboxSilent,
        AlarmKind::Canary => EventKind::CanaryMissing,
    }
}

fn over(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::Silent => "gets mail again.",
        AlarmKind::Stuck => "is looked into again.",
        AlarmKind::Canary => "gets its canaries again.",
    }
}

async fn tell(
    shared: &Shared,
    account: AccountId,
    kind: EventKind,
    text: String,
) -> Result<(), VaultError> {
    let event = NewEvent {
        kind,
        actor: "fetcher".to_owned(),
        provider: None,
        account: Some(account),
        text,
    };
    shared.vault.record(event, shared.now()).await
}

/// A time for people.
fn in_words(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
