//! App passwords: made and shown once, listed, revoked.

use mailgrant_mail::Protocol;

use crate::world::World;

#[tokio::test]
async fn an_app_password_is_made_shown_once_listed_and_revoked() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut ada = world.administrator().await;
    let path = format!("/accounts/{}/app-passwords", account.id.0);
    let account_page = ada.page(&format!("/accounts/{}", account.id.0)).await;
    assert!(account_page.contains(&path));
    ada.page(&path).await;
    let sent = [
        ("label", "<scanner>"),
        ("smtp", "yes"),
        ("networks", "192.0.2.7"),
    ];
    let made = ada.post(&path, &sent).await;
    made.says(
        200,
        &[
            "It is shown only now",
            "&#60;scanner&#62;",
            "192.0.2.7/32",
            "never",
        ],
    );
    let at = made.body.find("id=\"password\">").unwrap() + "id=\"password\">".len();
    let secret = &made.body[at..at + 26];
    let name = account.draft.name.as_str();
    let opened = world.vault.recognise(name, &secret.into()).await.unwrap();
    let (_, password) = opened.unwrap();
    assert_eq!(password.draft.protocols, [Protocol::Smtp]);
    let page = ada.page(&path).await;
    assert!(!page.contains(secret), "shown once");

    ada.post(&format!("{path}/{}/revoke", password.id.0), &[])
        .await
        .says(303, &[]);
    let page = ada.page(&path).await;
    assert!(page.contains("Nobody logs in with that app password"));
    let opened = world.vault.recognise(name, &secret.into()).await.unwrap();
    assert!(opened.is_none());
    let events = world.vault.events(Some(account.id), 10).await.unwrap();
    let texts: Vec<&str> = events.iter().map(|event| event.text.as_str()).collect();
    assert!(texts[0].contains("revoked the app password"), "{texts:?}");
    assert!(texts[1].contains("made the app password"), "{texts:?}");
}

#[tokio::test]
async fn a_wrong_network_is_told_at_its_field_and_nothing_is_made() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut ada = world.administrator().await;
    let path = format!("/accounts/{}/app-passwords", account.id.0);
    ada.page(&path).await;
    ada.post(&path, &[("label", "x")])
        .await
        .says(422, &["Tick at least one protocol"]);
    let sent = [("label", "x"), ("imap", "yes"), ("networks", "10/8")];
    ada.post(&path, &sent)
        .await
        .says(422, &["is no network", "aria-describedby=\"networks-error"]);
    assert!(
        world
            .vault
            .app_passwords(account.id)
            .await
            .unwrap()
            .is_empty()
    );
}
