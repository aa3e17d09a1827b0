//! Somebody else signed in than was expected.

use jiff::SignedDuration;
use mailgrant_sandbox::sign_in;
use url::Url;

use crate::authorization::leave;
use crate::html;
use crate::visitor::Visitor;
use crate::world::{ADDRESS, COLLEAGUE, OWNER_PASSWORD, World};

struct Held {
    world: World,
    account: mailgrant_vault::Account,
    visitor: Visitor,
    /// The page that asks.
    path: String,
    id: String,
    before: String,
}

/// The colleague has signed in for the mailbox; the browser looks at the page that asks.
async fn held() -> Held {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let before = world.grant(&account).await;
    let mut visitor = world.administrator().await;
    let leaving = leave(&mut visitor, &account).await;
    let url = sign_in(&leaving, COLLEAGUE, OWNER_PASSWORD).await.unwrap();
    let arrival = Url::parse(&url).unwrap()[url::Position::BeforePath..].to_owned();
    let answer = visitor.get(&arrival).await;
    let path = answer.leads_to().to_owned();
    let page = visitor.page(&path).await;
    let id = html::hidden(&page, "authorization").unwrap();
    assert_eq!(path, format!("/authorization/{id}"));
    Held {
        world,
        account,
        visitor,
        path,
        id,
        before,
    }
}

#[tokio::test]
async fn both_names_are_shown_and_nothing_is_stored_before_somebody_accepts() {
    let mut held = held().await;
    let page = held.visitor.page(&held.path).await;
    let told = format!("{COLLEAGUE} signed in, but {ADDRESS} was expected");
    assert!(page.contains(&told), "{page}");
    assert!(page.contains("Nothing is stored yet"), "{page}");
    assert_eq!(held.world.grant(&held.account).await, held.before);

    let accept = [("authorization", held.id.as_str())];
    let answer = held.visitor.post("/authorization/accept", &accept).await;
    let own = format!("/accounts/{}", held.account.id.0);
    assert_eq!(answer.leads_to(), own);
    assert!(held.visitor.page(&own).await.contains(COLLEAGUE));
    let stored = held.world.grant(&held.account).await;
    assert_ne!(stored, held.before);

    let again = held.visitor.post("/authorization/accept", &accept).await;
    again.says(403, &["it was used already"]);
    assert_eq!(held.world.grant(&held.account).await, stored);
    let page = held.visitor.page(&held.path).await;
    assert!(page.contains("is authorised"), "{page}");
}

#[tokio::test]
async fn another_browser_learns_nothing_and_cannot_accept() {
    let held = held().await;
    for mut other in [held.world.visitor(), held.world.administrator().await] {
        other
            .page(if other.session().is_some() {
                "/"
            } else {
                "/sign-in"
            })
            .await;
        let page = other.get(&held.path).await;
        page.says(404, &["There is no such authorization"]);
        assert!(!page.body.contains(COLLEAGUE) && !page.body.contains(ADDRESS));
        let unknown = other.get("/authorization/4711").await;
        assert_eq!(page.body, unknown.body, "and not even whether it is there");
        let accept = [("authorization", held.id.as_str())];
        let answer = other.post("/authorization/accept", &accept).await;
        answer.says(403, &["does not belong"]);
        assert!(!answer.body.contains(COLLEAGUE));
    }
    assert_eq!(held.world.grant(&held.account).await, held.before);
}

#[tokio::test]
async fn what_is_accepted_too_late_or_was_never_asked_is_refused() {
    let mut held = held().await;
    for id in ["", "x", "0", "-1", "4711", "99999999999999999999"] {
        let accept = [("authorization", id)];
        let answer = held.visitor.post("/authorization/accept", &accept).await;
        answer.says(403, &["does not belong"]);
    }
    held.world.clock.advance(SignedDuration::from_mins(10));
    let accept = [("authorization", held.id.as_str())];
    let answer = held.visitor.post("/authorization/accept", &accept).await;
    answer.says(403, &["the last 10 minutes"]);
    assert_eq!(held.world.grant(&held.account).await, held.before);
}

#[tokio::test]
async fn of_a_shared_mailbox_its_page_names_who_signed_in_and_who_was_expected() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut draft = account.draft.clone();
    draft.signs_in = Some(COLLEAGUE.to_owned());
    let now = mailgrant_base::Clock::now(world.clock.as_ref());
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now);
    let account = changed.await.unwrap();
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}", account.id.0);
    let rows = |page: &str, rows: &[(&str, &str)]| {
        for (label, value) in rows {
            let row = format!("<dt>{label}</dt><dd>{value}</dd>");
            assert!(page.contains(&row), "{row}: {page}");
        }
    };
    let page = visitor.page(&path).await;
    rows(
        &page,
        &[("To sign in", COLLEAGUE), ("Shared mailbox", ADDRESS)],
    );
    // Somebody accepted another identity.
    world.give_grant(&account).await;
    let page = visitor.page(&path).await;
    rows(
        &page,
        &[
            ("Signed in", ADDRESS),
            ("Was expected", COLLEAGUE),
            ("Shared mailbox", ADDRESS),
        ],
    );
}
