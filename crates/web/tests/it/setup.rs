//! The one-time link that sets the administrator's password.

use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_vault::EventKind;

use crate::html::told_at;
use crate::world::World;

const LINK: &str = "/setup/LEAK-the-set-up-link";
const GOOD: &str = "correct horse battery staple";

async fn offer(world: &World) {
    let now = world.clock.now();
    let ends = now + SignedDuration::from_hours(24);
    let secret = "LEAK-the-set-up-link".into();
    world.vault.offer_setup(&secret, now, ends).await.unwrap();
}

#[tokio::test]
async fn the_link_sets_a_password_once_and_signs_in() {
    let world = World::new().await;
    offer(&world).await;
    let mut visitor = world.visitor();
    visitor.hold_session("chosen-by-somebody-else");
    for _ in 0..3 {
        visitor.page(LINK).await;
    }
    let typed = [
        ("name", "carla"),
        ("password", GOOD),
        ("password-again", GOOD),
    ];
    let mut second = visitor.clone();
    assert_eq!(visitor.post(LINK, &typed).await.leads_to(), "/");
    assert_eq!(visitor.session().unwrap().len(), 43);
    let page = visitor.page("/").await;
    assert!(page.contains("carla") && page.contains("Your password is set"));
    let kinds: Vec<_> = world.events().await.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [EventKind::AdministratorSet]);

    second.get(LINK).await.says(410, &["has been used"]);
    let taken = second.post(LINK, &typed).await;
    taken.says(410, &["has been used"]);
    assert!(second.session() == Some("chosen-by-somebody-else"));
    assert_eq!(crate::log::line_with("LEAK-the-set-up-link"), None);
    assert_eq!(crate::log::line_with(GOOD), None);
}

#[tokio::test]
async fn the_link_is_dead_after_24_hours() {
    let world = World::new().await;
    offer(&world).await;
    let mut visitor = world.visitor();
    visitor.page(LINK).await;
    world.clock.advance(SignedDuration::from_hours(24));
    visitor.get(LINK).await.says(410, &["too old"]);
    let typed = [
        ("name", "carla"),
        ("password", GOOD),
        ("password-again", GOOD),
    ];
    visitor.post(LINK, &typed).await.says(410, &["too old"]);
    assert!(visitor.session().is_none());
}

#[tokio::test]
async fn weak_and_mistyped_passwords_are_told_at_their_field_and_do_not_spend_the_link() {
    let world = World::new().await;
    offer(&world).await;
    let mut visitor = world.visitor();
    visitor.page(LINK).await;
    let long = "x".repeat(1025);
    let long_name = "n".repeat(65);
    for (name, password, again, field) in [
        ("carla", "", "", "password"),
        ("carla", "eleven char", "eleven char", "password"),
        ("carla", &*long, &*long, "password"),
        ("carla", GOOD, "another sentence", "password-again"),
        ("", GOOD, GOOD, "name"),
        ("  ", GOOD, GOOD, "name"),
        (&*long_name, GOOD, GOOD, "name"),
        ("car\u{7}la", GOOD, GOOD, "name"),
    ] {
        let typed = [
            ("name", name),
            ("password", password),
            ("password-again", again),
        ];
        let answer = visitor.post(LINK, &typed).await;
        let page = answer.says(422, &["Nothing was saved yet"]);
        assert!(told_at(page, field).is_some(), "{field} for {typed:?}");
        assert!(!page.contains(GOOD), "no password is shown again");
        assert!(visitor.session().is_none());
    }
    let typed = [
        ("name", "carla"),
        ("password", GOOD),
        ("password-again", GOOD),
    ];
    assert_eq!(visitor.post(LINK, &typed).await.leads_to(), "/");
}
