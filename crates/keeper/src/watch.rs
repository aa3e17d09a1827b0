//! Renewal ahead of need, whether mail flows or not.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Backoff;
use mailgrant_oauth::Resource;
use mailgrant_vault::{Account, AccountId, Changes, Grant, Provider, ProviderId};
use tokio::task::{Id, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::decision::Want;
use crate::schedule::Standing;
use crate::{Keeper, KeeperError};

/// Renewals under way at once per provider.
const AT_ONCE: usize = 16;

/// Between two looks at the store, whatever happens.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Even if nothing is due: the clock may have been set, the machine may have slept.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Between two attempts to store what could not be stored.
const UNSTORED_PAUSE: Duration = Duration::from_secs(10);

/// Between two clean-ups of what is dead, and looks at what ends soon.
const SWEEP: SignedDuration = SignedDuration::from_hours(1);

impl Keeper {
    /// Renews whatever is due now, each account's failure apart from the others; says when the
    /// next is due.
    pub async fn renew_due(&self) -> Result<Option<Timestamp>, KeeperError> {
        self.store_all_unstored().await;
        let plan = self.plan().await?;
        let rounds = plan
            .due
            .into_values()
            .map(|jobs| self.round(jobs, CancellationToken::new()));
        join_all(rounds).await;
        Ok(self.plan().await?.next)
    }

    /// Renews ahead of need until `stopping`; wakes for what is due and for changes in the store.
    ///
    /// Providers are worked apart from each other: one that does not answer holds up no other.
    /// When told to stop, it lets the renewals end that are under way.
    pub async fn run(&self, stopping: CancellationToken) {
        let mut changes = self.inner.vault.changes();
        let mut rounds = Rounds::default();
        let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut swept_at = Timestamp::UNIX_EPOCH;
        while !stopping.is_cancelled() {
            self.store_all_unstored().await;
            let wait = match self.plan().await {
                Ok(plan) => {
                    backoff.reset();
                    for (provider, jobs) in plan.due {
                        rounds.start(provider, || {
                            let (keeper, stopping) = (self.clone(), stopping.clone());
                            async move { keeper.round(jobs, stopping).await }
                        });
                    }
                    self.wait_for(plan.next)
                }
                Err(failure) => {
                    error!(%failure, "the keeper cannot see what is due");
                    backoff.next(self.inner.random.as_ref(), None)
                }
            };
            self.sweep(&mut swept_at).await;
            tokio::select! {
                () = stopping.cancelled() => break,
                () = sleep(SHORTEST_PAUSE) => {}
            }
            tokio::select! {
                () = stopping.cancelled() => break,
                () = woken(&mut changes, &mut rounds) => {}
                () = sleep(wait) => {}
            }
        }
        rounds.ended().await;
        // Also those that somebody else asked for: a refresh token may be on its way.
        self.inner.flights.ended().await;
        self.store_all_unstored().await;
    }

    /// Renews these, some at a time. What goes wrong is told where it goes wrong.
    async fn round(&self, jobs: Vec<Job>, stopping: CancellationToken) {
        stream::iter(jobs)
            .take_while(|_| std::future::ready(!stopping.is_cancelled()))
            .for_each_concurrent(AT_ONCE, |job| async move {
                let want = Want::NewerThan(job.seen);
                if let Err(failure) = self.renew(job.account, job.resource, want).await {
                    debug!(account = job.account.0, %failure, "not renewed ahead of need");
                }
            })
            .await;
    }

    fn wait_for(&self, next: Option<Timestamp>) -> Duration {
        let longest = if self.inner.unstored.is_empty() {
            LONGEST_PAUSE
        } else {
            UNSTORED_PAUSE
        };
        let wait = next.map_or(SignedDuration::MAX, |next| next.duration_since(self.now()));
        Duration::try_from(wait).unwrap_or_default().min(longest)
    }

    /// What is due now, and when the next will be.
    async fn plan(&self) -> Result<Plan, KeeperError> {
        let vault = &self.inner.vault;
        let providers = by_key(vault.providers().await?, |provider| provider.id);
        let accounts = by_key(vault.accounts().await?, |account| account.id);
        let grants = vault.grants().await?;
        let expiries: HashMap<_, _> = vault
            .token_expiries()
            .await?
            .into_iter()
            .map(|(account, resource, expires_at)| ((account, resource), expires_at))
            .collect();
        self.inner
            .metrics
            .grants(grants.iter().map(|grant| grant.state));

        let now = self.now();
        let mut plan = Plan::default();
        for grant in grants {
            let Some(account) = accounts.get(&grant.account) else {
                continue;
            };
            let Some(provider) = providers.get(&account.draft.provider) else {
                continue;
            };
            // The one resource that there is. More are due each on their own.
            let resource = Resource::Mail;
            let expires_at = expiries.get(&(grant.account, resource)).copied();
            let standing = self.standing(&grant, account, provider, expires_at);
            if let Some(due) = standing.due(self.inner.jitter.of(grant.account)) {
                let job = Job {
                    due,
                    account: grant.account,
                    resource,
                    seen: grant.version,
                };
                plan.add(job, provider, now);
            }
        }
        for jobs in plan.due.values_mut() {
            jobs.sort_by_key(|job| job.due);
        }
        Ok(plan)
    }

    fn standing(
        &self,
        grant: &Grant,
        account: &Account,
        provider: &Provider,
        expires_at: Option<Timestamp>,
    ) -> Standing {
        let held_account = &self.inner.held_accounts;
        let held_provider = &self.inner.held_providers;
        let holds = [
            grant.retry_at,
            held_account.until(&account.id, provider.version),
            held_provider
                .until(&provider.id, provider.version)
                .filter(|_| provider.trouble.is_some()),
        ];
        Standing {
            state: grant.state,
            last_used: grant.last_used(),
            expires_at,
            retry_at: holds.into_iter().max().flatten(),
            account_paused: account.paused,
            provider_paused: provider.paused,
        }
    }

    async fn sweep(&self, swept_at: &mut Timestamp) {
        let now = self.now();
        if now.duration_since(*swept_at).abs() < SWEEP {
            return;
        }
        *swept_at = now;
        if let Err(failure) = self.inner.vault.sweep(now).await {
            error!(%failure, "dead authorizations could not be removed");
        }
        self.warn_of_ends().await;
    }
}

/// What is due, and when the next will be.
#[derive(Default)]
struct Plan {
    due: BTreeMap<ProviderId, Vec<Job>>,
    next: Option<Timestamp>,
}

/// One renewal to be done.
struct Job {
    due: Timestamp,
    account: AccountId,
    resource: Resource,
    /// The grant's version when it was planned: a token of a newer one makes this needless.
    seen: i64,
}

impl Plan {
    fn add(&mut self, job: Job, provider: &Provider, now: Timestamp) {
        self.next = Some(self.next.map_or(job.due, |next| next.min(job.due)));
        if job.due > now {
            return;
        }
        let jobs = self.due.entry(provider.id).or_default();
        // While it refuses Mailgrant's registration, one probe is all that it gets.
        if provider.trouble.is_none() || jobs.is_empty() {
            jobs.push(job);
        }
    }
}

/// The rounds under way: at most one per provider.
#[derive(Default)]
struct Rounds {
    tasks: JoinSet<()>,
    busy: HashMap<Id, ProviderId>,
}

impl Rounds {
    fn start<F>(&mut self, provider: ProviderId, round: impl FnOnce() -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if !self.busy.values().any(|busy| *busy == provider) {
            let task = self.tasks.spawn(round());
            self.busy.insert(task.id(), provider);
        }
    }

    /// Waits for the end of one; for ever where there is none.
    async fn next(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => self.busy.remove(&id),
            Some(Err(failure)) => self.busy.remove(&failure.id()),
            None => std::future::pending().await,
        };
    }

    async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Something happened that makes it worth looking at the store again.
async fn woken(changes: &mut Changes, rounds: &mut Rounds) {
    tokio::select! {
        () = changes.changed() => {}
        () = rounds.next() => {}
    }
}

fn by_key<K: std::hash::Hash + Eq, T>(items: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, T> {
    items.into_iter().map(|item| (key(&item), item)).collect()
}
