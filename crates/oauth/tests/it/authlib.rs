//! The code flow, renewal, revocation and introspection with Authlib: another implementation, in
//! another language, by other people.

use mailgrant_lab::{AuthlibProvider, AuthlibProviderOptions, OidcClient};
use mailgrant_oauth::{ClientCredential, Profile, ProviderKind, SecretMethod};
use mailgrant_sandbox::Browser;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::party::{DESK, Party, REDIRECT_URI, ended, profile, scopes};

/// Authlib takes a secret in the Basic scheme as it stands, so this one needs no wrapping.
const PLAIN_SECRET: &str = "a-secret-of-letters";

struct Clients {
    _provider: AuthlibProvider,
    parties: Vec<Party>,
}

async fn start() -> Clients {
    let methods = [
        ("client_secret_basic", SecretMethod::Basic),
        ("client_secret_post", SecretMethod::Post),
    ];
    let client = |(method, _): &(&'static str, SecretMethod)| OidcClient {
        id: (*method).to_owned(),
        secret: PLAIN_SECRET.to_owned(),
        method,
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        ..OidcClient::default()
    };
    let provider = AuthlibProvider::start(&AuthlibProviderOptions {
        clients: methods.iter().map(client).collect(),
        access_token_seconds: 3600,
    });
    let mut parties = Vec::new();
    for (id, method) in methods {
        let credential = ClientCredential::Secret {
            secret: PLAIN_SECRET.into(),
            method,
            expires_at: None,
        };
        let profile = Profile {
            issuer: Some(Url::parse(&provider.issuer()).unwrap()),
            scopes: Some(scopes("openid email offline_access mail")),
            ..profile(ProviderKind::Oidc, id, credential)
        };
        parties.push(Party::of(profile).await);
    }
    Clients {
        _provider: provider,
        parties,
    }
}

async fn agree(url: &Url) -> Url {
    let mut browser = Browser::default();
    let page = browser.open(url.as_str()).await.unwrap();
    let page = browser.press(&page, "allow", &[("login", DESK)]).await;
    page.unwrap().leads_to.unwrap()
}

#[tokio::test]
#[ignore = "needs Authlib; ./test installs it"]
async fn each_way_of_sending_a_secret_takes_a_code_through_its_whole_life() {
    let clients = start().await;
    for party in &clients.parties {
        let (url, attempt) = party.leave();
        let (first, who) = party.come_back(&agree(&url).await, &attempt).await;
        assert_eq!(who.name, DESK);
        let second = party.refresh(first.refresh_token.as_ref().unwrap()).await;
        let second = second.unwrap();
        let rotated = second.refresh_token.as_ref().unwrap();
        let said = party.introspect(&second.access_token).await;
        assert!(said.active);
        assert_eq!(said.username.as_deref(), Some(DESK));
        party.revoke(rotated).await;
        assert!(!party.introspect(&second.access_token).await.active);
        ended(party.refresh(rotated).await);
    }
}

#[tokio::test]
#[ignore = "needs Authlib; ./test installs it"]
async fn the_second_use_of_a_rotated_refresh_token_ends_the_grant_and_is_told() {
    let clients = start().await;
    for party in &clients.parties {
        let (url, attempt) = party.leave();
        let (first, _) = party.come_back(&agree(&url).await, &attempt).await;
        let spent = first.refresh_token.unwrap();
        let newest = party.refresh(&spent).await.unwrap().refresh_token.unwrap();
        assert_ne!(spent.expose_secret(), newest.expose_secret());
        ended(party.refresh(&spent).await);
        ended(party.refresh(&newest).await);
    }
}

#[tokio::test]
#[ignore = "needs Authlib; ./test installs it"]
async fn a_code_is_worth_nothing_without_the_verifier_that_it_began_with() {
    let clients = start().await;
    for party in &clients.parties {
        let (url, attempt) = party.leave();
        let (_, other) = party.leave();
        ended(
            party
                .redeem(&agree(&url).await, &attempt, &other.verifier)
                .await,
        );
    }
}
