//! Signing in with a code, and access without anybody signing in.

use mailgrant_sandbox::answer_device;
use mailgrant_vault::{AuthorizationId, GrantState, ProviderForm};

use crate::html;
use crate::world::{ADDRESS, COLLEAGUE, OWNER_PASSWORD, World};

/// The text of the element of this id.
fn text(page: &str, id: &str) -> String {
    let tags = html::tags(page);
    let found = tags.iter().find(|tag| tag.get("id") == Some(id));
    found
        .unwrap_or_else(|| panic!("no {id}: {page}"))
        .text
        .clone()
}

/// The address in the offer.
fn address(page: &str) -> String {
    let (_, offer) = page.split_once("id=\"offer\"").unwrap();
    let (_, rest) = offer.split_once("Open <b>").unwrap();
    rest.split_once("</b>").unwrap().0.to_owned()
}

#[tokio::test]
async fn whoever_types_the_code_authorises_the_account_and_the_page_goes_on() {
    for (who, is_expected) in [(COLLEAGUE, false), (ADDRESS, true)] {
        let world = World::new().await;
        let account = world.add_mailbox().await;
        let mut visitor = world.administrator().await;
        let begin = format!("/accounts/{}/device", account.id.0);
        visitor.page(&begin).await;
        let wait = visitor.post(&begin, &[]).await.leads_to().to_owned();
        let page = visitor.page(&wait).await;
        assert!(page.contains("data-await"), "{page}");
        assert!(page.contains("http-equiv=\"refresh\""), "{page}");
        let mut changes = world.vault.changes();
        let code = text(&page, "code");
        answer_device(&address(&page), &code, (who, OWNER_PASSWORD), true)
            .await
            .unwrap();
        let id = wait.rsplit('/').next().unwrap().parse().unwrap();
        while world
            .vault
            .authorization(AuthorizationId(id))
            .await
            .unwrap()
            .unwrap()
            .outcome
            .is_none()
        {
            changes.changed().await;
        }
        let answer = visitor.get(&wait).await;
        let grant = world.vault.grant(account.id).await.unwrap();
        if is_expected {
            assert_eq!(answer.leads_to(), format!("/accounts/{}", account.id.0));
            assert_eq!(grant.unwrap().state, GrantState::Active);
        } else {
            let page = answer.says(200, &[COLLEAGUE, "Ask for another code"]);
            assert!(!page.contains("data-await"), "{page}");
            assert!(grant.is_none_or(|grant| grant.state == GrantState::Pending));
        }
    }
}

#[tokio::test]
async fn a_code_of_another_account_or_of_none_is_not_shown() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let provider = world.vault.provider(account.draft.provider).await.unwrap();
    let other = world.add_account("other", &provider.unwrap()).await;
    let mut visitor = world.administrator().await;
    visitor
        .page(&format!("/accounts/{}/device", account.id.0))
        .await;
    let begin = format!("/accounts/{}/device", account.id.0);
    let wait = visitor.post(&begin, &[]).await.leads_to().to_owned();
    let elsewhere = wait.replace(
        &format!("/accounts/{}/", account.id.0),
        &format!("/accounts/{}/", other.id.0),
    );
    visitor.get(&elsewhere).await.says(404, &["no such code"]);
    visitor
        .get(&format!("{begin}/999"))
        .await
        .says(404, &["no such code"]);
}

#[tokio::test]
async fn an_account_is_connected_where_nobody_signs_in() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut form = ProviderForm::of(&provider);
    form.access = "application".to_owned();
    form.scopes = "imap".to_owned();
    let draft = form.check(Some(&provider)).unwrap();
    let now = mailgrant_base::Clock::now(world.clock.as_ref());
    let changed = world
        .vault
        .change_provider(provider.id, provider.version, &draft, now);
    let account = world.add_account("desk", &changed.await.unwrap()).await;
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}", account.id.0);
    for page in [visitor.page("/").await, visitor.page(&path).await] {
        assert!(page.contains("desk has not been connected yet."), "{page}");
        assert!(page.contains(">Connect</button>"), "{page}");
        assert!(!page.contains("id=\"other-ways\""), "{page}");
    }
    let answer = visitor.post(&format!("{path}/authorize"), &[]).await;
    assert_eq!(answer.leads_to(), path);
    let page = visitor.page(&path).await;
    assert!(
        page.contains("connected in the application’s own name"),
        "{page}"
    );
    assert!(
        page.contains("The application itself: nobody signs in"),
        "{page}"
    );
    let grant = world.vault.grant(account.id).await.unwrap().unwrap();
    assert_eq!(grant.state, GrantState::Active);
}
