//! An account that is reached in the application's own name: nobody signs in.

use mailgrant_base::Diagnose as _;
use mailgrant_oauth::{Access, Resource, application_token, resolve};
use mailgrant_vault::{Account, AccountId, EventKind, NewEvent, NewGrant, Provider};
use tracing::{info, warn};

use super::AuthorizationError;
use crate::Keeper;
use crate::asking::ends_at;

impl Keeper {
    /// Asks for access to the account in the application's own name, at once, and stores it as the
    /// account's grant. For providers whose profile says [`Access::Application`].
    pub async fn connect(&self, account: AccountId, actor: &str) -> Result<(), AuthorizationError> {
        let (account, provider) = self.account_and_provider(account).await?;
        let connected = self.connect_now(&account, &provider).await;
        let name = &account.draft.name;
        let (kind, text) = match &connected {
            Ok(()) => {
                info!(account = name, outcome = "connected");
                let text = format!("{name} was connected in the application's own name");
                (EventKind::AuthorizationGranted, text)
            }
            Err(failure) => {
                let why = failure.diagnosis().to_string();
                warn!(account = name, outcome = "failed", why);
                let text = format!("{name} was not connected: {why}");
                (EventKind::AuthorizationFailed, text)
            }
        };
        self.record(NewEvent {
            kind,
            actor: actor.to_owned(),
            provider: Some(provider.id),
            account: Some(account.id),
            text,
        })
        .await;
        connected
    }

    async fn connect_now(
        &self,
        account: &Account,
        provider: &Provider,
    ) -> Result<(), AuthorizationError> {
        let (http, profile) = (&self.inner.http, &provider.profile);
        if profile.access != Access::Application {
            return Err(AuthorizationError::SomebodySignsIn(provider.name.clone()));
        }
        let endpoints = resolve(http, profile).await?;
        let sent_at = self.now();
        let mailbox = &account.draft.address;
        let tokens = application_token(http, profile, &endpoints, mailbox, Resource::Mail).await?;
        self.note_no_trouble(account.id, provider).await;
        self.note_refused_credential(provider).await;
        let grant = NewGrant {
            refresh_token: None,
            scopes: tokens.scopes.unwrap_or_default(),
            subject: Some(profile.client_id.clone()),
            signed_in: None,
            access_token: tokens.access_token,
            resource: Resource::Mail,
            expires_at: ends_at(sent_at, tokens.expires_in),
        };
        let vault = &self.inner.vault;
        vault.store_grant(account.id, &grant, self.now()).await?;
        Ok(())
    }
}
