//! What ends soon and takes mailboxes with it: client credentials, and grants that nobody uses.
//!
//! One cause, one warning: at 60, 30, 7 and 1 days before a client credential ends and when it has
//! ended, and for all endangered grants of a provider together.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use mailgrant_vault::{
    Account, EventKind, Grant, GrantState, NewEvent, Provider, ProviderId, VaultError,
};
use tracing::{error, warn};

use crate::Keeper;

/// How many days before the end people are warned, the last warning first.
const DAYS: [i64; 4] = [1, 7, 30, 60];

/// The same for grants: they are used at least every 20 days, so that the end can only come near
/// where that fails.
const GRANT_DAYS: [i64; 3] = [1, 7, 30];

impl Keeper {
    /// Warns of what ends soon, each time once; says so in the log where the store fails.
    pub async fn warn_of_ends(&self) {
        if let Err(failure) = self.try_to_warn().await {
            error!(%failure, "the keeper cannot look at what ends soon");
        }
    }

    async fn try_to_warn(&self) -> Result<(), VaultError> {
        let vault = &self.inner.vault;
        let now = self.now();
        let (providers, accounts) = (vault.providers().await?, vault.accounts().await?);
        let grants = vault.grants().await?;
        let ends = || providers.iter().flat_map(Provider::expiries);
        let ending = |days: i64| {
            let soon = ends().filter(|end| nearness(end.at, now, &[days]).is_some());
            (days, i64::try_from(soon.count()).unwrap_or(i64::MAX))
        };
        let days = DAYS.into_iter().chain([0]);
        self.inner.metrics.credentials_ending(days.map(ending));
        for provider in &providers {
            let count = of_provider(provider.id, &accounts).count();
            for end in provider.expiries() {
                let Some(near) = nearness(end.at, now, &DAYS) else {
                    continue;
                };
                let subject = format!(
                    "provider {} {} ends {} within {near}",
                    provider.id.0, end.what, end.at
                );
                let text = credential_text(provider, &end.what, end.at, now, count);
                self.warn(&subject, EventKind::CredentialEnding, provider, text)
                    .await?;
            }
        }
        for (provider, danger) in endangered(&providers, &accounts, &grants) {
            let Some(near) = nearness(danger.first, now, &GRANT_DAYS) else {
                continue;
            };
            let subject = format!(
                "provider {} grants end {} within {near}",
                provider.id.0, danger.first
            );
            let text = grants_text(provider, &danger, now);
            self.warn(&subject, EventKind::GrantsEnding, provider, text)
                .await?;
        }
        Ok(())
    }

    async fn warn(
        &self,
        subject: &str,
        kind: EventKind,
        provider: &Provider,
        text: String,
    ) -> Result<(), VaultError> {
        if self.inner.vault.note_warning(subject, self.now()).await? {
            warn!(provider = provider.name, "{text}");
            self.record(NewEvent {
                kind,
                actor: "keeper".to_owned(),
                provider: Some(provider.id),
                account: None,
                text,
            })
            .await;
        }
        Ok(())
    }
}

/// The smallest of these numbers of days that the end is within; 0 where it has come.
fn nearness(end: Timestamp, now: Timestamp, days: &[i64]) -> Option<i64> {
    let left = end.duration_since(now);
    if left <= SignedDuration::ZERO {
        return Some(0);
    }
    let within = |days: &&i64| left <= SignedDuration::from_hours(24 * **days);
    days.iter().find(within).copied()
}

fn credential_text(
    provider: &Provider,
    what: &str,
    end: Timestamp,
    now: Timestamp,
    accounts: usize,
) -> String {
    let name = &provider.name;
    let accounts = counted(accounts);
    let day = end.strftime("%Y-%m-%d");
    if end <= now {
        return format!(
            "The {what} of {name} ended on {day}: no new tokens come for {accounts}. Make a new one \
             in the provider's portal and enter it now."
        );
    }
    format!(
        "The {what} of {name} ends {}, on {day}; {accounts} with it. Make a new one in the \
         provider's portal and enter it before: Mailgrant can keep both for the change-over.",
        in_days(end, now)
    )
}

/// The grants of a provider that end first if nothing renews them.
struct Danger {
    first: Timestamp,
    accounts: usize,
}

fn grants_text(provider: &Provider, danger: &Danger, now: Timestamp) -> String {
    format!(
        "The grants of {} at {} have not been renewed for long. The first ends {}, and then somebody \
         must sign in again. See what the pages of provider and account say, and mend it before.",
        counted(danger.accounts),
        provider.name,
        in_days(danger.first, now)
    )
}

/// Where an unused grant ends by itself (the catalogue says when): the earliest end for each
/// provider, and how many end within the longest warning of it.
fn endangered<'a>(
    providers: &'a [Provider],
    accounts: &[Account],
    grants: &[Grant],
) -> Vec<(&'a Provider, Danger)> {
    let by_account: HashMap<_, _> = grants.iter().map(|grant| (grant.account, grant)).collect();
    let mut found = Vec::new();
    for provider in providers {
        let (kind, access) = (provider.profile.kind, provider.profile.access);
        let ends: Vec<Timestamp> = of_provider(provider.id, accounts)
            .filter_map(|account| by_account.get(&account.id))
            .filter(|grant| grant.state == GrantState::Active)
            .filter_map(|grant| grant.ends_unused(kind, access))
            .collect();
        if let Some(first) = ends.iter().min().copied() {
            let soon = first.saturating_add(SignedDuration::from_hours(24 * 30));
            let soon = soon.unwrap_or(first);
            let accounts = ends.iter().filter(|end| **end <= soon).count();
            found.push((provider, Danger { first, accounts }));
        }
    }
    found
}

fn of_provider(id: ProviderId, accounts: &[Account]) -> impl Iterator<Item = &Account> {
    accounts
        .iter()
        .filter(move |account| account.draft.provider == id)
}

fn counted(accounts: usize) -> String {
    match accounts {
        0 => "no account".to_owned(),
        1 => "1 account".to_owned(),
        many => format!("{many} accounts"),
    }
}

fn in_days(end: Timestamp, now: Timestamp) -> String {
    match (end.duration_since(now).as_hours() + 12) / 24 {
        ..=0 => "within a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    #[test]
    fn the_nearest_warning_that_is_due_is_given_alone() {
        let near = |hours: i64| nearness(NOW + SignedDuration::from_hours(hours), NOW, &DAYS);
        assert_eq!(near(61 * 24), None);
        assert_eq!(near(60 * 24), Some(60));
        assert_eq!(near(30 * 24 + 1), Some(60));
        assert_eq!(near(30 * 24), Some(30));
        assert_eq!(near(8 * 24), Some(30));
        assert_eq!(near(24), Some(1));
        assert_eq!(near(1), Some(1));
        assert_eq!(near(0), Some(0));
        assert_eq!(near(-1000), Some(0));
    }

    #[test]
    fn days_are_told_in_words() {
        let told = |hours: i64| in_days(NOW + SignedDuration::from_hours(hours), NOW);
        assert_eq!(told(7 * 24), "in 7 days");
        assert_eq!(told(7 * 24 - 1), "in 7 days");
        assert_eq!(told(25), "in 1 day");
        assert_eq!(told(5), "within a day");
        assert_eq!(counted(1), "1 account");
    }
}
