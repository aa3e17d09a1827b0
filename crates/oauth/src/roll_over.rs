//! Two credentials at once: which of them a provider takes, remembered for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::{ClientCredential, HttpClient, Profile, Said};

/// How long the second credential serves before the first is tried again: it may be one whose
/// certificate was registered only after it was entered here.
const FIRST_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// More profiles than there are; beyond it, the memory starts over.
const MOST: usize = 1024;

/// The provider no longer takes, or does not take yet, the first of a profile's two credentials;
/// the second serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCredential {
    /// The provider's words.
    pub said: Said,
    /// Since when, as far as is known.
    pub since: Timestamp,
}

impl HttpClient {
    /// Whether the provider refuses the first credential of this profile while the second serves,
    /// as of the last request.
    pub fn refused_credential(&self, profile: &Profile) -> Option<RefusedCredential> {
        let known = self.roll_overs().lock();
        Some(known.get(&version(profile))?.refused.clone())
    }

    /// The same, told once: `None` from the second time on, until a request has shown otherwise.
    pub fn newly_refused_credential(&self, profile: &Profile) -> Option<RefusedCredential> {
        let mut known = self.roll_overs().lock();
        let known = known.get_mut(&version(profile))?;
        let is_news = !std::mem::replace(&mut known.told, true);
        is_news.then(|| known.refused.clone())
    }
}

/// What is remembered of the profiles with two credentials.
#[derive(Debug, Default)]
pub(crate) struct RollOvers(Mutex<HashMap<Version, Known>>);

/// All of a profile that decides which credential is taken: whatever is changed in it starts over.
type Version = [u8; 32];

#[derive(Debug)]
struct Known {
    refused: RefusedCredential,
    first_tried_at: Timestamp,
    told: bool,
}

impl RollOvers {
    /// The credentials in the order in which they are tried.
    pub(crate) fn order<'a>(
        &self,
        profile: &'a Profile,
        now: Timestamp,
    ) -> Vec<&'a ClientCredential> {
        let first = &profile.credential;
        let Some(second) = &profile.second_credential else {
            return vec![first];
        };
        let serves_second = self.lock().get(&version(profile)).is_some_and(|known| {
            let age = now.duration_since(known.first_tried_at);
            !age.is_negative() && age < FIRST_AGAIN
        });
        if serves_second {
            vec![second, first]
        } else {
            vec![first, second]
        }
    }

    /// The second was taken after the first had been refused just now.
    pub(crate) fn second_serves(&self, profile: &Profile, said: Said, now: Timestamp) {
        let mut known = self.lock();
        let version = version(profile);
        if known.len() >= MOST && !known.contains_key(&version) {
            known.clear();
        }
        let entry = known.entry(version).or_insert_with(|| Known {
            refused: RefusedCredential {
                said: said.clone(),
                since: now,
            },
            first_tried_at: now,
            told: false,
        });
        entry.refused.said = said;
        entry.first_tried_at = now;
    }

    /// The first was taken, or none.
    pub(crate) fn forget(&self, profile: &Profile) {
        if profile.second_credential.is_some() {
            self.lock().remove(&version(profile));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Version, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version(profile: &Profile) -> Version {
    let mut hash = Sha256::new();
    let mut put = |part: &[u8]| {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    };
    put(format!("{:?}", profile.kind).as_bytes());
    put(profile.client_id.as_bytes());
    put(profile.tenant.as_deref().unwrap_or_default().as_bytes());
    let addresses = [&profile.issuer, &profile.endpoints.token];
    for url in addresses {
        put(url
            .as_ref()
            .map(url::Url::as_str)
            .unwrap_or_default()
            .as_bytes());
    }
    let both = [
        Some(&profile.credential),
        profile.second_credential.as_ref(),
    ];
    for credential in both.into_iter().flatten() {
        match credential {
            ClientCredential::None => put(b"none"),
            ClientCredential::Secret { secret, method, .. } => {
                put(format!("{method:?}").as_bytes());
                put(secret.expose_secret().as_bytes());
            }
            ClientCredential::Key(key) => {
                put(key.key_id().unwrap_or_default().as_bytes());
                put(key.private_key().expose_secret().as_bytes());
                put(key.certificates().first().map_or(&[], |one| one.as_ref()));
            }
            ClientCredential::FederatedTokenFile { path } => {
                put(path.as_os_str().as_encoded_bytes());
            }
        }
    }
    hash.finalize().into()
}
