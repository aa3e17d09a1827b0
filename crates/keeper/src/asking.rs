//! Asking the provider for a new token, and what follows from its answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_oauth::{
    Access, Refusal, Resource, Scope, Tokens, application_token, check_renewed_identity, refresh,
    requested_scopes, resolve,
};
use mailgrant_vault::{EventKind, GrantState, NewEvent, Renewal, VaultError};
use secrecy::SecretString;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::access::Case;
use crate::metrics::RenewalOutcome;
use crate::outcome::{Verdict, retry_at, verdict};
use crate::unstored::Answer;
use crate::{AccessToken, Keeper, KeeperError};

/// How long an access token lives whose provider does not say: what nearly all of them choose.
const USUAL_LIFE: Duration = Duration::from_hours(1);

impl Keeper {
    /// Asks the provider, and does what follows from its answer.
    pub(crate) async fn ask(
        &self,
        case: Case,
        resource: Resource,
        owner: &str,
    ) -> Result<AccessToken, KeeperError> {
        let spent = match case.provider.profile.access {
            Access::Application => None,
            Access::Delegated => match case.grant.refresh_token.clone() {
                None => return self.end(&case, "there is no refresh token").await,
                spent => spent,
            },
        };
        let sent_at = self.now();
        let started = Instant::now();
        let answer = self.fetch(&case, spent.as_ref(), resource).await;
        self.inner
            .metrics
            .duration
            .observe(started.elapsed().as_secs_f64());
        match answer {
            Ok(tokens) => {
                self.note_refused_credential(&case.provider).await;
                let expires_at = ends_at(sent_at, tokens.expires_in);
                let answer = Answer {
                    name: case.name().to_owned(),
                    owner: owner.to_owned(),
                    version: case.grant.version,
                    renewal: Renewal {
                        // RFC 6749, section 4.4.3: an application's access has no refresh token.
                        refresh_token: tokens.refresh_token.filter(|_| spent.is_some()),
                        scopes: granted_for(resource, tokens.scopes),
                        access_token: tokens.access_token,
                        resource,
                        expires_at,
                    },
                    spent,
                };
                self.keep(&case, answer).await
            }
            Err(refusal) => match verdict(&refusal) {
                Verdict::End { reason } => self.end(&case, &reason).await,
                Verdict::BlameProfile { reason } => {
                    self.count(RenewalOutcome::ProfileRefused);
                    self.note_trouble(&case, &reason).await?;
                    Err(KeeperError::ProviderTrouble {
                        provider: case.provider.name,
                        reason,
                    })
                }
                Verdict::TryLater { why, asked } => self.try_later(case, why, asked).await,
            },
        }
    }

    /// With the refresh token that a person gave, or in the application's own name.
    async fn fetch(
        &self,
        case: &Case,
        spent: Option<&SecretString>,
        resource: Resource,
    ) -> Result<Tokens, Refusal> {
        let (http, profile) = (&self.inner.http, &case.provider.profile);
        let endpoints = match resolve(http, profile).await {
            // Discovery knows nothing of this grant, so it cannot end it.
            Err(Refusal::NeedsPerson(said)) => return Err(Refusal::Garbled(said.to_string())),
            found => found?,
        };
        let Some(spent) = spent else {
            let mailbox = &case.account.draft.address;
            return application_token(http, profile, &endpoints, mailbox, resource).await;
        };
        let requested = requested_scopes(profile, &endpoints);
        let scopes = match resource {
            Resource::Mail => scopes_to_renew(&case.grant.scopes, &requested),
            // What was granted is known for the mail servers alone: a token answer lists the scopes
            // of its own resource.
            Resource::Graph | Resource::Gmail => requested,
        };
        let tokens = refresh(http, profile, &endpoints, spent, resource, &scopes).await?;
        if let (Some(id_token), Some(subject)) = (&tokens.id_token, &case.grant.subject) {
            check_renewed_identity(profile, &endpoints, id_token, subject)?;
        }
        Ok(tokens)
    }

    /// Commits the answer; only then is its access token handed out.
    async fn keep(&self, case: &Case, answer: Answer) -> Result<AccessToken, KeeperError> {
        let token = answer.renewal.access_token.clone();
        let expires_at = answer.renewal.expires_at;
        let (account, provider) = (case.name(), &case.provider.name);
        match self.commit(case.account.id, &answer).await {
            Ok(grant) => {
                self.count(RenewalOutcome::Renewed);
                info!(account, provider, outcome = "renewed", %expires_at);
                self.note_no_trouble(case.account.id, &case.provider).await;
                Ok(AccessToken {
                    token,
                    expires_at,
                    grant_version: grant.version,
                })
            }
            Err(failure @ VaultError::Stale { .. }) => {
                self.count(RenewalOutcome::Discarded);
                info!(
                    account,
                    provider,
                    outcome = "discarded",
                    "the grant changed while it was renewed"
                );
                self.end_late(case.account.id, &answer).await;
                Err(failure.into())
            }
            Err(failure) => {
                self.count(RenewalOutcome::NotStored);
                error!(
                    account, provider, outcome = "not_stored", %failure,
                    "new tokens could not be stored. They are kept in memory and stored as soon as \
                     the database can be written: do not stop Mailgrant before that, or the account \
                     must be authorised again"
                );
                self.inner.unstored.insert(case.account.id, answer);
                Err(failure.into())
            }
        }
    }

    /// The grant is over: said once, by whoever wins the change of state.
    async fn end(&self, case: &Case, reason: &str) -> Result<AccessToken, KeeperError> {
        self.inner
            .vault
            .end_grant(
                case.account.id,
                case.grant.version,
                GrantState::NeedsAuthorization,
                reason,
                self.now(),
            )
            .await?;
        self.count(RenewalOutcome::Ended);
        warn!(
            account = case.name(),
            provider = case.provider.name,
            outcome = "ended",
            reason,
            "the account must be authorised again"
        );
        self.record(NewEvent {
            kind: EventKind::GrantEnded,
            actor: "keeper".to_owned(),
            provider: Some(case.provider.id),
            account: Some(case.account.id),
            text: format!("{} must be authorised again: {reason}", case.name()),
        })
        .await;
        Err(KeeperError::NeedsAuthorization {
            account: case.name().to_owned(),
            reason: reason.to_owned(),
        })
    }

    async fn try_later(
        &self,
        case: Case,
        why: String,
        asked: Option<Duration>,
    ) -> Result<AccessToken, KeeperError> {
        let random = self.inner.random.as_ref();
        let retry_at = retry_at(case.grant.failures, asked, self.now(), random);
        self.count(RenewalOutcome::Later);
        warn!(
            account = case.name(), provider = case.provider.name, outcome = "later", why, %retry_at,
        );
        self.inner
            .vault
            .note_renewal_failure(case.account.id, case.grant.version, &why, retry_at)
            .await?;
        Err(KeeperError::Later {
            account: case.account.draft.name,
            why,
            retry_at,
        })
    }

    fn count(&self, outcome: RenewalOutcome) {
        self.inner.metrics.renewal(outcome);
    }
}

/// When a token ends that was asked for at `sent_at`: counted from the question, not from the
/// answer, so that a slow provider does not make it seem to live longer.
pub(crate) fn ends_at(sent_at: Timestamp, expires_in: Option<Duration>) -> Timestamp {
    let longest = Duration::from_hours(400 * 24);
    let life = expires_in.unwrap_or(USUAL_LIFE).min(longest);
    sent_at
        .saturating_add(SignedDuration::try_from(life).unwrap_or(SignedDuration::ZERO))
        .unwrap_or(sent_at)
}

/// What is noted as granted: the scopes of the mail servers, which the grant is for. A token for
/// another resource names others.
fn granted_for(resource: Resource, scopes: Option<Vec<Scope>>) -> Option<Vec<Scope>> {
    scopes.filter(|_| resource == Resource::Mail)
}

/// The scopes of a renewal: never more than was granted (RFC 6749, section 6). `offline_access` is
/// repeated where it was asked for: Microsoft does not list it among the granted scopes, and gives
/// no new refresh token without it.
fn scopes_to_renew(granted: &[Scope], requested: &[Scope]) -> Vec<Scope> {
    let mut scopes = granted.to_vec();
    let offline = requested
        .iter()
        .find(|scope| scope.as_str() == "offline_access" && !granted.contains(scope));
    scopes.extend(offline.cloned());
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Vec<Scope> {
        Scope::parse_list(text).unwrap()
    }

    #[test]
    fn a_renewal_asks_for_what_was_granted_and_for_offline_access_where_it_was_asked_for() {
        let requested = scopes("openid offline_access imap smtp");
        assert_eq!(
            scopes_to_renew(&scopes("imap"), &requested),
            scopes("imap offline_access")
        );
        assert_eq!(
            scopes_to_renew(&scopes("offline_access imap"), &requested),
            scopes("offline_access imap")
        );
        assert_eq!(
            scopes_to_renew(&scopes("imap"), &scopes("imap smtp")),
            scopes("imap")
        );
    }

    #[test]
    fn a_token_ends_counted_from_the_question_however_odd_its_life() {
        let sent_at = Timestamp::constant(1_767_225_600, 0);
        let life = |expires_in| ends_at(sent_at, expires_in).duration_since(sent_at);
        assert_eq!(life(None), SignedDuration::from_hours(1));
        assert_eq!(life(Some(Duration::ZERO)), SignedDuration::ZERO);
        assert_eq!(
            life(Some(Duration::MAX)),
            SignedDuration::from_hours(400 * 24)
        );
    }
}
