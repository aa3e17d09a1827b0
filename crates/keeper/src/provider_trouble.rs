//! A provider that refuses Mailgrant's registration: told once, probed seldom, forgotten on success.

use mailgrant_oauth::RefusedCredential;
use mailgrant_vault::{AccountId, EventKind, NewEvent, Provider, ProviderTrouble, VaultError};
use tracing::{error, info, warn};

use crate::Keeper;
use crate::access::Case;

impl Keeper {
    /// Whether the provider refuses the first of two client credentials while the second serves, as
    /// of the last request that this process sent.
    pub fn refused_credential(&self, provider: &Provider) -> Option<RefusedCredential> {
        self.inner.http.refused_credential(&provider.profile)
    }

    /// The provider refused Mailgrant's registration when it was asked for this account.
    pub(crate) async fn note_trouble(&self, case: &Case, reason: &str) -> Result<(), VaultError> {
        let provider = &case.provider;
        let now = self.now();
        let random = self.inner.random.as_ref();
        // Both may be claimed already: the provider by this very probe or by another account that
        // was refused in the same second. Then the wait that is running is long enough.
        let _running = self
            .inner
            .held_providers
            .claim(provider.id, provider.version, now, random);
        let _running =
            self.inner
                .held_accounts
                .claim(case.account.id, provider.version, now, random);

        let trouble = ProviderTrouble {
            reason: reason.to_owned(),
            since: now,
        };
        let news = self
            .inner
            .vault
            .note_provider_trouble(provider.id, provider.version, Some(&trouble))
            .await?;
        if news {
            error!(
                provider = provider.name,
                outcome = "profile_refused",
                said = reason,
                "the provider does not accept Mailgrant's registration; its accounts keep their grants"
            );
            self.record(NewEvent {
                kind: EventKind::ProviderRefused,
                actor: "keeper".to_owned(),
                provider: Some(provider.id),
                account: None,
                text: format!(
                    "{} does not accept Mailgrant's registration: {reason}",
                    provider.name
                ),
            })
            .await;
        }
        Ok(())
    }

    /// The provider took the second of two client credentials because it refuses the first: told
    /// once.
    pub(crate) async fn note_refused_credential(&self, provider: &Provider) {
        let http = &self.inner.http;
        let Some(refused) = http.newly_refused_credential(&provider.profile) else {
            return;
        };
        let subject = format!(
            "provider {} version {} first credential refused",
            provider.id.0, provider.version
        );
        match self.inner.vault.note_warning(&subject, self.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(failure) => {
                error!(%failure, "a warning could not be recorded");
                return;
            }
        }
        let said = refused.said.to_string();
        warn!(
            provider = provider.name,
            said, "the provider refuses the first client credential; the second serves"
        );
        self.record(NewEvent {
            kind: EventKind::CredentialRefused,
            actor: "keeper".to_owned(),
            provider: Some(provider.id),
            account: None,
            text: format!(
                "{} refuses the first client credential, and the second serves: {said}",
                provider.name
            ),
        })
        .await;
    }

    /// The provider accepted Mailgrant's registration.
    pub(crate) async fn note_no_trouble(&self, account: AccountId, provider: &Provider) {
        self.inner.held_accounts.clear(&account);
        if provider.trouble.is_none() {
            return;
        }
        self.inner.held_providers.clear(&provider.id);
        match self
            .inner
            .vault
            .note_provider_trouble(provider.id, provider.version, None)
            .await
        {
            Ok(true) => {
                info!(
                    provider = provider.name,
                    "the provider accepts Mailgrant's registration again"
                );
                self.record(NewEvent {
                    kind: EventKind::ProviderRecovered,
                    actor: "keeper".to_owned(),
                    provider: Some(provider.id),
                    account: None,
                    text: format!("{} accepts Mailgrant's registration again", provider.name),
                })
                .await;
            }
            Ok(false) => {}
            Err(failure) => {
                error!(provider = provider.name, %failure, "the provider's recovery could not be recorded");
            }
        }
    }
}
