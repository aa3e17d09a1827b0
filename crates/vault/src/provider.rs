//! Identity provider profiles.

use async_trait::async_trait;
use jiff::Timestamp;
use mailgrant_oauth::{ClientCredential, Profile, Scope};
use serde::Serialize;
use url::Url;

use crate::column::{from_json, from_word, json, micros, plain, time, word};
use crate::credential::{CredentialExpiry, CredentialFields, FIRST, SECOND};
use crate::seal::hex;
use crate::store::Answer;
use crate::{Vault, VaultError};

/// A provider's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ProviderId(pub i64);

/// A provider profile with its name; checked, so that it can be stored.
#[derive(Debug, Clone)]
pub struct ProviderDraft {
    /// A short unique name: letters, digits, `.`, `-`, `_`.
    pub name: String,
    /// What was entered.
    pub profile: Profile,
}

/// A stored provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its row.
    pub id: ProviderId,
    /// Its unique name.
    pub name: String,
    /// What was entered.
    pub profile: Profile,
    /// Paused by an administrator: no authorization, no renewal, no login with its accounts.
    pub paused: bool,
    /// The provider refused Mailgrant's registration; all accounts keep their grants. Cleared by a
    /// change of the profile or by a success.
    pub trouble: Option<ProviderTrouble>,
    /// Grows with each change of what was entered (not when it is paused or in trouble).
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Provider {
    /// When its client credentials end, where that is known; the first credential first.
    pub fn expiries(&self) -> Vec<CredentialExpiry> {
        let second = self.profile.second_credential.as_ref();
        let both = [(Some(&self.profile.credential), ""), (second, "second ")];
        both.into_iter()
            .filter_map(|(credential, which)| {
                let credential = credential?;
                Some(CredentialExpiry {
                    what: format!("{which}{}", credential.label()),
                    at: credential.expires_at()?,
                })
            })
            .collect()
    }
}

/// Why a provider does not accept Mailgrant's registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderTrouble {
    /// The provider's words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// What was entered, as it is stored.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ProviderFields {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) client_id: String,
    pub(crate) access: String,
    pub(crate) credential: String,
    pub(crate) client_secret: Option<Vec<u8>>,
    pub(crate) client_key: Option<Vec<u8>>,
    pub(crate) credential_expires_at: Option<i64>,
    pub(crate) second_credential: Option<String>,
    pub(crate) second_secret: Option<Vec<u8>>,
    pub(crate) second_key: Option<Vec<u8>>,
    pub(crate) second_expires_at: Option<i64>,
    pub(crate) tenant: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) endpoints: String,
    pub(crate) scopes: Option<String>,
}

/// A row of `providers`. Its sealed secret is bound to `handle`, which is there before the row is.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ProviderRow {
    pub(crate) id: i64,
    pub(crate) handle: String,
    #[sqlx(flatten)]
    pub(crate) fields: ProviderFields,
    pub(crate) paused: bool,
    pub(crate) trouble_reason: Option<String>,
    pub(crate) trouble_since: Option<i64>,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
}

/// The rows of `providers`.
#[async_trait]
pub(crate) trait ProviderStore: Send + Sync {
    async fn providers(&self) -> Answer<Vec<ProviderRow>>;
    async fn provider(&self, id: i64) -> Answer<Option<ProviderRow>>;
    async fn provider_named(&self, name: &str) -> Answer<Option<ProviderRow>>;
    async fn add_provider(
        &self,
        handle: &str,
        fields: &ProviderFields,
        now: i64,
    ) -> Answer<ProviderRow>;
    /// `None` where the row is gone or no longer `version`.
    async fn change_provider(
        &self,
        id: i64,
        version: i64,
        fields: &ProviderFields,
    ) -> Answer<Option<ProviderRow>>;
    /// Says whether the row is there.
    async fn pause_provider(&self, id: i64, paused: bool) -> Answer<bool>;
    /// Says whether there was none before. The first `since` stays.
    async fn note_trouble(&self, id: i64, version: i64, reason: &str, since: i64) -> Answer<bool>;
    /// Says whether there was one.
    async fn clear_trouble(&self, id: i64, version: i64) -> Answer<bool>;
    async fn accounts_of_provider(&self, id: i64) -> Answer<i64>;
    /// Says whether the row was there. An account of it is a broken foreign key.
    async fn remove_provider(&self, id: i64) -> Answer<bool>;
}

impl Vault {
    /// All providers, by name.
    pub async fn providers(&self) -> Result<Vec<Provider>, VaultError> {
        let rows = self.told(self.store().providers().await)?;
        rows.into_iter()
            .map(|row| self.read_provider(row))
            .collect()
    }

    /// The provider of this id.
    pub async fn provider(&self, id: ProviderId) -> Result<Option<Provider>, VaultError> {
        let row = self.told(self.store().provider(id.0).await)?;
        row.map(|row| self.read_provider(row)).transpose()
    }

    /// The provider of this name.
    pub async fn provider_named(&self, name: &str) -> Result<Option<Provider>, VaultError> {
        if name.contains('\0') {
            return Ok(None);
        }
        let row = self.told(self.store().provider_named(name).await)?;
        row.map(|row| self.read_provider(row)).transpose()
    }

    /// Stores a new provider.
    pub async fn add_provider(
        &self,
        draft: &ProviderDraft,
        now: Timestamp,
    ) -> Result<Provider, VaultError> {
        let mut handle = [0; 16];
        self.random().fill(&mut handle);
        let handle = hex(&handle);
        let fields = self.provider_fields(&handle, draft)?;
        let added = self.store().add_provider(&handle, &fields, micros(now));
        let row = self.told_named(added.await, "a provider", &draft.name)?;
        self.read_provider(row)
    }

    /// Replaces what was entered, if `version` is still the present one. Clears the trouble.
    pub async fn change_provider(
        &self,
        id: ProviderId,
        version: i64,
        draft: &ProviderDraft,
        _now: Timestamp,
    ) -> Result<Provider, VaultError> {
        let stale = VaultError::Stale {
            what: "the provider",
        };
        let Some(present) = self.told(self.store().provider(id.0).await)? else {
            return Err(stale);
        };
        let fields = self.provider_fields(&present.handle, draft)?;
        let changed = self.store().change_provider(id.0, version, &fields);
        let row = self.told_named(changed.await, "a provider", &draft.name)?;
        self.read_provider(row.ok_or(stale)?)
    }

    /// Pauses or resumes.
    pub async fn pause_provider(&self, id: ProviderId, paused: bool) -> Result<(), VaultError> {
        let touched = self.told(self.store().pause_provider(id.0, paused).await)?;
        gone_unless(touched)
    }

    /// Records or clears the provider's refusal of Mailgrant's registration. Says whether that is
    /// news, so that it is told once. Fenced: nothing happens if the profile has changed since
    /// `version`.
    pub async fn note_provider_trouble(
        &self,
        id: ProviderId,
        version: i64,
        trouble: Option<&ProviderTrouble>,
    ) -> Result<bool, VaultError> {
        let store = self.store();
        self.told(match trouble {
            Some(ProviderTrouble { reason, since }) => {
                let reason = plain(reason);
                store
                    .note_trouble(id.0, version, &reason, micros(*since))
                    .await
            }
            None => store.clear_trouble(id.0, version).await,
        })
    }

    /// Removes a provider that no account uses; [`VaultError::InUse`] else.
    pub async fn remove_provider(&self, id: ProviderId) -> Result<(), VaultError> {
        match self.store().remove_provider(id.0).await {
            Err(error) if is_broken_reference(&error) => {
                let accounts = self.told(self.store().accounts_of_provider(id.0).await)?;
                Err(VaultError::InUse {
                    accounts: accounts.unsigned_abs(),
                })
            }
            answer => gone_unless(self.told(answer)?),
        }
    }

    /// The database's answer where a taken name is a mistake that people make.
    pub(crate) fn told_named<T>(
        &self,
        answer: Answer<T>,
        what: &'static str,
        name: &str,
    ) -> Result<T, VaultError> {
        match answer {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(VaultError::NameTaken {
                    what,
                    name: name.to_owned(),
                })
            }
            Err(error) if is_broken_reference(&error) => Err(VaultError::Stale {
                what: "the provider",
            }),
            answer => self.told(answer),
        }
    }

    fn provider_fields(
        &self,
        handle: &str,
        draft: &ProviderDraft,
    ) -> Result<ProviderFields, VaultError> {
        let ProviderDraft { name, profile } = draft;
        let first = self.credential_fields(&FIRST, handle, &profile.credential)?;
        let second = profile.second_credential.as_ref();
        let second = second
            .map(|credential| self.credential_fields(&SECOND, handle, credential))
            .transpose()?;
        let (second_credential, second_secret, second_key, second_expires_at) =
            second.map_or((None, None, None, None), |second| {
                let CredentialFields {
                    kind,
                    secret,
                    key,
                    expires_at,
                } = second;
                (Some(kind), secret, key, expires_at)
            });
        Ok(ProviderFields {
            name: name.clone(),
            kind: word(profile.kind)?,
            client_id: profile.client_id.clone(),
            access: word(profile.access)?,
            credential: first.kind,
            client_secret: first.secret,
            client_key: first.key,
            credential_expires_at: first.expires_at,
            second_credential,
            second_secret,
            second_key,
            second_expires_at,
            tenant: profile.tenant.clone(),
            issuer: profile.issuer.as_ref().map(Url::to_string),
            endpoints: json(&profile.endpoints)?,
            scopes: profile.scopes.as_ref().map(json).transpose()?,
        })
    }

    fn read_provider(&self, row: ProviderRow) -> Result<Provider, VaultError> {
        let ProviderRow { handle, fields, .. } = row;
        let mut damage = None;
        let first = CredentialFields {
            kind: fields.credential,
            secret: fields.client_secret,
            key: fields.client_key,
            expires_at: fields.credential_expires_at,
        };
        // One damaged secret must not hide all providers, nor the page where it can be entered
        // again. Without it the provider answers that the registration is not accepted.
        let credential = self
            .read_credential(&FIRST, &handle, first)
            .unwrap_or_else(|error| {
                damage = Some(error.to_string());
                ClientCredential::None
            });
        let second_credential = fields.second_credential.and_then(|kind| {
            let second = CredentialFields {
                kind,
                secret: fields.second_secret,
                key: fields.second_key,
                expires_at: fields.second_expires_at,
            };
            self.read_credential(&SECOND, &handle, second)
                .map_err(|error| damage.get_or_insert(error.to_string()).len())
                .ok()
        });
        let scopes: Option<Vec<Scope>> = fields.scopes.as_deref().map(from_json).transpose()?;
        let issuer = fields.issuer.map(|issuer| Url::parse(&issuer)).transpose();
        let trouble = match (damage.or(row.trouble_reason), row.trouble_since) {
            (Some(reason), since) => Some(ProviderTrouble {
                reason,
                since: time(since.unwrap_or(row.created_at))?,
            }),
            (None, _) => None,
        };
        Ok(Provider {
            id: ProviderId(row.id),
            name: fields.name,
            profile: Profile {
                kind: from_word(fields.kind)?,
                client_id: fields.client_id,
                access: from_word(fields.access)?,
                credential,
                second_credential,
                tenant: fields.tenant,
                issuer: issuer.map_err(|error| VaultError::Unexpected(error.to_string()))?,
                endpoints: from_json(&fields.endpoints)?,
                scopes,
            },
            paused: row.paused,
            trouble,
            version: row.version,
            created_at: time(row.created_at)?,
        })
    }
}

fn is_broken_reference(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.is_foreign_key_violation())
}

fn gone_unless(there: bool) -> Result<(), VaultError> {
    if there {
        Ok(())
    } else {
        Err(VaultError::Stale {
            what: "the provider",
        })
    }
}
