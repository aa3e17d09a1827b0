//! Every grant with oidc-provider, a certified OpenID provider.

use mailgrant_lab::{OidcClient, OidcProvider, OidcProviderOptions};
use mailgrant_oauth::{
    Access, ClientCredential, DevicePoll, KeyAlgorithm, Profile, ProviderKind, Refusal,
    SecretMethod, begin_device, identity, poll_device,
};
use mailgrant_sandbox::{Browser, Page};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::party::{DESK, Party, REDIRECT_URI, SECRET, ended, key, profile, scopes, secret};

/// Clients that prove themselves in every way that Mailgrant knows.
struct Clients {
    provider: OidcProvider,
    profiles: Vec<Profile>,
}

impl Clients {
    fn start() -> Self {
        let (rsa, rsa_keys) = key(KeyAlgorithm::Rsa);
        let (ec, ec_keys) = key(KeyAlgorithm::EcP256);
        let kinds = [
            (
                "basic",
                "client_secret_basic",
                secret(SecretMethod::Basic),
                None,
            ),
            (
                "post",
                "client_secret_post",
                secret(SecretMethod::Post),
                None,
            ),
            (
                "rsa",
                "private_key_jwt",
                ClientCredential::Key(rsa),
                Some(rsa_keys),
            ),
            (
                "ec",
                "private_key_jwt",
                ClientCredential::Key(ec),
                Some(ec_keys),
            ),
            ("public", "none", ClientCredential::None, None),
        ];
        let registered = kinds.iter().map(|(id, method, _, jwks)| OidcClient {
            id: (*id).to_owned(),
            secret: SECRET.to_owned(),
            method,
            jwks: jwks.clone(),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
        });
        let provider = OidcProvider::start(&OidcProviderOptions {
            clients: registered.collect(),
            access_token_seconds: 3600,
        });
        let issuer = Url::parse(&provider.issuer()).unwrap();
        let profiles = kinds.into_iter().map(|(id, _, credential, _)| Profile {
            issuer: Some(issuer.clone()),
            scopes: Some(scopes("openid email offline_access mail")),
            ..profile(ProviderKind::Oidc, id, credential)
        });
        let profiles = profiles.collect();
        Self { provider, profiles }
    }

    async fn parties(&self) -> Vec<Party> {
        let mut parties = Vec::new();
        for profile in &self.profiles {
            parties.push(Party::of(profile.clone()).await);
        }
        parties
    }

    async fn party(&self) -> Party {
        Party::of(self.profiles[0].clone()).await
    }
}

#[tokio::test]
#[ignore = "needs oidc-provider; ./test installs it"]
async fn each_way_of_proving_a_client_takes_a_code_through_its_whole_life() {
    let clients = Clients::start();
    for party in clients.parties().await {
        let client = &party.profile.client_id;
        let (url, attempt) = party.leave();
        let (first, who) = party.come_back(&agree(&url).await, &attempt).await;
        assert_eq!(
            (who.subject.as_str(), who.name.as_str()),
            (DESK, DESK),
            "{client}"
        );
        let second = party.refresh(first.refresh_token.as_ref().unwrap()).await;
        let second = second.unwrap();
        let access = &second.access_token;
        let rotated = second.refresh_token.as_ref().unwrap();
        assert_ne!(access.expose_secret(), first.access_token.expose_secret());

        let said = party.introspect(access).await;
        assert!(said.active, "{client}");
        assert_eq!(said.client_id.as_ref(), Some(client));
        assert!(said.scopes.contains(&"mail".to_owned()), "{said:?}");
        party.revoke(rotated).await;
        assert!(!party.introspect(access).await.active, "{client}");
        ended(party.refresh(rotated).await);
    }
}

#[tokio::test]
#[ignore = "needs oidc-provider; ./test installs it"]
async fn a_code_is_worth_nothing_without_the_verifier_that_it_began_with() {
    let clients = Clients::start();
    let party = clients.party().await;
    let (url, attempt) = party.leave();
    let (_, other) = party.leave();
    let redeemed = party
        .redeem(&agree(&url).await, &attempt, &other.verifier)
        .await;
    ended(redeemed);
}

#[tokio::test]
#[ignore = "needs oidc-provider; ./test installs it"]
async fn the_second_use_of_a_rotated_refresh_token_ends_the_grant_and_is_told() {
    let clients = Clients::start();
    let party = clients.party().await;
    let (url, attempt) = party.leave();
    let (first, _) = party.come_back(&agree(&url).await, &attempt).await;
    let spent = first.refresh_token.unwrap();
    let newest = party.refresh(&spent).await.unwrap().refresh_token.unwrap();
    let diagnosis = ended(party.refresh(&spent).await);
    assert!(diagnosis.said.unwrap().starts_with("invalid_grant"));
    ended(party.refresh(&newest).await);
}

#[tokio::test]
#[ignore = "needs oidc-provider; ./test installs it"]
async fn every_client_but_a_public_one_gets_a_token_in_its_own_name() {
    let clients = Clients::start();
    for mut party in clients.parties().await {
        party.profile.access = Access::Application;
        party.profile.scopes = Some(scopes("mail"));
        let answered = party.application_token().await;
        if party.profile.client_id == "public" {
            let refusal = answered.unwrap_err();
            assert!(matches!(refusal, Refusal::Profile(_)), "{refusal}");
            continue;
        }
        let tokens = answered.unwrap();
        assert!(tokens.refresh_token.is_none());
        let said = party.introspect(&tokens.access_token).await;
        assert!(said.active);
        assert_eq!(said.scopes, ["mail"]);
        assert_eq!(said.subject, None);
    }
}

#[tokio::test]
#[ignore = "needs oidc-provider; ./test installs it"]
async fn a_wrong_credential_is_the_profiles_fault_and_no_grants() {
    let clients = Clients::start();
    let (rsa, _) = key(KeyAlgorithm::Rsa);
    for mut party in clients.parties().await {
        party.profile.credential = match &party.profile.credential {
            ClientCredential::Secret { method, .. } => ClientCredential::Secret {
                secret: "wrong".into(),
                method: *method,
                expires_at: None,
            },
            ClientCredential::Key(_) => ClientCredential::Key(rsa.clone()),
            _ => continue,
        };
        let refusal = party
            .refresh(&SecretString::from("made-up"))
            .await
            .unwrap_err();
        assert!(
            matches!(&refusal, Refusal::Profile(said) if said.error == "invalid_client"),
            "{refusal}"
        );
    }
}

#[tokio::test]
#[ignore = "needs oidc-provider; ./test installs it"]
async fn a_code_that_somebody_types_elsewhere_becomes_tokens_that_last() {
    let clients = Clients::start();
    for party in clients.parties().await {
        let (http, profile, endpoints) = (&party.http, &party.profile, &party.endpoints);
        let mut begun = begin_device(http, profile, endpoints).await.unwrap();
        let asked = poll_device(http, profile, endpoints, &mut begun)
            .await
            .unwrap();
        assert!(matches!(asked, DevicePoll::Waiting { .. }), "{asked:?}");
        type_code(begun.verification_uri.as_str(), &begun.user_code, true).await;
        let asked = poll_device(http, profile, endpoints, &mut begun)
            .await
            .unwrap();
        let DevicePoll::Granted(tokens) = asked else {
            panic!("{asked:?}")
        };
        let now = mailgrant_base::Clock::now(&mailgrant_base::SystemClock);
        let id_token = tokens.id_token.as_ref().unwrap();
        let who = identity(http, profile, endpoints, id_token, None, now).await;
        assert_eq!(who.unwrap().name, DESK);
        party
            .refresh(tokens.refresh_token.as_ref().unwrap())
            .await
            .unwrap();

        let mut begun = begin_device(http, profile, endpoints).await.unwrap();
        type_code(begun.verification_uri.as_str(), &begun.user_code, false).await;
        let asked = poll_device(http, profile, endpoints, &mut begun)
            .await
            .unwrap();
        assert!(matches!(asked, DevicePoll::Declined), "{asked:?}");
    }
}

#[tokio::test]
#[ignore = "needs oidc-provider; ./test installs it"]
async fn an_identity_signed_with_a_key_that_is_new_since_the_last_one_is_believed() {
    for keep_old in [true, false] {
        let clients = Clients::start();
        let party = clients.party().await;
        let (url, attempt) = party.leave();
        party.come_back(&agree(&url).await, &attempt).await;
        clients.provider.rotate_keys(keep_old);
        let (url, attempt) = party.leave();
        let (_, who) = party.come_back(&agree(&url).await, &attempt).await;
        assert_eq!(who.subject, DESK);
    }
}

/// Signs in and agrees: where that sends the browser.
async fn agree(url: &Url) -> Url {
    let mut browser = Browser::default();
    let page = browser.open(url.as_str()).await.unwrap();
    let page = go_on(&mut browser, page).await;
    page.leads_to.unwrap()
}

/// Types a device's code, and signs in or stops.
async fn type_code(page: &str, code: &str, allow: bool) {
    let mut browser = Browser::default();
    let page = browser.open(page).await.unwrap();
    let typed = [("user_code", code)];
    let page = browser.press(&page, "op.deviceInputForm", &typed).await;
    let decision: &[_] = if allow { &[] } else { &[("abort", "yes")] };
    let page = browser
        .press(&page.unwrap(), "op.deviceConfirmForm", decision)
        .await;
    if allow {
        let page = go_on(&mut browser, page.unwrap()).await;
        assert!(page.body.contains("Sign-in Success"), "{}", page.body);
    }
}

/// The page to sign in, then the page to agree.
async fn go_on(browser: &mut Browser, mut page: Page) -> Page {
    for typed in [&[("login", DESK), ("password", "any")][..], &[]] {
        if page.leads_to.is_none() {
            // Its buttons have no names.
            page.body = page.body.replace("<button ", "<button id=\"go\" ");
            page = browser.press(&page, "go", typed).await.unwrap();
        }
    }
    page
}
