use std::time::Duration;

use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_oauth::error_catalogue::{Effect, Example, Family, Row, rows};
use mailgrant_oauth::{
    Access, Callback, ClientCredential, EndpointOverrides, Endpoints, HttpClient, Profile,
    ProviderKind, Refusal, Resource, Tokens, refresh, resolve,
};
use mailgrant_sandbox::{IdentityProvider, ProviderFault, ProviderOptions, TokenBook};
use secrecy::SecretString;
use url::Url;

/// A renewal at the sandbox's provider.
struct World {
    provider: IdentityProvider,
    http: HttpClient,
    profile: Profile,
    endpoints: Endpoints,
}

impl World {
    async fn new() -> Self {
        let provider = IdentityProvider::start(ProviderOptions::default(), TokenBook::default())
            .await
            .unwrap();
        let http = HttpClient::new(Duration::from_secs(30)).unwrap();
        let profile = Profile {
            kind: ProviderKind::Oidc,
            client_id: "mailgrant".to_owned(),
            access: Access::Delegated,
            credential: ClientCredential::None,
            second_credential: None,
            tenant: None,
            issuer: Some(Url::parse(&provider.issuer()).unwrap()),
            endpoints: EndpointOverrides::default(),
            scopes: None,
        };
        let endpoints = resolve(&http, &profile).await.unwrap();
        Self {
            provider,
            http,
            profile,
            endpoints,
        }
    }

    /// What a renewal hears, where the provider answers with this.
    async fn renewal(&self, Example { status, body }: Example) -> Result<Tokens, Refusal> {
        self.provider
            .fault(ProviderFault::Answer { status, body }, Some(1));
        let token = SecretString::from("rt_of_the_test");
        let mail = Resource::Mail;
        refresh(
            &self.http,
            &self.profile,
            &self.endpoints,
            &token,
            mail,
            &[],
        )
        .await
    }
}

fn effect(refusal: &Refusal) -> Option<Effect> {
    match refusal {
        Refusal::NeedsPerson(_) => Some(Effect::Ends),
        Refusal::Profile(_) => Some(Effect::Profile),
        Refusal::Later { .. } => Some(Effect::Passes),
        Refusal::Garbled(_) => None,
    }
}

fn assert_is(row: &Row, code: &str, refusal: &Refusal) {
    assert_eq!(effect(refusal), Some(row.effect), "{code}: {refusal}");
    let diagnosis = refusal.diagnosis();
    assert_eq!(diagnosis.what, row.what, "{code}");
    assert_eq!(diagnosis.next, row.next, "{code}");
    assert_eq!(diagnosis.fault, row.fault, "{code}");
    assert_eq!(diagnosis.source, Some(row.source), "{code}");
    if row.family != Family::MicrosoftSuberror {
        assert_eq!(diagnosis.place.as_deref(), row.place, "{code}");
    }
}

#[tokio::test]
async fn each_refusal_of_the_catalogue_is_heard_as_what_it_means() {
    let world = World::new().await;
    let mut heard = 0;
    for row in rows().filter(|row| row.family != Family::Refined) {
        for code in row.codes {
            let Some(example) = row.example(code) else {
                continue;
            };
            // Declining is what a person does in the browser.
            if (row.family, *code) == (Family::Standard, "access_denied") {
                continue;
            }
            let body = example.body.clone();
            let refusal = world.renewal(example).await.unwrap_err();
            assert_is(row, code, &refusal);
            let said = refusal.diagnosis().said.unwrap();
            match row.family {
                Family::Microsoft => {
                    for kept in [
                        &format!("AADSTS{code}"),
                        "Trace ID: 0a1b2c3d-0000-4000-8000-111122223333",
                        "Correlation ID: 4e5f6a7b-0000-4000-8000-444455556666",
                        "Timestamp: 2026-11-24 09:00:00Z",
                    ] {
                        assert!(said.contains(kept), "{code}: {said}");
                    }
                }
                Family::GoogleWords | Family::OtherWords => {
                    assert!(said.contains(row.says.unwrap()), "{said}");
                }
                _ => assert!(
                    said.contains(row.error) || said.contains(code),
                    "{body}: {said}"
                ),
            }
            heard += 1;
        }
    }
    assert!(heard > 350, "{heard}");
}

#[tokio::test]
async fn microsofts_number_is_found_beside_a_description_in_another_language() {
    let world = World::new().await;
    for row in rows().filter(|row| row.family == Family::Microsoft) {
        for code in row.codes {
            let Example { status, body } = row.example(code).unwrap();
            let body = body.replace(
                &format!("AADSTS{code}: {}", row.what),
                "Zugriff verweigert.",
            );
            assert!(!body.contains("AADSTS"), "{body}");
            let refusal = world.renewal(Example { status, body }).await.unwrap_err();
            assert_is(row, code, &refusal);
        }
    }
}

#[tokio::test]
async fn a_person_who_declines_in_the_browser_hears_what_that_means() {
    for row in rows() {
        for code in row.codes {
            let in_browser = matches!(
                row.family,
                Family::Standard | Family::Google | Family::GoogleWords
            ) && row.effect != Effect::Passes;
            if !in_browser {
                continue;
            }
            let error = if row.says.is_some() { row.error } else { code };
            let mut url = Url::parse("https://mailgrant.example/callback").unwrap();
            url.query_pairs_mut()
                .append_pair("state", "s")
                .append_pair("error", error)
                .extend_pairs(row.says.map(|says| ("error_description", says)));
            let callback = Callback::parse(url.query().unwrap()).unwrap();
            assert_is(row, code, &callback.answer.unwrap_err());
        }
    }
}

#[tokio::test]
async fn a_number_that_nobody_knows_is_shown_whole_with_the_page_to_look_it_up() {
    let world = World::new().await;
    for error in ["invalid_grant", "brand_new"] {
        let body = format!(
            r#"{{"error":"{error}","error_description":"AADSTS98765432: New. Trace ID: t","error_codes":[98765432]}}"#
        );
        let refusal = world
            .renewal(Example { status: 400, body })
            .await
            .unwrap_err();
        let diagnosis = refusal.diagnosis();
        assert_eq!(
            diagnosis.place.as_deref(),
            Some("https://login.microsoftonline.com/error?code=98765432")
        );
        assert!(
            diagnosis
                .said
                .unwrap()
                .contains("AADSTS98765432: New. Trace ID: t")
        );
    }
}

#[tokio::test]
async fn a_page_in_the_way_is_named() {
    let world = World::new().await;
    world.provider.fault(ProviderFault::Html, Some(1));
    let token = SecretString::from("rt_of_the_test");
    let answer = refresh(
        &world.http,
        &world.profile,
        &world.endpoints,
        &token,
        Resource::Mail,
        &[],
    )
    .await;
    let diagnosis = answer.unwrap_err().diagnosis();
    assert_eq!(diagnosis.fault, Fault::Provider);
    assert!(
        diagnosis
            .said
            .unwrap()
            .contains("\"Please log in to the network\"")
    );
}
