//! A certificate is made on a page, shown to be uploaded, and takes the first place.

use mailgrant_oauth::ClientCredential;
use mailgrant_vault::EventKind;
use secrecy::ExposeSecret as _;

use crate::html::hidden;
use crate::world::World;

#[tokio::test]
async fn a_certificate_is_made_shown_and_the_former_credential_kept() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut visitor = world.administrator().await;
    let path = format!("/providers/{}/certificate", provider.id.0);
    let version = hidden(&visitor.page(&path).await, "version").unwrap();
    let form = [("version", &*version), ("days", "365"), ("algorithm", "ec")];
    assert_eq!(visitor.post(&path, &form).await.leads_to(), path);

    let page = visitor.page(&path).await;
    let stored = world.vault.provider(provider.id).await.unwrap().unwrap();
    let ClientCredential::Key(key) = &stored.profile.credential else {
        panic!("{:?}", stored.profile.credential);
    };
    let print = key.thumbprint_sha256().unwrap().to_string();
    let sha1 = key.thumbprint_sha1().unwrap().to_string();
    for words in [
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        &print,
        &sha1,
        "364 days left",
        "(client secret) serves on",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let secret = key.private_key().expose_secret().lines().nth(1).unwrap();
    for page in [
        page,
        visitor.page(&format!("/providers/{}", provider.id.0)).await,
    ] {
        assert!(!page.contains("PRIVATE KEY") && !page.contains(secret));
    }
    let second = stored.profile.second_credential;
    assert!(matches!(second, Some(ClientCredential::Secret { .. })));
    let events = world.events().await;
    assert_eq!(events[0].kind, EventKind::ProviderChanged);
    assert_eq!(
        events[0].text,
        "anna made a new certificate for provider sandbox."
    );

    // The same form once more, and a fresh one while there are two: neither throws anything away.
    let before = world.everything().await;
    let again = visitor.post(&path, &form).await;
    again.says(422, &["There is a second credential already"]);
    let version = stored.version.to_string();
    let fresh = [("version", &*version), ("days", "365"), ("algorithm", "ec")];
    visitor.post(&path, &fresh).await.says(422, &[]);
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn a_second_press_of_the_button_makes_no_second_certificate() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut visitor = world.administrator().await;
    let path = format!("/providers/{}/certificate", provider.id.0);
    visitor.page(&path).await;
    let old = [("version", "0"), ("days", "365"), ("algorithm", "ec")];
    visitor
        .post(&path, &old)
        .await
        .says(409, &["Nothing was made"]);
    let years = [("version", "1"), ("days", "9999"), ("algorithm", "ec")];
    visitor
        .post(&path, &years)
        .await
        .says(422, &["Nothing was changed"]);
    let stored = world.vault.provider(provider.id).await.unwrap().unwrap();
    assert_eq!(stored.version, provider.version);
}
