//! What becomes of a message besides its delivery: the source is told, it waits, it is quarantined,
//! or it has gone.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Backoff;
use mailgrant_mail::Search;
use mailgrant_vault::{AfterDelivery, EventKind, NewEvent};
use tracing::{debug, warn};

use super::{GivenUp, Round};
use crate::FetchError;
use crate::metrics::Outcome;
use crate::source::Source;

/// How long a message waits that the sink could not take, at first and at most.
const FIRST_RETRY: Duration = Duration::from_secs(30);
const LONGEST_RETRY: Duration = Duration::from_hours(1);

/// Of messages that were delivered until then the source is to be told by now.
pub(crate) fn tells_until(after: &AfterDelivery, now: Timestamp) -> Timestamp {
    let AfterDelivery::DeleteAfter { days } = after else {
        return Timestamp::MAX;
    };
    let kept = SignedDuration::from_hours(24 * i64::from(*days));
    now.checked_sub(kept).unwrap_or(Timestamp::MIN)
}

impl Round<'_> {
    /// Whether the source is told long after the delivery.
    pub(super) fn tells_later(&self) -> bool {
        matches!(self.account.draft.after, AfterDelivery::DeleteAfter { .. })
    }

    /// Of messages that were delivered until then the source is told now.
    pub(super) fn tells_until(&self, now: Timestamp) -> Timestamp {
        tells_until(&self.account.draft.after, now)
    }

    /// Tells the source, unless that has time.
    pub(super) async fn acknowledge(
        &mut self,
        source: &mut Source,
        delivered: &mut Vec<u32>,
    ) -> Result<(), FetchError> {
        if delivered.is_empty() || self.refused.is_some() {
            return Ok(());
        }
        if self.tells_later() {
            // The ledger remembers them until their time has come.
            delivered.clear();
            return Ok(());
        }
        self.tell_source(source, delivered).await
    }

    /// Tells the source of these now.
    pub(super) async fn tell_source(
        &mut self,
        source: &mut Source,
        delivered: &mut Vec<u32>,
    ) -> Result<(), FetchError> {
        if delivered.is_empty() || self.refused.is_some() {
            return Ok(());
        }
        self.power()?;
        let after = &self.account.draft.after;
        let (told, refused) = source.tell(after, delivered).await?;
        self.refused = refused;
        if told.is_empty() {
            return Ok(());
        }
        self.power()?;
        let now = self.shared.now();
        self.shared
            .vault
            .note_acknowledged(self.folder.id, &told, now)
            .await?;
        delivered.clear();
        Ok(())
    }

    /// These were asked for and did not come. What has gone meanwhile is forgotten; what is still
    /// there waits, and is asked for again: only the server's word that it has gone lets a message be
    /// passed over.
    pub(super) async fn look_for(
        &mut self,
        source: &mut Source,
        missing: Vec<u32>,
    ) -> Result<(), FetchError> {
        let (Some(first), Some(last)) = (missing.first(), missing.last()) else {
            return Ok(());
        };
        let among_them = Search {
            from: *first,
            to: Some(*last),
            ..Search::default()
        };
        let there: BTreeSet<u32> = source.search(&among_them).await?.into_iter().collect();
        let (left_out, gone): (Vec<u32>, Vec<u32>) =
            missing.into_iter().partition(|uid| there.contains(uid));
        for uid in left_out {
            let why = "the mail server leaves this message out of its answer";
            self.defer(uid, why, None).await?;
            self.open.remove(&uid);
        }
        self.forget(&gone).await
    }

    /// These have gone from the source before they were fetched.
    async fn forget(&mut self, vanished: &[u32]) -> Result<(), FetchError> {
        if vanished.is_empty() {
            return Ok(());
        }
        self.power()?;
        self.shared.vault.forget(self.folder.id, vanished).await?;
        for uid in vanished {
            self.open.remove(uid);
        }
        self.shared
            .metrics
            .count(Outcome::Vanished, vanished.len() as u64);
        Ok(())
    }

    /// A message waits; at least for as long as was asked for.
    pub(super) async fn defer(
        &mut self,
        uid: u32,
        why: &str,
        asked: Option<Duration>,
    ) -> Result<(), FetchError> {
        self.power()?;
        let now = self.shared.now();
        let failures = self.attempts.get(&uid).copied().unwrap_or(0);
        let random = &*self.shared.random;
        let wait = Backoff::wait(FIRST_RETRY, LONGEST_RETRY, failures, random);
        let wait = wait.max(asked.unwrap_or_default());
        let at = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.shared
            .vault
            .note_deferred(self.folder.id, uid, why, at, now)
            .await?;
        debug!(account = self.account.draft.name, uid, %at, "the sink takes a message later");
        self.due(at);
        self.fetched.deferred += 1;
        self.shared.metrics.count(Outcome::Deferred, 1);
        Ok(())
    }

    /// A message that the server does not give out holds back none of the others.
    pub(super) async fn put_aside(&mut self, given_up: GivenUp) -> Result<u32, FetchError> {
        match given_up {
            GivenUp::BreaksOff(uid) => {
                let why = "the mail server breaks off whenever it is asked for this message";
                self.defer(uid, why, None).await?;
                Ok(uid)
            }
            GivenUp::Busy(uid) => {
                let why = "the mail server asks for patience whenever it is asked for this message";
                self.defer(uid, why, None).await?;
                Ok(uid)
            }
            GivenUp::BusyAlone(uid) => {
                let why = "the mail server asks for patience whenever it is asked for this message, \
                           and gives out the others. Look whether the mailbox opens it, and try it \
                           again";
                self.quarantine(uid, why).await?;
                Ok(uid)
            }
        }
    }

    pub(super) async fn quarantine(&mut self, uid: u32, why: &str) -> Result<(), FetchError> {
        self.power()?;
        let now = self.shared.now();
        self.shared
            .vault
            .note_quarantined(self.folder.id, uid, why, now)
            .await?;
        let (account, folder) = (&self.account.draft.name, &self.folder.name);
        warn!(account, folder, uid, why, "a message is quarantined");
        let event = NewEvent {
            kind: EventKind::MessageQuarantined,
            actor: "fetcher".to_owned(),
            provider: None,
            account: Some(self.account.id),
            text: format!("{account}: message {uid} of {folder} is refused: {why}"),
        };
        self.shared.vault.record(event, now).await?;
        self.fetched.quarantined += 1;
        self.shared.metrics.count(Outcome::Quarantined, 1);
        Ok(())
    }
}
