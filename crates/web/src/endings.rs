//! What ends by itself, told before it does: client credentials, and grants that nothing renews.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use mailgrant_keeper::Keeper;
use mailgrant_oauth::ClientCredential;
use mailgrant_vault::{Account, AccountId, Grant, GrantState, Provider};

use crate::summary::{Need, Remedy};

/// From so many days before its end on, a credential is noticed.
const NOTICED: i64 = 60;
/// From so many on, it is alarming.
const ALARMING: i64 = 7;
/// The same for grants, which are used far more often than they need.
const GRANT_NOTICED: i64 = 30;

/// How long something lasts still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Whole days; negative once it has ended.
    days: i64,
}

impl Left {
    pub(crate) fn of(end: Timestamp, now: Timestamp) -> Self {
        let left = end.duration_since(now).as_secs();
        Self {
            days: left.div_euclid(24 * 60 * 60),
        }
    }

    /// Whether a person should think of it.
    pub(crate) fn is_noticed(self) -> bool {
        self.days <= NOTICED
    }

    /// Whether there is no time to lose.
    pub(crate) fn is_alarming(self) -> bool {
        self.days <= ALARMING
    }

    fn has_ended(self) -> bool {
        self.days < 0
    }

    /// `ends in 12 days`, with the verb.
    fn with_verb(self) -> String {
        match self.days {
            ..0 => "has ended".to_owned(),
            0 => "ends within a day".to_owned(),
            1 => "ends in 1 day".to_owned(),
            days => format!("ends in {days} days"),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.days {
            ..0 => f.write_str("ended"),
            0 => f.write_str("less than a day left"),
            1 => f.write_str("1 day left"),
            days => write!(f, "{days} days left"),
        }
    }
}

/// What is about to end, one line for each cause and not for each mailbox.
pub(crate) fn needs(
    keeper: &Keeper,
    providers: &[Provider],
    accounts: &[Account],
    grants: &BTreeMap<AccountId, Grant>,
    now: Timestamp,
) -> Vec<Need> {
    let mut needs = Vec::new();
    // What the provider refuses altogether is told already.
    let at_work = providers
        .iter()
        .filter(|provider| !provider.paused && provider.trouble.is_none());
    for provider in at_work {
        let refused = keeper.refused_credential(provider);
        if let Some(refused) = &refused {
            needs.push(rolled_over(provider, refused.said.to_string()));
        }
        needs.extend(credential(provider, refused.is_some(), now));
        needs.extend(unused(provider, accounts, grants, now));
    }
    needs
}

fn open(provider: &Provider) -> Remedy {
    Remedy::Open {
        path: format!("/providers/{}#credentials", provider.id.0),
        label: "Open the provider",
    }
}

fn rolled_over(provider: &Provider, said: String) -> Need {
    Need {
        what: format!(
            "Provider {} refuses the first client credential; the second serves.",
            provider.name
        ),
        next: "Upload or enter the first one at the provider, or correct it here, before the second ends.".to_owned(),
        said: Some(said),
        place: None,
        remedy: open(provider),
    }
}

/// The credential that serves.
pub(crate) fn serving(provider: &Provider, second_serves: bool) -> &ClientCredential {
    let profile = &provider.profile;
    match &profile.second_credential {
        Some(second) if second_serves => second,
        _ => &profile.credential,
    }
}

/// The same, where it ends soon.
fn credential(provider: &Provider, second_serves: bool, now: Timestamp) -> Option<Need> {
    let serving = serving(provider, second_serves);
    let left = Left::of(serving.expires_at()?, now);
    let next = if left.has_ended() {
        "Make a new one in the provider's portal and enter it now: without it no new tokens come."
    } else {
        "Make a new one in the provider's portal and enter it before: Mailgrant can keep both for the change-over."
    };
    left.is_noticed().then(|| Need {
        what: format!(
            "The {} of provider {} {}.",
            serving.label(),
            provider.name,
            left.with_verb()
        ),
        next: next.to_owned(),
        said: None,
        place: None,
        remedy: open(provider),
    })
}

/// Grants that the provider ends by itself because nobody has used them (the catalogue says when).
fn unused(
    provider: &Provider,
    accounts: &[Account],
    grants: &BTreeMap<AccountId, Grant>,
    now: Timestamp,
) -> Option<Need> {
    let (kind, access) = (provider.profile.kind, provider.profile.access);
    let ends = |account: &Account| {
        let grant = grants.get(&account.id)?;
        let end = grant.ends_unused(kind, access)?;
        let left = Left::of(end, now);
        let soon = grant.state == GrantState::Active && left.days <= GRANT_NOTICED;
        soon.then_some((end, account.id, left))
    };
    let of_provider = accounts
        .iter()
        .filter(|account| account.draft.provider == provider.id);
    let mut soon: Vec<_> = of_provider.filter_map(ends).collect();
    soon.sort_unstable_by_key(|(end, id, _)| (*end, *id));
    let (_, first, left) = soon.first()?;
    let what = match soon.len() {
        1 => format!(
            "A grant at provider {} was not renewed for long and {}.",
            provider.name,
            left.with_verb()
        ),
        many => format!(
            "{many} grants at provider {} were not renewed for long; the first {}.",
            provider.name,
            left.with_verb()
        ),
    };
    Some(Need {
        what,
        next: "See on the account's page why its renewal fails, and mend that before: afterwards somebody must sign in again.".to_owned(),
        said: None,
        place: None,
        remedy: Remedy::Open {
            path: format!("/accounts/{}", first.0),
            label: "Open the account",
        },
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    #[test]
    fn an_end_is_noticed_from_sixty_days_on_and_alarming_from_seven() {
        let told = |hours: i64| {
            let left = Left::of(NOW + SignedDuration::from_hours(hours), NOW);
            (left.to_string(), left.is_noticed(), left.is_alarming())
        };
        let is = |words: &str, noticed, alarming| (words.to_owned(), noticed, alarming);
        assert_eq!(told(61 * 24), is("61 days left", false, false));
        assert_eq!(told(60 * 24), is("60 days left", true, false));
        assert_eq!(told(8 * 24), is("8 days left", true, false));
        assert_eq!(told(8 * 24 - 1), is("7 days left", true, true));
        assert_eq!(told(47), is("1 day left", true, true));
        assert_eq!(told(23), is("less than a day left", true, true));
        assert_eq!(told(0), is("less than a day left", true, true));
        assert_eq!(told(-1), is("ended", true, true));
    }
}
