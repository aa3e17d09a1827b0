//! The renewal of one account's token: lease, look, ask, store.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_oauth::{Refusal, Resource, Scope, Tokens, refresh, requested_scopes};
use mailgrant_vault::{AccountId, EventKind, GrantState, NewEvent, Renewal, VaultError};
use secrecy::SecretString;
use tokio::time::{Instant, sleep};
use tracing::{debug, error, info, warn};

use crate::access::Case;
use crate::decision::{Step, Want, decide};
use crate::metrics::RenewalOutcome;
use crate::outcome::{Verdict, retry_at, verdict};
use crate::schedule::after;
use crate::unstored::Answer;
use crate::{AccessToken, Keeper, KeeperError};

/// How long the right to renew lasts if its owner dies: longer than discovery and a token request
/// together can take.
const LEASE: Duration = Duration::from_secs(90);

/// How often somebody else's renewal is looked at before patience ends, with pauses that grow to
/// [`LONGEST_PAUSE`]: a little longer than the lease.
const LOOKS: u32 = 100;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long an access token lives whose provider does not say: what nearly all of them choose.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

impl Keeper {
    /// One renewal for however many ask at once, in a task of its own.
    pub(crate) async fn renew(
        &self,
        account: AccountId,
        resource: Resource,
        want: Want,
    ) -> Result<AccessToken, KeeperError> {
        for _ in 0..3 {
            let keeper = self.clone();
            let flight = self.inner.flights.join((account, resource), || async move {
                keeper.renew_once(account, resource, want).await
            });
            match flight.await {
                // The flight was begun by somebody who had not seen as much as we have.
                Some(Ok(token)) if !want.is_met_by(token.grant_version) => {}
                Some(answer) => return answer,
                None => break,
            }
        }
        Err(KeeperError::Later {
            account: account.0.to_string(),
            why: "the renewal broke off inside Mailgrant; please report this".to_owned(),
            retry_at: self.now(),
        })
    }

    /// Renews, or waits for the one (another process, or a renewal for another resource) that is
    /// renewing already and looks again.
    async fn renew_once(
        &self,
        account: AccountId,
        resource: Resource,
        want: Want,
    ) -> Result<AccessToken, KeeperError> {
        let owner = self.lease_owner();
        let mut pause = FIRST_PAUSE;
        for _ in 0..LOOKS {
            self.store_unstored(account).await?;
            let case = self.case(account, resource).await?;
            match self.step(want, &case) {
                Step::Renew | Step::Probe => {}
                step => return self.without_asking(step, case),
            }
            let now = self.now();
            if self
                .inner
                .vault
                .take_renewal(account, &owner, now, after(now, LEASE))
                .await?
            {
                let answer = self.renew_with_lease(account, resource, want).await;
                self.release(account, &owner).await;
                match answer {
                    // What was begun belongs to an older grant: look at the new one.
                    Err(KeeperError::Vault(failure))
                        if matches!(*failure, VaultError::Stale { .. }) => {}
                    answer => return answer,
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let case = self.case(account, resource).await?;
        Err(KeeperError::Later {
            account: case.name().to_owned(),
            why: "another renewal of it has not ended yet".to_owned(),
            retry_at: self.now(),
        })
    }

    /// The lease is ours: nobody else renews, so what is seen now stays so.
    async fn renew_with_lease(
        &self,
        account: AccountId,
        resource: Resource,
        want: Want,
    ) -> Result<AccessToken, KeeperError> {
        let case = self.case(account, resource).await?;
        match self.step(want, &case) {
            Step::Renew => self.ask(case, resource).await,
            Step::Probe => {
                let provider = &case.provider;
                let random = self.inner.random.as_ref();
                let probe = self.inner.held_providers.claim(
                    provider.id,
                    provider.version,
                    self.now(),
                    random,
                );
                match probe {
                    Ok(()) => self.ask(case, resource).await,
                    Err(_) => Err(case.provider_trouble()),
                }
            }
            step => self.without_asking(step, case),
        }
    }

    fn step(&self, want: Want, case: &Case) -> Step {
        let step = decide(want, &case.view(), self.now());
        let provider = &case.provider;
        let held = |until: Option<Timestamp>| until.filter(|until| *until > self.now());
        let account = || {
            let holds = &self.inner.held_accounts;
            held(holds.until(&case.account.id, provider.version))
        };
        let probed = || {
            let holds = &self.inner.held_providers;
            held(holds.until(&provider.id, provider.version))
        };
        let held_until = match step {
            Step::Renew => account(),
            Step::Probe => account().or_else(probed),
            _ => None,
        };
        held_until.map_or(step, Step::Held)
    }

    fn without_asking(&self, step: Step, case: Case) -> Result<AccessToken, KeeperError> {
        match step {
            Step::Serve => case.serve(),
            Step::Unauthorized => Err(case.unauthorized()),
            Step::Paused => Err(case.provider_paused()),
            Step::Renew | Step::Probe | Step::Held(_) => Err(case.provider_trouble()),
            Step::Wait(retry_at) => Err(KeeperError::Later {
                account: case.name().to_owned(),
                why: case
                    .grant
                    .last_failure
                    .unwrap_or_else(|| "the last renewal failed".to_owned()),
                retry_at,
            }),
        }
    }

    /// Asks the provider, and does what follows from its answer.
    async fn ask(&self, case: Case, resource: Resource) -> Result<AccessToken, KeeperError> {
        let Some(spent) = case.grant.refresh_token.clone() else {
            return self.end(&case, "there is no refresh token").await;
        };
        let sent_at = self.now();
        let started = Instant::now();
        let answer = self.refresh(&case, &spent).await;
        self.inner
            .metrics
            .duration
            .observe(started.elapsed().as_secs_f64());
        match answer {
            Ok(tokens) => self.keep(&case, resource, spent, tokens, sent_at).await,
            Err(refusal) => match verdict(&refusal) {
                Verdict::End { reason } => self.end(&case, &reason).await,
                Verdict::BlameProfile { reason } => {
                    self.count(RenewalOutcome::ProfileRefused);
                    self.note_trouble(&case, &reason).await?;
                    Err(KeeperError::ProviderTrouble {
                        provider: case.provider.name,
                        reason,
                    })
                }
                Verdict::TryLater { why, asked } => self.try_later(case, why, asked).await,
            },
        }
    }

    async fn refresh(&self, case: &Case, spent: &SecretString) -> Result<Tokens, Refusal> {
        let endpoints = match self.endpoints(&case.provider).await {
            // Discovery knows nothing of this grant, so it cannot end it.
            Err(Refusal::NeedsPerson(said)) => return Err(Refusal::Garbled(said.to_string())),
            found => found?,
        };
        let profile = &case.provider.profile;
        let scopes = scopes_to_renew(&case.grant.scopes, &requested_scopes(profile, &endpoints));
        refresh(&self.inner.http, profile, &endpoints, spent, &scopes).await
    }

    /// Commits the answer; only then is its access token handed out.
    async fn keep(
        &self,
        case: &Case,
        resource: Resource,
        spent: SecretString,
        tokens: Tokens,
        sent_at: Timestamp,
    ) -> Result<AccessToken, KeeperError> {
        let token = tokens.access_token.clone();
        let expires_at = ends_at(sent_at, tokens.expires_in);
        let answer = Answer {
            name: case.name().to_owned(),
            version: case.grant.version,
            spent,
            renewal: Renewal {
                refresh_token: tokens.refresh_token,
                scopes: tokens.scopes,
                access_token: tokens.access_token,
                resource,
                expires_at,
            },
        };
        let (account, provider) = (case.name(), &case.provider.name);
        match self.commit(case.account.id, &answer).await {
            Ok(grant) => {
                self.count(RenewalOutcome::Renewed);
                info!(account, provider, outcome = "renewed", %expires_at);
                self.note_no_trouble(case.account.id, &case.provider).await;
                Ok(AccessToken {
                    token,
                    expires_at,
                    grant_version: grant.version,
                })
            }
            Err(failure @ VaultError::Stale { .. }) => {
                self.count(RenewalOutcome::Discarded);
                info!(
                    account,
                    provider,
                    outcome = "discarded",
                    "the grant changed while it was renewed"
                );
                Err(failure.into())
            }
            Err(failure) => {
                self.count(RenewalOutcome::NotStored);
                error!(
                    account, provider, outcome = "not_stored", %failure,
                    "new tokens could not be stored. They are kept in memory and stored as soon as \
                     the database can be written: do not stop Mailgrant before that, or the account \
                     must be authorised again"
                );
                self.inner.unstored.insert(case.account.id, answer);
                Err(failure.into())
            }
        }
    }

    /// The grant is over: said once, by whoever wins the change of state.
    async fn end(&self, case: &Case, reason: &str) -> Result<AccessToken, KeeperError> {
        self.inner
            .vault
            .end_grant(
                case.account.id,
                case.grant.version,
                GrantState::NeedsAuthorization,
                reason,
                self.now(),
            )
            .await?;
        self.count(RenewalOutcome::Ended);
        warn!(
            account = case.name(),
            provider = case.provider.name,
            outcome = "ended",
            reason,
            "the account must be authorised again"
        );
        self.record(NewEvent {
            kind: EventKind::GrantEnded,
            actor: "keeper".to_owned(),
            provider: Some(case.provider.id),
            account: Some(case.account.id),
            text: format!("{} must be authorised again: {reason}", case.name()),
        })
        .await;
        Err(KeeperError::NeedsAuthorization {
            account: case.name().to_owned(),
            reason: reason.to_owned(),
        })
    }

    async fn try_later(
        &self,
        case: Case,
        why: String,
        asked: Option<Duration>,
    ) -> Result<AccessToken, KeeperError> {
        let random = self.inner.random.as_ref();
        let retry_at = retry_at(case.grant.failures, asked, self.now(), random);
        self.count(RenewalOutcome::Later);
        warn!(
            account = case.name(), provider = case.provider.name, outcome = "later", why, %retry_at,
        );
        self.inner
            .vault
            .note_renewal_failure(case.account.id, case.grant.version, &why, retry_at)
            .await?;
        Err(KeeperError::Later {
            account: case.account.draft.name,
            why,
            retry_at,
        })
    }

    /// Gives the lease back, except while an answer waits to be stored: until then the refresh
    /// token in the database is spent, and no other process should use it.
    async fn release(&self, account: AccountId, owner: &str) {
        if self.inner.unstored.holds(account) {
            return;
        }
        if let Err(failure) = self.inner.vault.release_renewal(account, owner).await {
            debug!(account = account.0, %failure, "the renewal lease ends by itself");
        }
    }

    fn count(&self, outcome: RenewalOutcome) {
        self.inner.metrics.renewal(outcome);
    }
}

/// When a token ends that was asked for at `sent_at`: counted from the question, not from the
/// answer, so that a slow provider does not make it seem to live longer.
pub(crate) fn ends_at(sent_at: Timestamp, expires_in: Option<Duration>) -> Timestamp {
    let longest = Duration::from_secs(400 * 24 * 3600);
    let life = expires_in.unwrap_or(USUAL_LIFE).min(longest);
    sent_at
        .saturating_add(SignedDuration::try_from(life).unwrap_or(SignedDuration::ZERO))
        .unwrap_or(sent_at)
}

/// The scopes of a renewal: never more than was granted (RFC 6749, section 6). `offline_access` is
/// repeated where it was asked for: Microsoft does not list it among the granted scopes, and gives
/// no new refresh token without it.
fn scopes_to_renew(granted: &[Scope], requested: &[Scope]) -> Vec<Scope> {
    let mut scopes = granted.to_vec();
    let offline = requested
        .iter()
        .find(|scope| scope.as_str() == "offline_access" && !granted.contains(scope));
    scopes.extend(offline.cloned());
    scopes
}
