//! What ends soon is told where people look, one line for each cause.

use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_vault::{Provider, ProviderForm};

use crate::world::World;

async fn secret_that_ends_in(world: &World, name: &str, days: i64) -> Provider {
    let end = world.clock.now() + SignedDuration::from_hours(24 * days);
    let form = ProviderForm {
        name: name.to_owned(),
        kind: "microsoft".to_owned(),
        client_id: "client".to_owned(),
        client_secret: "LEAK-secret".to_owned(),
        secret_expires: end.strftime("%Y-%m-%d").to_string(),
        ..ProviderForm::default()
    };
    let draft = form.check(None).unwrap();
    let added = world.vault.add_provider(&draft, world.clock.now()).await;
    added.unwrap()
}

fn lines(page: &str, words: &str) -> usize {
    page.matches(words).count()
}

#[tokio::test]
async fn a_secret_that_ends_soon_is_one_line_for_all_its_mailboxes() {
    let world = World::new().await;
    let provider = secret_that_ends_in(&world, "entra", 20).await;
    secret_that_ends_in(&world, "far", 200).await;
    for name in ["desk", "sales", "help"] {
        let account = world.add_account(name, &provider).await;
        world.give_grant(&account).await;
    }
    let mut visitor = world.administrator().await;
    let page = visitor.page("/").await;
    assert_eq!(
        lines(&page, "The client secret of provider entra ends in"),
        1,
        "{page}"
    );
    assert_eq!(lines(&page, "provider far"), 0, "{page}");
    let list = visitor.page("/providers").await;
    assert_eq!(lines(&list, "Client credential: "), 1, "{list}");
    let own = visitor.page(&format!("/providers/{}", provider.id.0)).await;
    assert!(own.contains("class=\"left noticed\""), "{own}");

    world.clock.advance(SignedDuration::from_hours(24 * 15));
    let own = world
        .administrator()
        .await
        .page(&format!("/providers/{}", provider.id.0))
        .await;
    assert!(own.contains("class=\"left alarming\""), "{own}");
    world.clock.advance(SignedDuration::from_hours(24 * 10));
    let page = world.administrator().await.page("/").await;
    assert_eq!(
        lines(&page, "The client secret of provider entra has ended."),
        1,
        "{page}"
    );
}

#[tokio::test]
async fn grants_that_nothing_renews_are_one_line_before_they_die() {
    let world = World::new().await;
    let provider = secret_that_ends_in(&world, "entra", 700).await;
    for name in ["desk", "sales"] {
        let account = world.add_account(name, &provider).await;
        world.give_grant(&account).await;
    }
    world.clock.advance(SignedDuration::from_hours(24 * 50));
    let page = world.administrator().await.page("/").await;
    assert_eq!(lines(&page, "not renewed for long"), 0, "{page}");
    world.clock.advance(SignedDuration::from_hours(24 * 20 - 1));
    let page = world.administrator().await.page("/").await;
    let told = "2 grants at provider entra were not renewed for long; the first ends in 20 days.";
    assert_eq!(lines(&page, told), 1, "{page}");
}
