//! The browser leaves for the provider.

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Diagnose as _;
use mailgrant_oauth::{
    Attempt, AuthorizeUrl, RedirectUri, authorize_url, requested_scopes, resolve,
};
use mailgrant_vault::{
    Account, AccountId, AuthorizationId, AuthorizationOutcome, Begun, EventKind, Invitation,
    InvitationId, NewEvent, Provider, VaultError,
};
use secrecy::SecretString;
use tracing::{error, info};

use super::{AuthorizationError, Departure, Ticket};
use crate::Keeper;

/// How long an authorization may take.
const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// What an authorization begins with.
enum Origin {
    /// A button, pressed by an administrator.
    Here,
    /// The one-time link of the command line.
    Ticket(AuthorizationId),
    /// An invitation's link.
    Invitation(InvitationId),
}

impl Keeper {
    /// Makes a one-time link for an account, good for 10 minutes.
    pub async fn offer(&self, account: AccountId) -> Result<Ticket, AuthorizationError> {
        let vault = &self.inner.vault;
        if vault.account(account).await?.is_none() {
            return Err(AuthorizationError::NoAccount);
        }
        let secret = SecretString::from(self.inner.random.token());
        let now = self.now();
        let id = vault
            .offer_authorization(account, &secret, now, dies_at(now))
            .await?;
        Ok(Ticket { secret, id })
    }

    /// The browser (whose session cookie's secret is `browser`) leaves for the provider.
    pub async fn begin(
        &self,
        account: AccountId,
        browser: &SecretString,
    ) -> Result<Departure, AuthorizationError> {
        self.depart(account, Origin::Here, browser, &self.inner.redirect_uri)
            .await
    }

    /// The same, and the answer goes to another redirect URI: one that a command line listens on
    /// (RFC 8252, section 7.3), or one whose address a person copies back to it.
    pub async fn begin_at(
        &self,
        account: AccountId,
        browser: &SecretString,
        redirect_uri: &RedirectUri,
    ) -> Result<Departure, AuthorizationError> {
        self.depart(account, Origin::Here, browser, redirect_uri)
            .await
    }

    /// Invites a mailbox's owner to authorise an account without being an administrator here; gives
    /// what the link ends with.
    pub async fn invite(
        &self,
        account: AccountId,
        invited_by: &str,
        life: SignedDuration,
    ) -> Result<(Invitation, SecretString), AuthorizationError> {
        let vault = &self.inner.vault;
        let found = vault.account(account).await?;
        let name = found.ok_or(AuthorizationError::NoAccount)?.draft.name;
        let secret = SecretString::from(self.inner.random.token());
        let now = self.now();
        let dies_at = now.saturating_add(life).unwrap_or(now);
        let invitation = vault
            .invite(account, &secret, invited_by, now, dies_at)
            .await?;
        self.record(NewEvent {
            kind: EventKind::InvitationMade,
            actor: invited_by.to_owned(),
            provider: None,
            account: Some(account),
            text: format!("{invited_by} made a link with which {name} can be authorised"),
        })
        .await;
        Ok((invitation, secret))
    }

    /// Ends all invitations of an account that nobody has used; says how many there were.
    pub async fn withdraw_invitations(
        &self,
        account: &Account,
        actor: &str,
    ) -> Result<u64, VaultError> {
        let withdrawn = self.inner.vault.withdraw_invitations(account.id).await?;
        if withdrawn > 0 {
            self.record(NewEvent {
                kind: EventKind::InvitationsWithdrawn,
                actor: actor.to_owned(),
                provider: None,
                account: Some(account.id),
                text: format!("{actor} withdrew the invitations of {}", account.draft.name),
            })
            .await;
        }
        Ok(withdrawn)
    }

    /// The same as [`begin`](Self::begin), begun by whoever was invited. The link goes on serving
    /// until the account is authorised with it.
    pub async fn begin_with_invitation(
        &self,
        secret: &SecretString,
        browser: &SecretString,
    ) -> Result<Departure, AuthorizationError> {
        let opened = self.inner.vault.open_invitation(secret, self.now()).await?;
        let invitation = opened.ok_or(AuthorizationError::DeadInvitation)?;
        let origin = Origin::Invitation(invitation.id);
        let redirect_uri = &self.inner.redirect_uri;
        self.depart(invitation.account, origin, browser, redirect_uri)
            .await
    }

    /// The same, begun by opening a one-time link.
    pub async fn begin_with_ticket(
        &self,
        ticket: &SecretString,
        browser: &SecretString,
    ) -> Result<Departure, AuthorizationError> {
        let vault = &self.inner.vault;
        let Some(offered) = vault.redeem_ticket(ticket, self.now()).await? else {
            return Err(AuthorizationError::DeadTicket);
        };
        let (origin, redirect_uri) = (Origin::Ticket(offered.id), &self.inner.redirect_uri);
        let departure = self
            .depart(offered.account, origin, browser, redirect_uri)
            .await;
        if let Err(failure) = &departure {
            // The link is spent: whoever waits for its outcome must not wait in vain.
            let outcome = AuthorizationOutcome::Failed(failure.diagnosis().to_string());
            let told = vault
                .finish_authorization(offered.id, &outcome, self.now())
                .await;
            if let Err(failure) = told {
                error!(%failure, "the outcome of an authorization could not be recorded");
            }
        }
        departure
    }

    async fn depart(
        &self,
        account: AccountId,
        origin: Origin,
        browser: &SecretString,
        redirect_uri: &RedirectUri,
    ) -> Result<Departure, AuthorizationError> {
        let (account, provider) = self.account_and_provider(account).await?;
        super::require_somebody(&provider)?;
        let (ticket, invitation) = match origin {
            Origin::Here => (None, None),
            Origin::Ticket(id) => (Some(id), None),
            Origin::Invitation(id) => (None, Some(id)),
        };
        let endpoints = resolve(&self.inner.http, &provider.profile).await?;
        let begun = Begun {
            attempt: Attempt::new(self.inner.random.as_ref()),
            redirect_uri: redirect_uri.as_str().to_owned(),
            browser: browser.clone(),
            provider: provider.id,
            provider_version: provider.version,
            invitation,
        };
        let url = authorize_url(
            &AuthorizeUrl {
                profile: &provider.profile,
                endpoints: &endpoints,
                redirect_uri,
                scopes: &requested_scopes(&provider.profile, &endpoints),
                login_hint: account.expected_sign_in(),
            },
            &begun.attempt,
        )?;
        let now = self.now();
        self.inner
            .vault
            .begin_authorization(account.id, ticket, &begun, now, dies_at(now))
            .await?;
        info!(
            account = account.draft.name,
            provider = provider.name,
            "a browser leaves for the provider"
        );
        Ok(Departure { url })
    }

    /// The account and its provider, which is not paused.
    pub(super) async fn account_and_provider(
        &self,
        account: AccountId,
    ) -> Result<(Account, Provider), AuthorizationError> {
        let vault = &self.inner.vault;
        let account = vault.account(account).await?;
        let account = account.ok_or(AuthorizationError::NoAccount)?;
        let provider = vault.provider(account.draft.provider).await?;
        let provider = provider.ok_or(AuthorizationError::NoAccount)?;
        if provider.paused {
            return Err(AuthorizationError::ProviderPaused(provider.name));
        }
        Ok((account, provider))
    }
}

fn dies_at(now: Timestamp) -> Timestamp {
    now.saturating_add(LIFE).unwrap_or(now)
}
