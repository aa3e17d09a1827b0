//! Every grant with the sandbox in Microsoft's persona, by the catalogue's own row.

use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_oauth::{
    Access, ClientCredential, KeyAlgorithm, Profile, ProviderKind, Refusal, Resource, SecretMethod,
    TokenClaims,
};
use mailgrant_sandbox::{
    Client, Credential, IdentityProvider, Persona, ProviderOptions, PublicKeys, TokenBook, User,
    sign_in,
};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::party::{DESK, Party, REDIRECT_URI, SECRET, key, profile, scopes, secret};

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const AS_APP: &str = "https://outlook.office365.com/IMAP.AccessAsApp";

async fn start(change: impl FnOnce(&mut Client)) -> IdentityProvider {
    let mut client = Client {
        id: "mailgrant".to_owned(),
        secret: Some(SECRET.to_owned()),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        ..Client::default()
    };
    change(&mut client);
    let options = ProviderOptions {
        persona: Persona::Microsoft,
        clients: vec![client],
        users: vec![User {
            address: DESK.to_owned(),
            password: "p".to_owned(),
        }],
        ..ProviderOptions::default()
    };
    IdentityProvider::start(options, TokenBook::default())
        .await
        .unwrap()
}

/// A registration at this tenant; the sandbox's issuer stands for Microsoft's.
async fn party(provider: &IdentityProvider, tenant: &str, changed: Profile) -> Party {
    let profile = Profile {
        tenant: Some(tenant.to_owned()),
        ..changed
    };
    let mut party = Party::at(&provider.origin(), profile).await;
    let issuer = party.endpoints.issuer.take().unwrap();
    let microsofts = "https://login.microsoftonline.com";
    assert!(issuer.starts_with(microsofts), "{issuer}");
    party.endpoints.issuer = Some(issuer.replace(microsofts, &provider.origin()));
    party
}

fn delegated() -> Profile {
    Profile {
        scopes: Some(scopes(
            "imap smtp https://graph.microsoft.com/Mail.Read openid offline_access",
        )),
        ..profile(
            ProviderKind::Microsoft,
            "mailgrant",
            secret(SecretMethod::Post),
        )
    }
}

#[tokio::test]
async fn each_tenant_signs_in_and_its_issuer_is_that_of_whoever_signed_in() {
    let provider = start(|_| {}).await;
    for tenant in ["common", "organizations", provider.tenant()] {
        let party = party(&provider, tenant, delegated()).await;
        let template = party
            .endpoints
            .issuer
            .as_ref()
            .unwrap()
            .contains("{tenantid}");
        assert_eq!(template, tenant != provider.tenant());
        let (url, attempt) = party.leave();
        let back = sign_in(url.as_str(), DESK, "p").await.unwrap();
        let (tokens, who) = party.come_back(&Url::parse(&back).unwrap(), &attempt).await;
        assert_eq!(who.name, DESK);
        assert!(who.subject.starts_with(provider.tenant()), "{who:?}");
        let claims = TokenClaims::peek(&tokens.access_token).unwrap();
        assert_eq!(claims.audience, ["https://outlook.office.com"]);
        assert_eq!(claims.scopes, ["IMAP.AccessAsUser.All", "SMTP.Send"]);
    }
}

#[tokio::test]
async fn one_refresh_token_brings_tokens_for_mail_and_for_graph_and_the_old_one_lives_on() {
    let provider = start(|_| {}).await;
    let party = party(&provider, "organizations", delegated()).await;
    let (url, attempt) = party.leave();
    let back = sign_in(url.as_str(), DESK, "p").await.unwrap();
    let (tokens, _) = party.come_back(&Url::parse(&back).unwrap(), &attempt).await;
    let first = tokens.refresh_token.unwrap();
    for (resource, audience) in [
        (Resource::Graph, GRAPH),
        (Resource::Mail, "https://outlook.office.com"),
        (Resource::Graph, GRAPH),
    ] {
        let tokens = party.refresh_for(resource, &first).await.unwrap();
        let claims = TokenClaims::peek(&tokens.access_token).unwrap();
        assert_eq!(claims.audience, [audience]);
        let newer = tokens.refresh_token.unwrap();
        assert_ne!(newer.expose_secret(), first.expose_secret());
        party.refresh(&newer).await.unwrap();
    }
}

#[tokio::test]
async fn an_application_proves_itself_with_a_certificate_and_gets_its_roles_or_a_token_without() {
    let (key, _) = key(KeyAlgorithm::Rsa);
    for (granted, roles) in [(vec![AS_APP.to_owned()], 1), (Vec::new(), 0)] {
        let certificate = key.certificates_pem().unwrap();
        let provider = start(|client| {
            client.secret = None;
            let public = PublicKeys::Certificate(certificate);
            client.credentials.push(Credential::Key(public));
            client.own_scopes = granted;
        })
        .await;
        let credential = ClientCredential::Key(key.clone());
        let profile = Profile {
            access: Access::Application,
            ..profile(ProviderKind::Microsoft, "mailgrant", credential)
        };
        let tenant = provider.tenant();
        let party = party(&provider, tenant, profile).await;
        let tokens = party.application_token().await.unwrap();
        assert!(tokens.refresh_token.is_none());
        let claims = TokenClaims::peek(&tokens.access_token).unwrap();
        assert_eq!(claims.audience, ["https://outlook.office365.com"]);
        assert_eq!(claims.identity_type.as_deref(), Some("app"));
        assert_eq!(claims.roles.len(), roles, "{claims:?}");
    }
}

#[tokio::test]
async fn an_application_has_a_tenant_of_its_own_and_is_told_so() {
    let provider = start(|client| client.own_scopes = vec![AS_APP.to_owned()]).await;
    let profile = Profile {
        access: Access::Application,
        ..profile(
            ProviderKind::Microsoft,
            "mailgrant",
            secret(SecretMethod::Post),
        )
    };
    let party = party(&provider, "organizations", profile).await;
    let refusal = party.application_token().await.unwrap_err();
    assert!(matches!(refusal, Refusal::Profile(_)), "{refusal}");
    let diagnosis = refusal.diagnosis();
    assert_eq!(diagnosis.fault, Fault::Operator);
    assert!(
        diagnosis.what.contains("a tenant of its own"),
        "{diagnosis:?}"
    );
}
