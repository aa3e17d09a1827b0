//! Handing out access tokens.

use mailgrant_oauth::Resource;
use mailgrant_vault::{Account, AccountId, Grant, GrantState, Provider, StoredToken, VaultError};

use crate::decision::{Kept, Step, View, Want, decide};
use crate::{AccessToken, Keeper, KeeperError};

impl Keeper {
    /// A valid access token: the kept one while it lives, else a renewed one. However many ask at
    /// once, one renewal happens.
    pub async fn access_token(
        &self,
        account: AccountId,
        resource: Resource,
    ) -> Result<AccessToken, KeeperError> {
        let case = self.case(account, resource).await?;
        match decide(Want::Valid, &case.view(), self.now()) {
            Step::Renew | Step::Probe | Step::Wait(_) | Step::Held(_) => {
                match self.renew(account, resource, Want::Valid).await {
                    Err(failure) if failure.grant_stays() => {
                        self.last_of_old_token(account, resource, failure).await
                    }
                    answer => answer,
                }
            }
            step => case.without_asking(step),
        }
    }

    /// There is no new token now, but the old one serves until it ends.
    async fn last_of_old_token(
        &self,
        account: AccountId,
        resource: Resource,
        failure: KeeperError,
    ) -> Result<AccessToken, KeeperError> {
        match self.inner.vault.access_token(account, resource).await {
            Ok(Some(kept)) if kept.expires_at > self.now() => Ok(kept.into()),
            _ => Err(failure),
        }
    }

    /// All that is known of an account before its provider is asked.
    pub(crate) async fn case(
        &self,
        account: AccountId,
        resource: Resource,
    ) -> Result<Case, KeeperError> {
        let vault = &self.inner.vault;
        // The grant is read before its token: so what is kept belongs to it, or to a later one.
        let gone = || KeeperError::NoAccount(account.0.to_string());
        let grant = vault.grant(account).await?.ok_or_else(gone)?;
        let kept = vault.access_token(account, resource).await?;
        let account = vault.account(account).await?.ok_or_else(gone)?;
        let provider = vault.provider(account.draft.provider).await?;
        let provider = provider.ok_or(VaultError::Stale {
            what: "the provider",
        })?;
        Ok(Case {
            account,
            provider,
            grant,
            kept,
        })
    }
}

/// An account with everything that decides about its tokens.
pub(crate) struct Case {
    pub(crate) account: Account,
    pub(crate) provider: Provider,
    pub(crate) grant: Grant,
    pub(crate) kept: Option<StoredToken>,
}

impl Case {
    pub(crate) fn view(&self) -> View {
        View {
            provider_paused: self.provider.paused,
            provider_trouble: self.provider.trouble.is_some(),
            state: self.grant.state,
            retry_at: self.grant.retry_at,
            kept: self.kept.as_ref().map(|kept| Kept {
                version: kept.grant_version,
                issued_at: kept.issued_at,
                expires_at: kept.expires_at,
            }),
        }
    }

    /// What there is to say without asking the provider.
    pub(crate) fn without_asking(self, step: Step) -> Result<AccessToken, KeeperError> {
        match step {
            Step::Serve => match self.kept {
                Some(kept) => Ok(kept.into()),
                None => Err(self.unauthorized()),
            },
            Step::Unauthorized => Err(self.unauthorized()),
            Step::Paused => Err(self.provider_paused()),
            Step::Renew | Step::Probe | Step::Held(_) => Err(self.provider_trouble()),
            Step::Wait(retry_at) => Err(KeeperError::Later {
                account: self.name().to_owned(),
                why: self
                    .grant
                    .last_failure
                    .unwrap_or_else(|| "the last renewal failed".to_owned()),
                retry_at,
            }),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.account.draft.name
    }

    pub(crate) fn unauthorized(&self) -> KeeperError {
        let account = self.name().to_owned();
        match self.grant.state {
            GrantState::Pending => KeeperError::NotAuthorized { account },
            _ => KeeperError::NeedsAuthorization {
                account,
                reason: self
                    .grant
                    .reason
                    .clone()
                    .unwrap_or_else(|| "its grant has ended".to_owned()),
            },
        }
    }

    fn provider_paused(&self) -> KeeperError {
        KeeperError::ProviderPaused {
            provider: self.provider.name.clone(),
        }
    }

    pub(crate) fn provider_trouble(&self) -> KeeperError {
        KeeperError::ProviderTrouble {
            provider: self.provider.name.clone(),
            reason: match &self.provider.trouble {
                Some(trouble) => trouble.reason.clone(),
                None => format!("it refused the last renewal of {}", self.name()),
            },
        }
    }
}
