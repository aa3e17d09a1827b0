//! Answers of a provider that could not be stored.
//!
//! A provider that rotates refresh tokens has forgotten the old one by the time its answer arrives,
//! and takes a second use of it for theft: it would end the grant. So when the disk is full at that
//! very moment, the answer must not be dropped, nor the old refresh token ever be used again. The
//! answer stays in memory, nothing else is asked for that account, and storing it is tried again
//! until it works or somebody authorises the account anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mailgrant_vault::{AccountId, Grant, GrantState, Renewal, VaultError};
use secrecy::{ExposeSecret as _, SecretString};
use tracing::{error, info};

use crate::Keeper;

/// Answers to be stored; one per account at most.
#[derive(Default)]
pub(crate) struct Unstored(Mutex<HashMap<AccountId, Answer>>);

/// What a renewal brought, and what it was begun with.
#[derive(Clone)]
pub(crate) struct Answer {
    /// The account's name, for the log.
    pub(crate) name: String,
    /// Under which name the right to renew is held.
    pub(crate) owner: String,
    /// The grant's version when the provider was asked.
    pub(crate) version: i64,
    /// The refresh token that was given for it; an application's access has none.
    pub(crate) spent: Option<SecretString>,
    pub(crate) renewal: Renewal,
}

impl Answer {
    /// Whether the provider gave a refresh token in place of the spent one.
    fn rotated(&self) -> bool {
        match (&self.renewal.refresh_token, &self.spent) {
            (Some(new), Some(spent)) => !same(new, spent),
            _ => false,
        }
    }
}

impl Unstored {
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    pub(crate) fn holds(&self, account: AccountId) -> bool {
        self.lock().contains_key(&account)
    }

    pub(crate) fn insert(&self, account: AccountId, answer: Answer) {
        self.lock().insert(account, answer);
    }

    /// Takes the account's answer out, for a revocation.
    pub(crate) fn take(&self, account: AccountId) -> Option<Answer> {
        self.lock().remove(&account)
    }

    fn get(&self, account: AccountId) -> Option<Answer> {
        self.lock().get(&account).cloned()
    }

    /// Takes this very answer out, not one that took its place meanwhile.
    fn remove(&self, account: AccountId, answer: &Answer) {
        let mut answers = self.lock();
        if answers
            .get(&account)
            .is_some_and(|kept| same_if_any(kept.spent.as_ref(), answer.spent.as_ref()))
        {
            answers.remove(&account);
        }
    }

    fn accounts(&self) -> Vec<AccountId> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// Commits an answer. [`VaultError::Stale`] if the grant is another one by now.
    ///
    /// A version that grew is not yet another grant. As long as the stored refresh token is the one
    /// that the provider has just replaced, the answer is its only successor, and discarding it
    /// would lose the grant.
    pub(crate) async fn commit(
        &self,
        account: AccountId,
        answer: &Answer,
    ) -> Result<Grant, VaultError> {
        let vault = &self.inner.vault;
        let mut version = answer.version;
        for _ in 0..3 {
            match vault
                .store_renewal(account, version, &answer.renewal, self.now())
                .await
            {
                Err(VaultError::Stale { .. }) if answer.rotated() => {}
                result => return result,
            }
            match vault.grant(account).await? {
                Some(present)
                    if present.state == GrantState::Active
                        && same_if_any(present.refresh_token.as_ref(), answer.spent.as_ref()) =>
                {
                    version = present.version;
                }
                _ => break,
            }
        }
        Err(VaultError::Stale { what: "the grant" })
    }

    /// Stores what an earlier renewal of this account left in memory, if anything: before anything
    /// else is asked for it.
    pub(crate) async fn store_unstored(&self, account: AccountId) -> Result<(), VaultError> {
        let Some(answer) = self.inner.unstored.get(account) else {
            return Ok(());
        };
        match self.commit(account, &answer).await {
            Ok(_) => info!(account = answer.name, "the new tokens are stored at last"),
            Err(VaultError::Stale { .. }) => {
                info!(
                    account = answer.name,
                    "the new tokens are not needed any more: the grant has changed"
                );
                self.end_late(account, &answer).await;
            }
            Err(failure) => {
                self.hold_lease(account, &answer.owner).await;
                return Err(failure);
            }
        }
        self.inner.unstored.remove(account, &answer);
        self.release(account, &answer.owner).await;
        Ok(())
    }

    /// The same for all accounts.
    pub(crate) async fn store_all_unstored(&self) {
        for account in self.inner.unstored.accounts() {
            if let Err(failure) = self.store_unstored(account).await {
                error!(
                    account = account.0, %failure,
                    "new tokens still cannot be stored; they are lost if Mailgrant stops now, and \
                     the account must be authorised again"
                );
            }
        }
    }
}

fn same_if_any(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        (None, None) => true,
        _ => false,
    }
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
