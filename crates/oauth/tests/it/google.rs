//! Every grant with the sandbox in Google's persona, by the catalogue's own row.

use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_oauth::{
    Access, ClientCredential, ClientKey, KeyAlgorithm, Profile, ProviderKind, Refusal,
    SecretMethod, missing_for_mail, requested_scopes,
};
use mailgrant_sandbox::{
    Client, IdentityProvider, Persona, ProviderOptions, PublicKeys, ServiceAccount, TokenBook,
    User, sign_in, sign_in_withholding,
};
use secrecy::SecretString;
use url::Url;

use crate::party::{DESK, Party, REDIRECT_URI, SECRET, ended, key, profile, scopes, secret};

const MAIL: &str = "https://mail.google.com/";
const ROBOT: &str = "robot@project.iam.gserviceaccount.com";
const CONSOLE: &str = "Domain-wide delegation";

async fn start(service_accounts: Vec<ServiceAccount>) -> IdentityProvider {
    let options = ProviderOptions {
        persona: Persona::Google,
        clients: vec![Client {
            id: "mailgrant".to_owned(),
            secret: Some(SECRET.to_owned()),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            ..Client::default()
        }],
        service_accounts,
        users: vec![User {
            address: DESK.to_owned(),
            password: "p".to_owned(),
        }],
        rotate: false,
        ..ProviderOptions::default()
    };
    IdentityProvider::start(options, TokenBook::default())
        .await
        .unwrap()
}

/// The sandbox's issuer stands for Google's.
async fn party(provider: &IdentityProvider, profile: Profile) -> Party {
    let mut party = Party::at(&provider.origin(), profile).await;
    party.endpoints.issuer = Some(provider.issuer());
    party
}

fn web_client() -> Profile {
    profile(
        ProviderKind::Google,
        "mailgrant",
        secret(SecretMethod::Post),
    )
}

#[tokio::test]
async fn every_sign_in_brings_a_refresh_token_that_stays_and_can_be_revoked() {
    let provider = start(Vec::new()).await;
    let party = party(&provider, web_client()).await;
    let mut last = None;
    // Without `access_type=offline` the first would bring none, without `prompt=consent` the second.
    for _ in 0..2 {
        let (url, attempt) = party.leave();
        for asked in ["access_type=offline", "prompt=consent"] {
            assert!(url.as_str().contains(asked), "{url}");
        }
        let back = sign_in(url.as_str(), DESK, "p").await.unwrap();
        let (tokens, who) = party.come_back(&Url::parse(&back).unwrap(), &attempt).await;
        assert_eq!(who.name, DESK);
        last = tokens.refresh_token;
    }
    let refresh_token = last.unwrap();
    let renewed = party.refresh(&refresh_token).await.unwrap();
    assert!(renewed.refresh_token.is_none(), "the old one stays");
    party.revoke(&refresh_token).await;
    let diagnosis = ended(party.refresh(&refresh_token).await);
    assert!(diagnosis.what.contains("withdrawn"), "{diagnosis:?}");
}

#[tokio::test]
async fn a_scope_for_mail_that_the_person_unticks_is_missed() {
    let provider = start(Vec::new()).await;
    let party = party(&provider, web_client()).await;
    let (url, attempt) = party.leave();
    let back = sign_in_withholding(url.as_str(), DESK, "p", &[MAIL]).await;
    let back = Url::parse(&back.unwrap()).unwrap();
    let (tokens, _) = party.come_back(&back, &attempt).await;
    let asked = requested_scopes(&party.profile, &party.endpoints);
    let granted = tokens.scopes.unwrap();
    let missing = missing_for_mail(ProviderKind::Google, &asked, &granted);
    assert_eq!(missing.unwrap().as_str(), MAIL);
    assert_eq!(missing_for_mail(ProviderKind::Google, &asked, &asked), None);
}

#[tokio::test]
async fn the_refresh_token_that_a_hundred_newer_ones_pushed_out_is_told_as_that() {
    let provider = start(Vec::new()).await;
    let party = party(&provider, web_client()).await;
    let grant = || SecretString::from(provider.grant("mailgrant", DESK, MAIL));
    let (oldest, second) = (grant(), grant());
    for _ in 2..100 {
        grant();
    }
    party.refresh(&oldest).await.unwrap();
    let (url, attempt) = party.leave();
    let back = sign_in(url.as_str(), DESK, "p").await.unwrap();
    let back = Url::parse(&back).unwrap();
    party.come_back(&back, &attempt).await;
    let diagnosis = ended(party.refresh(&oldest).await);
    assert!(
        diagnosis.what.contains("newer ones pushed it out"),
        "{diagnosis:?}"
    );
    party.refresh(&second).await.unwrap();
}

fn service_account(key: &ClientKey, mailbox_scope: &str) -> Profile {
    Profile {
        access: Access::Application,
        scopes: Some(scopes(mailbox_scope)),
        ..profile(
            ProviderKind::Google,
            ROBOT,
            ClientCredential::Key(key.clone()),
        )
    }
}

#[tokio::test]
async fn a_service_account_opens_the_mailboxes_that_were_delegated_to_it_and_hears_why_not() {
    let (own, public) = key(KeyAlgorithm::Rsa);
    let (foreign, _) = key(KeyAlgorithm::Rsa);
    let provider = start(vec![ServiceAccount {
        issuer: ROBOT.to_owned(),
        keys: PublicKeys::Jwks(public.to_string()),
        scopes: vec![MAIL.to_owned()],
    }])
    .await;
    let good = party(&provider, service_account(&own, MAIL)).await;
    let tokens = good.application_token().await.unwrap();
    assert!(tokens.refresh_token.is_none());

    let wider = "https://www.googleapis.com/auth/gmail.modify";
    for (key, client, scope, fault, place) in [
        (&own, ROBOT, wider, Fault::Tenant, CONSOLE),
        (&foreign, ROBOT, MAIL, Fault::Operator, "Service Accounts"),
        (&own, "nobody@project.example", MAIL, Fault::Operator, ""),
    ] {
        let mut party = party(&provider, service_account(key, scope)).await;
        client.clone_into(&mut party.profile.client_id);
        let refusal = party.application_token().await.unwrap_err();
        // Nobody can sign in anew: every mailbox of the profile has it.
        assert!(
            matches!(refusal, Refusal::Profile(_)),
            "{client} {scope}: {refusal:?}"
        );
        let diagnosis = refusal.diagnosis();
        assert_eq!(diagnosis.fault, fault, "{diagnosis:?}");
        assert!(diagnosis.place.unwrap_or_default().contains(place));
    }
}
