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
        profile.second_credential.as_ref()?;
        let known = self.roll_overs().lock();
        Some(known.get(&version(profile))?.refused.clone())
    }

    /// The same, told once: `None` from the second time on, until a request has shown otherwise.
    pub fn newly_refused_credential(&self, profile: &Profile) -> Option<RefusedCredential> {
        // Asked after every renewal, and most profiles have one.
        profile.second_credential.as_ref()?;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mailgrant_base::{Clock as _, ManualClock, SystemRandom};

    use super::*;
    use crate::ProviderKind::Oidc;
    use crate::endpoints::tests::endpoints;
    use crate::test_server::{Reply, TestServer, http_client, profile};
    use crate::{Endpoints, Refusal, Resource, SecretMethod, Tokens, refresh};

    const WRONG: &str = r#"{"error":"invalid_client","error_description":"who is that?"}"#;

    fn secret(text: &str) -> ClientCredential {
        ClientCredential::Secret {
            secret: text.into(),
            method: SecretMethod::Post,
            expires_at: None,
        }
    }

    struct Bench {
        server: TestServer,
        http: HttpClient,
        clock: Arc<ManualClock>,
        profile: Profile,
    }

    impl Bench {
        async fn new() -> Self {
            let clock = Arc::new(ManualClock::default());
            let told: Arc<dyn mailgrant_base::Clock> = Arc::<ManualClock>::clone(&clock);
            Self {
                server: TestServer::start().await,
                http: http_client().with_clock(told, Arc::new(SystemRandom)),
                clock,
                profile: Profile {
                    credential: secret("new"),
                    second_credential: Some(secret("old")),
                    ..profile(Oidc)
                },
            }
        }

        async fn ask(&self, replies: &[Reply]) -> Result<Tokens, Refusal> {
            self.server.queue(replies.iter().cloned());
            let endpoints = Endpoints {
                token: self.server.url("/token"),
                ..endpoints("https://login.example.com")
            };
            let token = "RT".into();
            refresh(
                &self.http,
                &self.profile,
                &endpoints,
                &token,
                Resource::Mail,
                &[],
            )
            .await
        }

        /// The secrets that were sent so far, in their order.
        fn sent(&self) -> Vec<String> {
            let requests = self.server.requests();
            let secret =
                |(name, value): (String, String)| (name == "client_secret").then_some(value);
            requests
                .iter()
                .filter_map(|one| one.form().into_iter().find_map(secret))
                .collect()
        }
    }

    fn tokens() -> Reply {
        Reply::json(r#"{"access_token":"AT"}"#)
    }

    fn refused() -> Reply {
        Reply::refusal(WRONG)
    }

    #[tokio::test]
    async fn the_second_follows_at_once_and_then_serves_alone_for_a_while() {
        let bench = Bench::new().await;
        bench.ask(&[refused(), tokens()]).await.unwrap();
        assert_eq!(bench.sent(), ["new", "old"]);
        bench.ask(&[tokens()]).await.unwrap();
        assert_eq!(bench.sent(), ["new", "old", "old"]);
        // Then the first is tried again, and takes over.
        bench.clock.advance(SignedDuration::from_mins(61));
        bench.ask(&[tokens()]).await.unwrap();
        bench.ask(&[tokens()]).await.unwrap();
        assert_eq!(bench.sent()[3..], ["new", "new"]);
        assert_eq!(bench.http.refused_credential(&bench.profile), None);
    }

    #[tokio::test]
    async fn that_the_first_is_refused_is_told_once() {
        let bench = Bench::new().await;
        let (http, profile) = (&bench.http, &bench.profile);
        bench.ask(&[tokens()]).await.unwrap();
        assert_eq!(http.newly_refused_credential(profile), None);
        bench.ask(&[refused(), tokens()]).await.unwrap();
        let news = http.newly_refused_credential(profile).unwrap();
        assert_eq!(news.said.to_string(), "invalid_client: who is that?");
        assert_eq!(news.since, ManualClock::default().now());
        bench.clock.advance(SignedDuration::from_mins(61));
        bench.ask(&[refused(), tokens()]).await.unwrap();
        assert_eq!(http.newly_refused_credential(profile), None);
        assert_eq!(http.refused_credential(profile).unwrap(), news);
        // What is changed is another matter.
        let changed = Profile {
            credential: secret("newer"),
            ..profile.clone()
        };
        assert_eq!(http.refused_credential(&changed), None);
    }

    #[tokio::test]
    async fn where_both_are_refused_the_firsts_refusal_is_told() {
        let bench = Bench::new().await;
        let other = Reply::refusal(r#"{"error":"invalid_client","error_description":"expired"}"#);
        let refusal = bench.ask(&[refused(), other]).await.unwrap_err();
        assert!(refusal.to_string().ends_with("who is that?"), "{refusal}");
        assert_eq!(bench.http.refused_credential(&bench.profile), None);
        assert_eq!(bench.sent(), ["new", "old"]);
    }

    #[tokio::test]
    async fn a_second_that_is_refused_brings_back_the_first() {
        let bench = Bench::new().await;
        bench.ask(&[refused(), tokens()]).await.unwrap();
        bench.ask(&[refused(), tokens()]).await.unwrap();
        assert_eq!(bench.sent(), ["new", "old", "old", "new"]);
        assert_eq!(bench.http.refused_credential(&bench.profile), None);
    }

    #[tokio::test]
    async fn no_other_trouble_calls_for_the_second() {
        let bench = Bench::new().await;
        for reply in [
            Reply::refusal(r#"{"error":"invalid_grant"}"#),
            Reply::refusal(r#"{"error":"invalid_scope"}"#),
            Reply::status(503, ""),
            Reply::bytes(""),
        ] {
            bench.ask(&[reply]).await.unwrap_err();
        }
        assert_eq!(bench.sent(), ["new"; 4]);
        // A second that nobody heard is not one that serves.
        bench
            .ask(&[refused(), Reply::status(503, "")])
            .await
            .unwrap_err();
        assert_eq!(bench.http.refused_credential(&bench.profile), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let known = RollOvers::default();
        let said = Said {
            error: "invalid_client".to_owned(),
            description: None,
            status: None,
            ..Said::default()
        };
        for number in 0..2 * MOST {
            let profile = Profile {
                client_id: number.to_string(),
                ..profile(Oidc)
            };
            known.second_serves(&profile, said.clone(), Timestamp::UNIX_EPOCH);
        }
        assert!(known.lock().len() <= MOST);
    }
}
