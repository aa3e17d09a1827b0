//! Authorizations on their way: from the press of the button until the browser is back.

use jiff::Timestamp;
use mailgrant_oauth::Attempt;
use secrecy::SecretString;

use crate::{AccountId, NewGrant, ProviderId, Vault, VaultError};

/// An authorization's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthorizationId(pub i64);

/// An authorization as others see it.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Its row.
    pub id: AuthorizationId,
    /// For which account.
    pub account: AccountId,
    /// When it dies if nobody finishes it.
    pub expires_at: Timestamp,
    /// How it ended; `None` while it is open.
    pub outcome: Option<AuthorizationOutcome>,
}

/// How an authorization ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationOutcome {
    /// The grant is stored; who signed in, where known.
    Granted(Option<String>),
    /// Somebody else signed in than was expected: waits for a confirmation.
    OtherIdentity {
        /// Who was expected.
        expected: String,
        /// Who signed in.
        signed_in: String,
    },
    /// It failed; what the person was told.
    Failed(String),
}

/// What must be remembered while the browser is away.
#[derive(Debug, Clone)]
pub struct Begun {
    /// State, nonce and PKCE verifier.
    pub attempt: Attempt,
    /// The redirect URI, exactly.
    pub redirect_uri: String,
    /// The browser session that it is bound to (a random secret of its cookie).
    pub browser: SecretString,
    /// The provider that was asked, and the version of its profile.
    pub provider: ProviderId,
    /// That version.
    pub provider_version: i64,
}

impl Vault {
    /// Makes a one-time link's secret that begins an authorization in whatever browser opens it:
    /// for `mailgrant account authorize`.
    pub async fn offer_authorization(
        &self,
        account: AccountId,
        ticket: &SecretString,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<AuthorizationId, VaultError> {
        todo!()
    }

    /// Redeems such a ticket, once; `None` where it is unknown, used or dead. Its outcome is from
    /// then on recorded under the same id.
    pub async fn redeem_ticket(
        &self,
        ticket: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Authorization>, VaultError> {
        todo!()
    }

    /// The browser leaves for the provider. `ticket` is the authorization that
    /// [`redeem_ticket`](Self::redeem_ticket) gave, if it began so. State and browser are kept as
    /// hashes, nonce and verifier sealed.
    pub async fn begin_authorization(
        &self,
        account: AccountId,
        ticket: Option<AuthorizationId>,
        begun: &Begun,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<AuthorizationId, VaultError> {
        todo!()
    }

    /// The browser is back with `state`: takes what was remembered, once. `None` where the state
    /// is unknown, was used, is dead or belongs to another browser; a wrong browser does not use
    /// it up.
    pub async fn claim_authorization(
        &self,
        state: &SecretString,
        browser: &SecretString,
        now: Timestamp,
    ) -> Result<Option<(Authorization, Begun)>, VaultError> {
        todo!()
    }

    /// Records how it ended.
    pub async fn finish_authorization(
        &self,
        id: AuthorizationId,
        outcome: &AuthorizationOutcome,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// Keeps the grant of an unexpected identity, sealed, until somebody confirms it.
    pub async fn hold_grant(
        &self,
        id: AuthorizationId,
        grant: &NewGrant,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// Takes a held grant, once, for the browser that began the authorization.
    pub async fn take_held_grant(
        &self,
        id: AuthorizationId,
        browser: &SecretString,
        now: Timestamp,
    ) -> Result<Option<(AccountId, NewGrant)>, VaultError> {
        todo!()
    }

    /// An authorization by its id: for whoever waits for its outcome.
    pub async fn authorization(
        &self,
        id: AuthorizationId,
    ) -> Result<Option<Authorization>, VaultError> {
        todo!()
    }

    /// Drops what has been dead for a day.
    pub async fn sweep_authorizations(&self, now: Timestamp) -> Result<u64, VaultError> {
        todo!()
    }
}
