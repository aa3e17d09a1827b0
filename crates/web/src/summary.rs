//! An account in one look: its state in words, its numbers, and what it needs from a person.

use std::collections::BTreeMap;

use askama::Template;
use jiff::Timestamp;
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_fetch::{Activity, Status};
use mailgrant_oauth::Access;
use mailgrant_vault::{
    Account, AccountId, Alarm, AlarmKind, Counts, Grant, GrantState, Provider, ProviderId,
    VaultError,
};

use crate::app::Site;
use crate::endings;
use crate::moment::Moment;

/// How a state feels; each has its own icon, so that colour is never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Mailgrant tries again by itself.
    Waiting,
    /// A person must act.
    Attention,
    /// Switched off by a person.
    Off,
}

impl Tone {
    fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Waiting => "waiting",
            Self::Attention => "attention",
            Self::Off => "off",
        }
    }
}

/// A state in words.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "state.html")]
pub(crate) struct State {
    pub(crate) tone: Tone,
    pub(crate) words: &'static str,
}

impl State {
    const fn new(tone: Tone, words: &'static str) -> Self {
        Self { tone, words }
    }
}

/// An account in one look.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) provider: String,
    pub(crate) provider_id: i64,
    pub(crate) state: State,
    pub(crate) counts: Counts,
    pub(crate) last: Option<Moment>,
    pub(crate) needs: Option<Need>,
}

/// What a person must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) what: String,
    pub(crate) next: String,
    pub(crate) said: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) remedy: Remedy,
}

/// The button that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Send the person to the provider.
    Authorize(i64),
    /// Ask for access in the application's own name: nobody signs in.
    Connect(i64),
    /// Open a page of ours.
    Open { path: String, label: &'static str },
}

/// All that is known of one account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) account: &'a Account,
    pub(crate) provider: Option<&'a Provider>,
    pub(crate) grant: Option<&'a Grant>,
    pub(crate) counts: Counts,
    pub(crate) status: Option<&'a Status>,
    /// Those of all accounts.
    pub(crate) alarms: &'a [Alarm],
}

impl Facts<'_> {
    /// What is wrong although nothing fails: the oldest first.
    pub(crate) fn alarm(&self) -> Option<&Alarm> {
        let mut alarms = self.alarms.iter();
        alarms.find(|alarm| alarm.account == self.account.id)
    }

    /// Whether nobody signs in: the application itself has access.
    pub(crate) fn has_access_alone(&self) -> bool {
        self.provider
            .is_some_and(|provider| provider.profile.access == Access::Application)
    }

    /// What is wrong with the fetching now. A worker keeps its last trouble until a round is
    /// completed; what is already over is not shown.
    pub(crate) fn trouble(&self) -> Option<&Diagnosis> {
        let status = self.status?;
        let trouble = status.trouble.as_ref()?;
        let authorized = self.grant.and_then(|grant| grant.authorized_at);
        let at_work = matches!(
            status.activity,
            Activity::Fetching | Activity::Listening | Activity::Polling
        );
        let over = match trouble.fault {
            Fault::Owner | Fault::Tenant => {
                at_work || authorized.is_some_and(|at| at >= status.since)
            }
            Fault::Operator => false,
            _ => at_work,
        };
        (!over).then_some(trouble)
    }
}

impl Summary {
    pub(crate) fn of(facts: Facts<'_>, now: Timestamp) -> Self {
        let account = facts.account;
        Self {
            id: account.id.0,
            name: account.draft.name.clone(),
            address: account.draft.address.clone(),
            provider: facts
                .provider
                .map_or_else(String::new, |provider| provider.name.clone()),
            provider_id: account.draft.provider.0,
            state: state(facts),
            counts: facts.counts,
            last: facts
                .counts
                .last_delivered_at
                .map(|at| Moment::new(at, now)),
            needs: need(facts),
        }
    }
}

/// The state in words: what a person has switched off first, then what stands in the way of mail,
/// in the order of its way.
fn state(facts: Facts<'_>) -> State {
    let Facts {
        account,
        provider,
        grant,
        status,
        ..
    } = facts;
    if account.paused {
        return State::new(Tone::Off, "Paused");
    }
    if provider.is_some_and(|provider| provider.paused) {
        return State::new(Tone::Off, "Provider paused");
    }
    match grant.map(|grant| grant.state) {
        None | Some(GrantState::Pending) => {
            return State::new(Tone::Attention, "Not authorised yet");
        }
        Some(GrantState::NeedsAuthorization) => {
            return State::new(Tone::Attention, "Must be authorised again");
        }
        Some(GrantState::Revoked) => return State::new(Tone::Off, "Revoked"),
        Some(GrantState::Active) => {}
    }
    if provider.is_some_and(|provider| provider.trouble.is_some()) {
        return State::new(Tone::Attention, "Provider needs attention");
    }
    if account.draft.sink.is_none() {
        return State::new(Tone::Good, "Authorised, tokens only");
    }
    let Some(status) = status else {
        return State::new(Tone::Waiting, "Authorised, not fetching yet");
    };
    let alarm = facts.alarm().map(|alarm| match alarm.kind {
        AlarmKind::Silent => State::new(Tone::Attention, "No mail comes"),
        AlarmKind::Stuck => State::new(Tone::Attention, "Does not come through"),
        AlarmKind::Canary => State::new(Tone::Attention, "A canary is missing"),
    });
    match (facts.trouble(), alarm) {
        (Some(trouble), None) if trouble.fault.passes_by_itself() => {
            State::new(Tone::Waiting, "Trying again")
        }
        (Some(trouble), Some(alarm)) if trouble.fault.passes_by_itself() => alarm,
        (Some(_), _) => State::new(Tone::Attention, "Needs attention"),
        (None, Some(alarm)) => alarm,
        (None, None) => activity(&status.activity),
    }
}

fn activity(activity: &Activity) -> State {
    match activity {
        Activity::Connecting => State::new(Tone::Waiting, "Connecting"),
        Activity::Fetching => State::new(Tone::Good, "Fetching"),
        Activity::Listening => State::new(Tone::Good, "Listening for mail"),
        Activity::Polling => State::new(Tone::Good, "Looking now and then"),
        Activity::Retrying(_) => State::new(Tone::Waiting, "Trying again"),
        Activity::Held => State::new(Tone::Attention, "Needs attention"),
    }
}

/// What the account itself needs from a person. What its provider profile needs is told once, by
/// [`provider_needs`], and not at each of its accounts.
fn need(facts: Facts<'_>) -> Option<Need> {
    let account = facts.account;
    let name = &account.draft.name;
    let paused = account.paused || facts.provider.is_some_and(|provider| provider.paused);
    if paused {
        return None;
    }
    let again = |said: Option<String>| Need {
        what: format!("{name} must be authorised again."),
        next: format!(
            "Sign in as {} to let its mail arrive again; nothing is lost meanwhile.",
            account.expected_sign_in()
        ),
        said,
        place: None,
        remedy: Remedy::Authorize(account.id.0),
    };
    match facts.grant {
        Some(grant) if grant.state == GrantState::Active => {}
        Some(grant) if grant.state == GrantState::Revoked => return None,
        grant if facts.has_access_alone() => return Some(to_connect(account, grant)),
        Some(grant) if grant.state == GrantState::NeedsAuthorization => {
            return Some(again(grant.reason.clone()));
        }
        _ => {
            return Some(Need {
                what: format!("{name} has not been authorised yet."),
                next: format!(
                    "Sign in as {} to let its mail arrive.",
                    account.expected_sign_in()
                ),
                said: None,
                place: None,
                remedy: Remedy::Authorize(account.id.0),
            });
        }
    }
    let provider_refuses = facts
        .provider
        .is_some_and(|provider| provider.trouble.is_some());
    if let Some(trouble) = facts.trouble()
        && !trouble.fault.passes_by_itself()
        && !provider_refuses
    {
        let label = match trouble.fault {
            Fault::Operator => "Change the account",
            _ => "Open the account",
        };
        let path = match trouble.fault {
            Fault::Operator => format!("/accounts/{}/edit", account.id.0),
            _ => format!("/accounts/{}", account.id.0),
        };
        return Some(Need {
            what: format!("{name}: {}", trouble.what),
            next: trouble.next.clone(),
            said: trouble.said.clone(),
            place: trouble.place.clone(),
            remedy: Remedy::Open { path, label },
        });
    }
    if let Some(alarm) = facts.alarm().filter(|_| !provider_refuses) {
        return Some(Need {
            what: alarm.what.clone(),
            next: alarm.next.clone(),
            said: None,
            place: None,
            remedy: Remedy::Open {
                path: format!("/accounts/{}", account.id.0),
                label: "Open the account",
            },
        });
    }
    (facts.counts.quarantined > 0).then(|| Need {
        what: match facts.counts.quarantined {
            1 => format!("{name}: 1 message is in quarantine."),
            many => format!("{name}: {many} messages are in quarantine."),
        },
        next: "See why the application refused it, then try again.".to_owned(),
        said: None,
        place: None,
        remedy: Remedy::Open {
            path: format!("/accounts/{}#quarantine", account.id.0),
            label: "Open the quarantine",
        },
    })
}

/// An account that is reached in the application's own name has no access now.
fn to_connect(account: &Account, grant: Option<&Grant>) -> Need {
    let name = &account.draft.name;
    let has_ended = grant.is_some_and(|grant| grant.state == GrantState::NeedsAuthorization);
    Need {
        what: if has_ended {
            format!("{name} must be connected again.")
        } else {
            format!("{name} has not been connected yet.")
        },
        next: "Nobody signs in: Mailgrant asks for access in the application's own name, as the provider's administrator allowed it.".to_owned(),
        said: grant.and_then(|grant| grant.reason.clone()),
        place: None,
        remedy: Remedy::Connect(account.id.0),
    }
}

/// What the provider profiles need from a person: one cause, told once.
pub(crate) fn provider_needs(providers: &[Provider]) -> impl Iterator<Item = Need> {
    providers.iter().filter(|provider| !provider.paused).filter_map(|provider| {
        let trouble = provider.trouble.as_ref()?;
        Some(Need {
            what: format!("Provider {} does not accept Mailgrant's registration.", provider.name),
            next: "Correct the client id or secret; all its accounts keep their grants and go on by themselves.".to_owned(),
            said: Some(trouble.reason.clone()),
            place: None,
            remedy: Remedy::Open {
                path: format!("/providers/{}", provider.id.0),
                label: "Change the provider",
            },
        })
    })
}

/// All accounts in one look, and what needs a person.
#[derive(Debug, Clone)]
pub(crate) struct Everything {
    pub(crate) accounts: Vec<Summary>,
    pub(crate) needs: Vec<Need>,
    pub(crate) providers: usize,
}

impl Everything {
    pub(crate) async fn load(site: &Site) -> Result<Self, VaultError> {
        let now = site.clock.now();
        let stored = site.vault.accounts().await?;
        let providers = site.vault.providers().await?;
        let grants: BTreeMap<AccountId, Grant> =
            keyed(site.vault.grants().await?, |grant| grant.account);
        let counts: BTreeMap<AccountId, Counts> =
            site.vault.all_counts().await?.into_iter().collect();
        let alarms = site.vault.alarms().await?;
        let statuses = site.fetcher.status().borrow().clone();
        let by_id: BTreeMap<ProviderId, &Provider> = providers
            .iter()
            .map(|provider| (provider.id, provider))
            .collect();
        let endings = endings::needs(&site.keeper, &providers, &stored, &grants, now);
        let accounts: Vec<Summary> = stored
            .iter()
            .map(|account| {
                let facts = Facts {
                    account,
                    provider: by_id.get(&account.draft.provider).copied(),
                    grant: grants.get(&account.id),
                    counts: counts.get(&account.id).copied().unwrap_or_default(),
                    status: statuses.get(&account.id),
                    alarms: &alarms,
                };
                Summary::of(facts, now)
            })
            .collect();
        let needs = provider_needs(&providers)
            .chain(endings)
            .chain(accounts.iter().filter_map(|account| account.needs.clone()))
            .collect();
        Ok(Self {
            accounts,
            needs,
            providers: providers.len(),
        })
    }
}

fn keyed<K: Ord, V>(values: Vec<V>, key: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    values
        .into_iter()
        .map(|value| (key(&value), value))
        .collect()
}
