//! Identity provider profiles.

use jiff::Timestamp;
use mailgrant_oauth::Profile;
use serde::Serialize;

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
    /// Grows with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why a provider does not accept Mailgrant's registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderTrouble {
    /// The provider's words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl Vault {
    /// All providers, by name.
    pub async fn providers(&self) -> Result<Vec<Provider>, VaultError> {
        todo!()
    }

    /// The provider of this id.
    pub async fn provider(&self, id: ProviderId) -> Result<Option<Provider>, VaultError> {
        todo!()
    }

    /// The provider of this name.
    pub async fn provider_named(&self, name: &str) -> Result<Option<Provider>, VaultError> {
        todo!()
    }

    /// Stores a new provider.
    pub async fn add_provider(
        &self,
        draft: &ProviderDraft,
        now: Timestamp,
    ) -> Result<Provider, VaultError> {
        todo!()
    }

    /// Replaces what was entered, if `version` is still the present one. Clears the trouble.
    pub async fn change_provider(
        &self,
        id: ProviderId,
        version: i64,
        draft: &ProviderDraft,
        now: Timestamp,
    ) -> Result<Provider, VaultError> {
        todo!()
    }

    /// Pauses or resumes.
    pub async fn pause_provider(&self, id: ProviderId, paused: bool) -> Result<(), VaultError> {
        todo!()
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
        todo!()
    }

    /// Removes a provider that no account uses; [`VaultError::InUse`] else.
    pub async fn remove_provider(&self, id: ProviderId) -> Result<(), VaultError> {
        todo!()
    }
}
