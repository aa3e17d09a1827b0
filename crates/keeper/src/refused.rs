//! Tokens that a mail server refuses although they should be valid.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mailgrant_oauth::Resource;
use mailgrant_vault::AccountId;

use crate::decision::Want;
use crate::{AccessToken, Keeper, KeeperError};

/// How long after one such renewal the next may follow: a token does not end by itself sooner.
const BETWEEN_RENEWALS: SignedDuration = SignedDuration::from_mins(10);

/// When each account's token was last replaced ahead of its time because it was refused.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<HashMap<(AccountId, Resource), Timestamp>>);

impl Refused {
    fn may_follow(&self, whose: (AccountId, Resource), now: Timestamp) -> bool {
        self.lock().get(&whose).is_none_or(|at| {
            let age = now.duration_since(*at);
            age.is_negative() || age >= BETWEEN_RENEWALS
        })
    }

    fn note(&self, whose: (AccountId, Resource), now: Timestamp) {
        self.lock().insert(whose, now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(AccountId, Resource), Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// The mail server refused this token although it should be valid: another one, by one forced
    /// renewal, unless a newer one is there already. `None` where the last such renewal was not long
    /// ago: a server that refuses whatever it is given, or every second login, must not make a
    /// renewal of each, however many log in.
    pub async fn another_token(
        &self,
        account: AccountId,
        resource: Resource,
        refused: &AccessToken,
    ) -> Result<Option<AccessToken>, KeeperError> {
        let whose = (account, resource);
        if !self.inner.refused.may_follow(whose, self.now()) {
            return Ok(None);
        }
        let token = self.renew_refused(account, resource, refused).await?;
        self.inner.refused.note(whose, self.now());
        Ok(Some(token))
    }

    /// The mail server refused this token although it should be valid: one forced renewal, unless
    /// a newer one is there already.
    pub async fn renew_refused(
        &self,
        account: AccountId,
        resource: Resource,
        refused: &AccessToken,
    ) -> Result<AccessToken, KeeperError> {
        self.renew(account, resource, Want::NewerThan(refused.grant_version))
            .await
    }
}
