//! The browser is back.

use std::future::Future;

use jiff::Timestamp;
use mailgrant_base::Diagnose as _;
use mailgrant_oauth::{
    Callback, Endpoints, Identity, IdentityError, RedirectUri, Resource, Scope, Tokens, identity,
    redeem_code, redeemed_scopes, requested_scopes, resolve,
};
use mailgrant_vault::{
    Account, AccountId, Authorization, AuthorizationId, AuthorizationOutcome, Begun, EventKind,
    InvitationId, NewEvent, NewGrant, Provider, VaultError,
};
use secrecy::SecretString;
use tracing::{error, info, warn};

use super::checks::{is_expected, keeps_refresh_token, missing_scope, owes_id_token};
use super::{Arrival, AuthorizationError, Finished};
use crate::Keeper;
use crate::asking::ends_at;

impl Keeper {
    /// The browser is back: checks the answer, redeems the code, looks who signed in and stores
    /// the grant (or holds it until the unexpected identity is confirmed).
    pub async fn finish(&self, arrival: Arrival<'_>) -> Result<Finished, AuthorizationError> {
        let callback = Callback::parse(arrival.query)?;
        let browser = arrival.browser.ok_or(AuthorizationError::UnknownState)?;
        let claimed = self
            .inner
            .vault
            .claim_authorization(&callback.state, browser, self.now())
            .await?;
        let (authorization, begun) = claimed.ok_or(AuthorizationError::UnknownState)?;

        let keeper = self.clone();
        self.to_the_end(async move {
            let outcome = keeper.complete(&authorization, &begun, callback).await;
            keeper
                .conclude(authorization.id, authorization.account, outcome)
                .await
        })
        .await
    }

    /// Somebody looked at the unexpected identity and accepts it.
    pub async fn accept_identity(
        &self,
        id: AuthorizationId,
        browser: &SecretString,
    ) -> Result<Finished, AuthorizationError> {
        let held = self
            .inner
            .vault
            .take_held_grant(id, browser, self.now())
            .await?;
        let (account, grant) = held.ok_or(AuthorizationError::UnknownState)?;

        let keeper = self.clone();
        self.to_the_end(async move {
            let outcome = keeper.accept(account, grant).await;
            keeper.conclude(id, account, outcome).await
        })
        .await
    }

    /// From the claimed state to the stored or held grant.
    async fn complete(
        &self,
        authorization: &Authorization,
        begun: &Begun,
        callback: Callback,
    ) -> Result<AuthorizationOutcome, AuthorizationError> {
        let (account, provider) = self.account_and_provider(authorization.account).await?;
        if (provider.id, provider.version) != (begun.provider, begun.provider_version) {
            return Err(AuthorizationError::ProfileChanged);
        }
        let endpoints = resolve(&self.inner.http, &provider.profile).await?;
        callback.check_issuer(&endpoints)?;
        let code = callback.answer?;

        let redirect_uri =
            RedirectUri::parse(&begun.redirect_uri).map_err(VaultError::Unexpected)?;
        let sent_at = self.now();
        let tokens = redeem_code(
            &self.inner.http,
            &provider.profile,
            &endpoints,
            &redirect_uri,
            &code,
            &begun.attempt.verifier,
        )
        .await?;
        self.note_no_trouble(account.id, &provider).await;

        let nonce = Some(&begun.attempt.nonce);
        let grant = self
            .granted_to(&account, &provider, &endpoints, tokens, nonce, sent_at)
            .await?;
        if let Some(invitation) = begun.invitation {
            let names = names_people(&provider, &endpoints);
            return self
                .store_for_invited(invitation, &account, grant, names)
                .await;
        }
        self.store_or_hold(authorization.id, &account, grant).await
    }

    /// What a provider gave, checked: who signed in, what was granted, and that it lasts. A code that
    /// came through a browser brings the `nonce` that it left with.
    pub(super) async fn granted_to(
        &self,
        account: &Account,
        provider: &Provider,
        endpoints: &Endpoints,
        tokens: Tokens,
        nonce: Option<&SecretString>,
        sent_at: Timestamp,
    ) -> Result<NewGrant, AuthorizationError> {
        let signed_in = self.signed_in(provider, endpoints, &tokens, nonce).await?;
        let expires_at = ends_at(sent_at, tokens.expires_in);
        let grant = NewGrant {
            scopes: granted(provider, endpoints, &tokens)?,
            refresh_token: tokens.refresh_token,
            subject: signed_in.as_ref().map(|identity| identity.subject.clone()),
            signed_in: signed_in.map(|identity| identity.name),
            access_token: tokens.access_token,
            resource: Resource::Mail,
            expires_at,
        };
        self.require_refresh_token(account.id, &grant).await?;
        Ok(grant)
    }

    /// The link goes on serving until it has led to a grant.
    async fn store_for_invited(
        &self,
        invitation: InvitationId,
        account: &Account,
        grant: NewGrant,
        names: bool,
    ) -> Result<AuthorizationOutcome, AuthorizationError> {
        require_expected(account, &grant, names)?;
        // Withdrawn, used or run out while its browser was away.
        let vault = &self.inner.vault;
        if !vault.spend_invitation(invitation, self.now()).await? {
            return Err(AuthorizationError::DeadInvitation);
        }
        self.store(account.id, grant).await
    }

    /// Where whoever signs in cannot decide that somebody else may, an unexpected identity is
    /// refused and not held; so is none, where the provider names people to whoever asks.
    pub(super) async fn store_for_expected(
        &self,
        account: &Account,
        grant: NewGrant,
        names: bool,
    ) -> Result<AuthorizationOutcome, AuthorizationError> {
        require_expected(account, &grant, names)?;
        self.store(account.id, grant).await
    }

    async fn store(
        &self,
        account: AccountId,
        grant: NewGrant,
    ) -> Result<AuthorizationOutcome, AuthorizationError> {
        let vault = &self.inner.vault;
        vault.store_grant(account, &grant, self.now()).await?;
        Ok(AuthorizationOutcome::Granted(grant.signed_in))
    }

    /// Who signed in; `None` at a provider that does not say (plain OAuth 2.0).
    async fn signed_in(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
        tokens: &Tokens,
        nonce: Option<&SecretString>,
    ) -> Result<Option<Identity>, AuthorizationError> {
        if endpoints.jwks.is_none() {
            return Ok(None);
        }
        let Some(id_token) = &tokens.id_token else {
            let requested = requested_scopes(&provider.profile, endpoints);
            if owes_id_token(&requested, tokens.scopes.as_deref()) {
                let why = "the provider sent no id_token although `openid` was asked for";
                return Err(AuthorizationError::Identity(why.to_owned()));
            }
            return Ok(None);
        };
        identity(
            &self.inner.http,
            &provider.profile,
            endpoints,
            id_token,
            nonce,
            self.now(),
        )
        .await
        .map(Some)
        .map_err(|failure| match failure {
            IdentityError::Keys(refusal) => refusal.into(),
            failure @ IdentityError::Invalid(_) => {
                AuthorizationError::Identity(failure.to_string())
            }
        })
    }

    /// A grant that cannot be renewed is none, unless the refresh token from before goes on
    /// serving.
    async fn require_refresh_token(
        &self,
        account: AccountId,
        grant: &NewGrant,
    ) -> Result<(), AuthorizationError> {
        if grant.refresh_token.is_some() {
            return Ok(());
        }
        match self.inner.vault.grant(account).await? {
            Some(present) if keeps_refresh_token(&present, grant.subject.as_deref()) => Ok(()),
            _ => Err(AuthorizationError::NoRefreshToken),
        }
    }

    async fn store_or_hold(
        &self,
        id: AuthorizationId,
        account: &Account,
        grant: NewGrant,
    ) -> Result<AuthorizationOutcome, AuthorizationError> {
        let expected = account.expected_sign_in();
        match &grant.signed_in {
            Some(signed_in) if !is_expected(signed_in, expected) => {
                self.inner.vault.hold_grant(id, &grant).await?;
                Ok(AuthorizationOutcome::OtherIdentity {
                    expected: expected.to_owned(),
                    signed_in: signed_in.clone(),
                })
            }
            _ => self.store(account.id, grant).await,
        }
    }

    async fn accept(
        &self,
        account: AccountId,
        grant: NewGrant,
    ) -> Result<AuthorizationOutcome, AuthorizationError> {
        self.account_and_provider(account).await?;
        self.require_refresh_token(account, &grant).await?;
        self.store(account, grant).await
    }

    /// Records how it ended: for whoever waits for it, and for good.
    pub(super) async fn conclude(
        &self,
        id: AuthorizationId,
        account: AccountId,
        outcome: Result<AuthorizationOutcome, AuthorizationError>,
    ) -> Result<Finished, AuthorizationError> {
        let told = match &outcome {
            Ok(outcome) => outcome.clone(),
            Err(failure) => AuthorizationOutcome::Failed(failure.diagnosis().to_string()),
        };
        let recorded = self
            .inner
            .vault
            .finish_authorization(id, &told, self.now())
            .await;
        if let Err(failure) = recorded {
            error!(account = account.0, %failure, "the outcome of an authorization could not be recorded");
        }
        self.tell(account, &told).await;
        outcome.map(|outcome| Finished {
            id,
            account,
            outcome,
        })
    }

    async fn tell(&self, account: AccountId, outcome: &AuthorizationOutcome) {
        let found = self.inner.vault.account(account).await.ok().flatten();
        let provider = found.as_ref().map(|account| account.draft.provider);
        let name = found.map_or_else(
            || format!("account {}", account.0),
            |account| account.draft.name,
        );
        let (kind, text) = match outcome {
            AuthorizationOutcome::Granted(who) => {
                info!(account = name, outcome = "granted");
                let who = who.as_deref().unwrap_or("somebody unknown");
                let text = format!("{name} was authorised; {who} signed in");
                (EventKind::AuthorizationGranted, text)
            }
            AuthorizationOutcome::OtherIdentity {
                expected,
                signed_in,
            } => {
                warn!(account = name, outcome = "other_identity");
                let text = format!(
                    "{name}: {signed_in} signed in where {expected} was expected; waits for a \
                     confirmation"
                );
                (EventKind::AuthorizationFailed, text)
            }
            AuthorizationOutcome::Failed(why) => {
                warn!(account = name, outcome = "failed", why);
                let text = format!("{name} was not authorised: {why}");
                (EventKind::AuthorizationFailed, text)
            }
        };
        self.record(NewEvent {
            kind,
            actor: "browser".to_owned(),
            provider,
            account: Some(account),
            text,
        })
        .await;
    }

    /// Runs in a task of its own: the code serves one time, so a browser that goes away now must
    /// not take the grant with it.
    async fn to_the_end<F>(&self, work: F) -> Result<Finished, AuthorizationError>
    where
        F: Future<Output = Result<Finished, AuthorizationError>> + Send + 'static,
    {
        let work = self.inner.in_hand.spawn(work);
        work.await.unwrap_or_else(|failure| {
            let what = format!("an authorization broke off: {failure}");
            Err(VaultError::Unexpected(what).into())
        })
    }
}

/// Whether the provider is asked who signs in, and has keys to prove it. Where people choose what they
/// consent to, that is not yet an answer.
pub(super) fn names_people(provider: &Provider, endpoints: &Endpoints) -> bool {
    let requested = requested_scopes(&provider.profile, endpoints);
    endpoints.jwks.is_some() && owes_id_token(&requested, None)
}

fn require_expected(
    account: &Account,
    grant: &NewGrant,
    names: bool,
) -> Result<(), AuthorizationError> {
    let expected = account.expected_sign_in();
    match &grant.signed_in {
        Some(signed_in) if !is_expected(signed_in, expected) => {
            Err(AuthorizationError::NotTheInvited {
                expected: expected.to_owned(),
                signed_in: signed_in.clone(),
            })
        }
        None if names => Err(AuthorizationError::NobodyNamed {
            expected: expected.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The granted scopes, in which none that is needed for mail is missing.
fn granted(
    provider: &Provider,
    endpoints: &Endpoints,
    tokens: &Tokens,
) -> Result<Vec<Scope>, AuthorizationError> {
    let requested = redeemed_scopes(&provider.profile, endpoints);
    // An answer that names no scopes gives those that were asked for (RFC 6749, section 5.1).
    let granted = tokens.scopes.clone().unwrap_or_else(|| requested.clone());
    match missing_scope(&requested, &granted) {
        None => Ok(granted),
        Some(missing) => Err(AuthorizationError::ScopeMissing {
            missing: missing.to_string(),
        }),
    }
}
