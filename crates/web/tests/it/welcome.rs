//! The demo's link, and the few pages that the command line serves by itself.

use mailgrant_vault::EventKind;
use mailgrant_web::Welcome;
use secrecy::ExposeSecret as _;

use crate::authorization::{consent, departure};
use crate::log::line_with;
use crate::visitor::Visitor;
use crate::world::{ADDRESS, World};

#[tokio::test]
async fn the_demos_link_signs_in_once() {
    let world = World::new().await;
    let who = world.administrators_row().await;
    let welcome = Welcome::new(who, world.app.random.as_ref());
    let link = welcome.link(&world.app.public_url);
    let path = link.strip_prefix("http://127.0.0.1:8420").unwrap();
    let mut app = world.app.clone();
    app.welcome = Some(welcome);
    let router = mailgrant_web::router(app);

    let mut visitor = Visitor::new(router, &world.app.public_url);
    let mut second = visitor.clone();
    let wrong = format!("{}x", &path[..path.len() - 1]);
    for dead in [&*wrong, "/welcome/x", "/welcome/%00"] {
        visitor
            .get(dead)
            .await
            .says(410, &["This link has been used."]);
    }
    assert_eq!(visitor.get(path).await.leads_to(), "/");
    assert_eq!(visitor.session().unwrap().len(), 43);
    visitor.page("/").await;
    second
        .get(path)
        .await
        .says(410, &["This link has been used."]);
    assert!(second.session().is_none());
    let kinds: Vec<_> = world.events().await.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [EventKind::SignedIn]);
    assert_eq!(line_with(path), None);
}

#[tokio::test]
async fn without_a_demo_no_link_signs_anybody_in() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    visitor.get("/welcome/").await.says(404, &[]);
    visitor.get("/welcome/x").await.says(410, &[]);
    assert!(visitor.session().is_none());
}

#[tokio::test]
async fn the_command_lines_own_pages_are_those_of_an_authorization_alone() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let ticket = world.keeper.offer(account.id).await.unwrap();
    let router = mailgrant_web::callback_router(world.app.clone());
    let mut visitor = Visitor::new(router, &world.app.public_url);
    for (path, access) in mailgrant_web::routes() {
        if access == mailgrant_web::Access::SignedIn {
            let path = path.replace("{id}", "1");
            assert_eq!(visitor.get(&path).await.status, 404, "{path}");
        }
    }
    for path in ["/sign-in", "/setup/x", "/welcome/x", "/metrics"] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    for path in ["/healthz", "/readyz", "/static/mailgrant.css"] {
        assert_eq!(visitor.get(path).await.status, 200, "{path}");
    }

    let path = format!("/authorize/{}", ticket.secret.expose_secret());
    visitor.page(&path).await;
    let leaving = departure(&visitor.post(&path, &[]).await);
    let answer = visitor.get(&consent(&leaving).await).await;
    let result = visitor.get(answer.leads_to()).await;
    result.says(200, &[ADDRESS, "is authorised"]);
}
