//! Tokens without a person: client credentials (RFC 6749, section 4.4), or an assertion about the
//! mailbox, signed with a service account's key (RFC 7523, section 2.1).

use crate::answer::read_tokens;
use crate::catalogue::{ApplicationGrant, ApplicationMethod};
use crate::client_authentication::Proving;
use crate::error_catalogue::{PROFILE_INCOMPLETE, is_about_credential};
use crate::request::Request;
use crate::{Endpoints, HttpClient, Profile, Refusal, Resource, Scope, Tokens, catalogue};

/// Fetches an access token for `resource` in the application's own name. Which mailboxes it opens
/// the mail server decides, or, with an assertion, `mailbox`: the token is for that one alone.
///
/// A token may come although nothing was allowed: Entra then leaves out the claim `roles`
/// (`v2-oauth2-client-creds-grant-flow`), and only the mail server says no.
pub async fn application_token(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    mailbox: &str,
    resource: Resource,
) -> Result<Tokens, Refusal> {
    let Some(grant) = &catalogue::row(profile.kind).application_grant else {
        let said = "this kind of provider gives no access without a person who signs in";
        return Err(Refusal::profile(PROFILE_INCOMPLETE, said));
    };
    let scopes = scopes(profile, grant, resource);
    let url = &endpoints.token;
    let answered = match grant.method {
        ApplicationMethod::ClientCredentials => {
            let mut request = Request::of_grant("client_credentials");
            request.add_scopes(&scopes);
            request.send(http, profile, endpoints, url).await?
        }
        ApplicationMethod::JwtBearer => {
            let request = Request::of_grant("urn:ietf:params:oauth:grant-type:jwt-bearer");
            let proving = Proving::Grant {
                subject: mailbox,
                scope: &Scope::join(&scopes),
            };
            let sent = request.send_as(&proving, http, profile, endpoints, url);
            sent.await?
        }
    };
    match read_tokens(&answered.answer, &answered.secrets) {
        // A key that is not known is nobody's grant that ended: every mailbox has it.
        Err(Refusal::NeedsPerson(said)) if is_about_credential(&said) => {
            Err(Refusal::Profile(said))
        }
        read => read,
    }
}

/// Those entered by hand, which are for the mail servers; else the catalogue's.
fn scopes(profile: &Profile, grant: &ApplicationGrant, resource: Resource) -> Vec<Scope> {
    match (&profile.scopes, resource) {
        (Some(scopes), Resource::Mail) => scopes.clone(),
        _ => grant
            .scopes(resource)
            .iter()
            .filter_map(|text| Scope::parse(text).ok())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    use mailgrant_base::{Clock as _, ManualClock, SystemRandom};
    use serde_json::Value;

    use super::*;
    use crate::ProviderKind::{Google, Microsoft, Oidc};
    use crate::endpoints::tests::endpoints;
    use crate::test_server::{Reply, TestServer, http_client, profile};
    use crate::{ClientCredential, ClientKey, SecretMethod};

    const TOKENS: &str = r#"{"access_token":"AT","expires_in":3599}"#;

    fn key(pem: &str) -> ClientCredential {
        let key = ClientKey::read(pem.as_bytes(), None).unwrap().key;
        let key = ClientKey::of_parts(key.private_key(), None, Some("key-7".to_owned()));
        ClientCredential::Key(key.unwrap())
    }

    fn service_account() -> Profile {
        Profile {
            client_id: "desk@project.iam.gserviceaccount.com".to_owned(),
            credential: key(include_str!("../../testdata/keys/rsa-pkcs8.pem")),
            ..profile(Google)
        }
    }

    async fn ask(server: &TestServer, profile: &Profile) -> Result<Tokens, Refusal> {
        let endpoints = Endpoints {
            token: server.url("/token"),
            ..endpoints("https://login.example.com")
        };
        let clock = Arc::new(ManualClock::default());
        let http = http_client().with_clock(clock, Arc::new(SystemRandom));
        application_token(
            &http,
            profile,
            &endpoints,
            "info@example.com",
            Resource::Mail,
        )
        .await
    }

    fn sent(server: &TestServer) -> Vec<(String, String)> {
        let mut form = server.requests().pop().unwrap().form();
        form.sort();
        form
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[tokio::test]
    async fn client_credentials_ask_for_the_rows_scopes_or_those_entered_by_hand() {
        let server = TestServer::start().await;
        server.queue([
            Reply::json(TOKENS),
            Reply::json(TOKENS),
            Reply::json(TOKENS),
        ]);
        let mut entra = profile(Microsoft);
        entra.credential = ClientCredential::Secret {
            secret: "s3cret".into(),
            method: SecretMethod::Post,
            expires_at: None,
        };
        let tokens = ask(&server, &entra).await.unwrap();
        assert!(tokens.refresh_token.is_none());
        assert_eq!(
            sent(&server),
            [
                pair("client_id", "client"),
                pair("client_secret", "s3cret"),
                pair("grant_type", "client_credentials"),
                pair("scope", "https://outlook.office365.com/.default"),
            ]
        );
        entra.scopes = Some(Scope::parse_list("https://outlook.office365.us/.default").unwrap());
        ask(&server, &entra).await.unwrap();
        assert!(sent(&server).contains(&pair("scope", "https://outlook.office365.us/.default")));
        ask(&server, &profile(Oidc)).await.unwrap();
        assert!(sent(&server).iter().all(|(name, _)| name != "scope"));
    }

    #[tokio::test]
    async fn a_service_account_signs_for_one_mailbox_and_needs_no_client_authentication() {
        let server = TestServer::start().await;
        server.queue([Reply::json(TOKENS)]);
        ask(&server, &service_account()).await.unwrap();
        let form = sent(&server);
        let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["assertion", "grant_type"]);
        assert_eq!(form[1].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let request = server.requests().pop().unwrap();
        assert!(!request.head.to_lowercase().contains("authorization:"));
        let header = decode_header(&form[0].1).unwrap();
        assert_eq!(
            (header.alg, header.kid.as_deref()),
            (Algorithm::RS256, Some("key-7"))
        );
        let public = include_bytes!("../../testdata/keys/rsa-public.pem");
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[server.url("/token").as_str()]);
        rules.validate_exp = false;
        let verifier = DecodingKey::from_rsa_pem(public).unwrap();
        let claims = decode::<Value>(&form[0].1, &verifier, &rules)
            .unwrap()
            .claims;
        assert_eq!(claims["iss"], "desk@project.iam.gserviceaccount.com");
        assert_eq!(claims["sub"], "info@example.com");
        assert_eq!(claims["scope"], "https://mail.google.com/");
        let now = ManualClock::default().now().as_second();
        assert_eq!(claims["iat"], now);
        let life = claims["exp"].as_i64().unwrap() - now;
        assert!((1..=3600).contains(&life), "{life}");
    }

    #[tokio::test]
    async fn a_key_that_is_not_known_is_the_profiles_fault_and_calls_for_the_second() {
        let server = TestServer::start().await;
        let unknown = r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
        server.queue([Reply::refusal(unknown)]);
        let mut account = service_account();
        let refusal = ask(&server, &account).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Profile(_)), "{refusal:?}");
        account.second_credential = Some(key(include_str!("../../testdata/keys/ec-pkcs8.pem")));
        server.queue([Reply::refusal(unknown), Reply::json(TOKENS)]);
        ask(&server, &account).await.unwrap();
        assert_eq!(server.requests().len(), 3);
        // A mailbox that is not there is that mailbox's trouble.
        let nobody = r#"{"error":"invalid_grant","error_description":"Invalid email or User ID"}"#;
        server.queue([Reply::refusal(nobody)]);
        let refusal = ask(&server, &account).await.unwrap_err();
        assert!(matches!(refusal, Refusal::NeedsPerson(_)), "{refusal:?}");
    }

    #[tokio::test]
    async fn a_service_account_without_its_key_is_told_so_before_anything_is_sent() {
        let server = TestServer::start().await;
        let refusal = ask(&server, &profile(Google)).await.unwrap_err();
        assert!(
            refusal.to_string().contains("service account's key"),
            "{refusal}"
        );
        assert!(server.requests().is_empty());
    }
}
