//! A person authorises an account with a code that they type on any device (RFC 8628).
//!
//! The code belongs to this process: after a restart it leads nowhere, and a new one is asked for.

use std::time::Duration;

use jiff::Timestamp;
use mailgrant_base::Diagnose as _;
use mailgrant_oauth::{
    DeviceAuthorization, DevicePoll, Endpoints, Refusal, Tokens, begin_device, poll_device, resolve,
};
use mailgrant_vault::{AccountId, AuthorizationId, AuthorizationOutcome, Provider};
use secrecy::SecretString;
use tokio::time::sleep;
use tracing::{debug, error, info};
use url::Url;

use super::AuthorizationError;
use super::finish::names_people;
use crate::Keeper;
use crate::schedule::after;

/// RFC 8628, section 3.5: where the provider does not answer, it is asked less and less often.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What a person needs.
#[derive(Debug, Clone)]
pub struct DeviceOffer {
    /// Where the outcome will be recorded.
    pub id: AuthorizationId,
    /// What the person types.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: Url,
    /// The same with the code in it, where the provider has that.
    pub verification_uri_complete: Option<Url>,
    /// When the code ends.
    pub expires_at: Timestamp,
}

/// One such authorization under way.
struct Wait {
    id: AuthorizationId,
    account: AccountId,
    provider: Provider,
    endpoints: Endpoints,
    begun: DeviceAuthorization,
    expires_at: Timestamp,
}

impl Keeper {
    /// Asks the provider for a code, and from then on, in a task of its own, whether somebody has
    /// typed it. How that ends is recorded under the offer's id.
    ///
    /// Whoever types the code cannot decide that somebody else may sign in (RFC 8628, section 5.4):
    /// an unexpected identity is refused.
    pub async fn begin_device(
        &self,
        account: AccountId,
    ) -> Result<DeviceOffer, AuthorizationError> {
        let (account, provider) = self.account_and_provider(account).await?;
        let (http, profile) = (&self.inner.http, &provider.profile);
        super::require_somebody(&provider)?;
        let endpoints = resolve(http, profile).await?;
        let begun = begin_device(http, profile, &endpoints).await?;
        self.note_no_trouble(account.id, &provider).await;
        let now = self.now();
        let expires_at = after(now, begun.expires_in);
        // Nobody knows this secret, so nobody can come with it: only the row is wanted.
        let nobody = SecretString::from(self.inner.random.token());
        let vault = &self.inner.vault;
        let offered = vault.offer_authorization(account.id, &nobody, now, expires_at);
        let offer = DeviceOffer {
            id: offered.await?,
            user_code: begun.user_code.clone(),
            verification_uri: begun.verification_uri.clone(),
            verification_uri_complete: begun.verification_uri_complete.clone(),
            expires_at,
        };
        info!(
            account = account.draft.name,
            provider = provider.name,
            "a code was asked for, to be typed on another device"
        );
        let wait = Wait {
            id: offer.id,
            account: account.id,
            provider,
            endpoints,
            begun,
            expires_at,
        };
        let keeper = self.clone();
        tokio::spawn(async move { keeper.wait_for_device(wait).await });
        Ok(offer)
    }

    async fn wait_for_device(&self, mut wait: Wait) {
        let mut pause = wait.begun.interval;
        let mut asked_at = self.now();
        let tokens = loop {
            sleep(pause).await;
            if self.now() >= wait.expires_at {
                break Err(AuthorizationError::CodeExpired);
            }
            if !self.is_open(wait.id).await {
                // The account or the authorization is gone: there is nobody to tell.
                return;
            }
            asked_at = self.now();
            let profile = &wait.provider.profile;
            let polled = poll_device(&self.inner.http, profile, &wait.endpoints, &mut wait.begun);
            match polled.await {
                Ok(DevicePoll::Waiting { interval }) => pause = interval,
                Ok(DevicePoll::Granted(tokens)) => break Ok(tokens),
                Ok(DevicePoll::Declined) => break Err(AuthorizationError::Declined),
                Ok(DevicePoll::Expired) => break Err(AuthorizationError::CodeExpired),
                Err(passing @ (Refusal::Later { .. } | Refusal::Garbled(_))) => {
                    debug!(account = wait.account.0, %passing, "no answer about the code yet");
                    pause = (pause * 2).min(LONGEST_PAUSE.max(wait.begun.interval));
                }
                Err(refusal) => break Err(refusal.into()),
            }
        };
        // The code serves once: a stop waits until what it brought is stored.
        let keeper = self.clone();
        let work = async move {
            let outcome = match tokens {
                Ok(tokens) => keeper.store_of_device(&wait, tokens, asked_at).await,
                Err(failure) => Err(failure),
            };
            keeper.conclude(wait.id, wait.account, outcome).await
        };
        match self.inner.in_hand.spawn(work).await {
            Ok(Ok(_)) => {}
            // Recorded and told already.
            Ok(Err(failure)) => debug!(why = %failure.diagnosis(), "the code led to no grant"),
            Err(failure) => error!(%failure, "an authorization broke off"),
        }
    }

    async fn is_open(&self, id: AuthorizationId) -> bool {
        match self.inner.vault.authorization(id).await {
            Ok(found) => found.is_some_and(|found| found.outcome.is_none()),
            // The store's trouble passes, or the wait ends with the code.
            Err(_) => true,
        }
    }

    async fn store_of_device(
        &self,
        wait: &Wait,
        tokens: Tokens,
        asked_at: Timestamp,
    ) -> Result<AuthorizationOutcome, AuthorizationError> {
        let (account, provider) = self.account_and_provider(wait.account).await?;
        if (provider.id, provider.version) != (wait.provider.id, wait.provider.version) {
            return Err(AuthorizationError::ProfileChanged);
        }
        let grant = self
            .granted_to(&account, &provider, &wait.endpoints, tokens, None, asked_at)
            .await?;
        let names = names_people(&provider, &wait.endpoints);
        self.store_for_expected(&account, grant, names).await
    }
}
