//! The grant: where it stands, who gave it, how long it lasts.

use mailgrant_base::Diagnose as _;
use mailgrant_oauth::Access;
use mailgrant_vault::{Account, EventKind, Grant, GrantState, Provider};

use super::{Walk, passed};
use crate::rules::{self, Evidence, History};
use crate::{Doctor, Outcome, Step};

/// So many of an account's events are read to know its grant's past.
const EVENTS: u32 = 500;

impl<T: FnMut(&Step) + Send> Walk<'_, T> {
    /// The grant, where it is alive.
    pub(super) async fn grant(
        &mut self,
        account: &Account,
        provider: &Provider,
        evidence: &mut Evidence,
    ) -> Option<Grant> {
        let doctor = self.doctor;
        let known = &*evidence;
        let work = async {
            let grant = doctor.vault.grant(account.id).await;
            let grant = grant.map_err(|error| error.diagnosis())?;
            let past = Past::of(doctor, account).await;
            let Some(grant) = grant.filter(|grant| grant.state == GrantState::Active) else {
                let grant = doctor.vault.grant(account.id).await.ok().flatten();
                return Err(match grant {
                    Some(grant) => rules::ended(known, &grant, past.of_grant(&grant)),
                    None => mailgrant_vault::VaultError::Stale {
                        what: "the account",
                    }
                    .diagnosis(),
                });
            };
            let notice = rules::of_age(known, &grant)
                .or_else(|| rules::of_many_tokens(provider.profile.kind, past.given));
            let outcome = match notice {
                Some(notice) => Outcome::Noticed(notice),
                None => passed(rules::active_in_words(known, &grant)),
            };
            Ok((outcome, grant))
        };
        let grant = self.step("grant", "Grant", work).await?;
        evidence.signed_in.clone_from(&grant.signed_in);
        if provider.profile.access == Access::Delegated || grant.signed_in.is_some() {
            self.note("identity", "Who signed in", rules::of_identity(evidence));
        } else {
            let found = rules::of_identity(evidence);
            self.note("identity", "Whose access", found);
        }
        Some(grant)
    }
}

/// What the audit trail tells of an account's grants.
struct Past {
    given: usize,
    ended: Option<jiff::Timestamp>,
}

impl Past {
    async fn of(doctor: &Doctor, account: &Account) -> Self {
        let events = doctor.vault.events(Some(account.id), EVENTS).await;
        let events = events.unwrap_or_default();
        let of_kind = |kind: EventKind| events.iter().filter(move |event| event.kind == kind);
        Self {
            given: of_kind(EventKind::AuthorizationGranted).count(),
            ended: of_kind(EventKind::GrantEnded).map(|event| event.at).max(),
        }
    }

    fn of_grant(&self, grant: &Grant) -> History {
        History {
            consented: grant.authorized_at,
            used: grant.renewed_at.or(grant.authorized_at),
            ended: self.ended,
        }
    }
}
