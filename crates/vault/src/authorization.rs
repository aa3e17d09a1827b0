//! Authorizations on their way: from the press of the button until the browser is back.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mailgrant_oauth::Attempt;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::column::{from_json, json, micros, plain, time};
use crate::seal::{Place, hash, hex};
use crate::store::Answer;
use crate::{AccountId, InvitationId, NewGrant, ProviderId, Vault, VaultError};

const NONCE: Place = Place {
    table: "authorizations",
    column: "nonce",
};
const VERIFIER: Place = Place {
    table: "authorizations",
    column: "verifier",
};
const HELD_GRANT: Place = Place {
    table: "authorizations",
    column: "held_grant",
};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// The invitation that it began with.
    pub invitation: Option<InvitationId>,
}

/// A row of `authorizations` as others see it.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AuthorizationRow {
    pub(crate) id: i64,
    pub(crate) account_id: i64,
    pub(crate) expires_at: i64,
    pub(crate) outcome: Option<String>,
}

/// What is stored while the browser is away.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct BegunFields {
    pub(crate) state_hash: Vec<u8>,
    pub(crate) browser_hash: Vec<u8>,
    pub(crate) nonce: Vec<u8>,
    pub(crate) verifier: Vec<u8>,
    pub(crate) redirect_uri: String,
    pub(crate) provider_id: i64,
    pub(crate) provider_version: i64,
    pub(crate) invitation_id: Option<i64>,
}

/// A claimed row of `authorizations`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ClaimedRow {
    #[sqlx(flatten)]
    pub(crate) row: AuthorizationRow,
    #[sqlx(flatten)]
    pub(crate) begun: BegunFields,
}

/// The rows of `authorizations`.
#[async_trait]
pub(crate) trait AuthorizationStore: Send + Sync {
    async fn offer_authorization(
        &self,
        account: i64,
        ticket_hash: &[u8],
        now: i64,
        expires_at: i64,
    ) -> Answer<i64>;
    async fn redeem_ticket(&self, ticket_hash: &[u8], now: i64)
    -> Answer<Option<AuthorizationRow>>;
    async fn begin_authorization(
        &self,
        account: i64,
        begun: &BegunFields,
        now: i64,
        expires_at: i64,
    ) -> Answer<i64>;
    /// Continues a redeemed ticket; says whether there was one.
    async fn begin_with_ticket(
        &self,
        id: i64,
        account: i64,
        begun: &BegunFields,
        expires_at: i64,
    ) -> Answer<bool>;
    async fn claim_authorization(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
        now: i64,
    ) -> Answer<Option<ClaimedRow>>;
    /// Says whether it was still open. What was sealed for the way goes; the held grant too unless
    /// `hold`.
    async fn finish_authorization(&self, id: i64, outcome: &str, hold: bool) -> Answer<bool>;
    /// Says whether it was there and not over.
    async fn hold_grant(&self, id: i64, grant: &[u8]) -> Answer<bool>;
    /// Account and held grant, which is gone from the row then.
    async fn take_held_grant(
        &self,
        id: i64,
        browser_hash: &[u8],
        now: i64,
    ) -> Answer<Option<(i64, Vec<u8>)>>;
    async fn authorization(&self, id: i64) -> Answer<Option<AuthorizationRow>>;
    async fn authorization_of_state(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
    ) -> Answer<Option<AuthorizationRow>>;
    async fn open_ticket(&self, ticket_hash: &[u8], now: i64) -> Answer<Option<AuthorizationRow>>;
    async fn authorization_of_browser(
        &self,
        id: i64,
        browser_hash: &[u8],
    ) -> Answer<Option<AuthorizationRow>>;
    async fn sweep_authorizations(&self, dead_since: i64) -> Answer<u64>;
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
        let (now, expires_at) = (micros(now), micros(expires_at));
        let (store, ticket) = (self.store(), hash(ticket));
        let offered = store.offer_authorization(account.0, &ticket, now, expires_at);
        self.told_of_account(offered.await).map(AuthorizationId)
    }

    /// Looks at such a ticket without spending it; `None` where it could not be redeemed.
    pub async fn open_ticket(
        &self,
        ticket: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Authorization>, VaultError> {
        let row = self.store().open_ticket(&hash(ticket), micros(now)).await;
        let row = self.told(row)?;
        row.as_ref().map(Authorization::read).transpose()
    }

    /// Redeems such a ticket, once; `None` where it is unknown, used or dead. Its outcome is from
    /// then on recorded under the same id.
    pub async fn redeem_ticket(
        &self,
        ticket: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Authorization>, VaultError> {
        let redeemed = self.store().redeem_ticket(&hash(ticket), micros(now)).await;
        let row = self.told(redeemed)?;
        row.as_ref().map(Authorization::read).transpose()
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
        let state_hash = hash(&begun.attempt.state);
        let row = hex(&state_hash);
        let fields = BegunFields {
            browser_hash: hash(&begun.browser),
            nonce: self.seal(NONCE, &row, &begun.attempt.nonce)?,
            verifier: self.seal(VERIFIER, &row, &begun.attempt.verifier)?,
            state_hash,
            redirect_uri: begun.redirect_uri.clone(),
            provider_id: begun.provider.0,
            provider_version: begun.provider_version,
            invitation_id: begun.invitation.map(|id| id.0),
        };
        let (store, expires_at) = (self.store(), micros(expires_at));
        let Some(id) = ticket else {
            let begun = store.begin_authorization(account.0, &fields, micros(now), expires_at);
            return self.told_of_account(begun.await).map(AuthorizationId);
        };
        let continued = store.begin_with_ticket(id.0, account.0, &fields, expires_at);
        let there = self.told(continued.await)?;
        there.then_some(id).ok_or(GONE)
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
        let (state_hash, browser_hash) = (hash(state), hash(browser));
        let store = self.store();
        let claimed = store.claim_authorization(&state_hash, &browser_hash, micros(now));
        let Some(ClaimedRow { row, begun }) = self.told(claimed.await)? else {
            return Ok(None);
        };
        let sealed_for = hex(&state_hash);
        let begun = Begun {
            attempt: Attempt {
                state: state.clone(),
                nonce: self.unseal(NONCE, &sealed_for, &begun.nonce)?,
                verifier: self.unseal(VERIFIER, &sealed_for, &begun.verifier)?,
            },
            redirect_uri: begun.redirect_uri,
            browser: browser.clone(),
            provider: ProviderId(begun.provider_id),
            provider_version: begun.provider_version,
            invitation: begun.invitation_id.map(InvitationId),
        };
        Ok(Some((Authorization::read(&row)?, begun)))
    }

    /// Records how it ended. An authorization that waits for the confirmation of an unexpected
    /// identity can end once more; else the first outcome stays ([`VaultError::Stale`]).
    pub async fn finish_authorization(
        &self,
        id: AuthorizationId,
        outcome: &AuthorizationOutcome,
        _now: Timestamp,
    ) -> Result<(), VaultError> {
        use AuthorizationOutcome::{Failed, Granted, OtherIdentity};
        let outcome = match outcome {
            Granted(who) => Granted(who.as_deref().map(plain)),
            OtherIdentity {
                expected,
                signed_in,
            } => OtherIdentity {
                expected: plain(expected),
                signed_in: plain(signed_in),
            },
            Failed(why) => Failed(plain(why)),
        };
        let hold = matches!(outcome, OtherIdentity { .. });
        let outcome = json(&outcome)?;
        let finished = self.store().finish_authorization(id.0, &outcome, hold);
        let there = self.told(finished.await)?;
        there.then_some(()).ok_or(GONE)
    }

    /// Keeps the grant of an unexpected identity, sealed, until somebody confirms it or the
    /// authorization's time is over.
    pub async fn hold_grant(
        &self,
        id: AuthorizationId,
        grant: &NewGrant,
    ) -> Result<(), VaultError> {
        let sealed = self.seal(HELD_GRANT, &id.0.to_string(), &grant.to_secret()?)?;
        let there = self.told(self.store().hold_grant(id.0, &sealed).await)?;
        there.then_some(()).ok_or(GONE)
    }

    /// Takes a held grant, once, for the browser that began the authorization.
    pub async fn take_held_grant(
        &self,
        id: AuthorizationId,
        browser: &SecretString,
        now: Timestamp,
    ) -> Result<Option<(AccountId, NewGrant)>, VaultError> {
        let browser_hash = hash(browser);
        let taken = self
            .store()
            .take_held_grant(id.0, &browser_hash, micros(now));
        let Some((account, sealed)) = self.told(taken.await)? else {
            return Ok(None);
        };
        let secret = self.unseal(HELD_GRANT, &id.0.to_string(), &sealed)?;
        Ok(Some((AccountId(account), NewGrant::from_secret(&secret)?)))
    }

    /// An authorization by its id: for whoever waits for its outcome.
    pub async fn authorization(
        &self,
        id: AuthorizationId,
    ) -> Result<Option<Authorization>, VaultError> {
        let row = self.told(self.store().authorization(id.0).await)?;
        row.as_ref().map(Authorization::read).transpose()
    }

    /// The same for the browser that began it, and for no other: it says who signed in.
    pub async fn authorization_of_browser(
        &self,
        id: AuthorizationId,
        browser: &SecretString,
    ) -> Result<Option<Authorization>, VaultError> {
        let browser_hash = hash(browser);
        let found = self.store().authorization_of_browser(id.0, &browser_hash);
        let row = self.told(found.await)?;
        row.as_ref().map(Authorization::read).transpose()
    }

    /// The authorization that a browser left with this `state`, whatever became of it since.
    pub async fn authorization_of_state(
        &self,
        state: &SecretString,
        browser: &SecretString,
    ) -> Result<Option<Authorization>, VaultError> {
        let (state_hash, browser_hash) = (hash(state), hash(browser));
        let found = self
            .store()
            .authorization_of_state(&state_hash, &browser_hash);
        let row = self.told(found.await)?;
        row.as_ref().map(Authorization::read).transpose()
    }

    /// Drops what has been dead for a day: authorizations, invitations, and the memory of warnings
    /// of two years ago.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, VaultError> {
        let dead_since = now
            .saturating_sub(SignedDuration::from_hours(24))
            .unwrap_or(now);
        let store = self.store();
        self.told(store.sweep_invitations(micros(dead_since)).await)?;
        let old = now.saturating_sub(SignedDuration::from_hours(24 * 730));
        self.told(store.sweep_warnings(micros(old.unwrap_or(now))).await)?;
        self.told(store.sweep_authorizations(micros(dead_since)).await)
    }

    /// The database's answer where the account may have been removed meanwhile.
    pub(crate) fn told_of_account<T>(&self, answer: Answer<T>) -> Result<T, VaultError> {
        match answer {
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
                Err(VaultError::Stale {
                    what: "the account",
                })
            }
            answer => self.told(answer),
        }
    }
}

const GONE: VaultError = VaultError::Stale {
    what: "the authorization",
};

impl Authorization {
    fn read(row: &AuthorizationRow) -> Result<Self, VaultError> {
        Ok(Self {
            id: AuthorizationId(row.id),
            account: AccountId(row.account_id),
            expires_at: time(row.expires_at)?,
            outcome: row.outcome.as_deref().map(from_json).transpose()?,
        })
    }
}
