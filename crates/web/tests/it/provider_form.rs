//! The form of a provider: whatever is typed into it.

use mailgrant_base::{Clock as _, ManualClock, SystemRandom};
use mailgrant_oauth::{ClientCredential, ClientKey, KeyAlgorithm};
use mailgrant_vault::{EventKind, ProviderForm};
use secrecy::ExposeSecret as _;

use crate::html::{control, hidden, told_at};
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
    assert!(page.contains("<option value=\"oidc\" selected>"), "{page}");
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
    assert!(page.contains("A secret is stored."), "{page}");
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

#[tokio::test]
async fn what_the_page_has_no_field_for_stays_as_it_is() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut form = ProviderForm::of(&provider);
    form.access = "application".to_owned();
    form.device_authorization_endpoint = "https://login.example.com/device".to_owned();
    form.introspection_endpoint = "https://login.example.com/introspect".to_owned();
    let (clock, random) = (ManualClock::default(), SystemRandom);
    let key = ClientKey::generate("desk", 30, KeyAlgorithm::EcP256, &clock, &random).unwrap();
    form.client_key = Some(key);
    form.keep_second = true;
    let draft = form.check(Some(&provider)).unwrap();
    let changed = world
        .vault
        .change_provider(provider.id, provider.version, &draft, clock.now());
    let before = changed.await.unwrap();

    let mut visitor = world.administrator().await;
    let path = format!("/providers/{}", provider.id.0);
    let page = visitor.page(&path).await;
    assert!(page.contains("A certificate is stored."), "{page}");
    let version = hidden(&page, "version").unwrap();
    let form = with(&with(&GOOD, "version", &version), "client_secret", "");
    assert_eq!(visitor.post(&path, &form).await.leads_to(), path);
    let after = world.vault.provider(provider.id).await.unwrap().unwrap();
    assert!(after.version > before.version);
    let (before, after) = (before.profile, after.profile);
    assert_eq!(after.access, before.access);
    let key = |credential: &ClientCredential| match credential {
        ClientCredential::Key(key) => key.private_key().expose_secret().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(key(&after.credential), key(&before.credential));
    assert!(matches!(
        after.second_credential,
        Some(ClientCredential::Secret { .. })
    ));
    assert!(after.endpoints.device_authorization.is_some());
    assert!(after.endpoints.introspection.is_some());
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
