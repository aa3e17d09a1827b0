//! The renewal of one account's token: one at a time, here and across processes.

use std::time::Duration;

use jiff::Timestamp;
use mailgrant_oauth::Resource;
use mailgrant_vault::{AccountId, VaultError};
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::access::Case;
use crate::decision::{Step, Want, decide};
use crate::schedule::after;
use crate::{AccessToken, Keeper, KeeperError};

/// How long the right to renew lasts if its owner dies: longer than discovery and a token request
/// together can take.
const LEASE: Duration = Duration::from_secs(90);

/// How often somebody else's renewal is looked at before patience ends, with pauses that grow to
/// [`LONGEST_PAUSE`]: a little longer than the lease.
const LOOKS: u32 = 100;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
                step => return case.without_asking(step),
            }
            let now = self.now();
            if self
                .inner
                .vault
                .take_renewal(account, &owner, now, after(now, LEASE))
                .await?
            {
                let answer = self.renew_with_lease(account, resource, want, &owner).await;
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
        owner: &str,
    ) -> Result<AccessToken, KeeperError> {
        let case = self.case(account, resource).await?;
        match self.step(want, &case) {
            Step::Renew => self.ask(case, resource, owner).await,
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
                    Ok(()) => self.ask(case, resource, owner).await,
                    Err(_) => Err(case.provider_trouble()),
                }
            }
            step => case.without_asking(step),
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

    /// Gives the lease back, except while an answer waits to be stored: until then the refresh
    /// token in the database is spent, and no other process should use it.
    pub(crate) async fn release(&self, account: AccountId, owner: &str) {
        if self.inner.unstored.holds(account) {
            return;
        }
        if let Err(failure) = self.inner.vault.release_renewal(account, owner).await {
            debug!(account = account.0, %failure, "the renewal lease ends by itself");
        }
    }

    /// Keeps the lease while an answer waits to be stored, however long that takes.
    pub(crate) async fn hold_lease(&self, account: AccountId, owner: &str) {
        let now = self.now();
        let held = self
            .inner
            .vault
            .take_renewal(account, owner, now, after(now, LEASE));
        match held.await {
            Ok(true) => {}
            Ok(false) => warn!(
                account = account.0,
                "another process took the renewal lease"
            ),
            // A store that takes nothing gives the lease to nobody else either.
            Err(failure) => debug!(account = account.0, %failure, "the renewal lease is not held"),
        }
    }
}
