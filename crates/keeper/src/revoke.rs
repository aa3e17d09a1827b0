//! Ending a grant on purpose.

use mailgrant_oauth::{Resource, resolve, revoke};
use mailgrant_vault::{AccountId, EventKind, GrantState, NewEvent, VaultError};
use secrecy::SecretString;
use tracing::{debug, info, warn};

use crate::access::Case;
use crate::unstored::Answer;
use crate::{Keeper, KeeperError};

impl Keeper {
    /// Ends an account's grant: here first, then at the provider where it can. Says whether the
    /// provider was told.
    pub async fn revoke(&self, account: AccountId, actor: &str) -> Result<bool, KeeperError> {
        let (keeper, actor) = (self.clone(), actor.to_owned());
        // In a task of its own: a browser that goes away must not leave this half done.
        let work = async move { keeper.revoke_now(account, &actor).await };
        self.inner
            .in_hand
            .spawn(work)
            .await
            .unwrap_or_else(|failure| {
                let what = format!("a revocation broke off: {failure}");
                Err(VaultError::Unexpected(what).into())
            })
    }

    /// Removes an account, and before that ends its grant, here and at the provider where it can: a
    /// grant that nobody sees any more must not go on opening the mailbox. Says whether the provider
    /// was told.
    pub async fn remove(&self, account: AccountId, actor: &str) -> Result<bool, KeeperError> {
        let told = match self.revoke(account, actor).await {
            Ok(told) => told,
            // There was nothing to end.
            Err(KeeperError::NotAuthorized { .. }) => false,
            Err(failure) => return Err(failure),
        };
        self.inner.vault.remove_account(account).await?;
        Ok(told)
    }

    async fn revoke_now(&self, account: AccountId, actor: &str) -> Result<bool, KeeperError> {
        let (case, present) = self.end_here(account, actor).await?;
        // The newest token is the one to name: it may be one that could not be stored.
        let unstored = self.inner.unstored.take(account);
        if let Some(answer) = &unstored {
            self.release(account, &answer.owner).await;
        }
        let newest = unstored
            .and_then(|answer| answer.renewal.refresh_token)
            .or(present);
        let told = match newest {
            Some(token) => self.tell_provider(&case, &token).await,
            None => false,
        };
        info!(
            account = case.name(),
            provider = case.provider.name,
            outcome = "revoked",
            told
        );
        let text = if told {
            format!(
                "The grant of {} was revoked, at the provider too",
                case.name()
            )
        } else {
            format!(
                "The grant of {} was revoked here; the provider was not told",
                case.name()
            )
        };
        self.record(NewEvent {
            kind: EventKind::GrantRevoked,
            actor: actor.to_owned(),
            provider: Some(case.provider.id),
            account: Some(account),
            text,
        })
        .await;
        Ok(told)
    }

    /// Wipes the grant, whatever version it has got to meanwhile; gives back its refresh token.
    async fn end_here(
        &self,
        account: AccountId,
        actor: &str,
    ) -> Result<(Case, Option<SecretString>), KeeperError> {
        let mut attempts = 0;
        loop {
            let case = self.case(account, Resource::Mail).await?;
            if case.grant.state == GrantState::Pending {
                return Err(case.unauthorized());
            }
            let ended = self
                .inner
                .vault
                .end_grant(
                    account,
                    case.grant.version,
                    GrantState::Revoked,
                    &format!("revoked by {actor}"),
                    self.now(),
                )
                .await;
            attempts += 1;
            match ended {
                Ok(_) => {
                    let token = case.grant.refresh_token.clone();
                    return Ok((case, token));
                }
                Err(VaultError::Stale { .. }) if attempts < 10 => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// A renewal's answer came too late to be stored. After a revocation it must not live on at the
    /// provider, which was told of its predecessor alone. Whatever else took its place needs no
    /// word: some providers end with one token all that the person has granted.
    pub(crate) async fn end_late(&self, account: AccountId, answer: &Answer) {
        let Some(token) = &answer.renewal.refresh_token else {
            return;
        };
        match self.case(account, Resource::Mail).await {
            Ok(case) if case.grant.state == GrantState::Revoked => {
                self.tell_provider(&case, token).await;
            }
            Ok(_) => {}
            Err(failure) => {
                debug!(account = account.0, %failure, "a late answer is left to itself");
            }
        }
    }

    async fn tell_provider(&self, case: &Case, token: &SecretString) -> bool {
        let profile = &case.provider.profile;
        let told = match resolve(&self.inner.http, profile).await {
            Ok(endpoints) => revoke(&self.inner.http, profile, &endpoints, token).await,
            Err(refusal) => Err(refusal),
        };
        told.unwrap_or_else(|refusal| {
            warn!(account = case.name(), provider = case.provider.name, %refusal, "the provider could not be told of the revocation");
            false
        })
    }
}
