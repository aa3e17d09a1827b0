//! The guard, over every row of the table of routes.

use axum::body::Body;
use http::StatusCode;
use mailgrant_web::Access;

use crate::world::{Plan, World};

/// Every path of the table with something in its places.
fn paths(wanted: impl Fn(Access) -> bool) -> Vec<String> {
    let fill = |path: &str| {
        path.replace("{id}", "1")
            .replace("{authorization}", "1")
            .replace("{password}", "1")
            .replace("{kind}", "google")
            .replace("{name}", "billing")
            .replace("{file}", "mailgrant.css")
            .replace("{secret}", "nothing")
            .replace("{ticket}", "nothing")
    };
    let found: Vec<String> = mailgrant_web::routes()
        .filter(|(_, access)| wanted(*access))
        .map(|(path, _)| fill(path))
        .collect();
    assert!(found.len() > 3, "{found:?}");
    assert!(found.iter().all(|path| !path.contains('{')), "{found:?}");
    found
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_sign_in_by_every_page_of_administrators() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let before = world.everything().await;
    let mut visitor = world.visitor();
    visitor.page("/sign-in").await;
    for path in paths(|access| access == Access::SignedIn) {
        for session in [None, Some("a-made-up-session")] {
            if let Some(session) = session {
                visitor.hold_session(session);
            }
            let page = visitor.get(&path).await;
            let to = page.leads_to().to_owned();
            let wanted = path.replace('/', "%2F");
            let expected = match path.as_str() {
                "/" => "/sign-in".to_owned(),
                _ => format!("/sign-in?next={wanted}"),
            };
            assert_eq!(to, expected);
            assert!(page.body.is_empty(), "{path}: {}", page.body);
            let form = visitor.post(&path, &[("paused", "yes")]).await;
            assert_eq!(form.leads_to(), "/sign-in", "{path}");
            visitor.cookies.remove("mailgrant");
        }
    }
    assert_eq!(world.everything().await, before);
    assert_eq!(world.events().await.len(), 0);
}

#[tokio::test]
async fn no_form_is_taken_without_its_secret_or_with_that_of_another_session() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let before = world.everything().await;
    let mut visitor = world.administrator().await;
    let other = world.administrator().await.csrf;
    let mut stranger = world.visitor();
    stranger.page("/sign-in").await;
    let strangers = stranger.csrf.clone();
    let own = visitor.csrf.clone();
    assert_ne!(own, other);

    for path in paths(|access| access != Access::Machine) {
        for secret in [None, Some(""), Some(&*other), Some(&*strangers), Some("x")] {
            let fields: Vec<_> = secret.map(|secret| ("csrf", secret)).into_iter().collect();
            let answer = visitor.post_bare(&path, &fields, &[]).await;
            assert_eq!(answer.status, 403, "{path} with {secret:?}");
            answer.says(403, &["nothing was done"]);
        }
        for method in ["PUT", "DELETE", "PATCH"] {
            let answer = visitor.send(method, &path, &[], Body::empty()).await;
            assert_eq!(answer.status, 403, "{method} {path}");
        }
    }
    assert_eq!(world.everything().await, before);
    assert_eq!(world.events().await.len(), 0);
    assert!(visitor.session().is_some());
}

#[tokio::test]
async fn no_form_is_taken_that_another_site_sent() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let csrf = visitor.csrf.clone();
    let before = world.everything().await;
    let foreign: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://127.0.0.1:8420"),
        ],
    ];
    for path in paths(|access| access != Access::Machine) {
        for headers in foreign {
            let fields = [("csrf", csrf.as_str()), ("paused", "yes")];
            let answer = visitor.post_bare(&path, &fields, headers).await;
            assert_eq!(answer.status, 403, "{path} with {headers:?}");
        }
    }
    assert_eq!(world.everything().await, before);

    let pause = format!("/accounts/{}/pause", account.id.0);
    let (name, origin) = visitor.origin();
    let origin = origin.to_owned();
    let fields = [("csrf", csrf.as_str()), ("paused", "yes")];
    let answer = visitor.post_bare(&pause, &fields, &[(name, &origin)]).await;
    assert_eq!(answer.status, 303, "our own origin is let through");
    assert_ne!(world.everything().await, before);
}

#[tokio::test]
async fn a_form_of_more_than_64_kib_is_refused() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    let long = "x".repeat(64 * 1024);
    for path in paths(|access| access != Access::Machine) {
        let answer = visitor.post(&path, &[("name", &long)]).await;
        answer.says(413, &["too large"]);
    }
    let just = "x".repeat(60 * 1024);
    let answer = visitor.post("/providers/new", &[("name", &just)]).await;
    answer.says(422, &[]);
}

#[tokio::test]
async fn machines_are_given_no_cookies_and_can_change_nothing() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    for path in paths(|access| access == Access::Machine) {
        let answer = visitor.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.set_cookies().is_empty(), "{path}");
        let answer = visitor.post(&path, &[]).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(answer.set_cookies().is_empty(), "{path}");
    }
    assert!(visitor.cookies.is_empty());
}

#[tokio::test]
async fn what_is_not_in_the_table_is_a_page_that_says_so() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    for path in [
        "/nowhere",
        "/accounts",
        "/accounts/x",
        "/accounts/1x/edit",
        "/accounts/99999999999999999999",
        "/providers/%ff",
        "/authorization/x",
        "/setup/%ff",
    ] {
        let answer = visitor.get(path).await;
        answer.says(404, &["There is no page at this address."]);
    }
    for path in ["/accounts/7", "/accounts/-1/edit", "/providers/7"] {
        let answer = visitor.get(path).await;
        answer.says(404, &["There is no such"]);
    }
}

#[tokio::test]
async fn under_another_name_of_this_machine_the_browser_is_sent_to_the_one_with_the_cookies() {
    let world = World::planned(Plan {
        public_url: "http://localhost:8420".to_owned(),
        ..Plan::default()
    })
    .await;
    let mut visitor = world.visitor();
    visitor.other_host("http://127.0.0.1:8420");
    let answer = visitor.get("/sign-in?next=/providers").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.header("location"),
        "http://localhost:8420/sign-in?next=/providers"
    );
    assert_eq!(visitor.get("/healthz").await.status, StatusCode::OK);

    visitor.other_host("http://pages.example");
    let answer = visitor.get("/sign-in").await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "a name that may be a proxy's"
    );
}
