//! The form of a provider: whatever is typed into it.

use mailgrant_base::{SystemClock, SystemRandom};
use mailgrant_oauth::{ClientCredential, ClientKey, KeyAlgorithm};
use mailgrant_vault::{EventKind, ProviderId};
use secrecy::ExposeSecret as _;

use crate::html::{as_shown, control, hidden, told_at};
use crate::visitor::Answer;
use crate::world::{CLIENT_SECRET, World};

/// A form that would be taken.
const GOOD: [(&str, &str); 12] = [
    ("name", "entra"),
    ("kind", "oidc"),
    ("client_id", "our-client"),
    ("client_secret", "LEAK-typed-secret"),
    ("secret_method", "basic"),
    ("tenant", ""),
    ("issuer", "https://login.example.com"),
    (
        "authorization_endpoint",
        "https://login.example.com/authorize",
    ),
    ("token_endpoint", "https://login.example.com/token"),
    ("jwks_uri", "https://login.example.com/keys"),
    ("revocation_endpoint", "https://login.example.com/revoke"),
    ("scopes", "openid mail"),
];

/// The good form with one field changed.
pub(crate) fn with<'a>(
    form: &[(&'a str, &'a str)],
    field: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let mut changed: Vec<_> = form
        .iter()
        .copied()
        .filter(|(it, _)| *it != field)
        .collect();
    changed.push((field, value));
    changed
}

#[tokio::test]
async fn what_is_wrong_is_told_at_its_field_and_nothing_is_stored() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    let before = world.everything().await;
    let long = "x".repeat(4097);
    let url = format!("https://login.example.com/{long}");
    let mut wrong = vec![
        ("name", ""),
        ("name", "has space"),
        ("name", "<script>alert(1)</script>"),
        ("name", "näme"),
        ("kind", ""),
        ("kind", "nothing"),
        ("client_id", ""),
        ("client_id", "   "),
        ("secret_method", "sideways"),
        ("tenant", "for microsoft alone"),
        ("scopes", "a\u{7f}b"),
        ("issuer", &*url),
    ];
    for endpoint in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "revocation_endpoint",
    ] {
        for value in [
            "nothing",
            "http://login.example.com",
            "javascript:alert(1)",
            "https://",
            "https://user:password@login.example.com",
            "https://login.example.com/#fragment",
            "\"><script>alert(1)</script>",
        ] {
            wrong.push((endpoint, value));
        }
    }
    for (field, _) in GOOD {
        wrong.push((field, "line\r\nbreak"));
        wrong.push((field, "nul\0"));
        wrong.push((field, &*long));
    }
    for (field, value) in wrong {
        let answer = visitor
            .post("/providers/new", &with(&GOOD, field, value))
            .await;
        let page = answer.says(422, &["Nothing was saved yet"]);
        let told = told_at(page, field);
        assert!(told.is_some(), "nothing is told at {field} for {value:?}");
        assert!(!page.contains("<script>alert"), "{page}");
        for (kept, typed) in with(&GOOD, field, value) {
            let shown = control(page, kept);
            match kept {
                "client_secret" => assert_eq!(shown.get("value"), None),
                "kind" | "secret_method" => {}
                _ => assert_eq!(shown.get("value"), Some(typed.trim()), "{kept}"),
            }
        }
        assert!(!page.contains("LEAK-typed-secret"));
    }
    assert_eq!(world.everything().await, before);
    assert_eq!(world.events().await.len(), 0);
    assert_eq!(crate::log::line_with("LEAK-typed-secret"), None);
}

#[tokio::test]
async fn a_choice_that_was_made_is_still_made_when_the_form_comes_back() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    let answer = visitor
        .post("/providers/new", &with(&GOOD, "client_id", ""))
        .await;
    let page = answer.says(422, &[]);
    assert!(
        page.contains("<option value=\"oidc\" data-takes=\"application endpoints\" selected>"),
        "{page}"
    );
    assert!(page.contains("<option value=\"basic\" selected>"), "{page}");
}

#[tokio::test]
async fn a_good_form_is_stored_once_and_recorded() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    let answer = visitor.post("/providers/new", &GOOD).await;
    let path = answer.leads_to().to_owned();
    let page = visitor.page(&path).await;
    assert!(page.contains("The provider was added."), "{page}");
    assert!(
        page.contains("Keep the stored one (client secret)"),
        "{page}"
    );
    assert!(!page.contains("LEAK-typed-secret"));
    let events = world.events().await;
    assert_eq!(events[0].kind, EventKind::ProviderAdded);
    assert_eq!(events[0].text, "anna added provider entra.");

    let again = visitor.post("/providers/new", &GOOD).await;
    let told = told_at(again.says(422, &[]), "name").unwrap();
    assert!(told.contains("is taken"), "{told}");
    assert_eq!(world.vault.providers().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_secret_keeps_the_stored_one_and_a_tick_drops_it() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut visitor = world.administrator().await;
    let path = format!("/providers/{}", provider.id.0);
    for (fields, expected) in [
        (vec![("client_secret", "")], Some(CLIENT_SECRET)),
        (
            vec![("client_secret", "LEAK-a-new-one")],
            Some("LEAK-a-new-one"),
        ),
        (
            vec![("client_secret", ""), ("no_client_secret", "yes")],
            None,
        ),
    ] {
        let version = hidden(&visitor.page(&path).await, "version").unwrap();
        let mut form = with(&GOOD, "version", &version);
        form.retain(|(name, _)| *name != "client_secret");
        form.extend(fields);
        assert_eq!(visitor.post(&path, &form).await.leads_to(), path);
        let stored = world.vault.provider(provider.id).await.unwrap().unwrap();
        let stored = match &stored.profile.credential {
            ClientCredential::Secret { secret, .. } => Some(secret.expose_secret().to_owned()),
            _ => None,
        };
        assert_eq!(stored.as_deref(), expected);
        let page = visitor.page(&path).await;
        assert!(!page.contains("LEAK"), "{page}");
    }
    assert_eq!(world.events().await.len(), 3);
}

/// A key of its own, with its certificate, as it is pasted.
fn pem(key: &ClientKey) -> String {
    let certificates = key.certificates_pem().unwrap();
    format!("{}{certificates}", key.private_key().expose_secret())
}

fn new_key() -> ClientKey {
    let (clock, random) = (SystemClock, SystemRandom);
    ClientKey::generate("desk", 30, KeyAlgorithm::EcP256, &clock, &random).unwrap()
}

/// Loads the page, changes these fields and saves.
async fn change(world: &World, id: ProviderId, fields: &[(&str, &str)]) -> Answer {
    let mut visitor = world.administrator().await;
    let path = format!("/providers/{}", id.0);
    let page = visitor.page(&path).await;
    let shown = as_shown(&page, &path);
    let mut form: Vec<(&str, &str)> = shown
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| fields.iter().all(|(changed, _)| changed != name))
        .collect();
    form.extend_from_slice(fields);
    visitor.post(&path, &form).await
}

async fn credentials(world: &World, id: ProviderId) -> (String, String) {
    let provider = world.vault.provider(id).await.unwrap().unwrap();
    let said = |credential: &ClientCredential| match credential {
        ClientCredential::Secret { secret, .. } => secret.expose_secret().to_owned(),
        ClientCredential::Key(key) => key.thumbprint_sha256().unwrap().to_string(),
        ClientCredential::FederatedTokenFile { path } => path.display().to_string(),
        ClientCredential::None => "none".to_owned(),
    };
    let profile = &provider.profile;
    let second = profile.second_credential.as_ref();
    (
        said(&profile.credential),
        second.map(said).unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_save_without_a_change_changes_nothing_whatever_is_stored() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let key = pem(&new_key());
    for fields in [
        &[][..],
        &[
            ("credential", "secret"),
            ("client_secret", "LEAK-new"),
            ("secret_expires", "2027-11-30"),
        ],
        &[
            ("credential", "key"),
            ("client_key", &key),
            ("keep_second", "yes"),
        ],
        &[
            ("access", "application"),
            (
                "device_authorization_endpoint",
                "https://login.example.com/device",
            ),
            (
                "introspection_endpoint",
                "https://login.example.com/introspect",
            ),
        ],
        &[
            ("drop_second", "yes"),
            ("credential", "file"),
            ("federated_token_file", "/run/token"),
        ],
        &[("access", "delegated"), ("credential", "none")],
    ] {
        change(&world, provider.id, fields).await.leads_to();
        let before = world.vault.provider(provider.id).await.unwrap().unwrap();
        let secrets = credentials(&world, provider.id).await;
        change(&world, provider.id, &[]).await.leads_to();
        let after = world.vault.provider(provider.id).await.unwrap().unwrap();
        assert_eq!(
            format!("{:?}", after.profile),
            format!("{:?}", before.profile)
        );
        assert_eq!(credentials(&world, provider.id).await, secrets);
    }
}

#[tokio::test]
async fn a_roll_over_by_the_form_keeps_the_former_until_it_is_dropped() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let key = new_key();
    let (pasted, print) = (pem(&key), key.thumbprint_sha256().unwrap().to_string());
    let rolled = [
        ("credential", "key"),
        ("client_key", &*pasted),
        ("keep_second", "yes"),
    ];
    change(&world, provider.id, &rolled).await.leads_to();
    let both = (print.clone(), CLIENT_SECRET.to_owned());
    assert_eq!(credentials(&world, provider.id).await, both);

    let mut visitor = world.administrator().await;
    let page = visitor.page(&format!("/providers/{}", provider.id.0)).await;
    for words in [
        &*print,
        "is offered only where the first is refused",
        "days left",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(
        !page.contains("LEAK") && !page.contains("PRIVATE KEY"),
        "{page}"
    );
    change(&world, provider.id, &[("drop_second", "yes")])
        .await
        .leads_to();
    assert_eq!(
        credentials(&world, provider.id).await,
        (print, String::new())
    );
}

#[tokio::test]
async fn what_is_typed_under_another_choice_does_not_count() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let key = pem(&new_key());
    let both = [
        ("credential", "secret"),
        ("client_secret", "LEAK-new"),
        ("client_key", &*key),
    ];
    change(&world, provider.id, &both).await.leads_to();
    assert_eq!(credentials(&world, provider.id).await.0, "LEAK-new");
    let both = [
        ("credential", "none"),
        ("client_secret", "LEAK-newer"),
        ("client_key", &*key),
    ];
    change(&world, provider.id, &both).await.leads_to();
    assert_eq!(credentials(&world, provider.id).await.0, "none");
}

#[tokio::test]
async fn a_credential_that_cannot_be_used_is_told_at_its_field_and_never_shown_again() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let key = pem(&new_key());
    let cut = key.replace("END PRIVATE KEY", "END");
    let before = world.everything().await;
    for (choice, field, typed, told) in [
        (
            "key",
            "client_key",
            "LEAK-no-key",
            "there is no private key in it",
        ),
        ("key", "client_key", &cut, "cannot be used"),
        ("key", "client_key", "", "is missing"),
        ("file", "federated_token_file", "", "is missing"),
        (
            "file",
            "federated_token_file",
            "token",
            "must be an absolute path",
        ),
    ] {
        let fields = [("credential", choice), (field, typed)];
        let answer = change(&world, provider.id, &fields).await;
        let page = answer.says(422, &[]);
        let said = told_at(page, field).unwrap();
        assert!(said.contains(told), "{said}");
        assert!(
            !page.contains("LEAK-no-key") && !page.contains("-----BEGIN"),
            "{page}"
        );
    }
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn a_service_accounts_key_brings_its_own_client_id() {
    let world = World::new().await;
    let key = new_key();
    let file = serde_json::json!({
        "type": "service_account", "private_key_id": "LEAK-not-really", "client_email": "robot@project.example",
        "private_key": key.private_key().expose_secret(),
    });
    let file = file.to_string();
    let form = [
        ("kind", "google"),
        ("name", "google"),
        ("access", "application"),
        ("credential", "key"),
        ("client_key", &*file),
    ];
    let mut visitor = world.administrator().await;
    let path = visitor
        .post("/providers/new", &form)
        .await
        .leads_to()
        .to_owned();
    let page = visitor.page(&path).await;
    assert!(page.contains("robot@project.example"), "{page}");
    let stored = world.vault.providers().await.unwrap().remove(0);
    assert_eq!(stored.profile.client_id, "robot@project.example");
}

#[tokio::test]
async fn a_typed_secret_that_could_not_be_stored_is_asked_for_again() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut visitor = world.administrator().await;
    let path = format!("/providers/{}", provider.id.0);
    visitor.page(&path).await;
    for path in [&*path, "/providers/new"] {
        let answer = visitor.post(path, &with(&GOOD, "client_id", "")).await;
        answer.says(422, &["What you typed was not kept: type it again."]);
    }
}

#[tokio::test]
async fn of_two_administrators_the_second_is_told_and_loses_nothing() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let path = format!("/providers/{}", provider.id.0);
    let (mut first, mut second) = (world.administrator().await, world.administrator().await);
    let version = hidden(&first.page(&path).await, "version").unwrap();
    second.page(&path).await;
    let mine = with(&GOOD, "version", &version);
    assert_eq!(first.post(&path, &mine).await.leads_to(), path);
    let stored = world.everything().await;

    let theirs = with(&mine, "client_id", "what the second typed");
    let answer = second.post(&path, &theirs).await;
    let page = answer.says(409, &["Somebody else changed this provider"]);
    let shown = control(page, "client_id");
    assert_eq!(shown.get("value"), Some("what the second typed"));
    assert!(!page.contains("LEAK-typed-secret"));
    assert_eq!(world.everything().await, stored);

    let fresh = hidden(page, "version").unwrap();
    assert_ne!(fresh, version);
    let again = with(&theirs, "version", &fresh);
    assert_eq!(second.post(&path, &again).await.leads_to(), path);
    for made_up in ["", "x", "-1", "99999999999999999999"] {
        let old = with(&mine, "version", made_up);
        assert_eq!(first.post(&path, &old).await.status, 409, "{made_up}");
    }
}
